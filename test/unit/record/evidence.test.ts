// Evidence: it holds as the edge gave it, and fails for every byte that was changed since, and for whatever the documents do not bear out.
import { rm } from "node:fs/promises";
import * as assert from "uvu/assert";
import { concatBytes, fromUtf8, utf8 } from "../../../shared/bytes.ts";
import { encodeEnvelope, parseEnvelope, type SignPae } from "../../../shared/document/envelope.ts";
import { fingerprintOfHostKey } from "../../../shared/document/host-key.ts";
import { keyIdOf, type PublicKey } from "../../../shared/document/keys.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import { passkeySigner } from "../../../shared/document/passkey.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { describeEvidence } from "../../../shared/record/evidence.ts";
import { listTar, tarEnd, tarHeader, tarPadding } from "../../../shared/record/tar.ts";
import { runProcess } from "../../support/process.ts";
import { group } from "../../support/group.ts";
import {
  edgeEntry,
  keyOf,
  paperAt,
  signed,
  sshLineOf,
  suite,
  twinSite,
  xwingOf,
} from "../document/paper-site.ts";
import { SoftwarePasskey } from "../document/software-passkey.ts";
import { EvidenceWorld, verify, type JobChanges } from "./evidence-world.ts";
import { flipped, pieces, refusal } from "./record-world.ts";

/** A job on paper: admitted, one recording, ended. */
async function oneJob(): Promise<{ world: EvidenceWorld; tar: Uint8Array; recording: string }> {
  const world = await EvidenceWorld.start();
  const { grant } = await world.admit();
  const recording = await world.record(grant);
  await world.note("session-ended", { session: "session-1" });
  return { world, tar: await world.bundle(), recording };
}

/** The files of a tar, changed, in a tar again. */
async function repacked(
  tar: Uint8Array,
  change: (files: Map<string, Uint8Array>) => void,
): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { name, offset, length } of await listTar(pieces(tar))) {
    files.set(name, tar.slice(offset, offset + length));
  }
  change(files);
  const blocks = [...files].flatMap(([name, bytes]) => [
    tarHeader(name, bytes.length),
    bytes,
    tarPadding(bytes.length),
  ]);
  return concatBytes(...blocks, tarEnd);
}

const only = (files: Map<string, Uint8Array>, part: string): string =>
  [...files.keys()].find((name) => name.includes(part)) ?? "";

function edited(bytes: Uint8Array | undefined, change: (text: string) => string): Uint8Array {
  return utf8(change(fromUtf8(bytes ?? new Uint8Array())));
}

const cuts: readonly [
  note: string,
  change: (files: Map<string, Uint8Array>) => void,
  why: RegExp,
][] = [
  [
    "a recording cut out",
    (files) => files.delete(only(files, "recordings/")),
    /recording: it is missing/,
  ],
  ["the grant cut out", (files) => files.delete(only(files, "/grant/")), /grant ".*" is missing/],
  ["the proof cut out", (files) => files.delete(only(files, "/proof/")), /proof ".*" is missing/],
  [
    "the journal cut out",
    (files) => files.delete(only(files, "journal/")),
    /journal\/000000000000.ndjson: it is missing/,
  ],
  ["the index cut out", (files) => files.delete("index.json"), /"index.json" is missing/],
  ["the signature cut out", (files) => files.delete("evidence.json"), /"evidence.json" is missing/],
  [
    "a file added",
    (files) => files.set("documents/grant/extra.json", utf8("{}")),
    /not in the index/,
  ],
  [
    "the journal's last line cut",
    (files) => {
      const name = only(files, "journal/");
      files.set(
        name,
        edited(files.get(name), (text) => text.split("\n").slice(0, -2).join("\n")),
      );
    },
    /content was changed|bytes, the index says/,
  ],
  [
    "two files swapped",
    (files) => {
      const [one, two] = [only(files, "/grant/"), only(files, "/request/")];
      const [first, second] = [files.get(one), files.get(two)];
      files.set(one, second ?? new Uint8Array()).set(two, first ?? new Uint8Array());
    },
    /bytes, the index says/,
  ],
];

