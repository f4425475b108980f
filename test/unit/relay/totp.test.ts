// The second factor: RFC 6238's own vectors, a code once, a person's own, guesses slowed down, seeds sealed at rest, attestations for one handshake.
import { readFileSync } from "node:fs";
import { generateSync } from "otplib";
import * as assert from "uvu/assert";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { SeedSeal } from "../../../broker/relay/relay-keys.ts";
import { openStore } from "../../../broker/relay/store/store.ts";
import { Throttle } from "../../../broker/relay/throttle.ts";
import { Totp, type TotpPerson } from "../../../broker/relay/totp.ts";
import { verifyAttestation } from "../../../shared/document/attestation.ts";
import { parseEnvelope } from "../../../shared/document/envelope.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { PaperSite, paperAt, refused, transcript } from "../document/paper-site.ts";
import { paperEntry } from "./paper-entry.ts";
import { relayName, relayWithSite, RunningRelay } from "./running-relay.ts";

/** "12345678901234567890" in Base32: the seed of RFC 6238, appendix B. */
const rfcSeed = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
/** The last six digits of the appendix's eight. */
const rfcCodes: readonly [seconds: number, code: string][] = [
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
];

const vera: TotpPerson = {
  site: "S" as SiteId,
  person: "vera" as PersonId,
  address: "192.0.2.1",
};

interface TotpWorld extends AsyncDisposable {
  readonly totp: Totp;
  readonly clock: TurnedClock;
  /** Confirms this very seed for a person. */
  give(who: TotpPerson, seed: string): Promise<void>;
  /** The present code of a seed. */
  codeOf(seed: string, stepsAgo?: number): string;
  readonly path: string;
}

