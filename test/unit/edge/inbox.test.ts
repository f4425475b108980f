// What the relay hands over, in whatever order and however often: dealt with once, noted after it, and each signed stop answered by a receipt.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { ChangedDevices } from "../../../edge/changed-devices.ts";
import { Devices } from "../../../edge/devices.ts";
import { Inbox } from "../../../edge/inbox.ts";
import { openVault } from "../../../edge/vault.ts";
import { parseReceipt } from "../../../shared/document/denial.ts";
import { sealDevice } from "../../../shared/document/device.ts";
import { hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { sealSecret } from "../../../shared/document/secret.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { paperAt, PaperSite, seedOf, signed, signerOf, suite } from "../document/paper-site.ts";
import { entryOf, openPaperEdge, type PaperEdge } from "./paper-edge.ts";

const hmi = "hmi" as TargetId;
const log = "the-relay's-log";

async function opened(isSettled = true) {
  const site = await PaperSite.make();
  const edge = await openPaperEdge(site);
  const receipts: Envelope[] = [];
  const settled: number[] = [];
  const vault = await openVault({
    path: join(edge.folder, "vault"),
    keyFile: join(edge.folder, "key"),
    suite,
  });
  const sealing = await suite.xwingKeyPair(seedOf("edge"));
  const start = async () => {
    const { parts } = edge;
    const ground = { ...parts, suite, site: site.id, edge: site.edge.id };
    const devices = new Devices({
      ...ground,
      vault,
      sealing,
      changedDevices: new ChangedDevices(edge.clock),
    });
    return Inbox.open({
      ...ground,
      path: join(edge.folder, "inbox.json"),
      sign: await signerOf("edge"),
      devices,
      sessions: { settled: async () => void settled.push(parts.journal.length) },
      sendReceipt: (receipt) => void receipts.push(receipt),
      log: (line) => void edge.logged.push(line),
    });
  };
  let inbox = await start();
  let seq = 0;
  const world = {
    site,
    edge,
    receipts,
    settled,
    vault,
    get inbox() {
      return inbox;
    },
    async take(...envelopes: readonly Envelope[]): Promise<void> {
      for (const envelope of envelopes) await inbox.take({ log, seq: (seq += 1), envelope });
    },
    async restart(): Promise<void> {
      await edge.restart();
      inbox = await start();
    },
    /** What the newest receipt says. */
    said() {
      const last = receipts.at(-1);
      assert.ok(last);
      const { outcome, reason, document, entry } = parseReceipt(last);
      return { outcome, reason, document, entry: entry.hash };
    },
    [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose](),
  };
  if (isSettled) {
    await world.take(site.chain.held.envelope, ...site.rosters.map(({ envelope }) => envelope));
  }
  return world;
}

const lockdownOf = (site: PaperSite) =>
  signed(
    "lockdown",
    {
      site: site.id,
      scope: { kind: "target", id: hmi },
      reason: "smoke",
      issuedAt: paperAt,
      nonce: "AAAAAAAAAAAAAAAAAAAAAA",
    },
    "cleo",
  );

const liftOf = (site: PaperSite, lockdown: string, by = "cleo") =>
  signed(
    "lift",
    { site: site.id, edge: site.edge.id, lockdown, reason: "out", issuedAt: paperAt },
    by,
  );

async function jobOf(site: PaperSite, edge: PaperEdge) {
  const request = await site.verifiedRequest({ targets: [{ id: hmi, rights: ["terminal"] }] });
  const anchor = await edge.parts.checkpoint();
  const grant = await signed("grant", await site.grant(request, {}, { anchor }), "cleo");
  return { request, grant };
}

async function deviceOf(site: PaperSite, version = 1, by = "anna"): Promise<Envelope> {
  const recipients = {
    edge: site.edge.sealingKey,
    recovery: site.manifest.recovery?.xwing ?? null,
  };
  const place = { site: site.id, edge: site.edge.id, target: hmi, version };
  const device = {
    kind: "ssh" as const,
    host: "192.0.2.7",
    port: 22,
    login: "operator",
    hostKeys: ["ssh-ed25519 AAAA"],
    legacy: false,
  };
  return signed("device", await sealDevice(suite, place, recipients, device), by);
}

async function secretOf(site: PaperSite, version: number): Promise<Envelope> {
  const recipients = {
    edge: site.edge.sealingKey,
    recovery: site.manifest.recovery?.xwing ?? null,
  };
  const place = { site: site.id, edge: site.edge.id, target: hmi, name: "login", version };
  const secret = { kind: "password" as const, password: "correct horse" };
  return signed("secret", await sealSecret(suite, place, recipients, secret), "anna");
}

await group("inbox", {}, (test) => {
  test("notes how far it has read after each document, also after a kill", async () => {
    await using world = await opened();
    assert.equal(world.inbox.read(), { log, after: 2 });
    await world.restart();
    assert.equal(world.inbox.read(), { log, after: 2 });
    await world.inbox.take({ log, seq: 1, envelope: world.site.chain.held.envelope });
    assert.equal(world.inbox.read(), { log, after: 2 }, "an older number brings nothing back");
    await world.inbox.take({ log: "another", seq: 1, envelope: world.site.chain.held.envelope });
    assert.equal(world.inbox.read(), { log: "another", after: 1 });
  });

  test("what is delivered again changes nothing, and a stop is answered again by the same receipt", async () => {
    await using world = await opened();
    const lockdown = await lockdownOf(world.site);
    await world.take(lockdown, lockdown);
    const events = await world.edge.events();
    assert.is(events.filter((event) => event === "lockdown-held").length, 1);
    assert.is(world.receipts.length, 2);
    assert.equal(world.receipts[0], world.receipts[1]);
  });

  test("a receipt names the document and its entry, and is sent when the sessions are over", async () => {
    await using world = await opened();
    const lockdown = await lockdownOf(world.site);
    await world.take(lockdown);
    assert.equal(world.said(), {
      outcome: "done",
      reason: null,
      document: await hashEnvelope(lockdown),
      entry: await entryOf(world.edge, "lockdown-held"),
    });
    assert.is(world.settled.length, 1);
  });

  test("a stop that is refused is answered as refused, and nothing is settled for it", async () => {
    await using world = await opened();
    await world.take(await lockdownOf(world.site));
    const entry = await entryOf(world.edge, "lockdown-held");
    await world.take(await liftOf(world.site, entry, "vera"));
    assert.is(world.said().outcome, "refused");
    assert.is(world.said().reason, "signature_invalid");
    assert.is(world.settled.length, 1);
    await world.take(await liftOf(world.site, entry));
    assert.is(world.said().outcome, "done");
  });

  test("after a kill the newest receipts are made again to the byte", async () => {
    await using world = await opened();
    await world.take(await lockdownOf(world.site));
    const [before] = world.receipts;
    await world.restart();
    world.edge.clock.advanceMs(60_000);
    await world.inbox.answerAgain();
    assert.equal(world.receipts, [before, before]);
  });

  test("a lift that a kill cut off from its unsigned stop ends it when it is delivered again", async () => {
    await using world = await opened();
    await world.edge.parts.stops.begin("relay 1", { kind: "target", id: hmi }, "relay");
    const lift = await liftOf(world.site, await entryOf(world.edge, "unsigned-stop-begun"));
    await world.edge.parts.trust.accept(lift);
    await world.restart();
    assert.is(world.edge.parts.stops.running().length, 1);
    await world.take(lift);
    assert.equal(world.edge.parts.stops.running(), []);
  });

  test("a grant before its request, and its manifest, waits for them", async () => {
    await using world = await opened();
    const next = await world.site.succeed();
    const { request, grant } = await jobOf(next, world.edge);
    await world.take(grant, request.envelope);
    assert.is(world.edge.parts.jobs.get(request.hash)?.line.length, 0);
    await world.restart();
    await world.edge.parts.jobs.find(request.envelope);
    await world.take(next.chain.held.envelope);
    assert.is(world.edge.parts.jobs.get(request.hash)?.line.length, 1);
    assert.equal(world.receipts, []);
  });

  test("a request that comes with a vendor lets its grant count when that is tried again", async () => {
    await using world = await opened();
    const { request, grant } = await jobOf(world.site, world.edge);
    // The request was read, then the edge was killed before anything was granted: nobody sends it again but the vendor.
    await world.take(request.envelope);
    await world.restart();
    await world.take(grant);
    await world.edge.parts.jobs.find(request.envelope);
    await world.inbox.retry();
    assert.is(world.edge.parts.jobs.get(request.hash)?.line.length, 1);
  });

  test("a grant that is refused is answered with the reason's word", async () => {
    await using world = await opened();
    const { request, grant } = await jobOf(world.site, world.edge);
    const sibling = await world.site.grant(request, { minutes: 20, endsAt: paperAt + 1800 });
    await world.take(request.envelope, grant, await signed("grant", sibling, "anna"));
    assert.is(world.said().outcome, "refused");
    assert.is(world.said().reason, "grant-is-sibling");
  });

  test("devices and secrets go to the vault once, and not before the manifest that lists their target", async () => {
    await using world = await opened(false);
    await world.take(await deviceOf(world.site), await secretOf(world.site, 1));
    assert.equal(world.vault.list(), []);
    await world.take(world.site.chain.held.envelope);
    assert.equal(
      world.vault.list().map(({ kind, version }) => [kind, version]),
      [
        ["device", 1],
        ["secret", 1],
      ],
    );
    await world.take(await deviceOf(world.site), await secretOf(world.site, 2));
    await world.take(await secretOf(world.site, 1));
    assert.is(world.vault.list().find(({ kind }) => kind === "secret")?.version, 2);
    const held = (await world.edge.events()).filter((event) =>
      /^(device|secret)-held$/.test(event),
    );
    assert.equal(held, ["device-held", "secret-held", "secret-held"]);
  });

  test("a device that the vault cannot take is not journaled as held", async () => {
    await using world = await opened();
    const listed = (deviceVersion: number) =>
      world.site.manifest.targets.map((item) =>
        item.id === hmi ? { ...item, deviceVersion } : item,
      );
    const second = await world.site.succeed({ targets: listed(2) });
    await world.take(second.chain.held.envelope, await deviceOf(second, 2));
    const back = await second.succeed({ targets: listed(1) });
    await world.take(back.chain.held.envelope, await deviceOf(back, 1));
    const held = (await world.edge.events()).filter((event) => event === "device-held");
    assert.is(held.length, 1);
    assert.is(world.vault.list()[0]?.version, 2);
  });

  test("a revoked owner's device is not taken", async () => {
    await using world = await opened();
    const revocation = {
      site: world.site.id,
      edge: null,
      scope: { kind: "person", id: "anna" },
      reason: "key stolen",
      issuedAt: paperAt,
    };
    await world.take(await signed("revocation", revocation, "cleo"), await deviceOf(world.site));
    assert.equal(world.vault.list(), []);
    await world.take(await deviceOf(world.site, 1, "ben"));
    assert.is(world.vault.list().length, 1);
  });

  test("keeps no more of what came too early than its bound, newest first", async () => {
    await using world = await opened(false);
    const secrets: Envelope[] = [];
    for (let number = 0; number < 70; number += 1) {
      const version = number + 1;
      secrets.push(await secretOf(world.site, version));
    }
    await world.take(...secrets);
    const state = join(world.edge.folder, "inbox.json");
    const { postponed } = JSON.parse(await readFile(state, "utf8")) as { postponed: string[] };
    assert.is(postponed.length, 64);
    const flood = { type: "request", payload: new Uint8Array(200_000), signatures: [] };
    for (let number = 0; number < 10; number += 1) await world.take(flood as Envelope);
    assert.ok((await readFile(state)).length < 2_000_000);
  });

  test("what could not be written down is not read, and nothing that waited is lost by it", async () => {
    await using world = await opened(false);
    const early = await deviceOf(world.site);
    await world.take(early);
    const { journal } = world.edge.parts;
    const append = journal.append.bind(journal);
    let isFull = true;
    journal.append = async (event, ids, details) => {
      if (isFull && event === "device-held") throw new SallyportError("disk_full", "no space");
      return append(event, ids, details);
    };
    let failed: unknown;
    await world.take(world.site.chain.held.envelope).catch((thrown: unknown) => (failed = thrown));
    assert.instance(failed, SallyportError);
    assert.equal(world.inbox.read(), { log, after: 1 });
    isFull = false;
    await world.inbox.retry();
    assert.is(world.vault.list().length, 1);
  });

  test("two documents that are handed over at once are dealt with in their order", async () => {
    await using world = await opened(false);
    const { site, inbox } = world;
    const [roster] = site.rosters;
    assert.ok(roster);
    await Promise.all([
      inbox.take({ log, seq: 1, envelope: site.chain.held.envelope }),
      inbox.take({ log, seq: 2, envelope: roster.envelope }),
    ]);
    assert.equal((await world.edge.events()).slice(1), ["manifest-held", "roster-held"]);
    assert.equal(inbox.read(), { log, after: 2 });
  });

  test("a state that was changed by hand is not believed", async () => {
    await using world = await opened();
    await writeFile(join(world.edge.folder, "inbox.json"), '{"log":null,"after":"9"}');
    let failed = false;
    await world.restart().catch(() => (failed = true));
    assert.is(failed, true);
  });
});