/** What an edge that lies, and signs its lies well, might journal. */
const lies: readonly [note: string, change: JobChanges, why: RegExp][] = [
  ["without the second factor", { ids: { attestation: undefined } }, /names no attestation/],
  [
    "with the code of another person",
    { attestation: { person: "anna" } },
    /attestation is for "anna"/,
  ],
  ["with a code that no relay attested", { attestationSigner: "vera" }, /may not sign it/],
  ["without a proof", { ids: { proof: undefined } }, /names no proof/],
  ["by the proof of another", { proofSigner: "anna" }, /may not sign it/],
  [
    "by a proof for another purpose",
    { proof: { purpose: "watch", request: null, grant: null } },
    /for "watch"/,
  ],
  ["by a grant that a vendor signed", { grantSigners: ["vera"] }, /may not sign it/],
  ["by a grant of one approver where two are needed", { grantSigners: ["anna"] }, /1 of 2 persons/],
  [
    "of another person than the grant's",
    { ids: { person: "anna" } },
    /"anna" was admitted by a grant for "vera"/,
  ],
  ["after the grant's end", { grant: { endsAt: paperAt + 110 } }, /grant had ended/],
  ["with more minutes than were asked", { grant: { minutes: 60 } }, /grant gives 60 minutes/],
  [
    "with a right that was not asked for",
    { grant: { targets: [{ id: "hmi" as TargetId, rights: ["files"] }] } },
    /right "files"/,
  ],
];