async function totpWorld(): Promise<TotpWorld> {
  const folder = temporaryFolder();
  const path = folder.file("store.sqlite");
  const store = await openStore(path);
  const clock = new TurnedClock(paperAt * 1000);
  const seeds = new SeedSeal(nodeCrypto, new Uint8Array(32).fill(1));
  const rows = store.accounts;
  const throttle = new Throttle(rows, clock);
  const totp = new Totp({ rows, seeds, throttle, clock, issuer: "relay" });
  await store.documents.register(vera.site, paperEntry, {});
  return {
    totp,
    clock,
    path,
    codeOf: (secret, stepsAgo = 0) =>
      generateSync({ secret, epoch: Math.floor(clock.wallMs() / 1000) - 30 * stepsAgo }),
    give: async ({ site, person }, seed) => {
      const sealed = await seeds.seal(site, person, seed);
      await rows.enrolTotp(site, person, sealed);
      await rows.confirmTotp(site, person, sealed, 1);
    },
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

const wrong = /code is wrong or used/;

/** Enrols and confirms a second factor by the API; returns the seed. */
async function enrol(relay: RunningRelay, site: PaperSite, token: string): Promise<string> {
  const path = `/sites/${site.id}/totp`;
  const { body } = await relay.call("POST", path, { token, body: {} });
  const confirmed = await relay.call("POST", `${path}/confirm`, {
    token,
    body: { code: presentCode(relay, body.secret) },
  });
  assert.is(confirmed.status, 204, confirmed.body.message);
  return body.secret;
}

function presentCode(relay: RunningRelay, secret: string): string {
  return generateSync({ secret, epoch: Math.floor(relay.clock.wallMs() / 1000) });
}

await group("relay totp", { timeoutMs: 8000 }, (test) => {
  for (const [seconds, code] of rfcCodes) {
    test(`RFC 6238 appendix B: ${code} at ${seconds} s`, async () => {
      await using world = await totpWorld();
      await world.give(vera, rfcSeed);
      world.clock.jumpWallTo(seconds * 1000);
      if (seconds === 59) {
        // The step of second 59 is 1, which the fixture has spent by confirming.
        await refused(() => world.totp.verify(vera, code), "forbidden", wrong);
        return;
      }
      assert.is(await world.totp.verify(vera, code), Math.floor(seconds / 30));
    });
  }
  test("a code counts once, and so do all before it", async () => {
    await using world = await totpWorld();
    await world.give(vera, rfcSeed);
    const former = world.codeOf(rfcSeed, 1);
    await world.totp.verify(vera, world.codeOf(rfcSeed));
    await refused(() => world.totp.verify(vera, world.codeOf(rfcSeed)), "forbidden", wrong);
    await refused(() => world.totp.verify(vera, former), "forbidden", wrong);
    world.clock.advanceMs(30_000);
    await world.totp.verify(vera, world.codeOf(rfcSeed));
  });
  test("two tries of one code at the same time count once", async () => {
    await using world = await totpWorld();
    await world.give(vera, rfcSeed);
    const code = world.codeOf(rfcSeed);
    const tries = await Promise.allSettled([1, 2, 3].map(() => world.totp.verify(vera, code)));
    assert.is(tries.filter(({ status }) => status === "fulfilled").length, 1);
  });
  test("the code before is good, the one before that and the next are not", async () => {
    for (const [stepsAgo, isGood] of [
      [1, true],
      [2, false],
      [-1, false],
    ] as const) {
      await using world = await totpWorld();
      await world.give(vera, rfcSeed);
      const act = () => world.totp.verify(vera, world.codeOf(rfcSeed, stepsAgo));
      if (isGood) await act();
      else await refused(act, "forbidden", wrong);
    }
  });
  const odd = ["", "1", "12345", "1234567", "abcdef", "１２３４５６", "12 456", "-12345"];
  test("codes of odd lengths and letters are wrong codes and nothing else", async () => {
    for (const code of odd) {
      await using world = await totpWorld();
      await world.give(vera, rfcSeed);
      await refused(() => world.totp.verify(vera, code), "forbidden", wrong);
    }
  });
  test("a clock that was set back gives wrong codes, not faults", async () => {
    await using world = await totpWorld();
    await world.give(vera, rfcSeed);
    await world.totp.verify(vera, world.codeOf(rfcSeed));
    world.clock.jumpWallTo((paperAt - 3600) * 1000);
    await refused(() => world.totp.verify(vera, world.codeOf(rfcSeed)), "forbidden", wrong);
  });
  test("somebody else's code, and anybody's without a second factor, is wrong", async () => {
    await using world = await totpWorld();
    const anna = { ...vera, person: "anna" as PersonId };
    await world.give(vera, rfcSeed);
    await world.give(anna, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP");
    await refused(() => world.totp.verify(anna, world.codeOf(rfcSeed)), "forbidden", wrong);
    const ben = { ...vera, person: "ben" as PersonId };
    await refused(() => world.totp.verify(ben, world.codeOf(rfcSeed)), "forbidden", wrong);
    await world.totp.verify(vera, world.codeOf(rfcSeed));
  });
  test("a guesser waits longer and longer, right codes too, and a right one forgives", async () => {
    await using world = await totpWorld();
    await world.give(vera, rfcSeed);
    const guess = () => world.totp.verify(vera, "000000");
    for (let count = 0; count < 4; count += 1) await refused(guess, "forbidden", wrong);
    for (const waitMs of [15_000, 30_000, 60_000, 120_000]) {
      const right = world.codeOf(rfcSeed);
      await refused(() => world.totp.verify(vera, right), "rate_limited", /too many wrong codes/);
      world.clock.advanceMs(waitMs - 1);
      await refused(guess, "rate_limited", /too many wrong codes/);
      world.clock.advanceMs(1);
      await refused(guess, "forbidden", wrong);
    }
    world.clock.advanceMs(240_000);
    await world.totp.verify(vera, world.codeOf(rfcSeed));
    await refused(guess, "forbidden", wrong);
    await refused(guess, "forbidden", wrong);
  });
  test("no more than 24 guesses a day get through", async () => {
    await using world = await totpWorld();
    await world.give(vera, rfcSeed);
    let looked = 0;
    for (let minute = 0; minute < 2 * 24 * 60; minute += 1) {
      world.clock.advanceMs(60_000);
      const thrown = await world.totp.verify(vera, "000000").catch((error: Error) => error);
      if (thrown instanceof Error && wrong.test(thrown.message) && minute >= 24 * 60) looked += 1;
    }
    assert.ok(looked <= 25, `${looked} on the second day`);
  });
  test("guesses at many persons from one address are slowed down too", async () => {
    await using world = await totpWorld();
    const guess = (person: string, address: string) =>
      world.totp.verify({ ...vera, person: person as PersonId, address }, "000000");
    for (let count = 0; count < 11; count += 1) {
      await refused(() => guess(`p${count}`, "192.0.2.9"), "forbidden", wrong);
    }
    await refused(() => guess("q", "192.0.2.9"), "rate_limited", /too many/);
    await refused(() => guess("q", "192.0.2.10"), "forbidden", wrong);
  });
  test("no seed lies in the store in clear, and none opens for another person", async () => {
    await using world = await totpWorld();
    const enrolment = await world.totp.enrol(vera, undefined);
    assert.match(enrolment.uri, /^otpauth:\/\/totp\/relay:vera\?secret=/);
    for (const file of [world.path, `${world.path}-wal`]) {
      assert.is(readFileSync(file).includes(enrolment.secret), false, file);
    }
    const seal = new SeedSeal(nodeCrypto, new Uint8Array(32).fill(1));
    const sealed = await seal.seal(vera.site, vera.person, rfcSeed);
    assert.is(await seal.open(vera.site, vera.person, sealed), rfcSeed);
    await refused(() => seal.open(vera.site, "anna" as PersonId, sealed), "record_invalid", /./);
  });
  test("an attestation verifies for that person and handshake alone", async () => {
    const info = await relayInfoSite();
    await using relay = info.relay;
    const { site } = info;
    const token = await relay.signIn("vera");
    const secret = await enrol(relay, site, token);
    relay.clock.advanceMs(30_000);
    const path = `/sites/${site.id}/attestations`;
    const body = { code: presentCode(relay, secret), transcriptHash: transcript };
    const answer = await relay.call("POST", path, { token, body });
    assert.is(answer.status, 201, answer.body.message);
    const envelope = parseEnvelope(JSON.stringify(answer.body.envelope));
    const person = "vera" as PersonId;
    const attestation = await verifyAttestation(envelope, site.held(), { person, transcript });
    assert.is(attestation.payload.timeStep, Math.floor(relay.clock.wallMs() / 30_000));
    const other = toBase64Url(new Uint8Array(32).fill(8));
    await refused(
      () => verifyAttestation(envelope, site.held(), { person, transcript: other }),
      "document_invalid",
      /another handshake/,
    );
    const again = await relay.call("POST", path, { token, body });
    assert.equal([again.status, again.body.code, again.body.field], [403, "forbidden", "code"]);
  });
  test("enrolling anew needs a code of the old seed, which is good until the new one is confirmed", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("vera");
    const path = `/sites/${site.id}/totp`;
    const state = async () => (await relay.call("GET", path, { token })).body.state;
    assert.is(await state(), "none");
    const first = (await relay.call("POST", path, { token, body: {} })).body.secret;
    assert.is(await state(), "pending");
    const early = { code: presentCode(relay, first), transcriptHash: transcript };
    const unconfirmed = await relay.call("POST", `/sites/${site.id}/attestations`, {
      token,
      body: early,
    });
    assert.is(unconfirmed.status, 403, "an unconfirmed seed attests nothing");
    const secret = await enrol(relay, site, token);
    assert.is(await state(), "confirmed");
    assert.is((await relay.call("POST", path, { token, body: {} })).status, 403);
    relay.clock.advanceMs(30_000);
    const code = presentCode(relay, secret);
    assert.is((await relay.call("POST", path, { token, body: { code } })).status, 201);
    relay.clock.advanceMs(30_000);
    const body = { code: presentCode(relay, secret), transcriptHash: transcript };
    const attested = await relay.call("POST", `/sites/${site.id}/attestations`, { token, body });
    assert.is(attested.status, 201, "the old one is still good");
  });
  test("an owner resets a lost second factor, others may not, and it is on record", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const vendor = await relay.signIn("vera");
    await enrol(relay, site, vendor);
    const path = `/sites/${site.id}/totp`;
    const body = { person: "vera" };
    for (const name of ["vera", "cleo", "dora", "adam"]) {
      const token = await relay.signIn(name);
      assert.is((await relay.call("POST", `${path}/reset`, { token, body })).status, 403, name);
    }
    const token = await relay.signIn("olaf");
    assert.is((await relay.call("POST", `${path}/reset`, { token, body })).status, 204);
    assert.is((await relay.call("POST", `${path}/reset`, { token, body })).status, 404);
    assert.is((await relay.call("GET", path, { token: vendor })).body.state, "none");
    const audit = await relay.call("GET", `/sites/${site.id}/audit`, { token });
    const reset = audit.body.entries.find((entry) => entry.event === "totp-reset");
    assert.is(reset?.person, "olaf");
    assert.equal(reset?.details, { of: "vera" });
  });
  test("seeds and spent codes outlast a restart", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("vera");
    const secret = await enrol(relay, site, token);
    const path = `/sites/${site.id}/attestations`;
    const attest = async () => {
      const body = { code: presentCode(relay, secret), transcriptHash: transcript };
      return (await relay.call("POST", path, { token, body })).status;
    };
    await relay.restart();
    assert.is(await attest(), 403, "the confirming code is spent");
    relay.clock.advanceMs(30_000);
    assert.is(await attest(), 201);
  });
});

/** The paper site whose manifest names the running relay's own attestation key. */
async function relayInfoSite(): Promise<{ relay: RunningRelay; site: PaperSite }> {
  const relay = await RunningRelay.start();
  const answer = await relay.call("GET", "/relay");
  const { attestationKey } = answer.body as unknown as { attestationKey: string };
  const site = await PaperSite.make((manifest) => ({
    ...manifest,
    relays: [{ name: relayName, url: "https://relay.example.org", attestationKey }],
  }));
  await relay.register(site);
  return { relay, site };
}