await group("evidence", { timeoutMs: 120_000 }, (test) => {
  test("a bundle holds, and says how far it is complete and witnessed", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const report = await verify(tar, world.paper.id);
    assert.equal(report.faults, []);
    assert.equal(report.from?.n, 0);
    assert.equal(report.to?.n, world.journal.length - 1);
    assert.is(report.witnessed?.n, 2);
    assert.is(report.sessions, 1);
    assert.equal(report.recordings, { checked: 1, opened: 0, torn: 0, open: 0, leftOut: 0 });
    assert.match(
      describeEvidence(report),
      /^complete from entry 0 \(.*\) to 7 \(.*\), witnessed to entry 2; after 2 the edge's word alone$/,
    );
  });

  test("with the audit key every recording is opened and counted", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const { privateKey: auditKey } = await xwingOf("audit");
    assert.is((await verify(tar, world.paper.id, { auditKey })).recordings.opened, 1);
    const { privateKey: other } = await xwingOf("recovery");
    const report = await verify(tar, world.paper.id, { auditKey: other });
    assert.match(describeEvidence(report), /this audit key does not open it/);
  });

  test("GNU tar reads it", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const { code, stdout } = await runProcess("tar", ["-tf", "-"], { input: tar });
    assert.is(code, 0);
    assert.match(stdout, /^journal\/000000000000\.ndjson$/m);
    assert.match(stdout, /^evidence\.json$/m);
  });

  test("every byte of the container changed is found", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const contents = await listTar(pieces(tar));
    const isContent = (at: number): boolean =>
      contents.some(({ offset, length }) => at >= offset && at < offset + length);
    let changed = 0;
    for (let at = 0; at < tar.length; at += 1) {
      // Of a long zero padding every seventh byte will do.
      if (isContent(at) || (tar[at] === 0 && at % 7 !== 0)) continue;
      await refusal(() => listTar(pieces(flipped(tar, at))), "evidence_invalid");
      changed += 1;
    }
    assert.ok(changed > 1000, `${changed} bytes`);
  });

  test("bytes of the contents changed are found, all over the bundle", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    for (const { offset, length, name } of await listTar(pieces(tar))) {
      for (let at = offset; at < offset + length; at += name === "evidence.json" ? 11 : 97) {
        const { faults } = await verify(flipped(tar, at), world.paper.id);
        assert.ok(faults.length > 0, `byte ${at - offset} of ${name}`);
      }
    }
  });

  test("a bundle cut anywhere is refused", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    for (let length = tar.length - 1; length >= 0; length -= 301) {
      await refusal(() => listTar(pieces(tar.subarray(0, length))), "evidence_invalid");
    }
    await refusal(() => listTar(pieces(concatBytes(tar, tar))), "evidence_invalid");
  });

  for (const [note, change, why] of cuts) {
    test(`${note} is found`, async () => {
      const { world, tar } = await oneJob();
      await using _ = world;
      const report = await verify(await repacked(tar, change), world.paper.id);
      assert.match(describeEvidence(report), why);
    });
  }

  test("a bundle whose index somebody else signed anew is found", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const forged = await signed("evidence", await sealOf(tar), "vera");
    const changed = await repacked(
      tar,
      (files) => void files.set("evidence.json", utf8(encodeEnvelope(forged))),
    );
    assert.match(describeEvidence(await verify(changed, world.paper.id)), /may not sign it/);
  });

  test("the evidence of another site is none for this one", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const twin = await twinSite();
    const report = await verify(tar, twin.id);
    assert.match(describeEvidence(report), /it is of site/);
    assert.is(report.to, undefined);
  });

  test("a session that the documents bear out is none of the lies below", async () => {
    await using world = await EvidenceWorld.start();
    await world.admit();
    assert.equal((await verify(await world.bundle(), world.paper.id)).faults, []);
  });

  for (const [note, change, why] of lies) {
    test(`a hostile edge's session ${note} is found`, async () => {
      await using world = await EvidenceWorld.start();
      await world.admit(change);
      assert.match(describeEvidence(await verify(await world.bundle(), world.paper.id)), why);
    });
  }

  test("a proof by a passkey serves a request by another key of the same person", async () => {
    const passkey = new SoftwarePasskey("ES256");
    await using world = await EvidenceWorld.start(withVeraKeys(passkey.key));
    await world.admit({ proofSigner: touchOf(passkey), ids: { attestation: undefined } });
    assert.equal((await verify(await world.bundle(), world.paper.id)).faults, []);
  });

  test("a proof by another Ed25519 key of the same person is found", async () => {
    await using world = await EvidenceWorld.start(withVeraKeys(await keyOf("vera's old laptop")));
    await world.admit({ proofSigner: "vera's old laptop" });
    const report = await verify(await world.bundle(), world.paper.id);
    assert.match(describeEvidence(report), /another key than the request, and by no passkey/);
  });

  test("a session whose request's key was revoked before is found, whatever proved it", async () => {
    const passkey = new SoftwarePasskey("ES256");
    await using world = await EvidenceWorld.start(withVeraKeys(passkey.key));
    const payload = {
      site: world.paper.id,
      edge: world.paper.edge.id,
      scope: { kind: "key", id: await keyIdOf(suite, await keyOf("vera")) },
      reason: "the laptop was stolen",
      issuedAt: paperAt + 70,
    };
    await world.note("revocation-held", {}, await signed("revocation", payload, "anna"));
    await world.admit({ proofSigner: touchOf(passkey), ids: { attestation: undefined } });
    const report = await verify(await world.bundle(), world.paper.id);
    assert.match(describeEvidence(report), /key ".*" was revoked before/);
  });

  test("a changed host key or certificate counts as accepted by the grant that names it for that target, and by no other", async () => {
    const key = await fingerprintOfHostKey(suite, await sshLineOf("a new key"));
    const certificate = Array(32).fill("AB").join(":");
    const accepts = (fingerprint: string) => ({
      deviceKeys: [{ target: "hmi" as TargetId, fingerprint }],
    });
    for (const [grant, target, fingerprint, isSound] of [
      [accepts(key), "hmi", key, true],
      [accepts(key), "plc", key, false],
      [accepts(key), "hmi", certificate, false],
      [accepts(certificate), "hmi", certificate, true],
      [accepts(certificate), "plc", certificate, false],
      [accepts(certificate), "hmi", certificate.replace("AB", "AC"), false],
      [{}, "hmi", key, false],
      [{}, "hmi", certificate, false],
    ] as const) {
      await using world = await EvidenceWorld.start();
      const { grant: envelope } = await world.admit({ grant });
      const ids = { session: "session-1", target, grant: await world.archive.keep(envelope) };
      await world.journal.append("device-key-accepted", ids, { fingerprint, pinned: [] });
      const report = await verify(await world.bundle(), world.paper.id);
      if (isSound) assert.equal(report.faults, []);
      else assert.match(describeEvidence(report), /no grant accepts that key/);
    }
  });

  test("a session outside its grant's windows is found, one within them is not", async () => {
    // It is admitted on a Monday, at nine in Berlin.
    for (const [day, isSound] of [
      [1, true],
      [2, false],
    ] as const) {
      await using world = await EvidenceWorld.start();
      const untilAt = paperAt + 30 * 24 * 3600;
      const hours = { timeZone: "Europe/Berlin", from: "06:00", to: "14:00" };
      const windows = { ...hours, days: [day], untilAt };
      await world.admit({ request: { windows, startBeforeAt: untilAt } });
      const report = await verify(await world.bundle(), world.paper.id);
      if (isSound) assert.equal(report.faults, []);
      else assert.match(describeEvidence(report), /outside its grant's windows/);
    }
  });

  test("a proof that was used for two sessions is found", async () => {
    await using world = await EvidenceWorld.start();
    await world.admit();
    await world.admit({ session: "session-2" });
    const report = await verify(await world.bundle(), world.paper.id);
    assert.match(describeEvidence(report), /proof was used by session "session-1" before/);
  });

  test("a session under a grant that was revoked before is found", async () => {
    await using world = await EvidenceWorld.start();
    const request = await world.paper.verifiedRequest();
    const revocation = await signed(
      "revocation",
      {
        site: world.paper.id,
        edge: world.paper.edge.id,
        scope: { kind: "request", id: request.hash },
        reason: "no longer needed",
        issuedAt: paperAt + 70,
      },
      "anna",
    );
    await world.note("revocation-held", {}, revocation);
    await world.admit();
    assert.match(
      describeEvidence(await verify(await world.bundle(), world.paper.id)),
      /revoked before/,
    );
  });

  test("an opening of a target that was revoked before is found, the job's other targets are open", async () => {
    await using world = await EvidenceWorld.start();
    await world.admit();
    const revocation = await signed(
      "revocation",
      {
        site: world.paper.id,
        edge: null,
        scope: { kind: "target", id: "plc" },
        reason: "out of order",
        issuedAt: paperAt + 70,
      },
      "anna",
    );
    await world.note("revocation-held", {}, revocation);
    await world.note("opening-admitted", { session: "session-1", target: "hmi" });
    await world.note("opening-admitted", { session: "session-1", target: "plc" });
    const { faults } = await verify(await world.bundle(), world.paper.id);
    assert.equal(
      faults.map(({ why }) => why),
      ['target "plc" was revoked before'],
    );
  });

  test("a session during a lockdown is found, and after its lift it is none", async () => {
    await using world = await EvidenceWorld.start();
    const about = { site: world.paper.id, reason: "fire drill", issuedAt: paperAt + 70 };
    const nonce = "AQEBAQEBAQEBAQEBAQEBAQ";
    const scope = { kind: "site" };
    const lockdown = await signed("lockdown", { ...about, scope, nonce }, "anna");
    const locked = await world.note("lockdown-held", {}, lockdown);
    await world.admit({ session: "session-0", proof: { transcript: "A".repeat(43) } });
    const edge = world.paper.edge.id;
    const lift = await signed("lift", { ...about, edge, lockdown: locked }, "anna", "ben");
    await world.note("lift-held", {}, lift);
    await world.admit();
    const { faults } = await verify(await world.bundle(), world.paper.id);
    assert.equal(faults, [{ where: "journal entry 4", why: "site was locked down" }]);
  });

  test("a lift of what was never locked down is found", async () => {
    await using world = await EvidenceWorld.start();
    const edge = world.paper.edge.id;
    const about = { site: world.paper.id, reason: "", issuedAt: paperAt + 70 };
    const lift = { ...about, edge, lockdown: "A".repeat(43) };
    await world.note("lift-held", {}, await signed("lift", lift, "anna", "ben"));
    const report = await verify(await world.bundle(), world.paper.id);
    assert.match(describeEvidence(report), /lifts what was not locked down/);
  });

  for (const [hours, holds] of [
    [72, true],
    [71, false],
  ] as const) {
    test(`a manifest by the recovery key, held ${hours} hours after it was announced, is ${holds ? "sound" : "found"}`, async () => {
      await using world = await EvidenceWorld.start();
      const next = await signed("manifest", world.paper.next(), "recovery", "anna", "ben");
      await world.note("recovery-announced", {}, next);
      world.clock.advanceMs(hours * 3600 * 1000);
      await world.note("manifest-held", {}, next);
      const report = await verify(await world.bundle(), world.paper.id);
      assert.is(report.manifests, holds ? 2 : 1);
      if (holds) assert.equal(report.faults, []);
      else assert.match(describeEvidence(report), /has to wait 72 hours/);
    });
  }

  test("a roster that was brought back is found, and one held twice after a crash is not", async () => {
    await using world = await EvidenceWorld.start();
    const newer = await signed("roster", await world.paper.roster({ version: 2 }), "adam");
    await world.note("roster-held", {}, newer);
    await world.note("roster-held", {}, newer);
    const [older] = world.paper.rosters;
    assert.ok(older);
    await world.note("roster-held", {}, older.envelope);
    const { faults } = await verify(await world.bundle(), world.paper.id);
    assert.equal(faults, [{ where: "journal entry 5", why: "roster 1 does not follow version 2" }]);
  });

  test("an opening of a target outside the grant, or after the session's end, is found", async () => {
    await using world = await EvidenceWorld.start();
    await world.admit();
    await world.note("opening-admitted", { session: "session-1", target: "press" });
    await world.note("opening-admitted", { session: "session-9", target: "plc" });
    await world.note("session-ended", { session: "session-1" });
    await world.note("opening-admitted", { session: "session-1", target: "plc" });
    const text = describeEvidence(await verify(await world.bundle(), world.paper.id));
    assert.match(text, /entry 4: target "press" is not in the session's grant/);
    assert.match(text, /entry 5: session "session-9" was not admitted/);
    assert.match(text, /entry 7: its session has ended before/);
  });

  test("a journal that was rolled back is found by the anchor of a later grant", async () => {
    await using world = await EvidenceWorld.start();
    await using former = await EvidenceWorld.start();
    for (let step = 0; step < 3; step += 1) await former.note("step-made", {});
    await world.admit({ anchor: await former.checkpoint() });
    const report = await verify(await world.bundle(), world.paper.id);
    assert.match(describeEvidence(report), /bears witness to another journal at length 6/);
  });

  test("a checkpoint that an auditor kept bears witness, or shows what was rolled back", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const seen = await world.checkpoint();
    const later = await verify(tar, world.paper.id, { witnesses: [seen] });
    assert.is(later.witnessed?.n, world.journal.length - 1);
    assert.equal(later.faults, []);
    await world.note("step-made", {});
    const since = await verify(tar, world.paper.id, { witnesses: [await world.checkpoint()] });
    assert.equal(since.faults, []);
    assert.is(since.witnessed?.n, 2, "what came after the bundle says nothing of its end");
    assert.match(
      describeEvidence(since),
      new RegExp(`gone on since, to entry ${world.journal.length - 1} or further$`),
    );
  });

  test("a checkpoint from before a rollback shows that the bundle came after it", async () => {
    await using former = await EvidenceWorld.start();
    for (let step = 0; step < 20; step += 1) await former.note("step-made", {});
    const longer = await former.checkpoint();
    const { world } = await oneJob();
    await using _ = world;
    world.clock.advanceMs(60_000);
    const report = await verify(await world.bundle(), world.paper.id, { witnesses: [longer] });
    assert.match(describeEvidence(report), /had signed another journal, or a longer one/);
  });

  test("a relay's signature makes it the witness; anybody else's makes the checkpoint worthless", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const seen = await world.checkpoint();
    const payload: object = JSON.parse(fromUtf8(seen.payload));
    const witnesses = async (...names: readonly string[]) =>
      verify(tar, world.paper.id, { witnesses: [await signed("checkpoint", payload, ...names)] });
    const both = await witnesses("edge", "relay");
    assert.equal(both.faults, []);
    assert.equal(both.witnessed, { n: world.journal.length - 1, by: 'relay "relay.example.org"' });
    for (const [names, why] of [
      [["relay"], /not signed by its edge/],
      [["edge", "mallory"], /which may not sign it/],
      [["edge", "edge"], /signed twice/],
    ] as const) {
      const report = await witnesses(...names);
      assert.match(describeEvidence(report), why);
      assert.is(report.witnessed?.n, 2);
    }
  });

  test("what was kept of the site's other edges, or of other sites, is no fault of this one", async () => {
    const { world, tar } = await oneJob();
    await using _ = world;
    const { paper } = world;
    const other = paper.checkpoint({ edge: (await edgeEntry("edge two")).id });
    const elsewhere = (await twinSite()).checkpoint();
    const report = await verify(tar, paper.id, {
      witnesses: [
        await signed("checkpoint", other, "edge two"),
        await signed("checkpoint", elsewhere, "edge"),
      ],
    });
    assert.equal(report.faults, []);
    assert.is(report.witnessed?.n, 2);
  });

  test("what was not asked for is named as left out, and does not count as missing", async () => {
    const { world } = await oneJob();
    await using _ = world;
    const tar = await world.bundle({ target: "hmi" as TargetId });
    const report = await verify(tar, world.paper.id);
    assert.equal(report.faults, []);
    assert.equal(report.recordings, { checked: 0, opened: 0, torn: 0, open: 0, leftOut: 1 });
  });

  test("a recording that the edge lost is missing, not left out", async () => {
    const { world, recording } = await oneJob();
    await using _ = world;
    await rm(world.recordings.locate(recording as never).path);
    const report = await verify(await world.bundle(), world.paper.id);
    assert.match(describeEvidence(report), /recording: it is missing/);
  });

  test("a recording that runs while the bundle is made is counted as open", async () => {
    await using world = await EvidenceWorld.start();
    const { request, grant } = await world.admit();
    const running = await world.recordings.open({
      session: "session-1",
      target: "plc" as TargetId,
      person: request.payload.vendor,
      grant: await world.archive.keep(grant),
      kind: "tcp",
    });
    const report = await verify(await world.bundle(), world.paper.id);
    await running.close();
    assert.equal(report.faults, []);
    assert.is(report.recordings.open, 1);
  });
});

/** The site in which vera has one more key. */
function withVeraKeys(...more: readonly PublicKey[]): (manifest: Manifest) => Manifest {
  return (manifest) => ({
    ...manifest,
    persons: manifest.persons.map((person) =>
      person.id === "vera" ? { ...person, keys: [...person.keys, ...more] } : person,
    ),
  });
}

function touchOf(passkey: SoftwarePasskey): SignPae {
  return passkeySigner(suite, passkey.key, async (challenge) => passkey.assert(challenge));
}

async function sealOf(tar: Uint8Array): Promise<object> {
  const entry = (await listTar(pieces(tar))).find(({ name }) => name === "evidence.json");
  const { offset = 0, length = 0 } = entry ?? {};
  const { payload } = parseEnvelope(tar.subarray(offset, offset + length));
  return JSON.parse(fromUtf8(payload)) as object;
}
