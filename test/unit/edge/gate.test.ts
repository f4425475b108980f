// The gate's table: what is admitted, and beside it every twin that is not, with its one reason.
import * as assert from "uvu/assert";
import {
  decideOpening,
  decideReading,
  decideSession,
  type Caller,
  type SessionDecision,
} from "../../../edge/gate.ts";
import { faultOfNext, type Job } from "../../../edge/grant-line.ts";
import type { RefusalReason } from "../../../edge/refusal.ts";
import type { Situation } from "../../../edge/situation.ts";
import type { EdgeId, SiteId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import {
  attestationWith,
  bootId,
  callerWith,
  consumedWith,
  grantWith,
  hash,
  hour,
  jobWith,
  key,
  keysWith,
  manifestWith,
  minute,
  nowAt,
  person,
  proofWith,
  requestWith,
  situationWith,
  target,
  type SignedBy,
} from "./gate-world.ts";

interface World {
  readonly caller?: Partial<Caller>;
  readonly job?: Partial<Job>;
  readonly situation?: Partial<Situation>;
}

type Row = readonly [note: string, world: World, expected: "admitted" | "waiting" | RefusalReason];

const otherSite = "other-site" as SiteId;
const otherEdge = "other-edge" as EdgeId;
const passkey = (name: string, deviceBound = true): SignedBy => ({
  name,
  kind: "passkey",
  deviceBound,
});
const otherKey: SignedBy = { name: "vera", keyId: key("vera-2") };
const phone: SignedBy = { ...passkey("vera"), keyId: key("vera-phone") };
const started = (agoMs: number) =>
  consumedWith({
    started: {
      bootId,
      monotonicMs: 5_000_000 - agoMs,
      wallMs: nowAt * 1000 - agoMs,
      proven: true,
    },
  });
const policy = (change: Parameters<typeof manifestWith>[1]) => ({
  manifest: manifestWith({}, change),
});
const time = (change: Partial<Situation["time"]>) => ({
  time: { ...situationWith().time, ...change },
});
const joe = {
  caller: {
    proof: proofWith({ person: person("acme/joe") }, "acme/joe"),
    attestation: attestationWith({ person: person("acme/joe") }),
  },
  job: {
    request: requestWith({ vendor: person("acme/joe"), key: key("acme/joe") }, "acme/joe"),
    line: [grantWith({ vendor: person("acme/joe") })],
  },
};
const waiting = {
  caller: { proof: proofWith({ purpose: "waiting", grant: null }) },
  job: { line: [] },
};
const second = (
  change: Parameters<typeof grantWith>[0] = {},
  by: readonly (SignedBy | string)[] = ["anna"],
) => grantWith({ replaces: hash("grant-1"), minutes: 90, ...change }, by, "grant-2");

const sessions: readonly Row[] = [
  ["a granted job, proven by key and code", {}, "admitted"],

  [
    "proof: for another site",
    { caller: { proof: proofWith({ site: otherSite }) } },
    "foreign-site",
  ],
  [
    "proof: for another edge",
    { caller: { proof: proofWith({ edge: otherEdge }) } },
    "foreign-edge",
  ],
  [
    "proof: of another handshake (replayed)",
    { caller: { proof: proofWith({ transcript: "another" }) } },
    "other-transcript",
  ],
  ["proof: for watching", { caller: { proof: proofWith({ purpose: "watch" }) } }, "other-purpose"],
  [
    "proof: given while waiting opens the session it waited for",
    { caller: { proof: proofWith({ purpose: "waiting", grant: null }) } },
    "admitted",
  ],
  [
    "proof: given while waiting for another request",
    {
      caller: { proof: proofWith({ purpose: "waiting", grant: null, request: hash("another") }) },
    },
    "request-missing",
  ],
  [
    "proof: signed by somebody else",
    { caller: { proof: proofWith({}, "anna") } },
    "person-unknown",
  ],
  [
    "proof: by a key that the manifest does not list (any more)",
    { situation: { keys: new Map([...keysWith()].filter(([id]) => id !== key("vera"))) } },
    "key-unknown",
  ],
  [
    "proof: by a key that is now somebody else's",
    { situation: { keys: keysWith({ vera: { person: person("anna") } }) } },
    "key-unknown",
  ],
  [
    "proof: by a person who is no vendor any more",
    { situation: { keys: keysWith({ vera: { roles: ["auditor"] } }) } },
    "role-missing",
  ],
  [
    "proof: by a revoked person",
    { situation: { revocations: [{ kind: "person", id: person("vera") }] } },
    "person-revoked",
  ],
  [
    "proof: by a revoked key",
    { situation: { revocations: [{ kind: "key", id: key("vera") }] } },
    "person-revoked",
  ],
  [
    "a revocation of another person changes nothing",
    { situation: { revocations: [{ kind: "person", id: person("acme/joe") }] } },
    "admitted",
  ],
  ["a technician by his company's fresh roster", joe, "admitted"],
  [
    "a technician whose roster is stale",
    { ...joe, situation: { keys: keysWith({ "acme/joe": { freshUntilAt: nowAt - 1 } }) } },
    "roster-stale",
  ],
  [
    "a technician whose roster went stale while he is in stays in",
    {
      caller: { ...joe.caller, running: true },
      job: joe.job,
      situation: { keys: keysWith({ "acme/joe": { freshUntilAt: nowAt - 1 } }) },
    },
    "admitted",
  ],
  [
    "a technician who left the roster while he is in does not",
    {
      caller: { ...joe.caller, running: true },
      job: joe.job,
      situation: { keys: new Map([...keysWith()].filter(([id]) => id !== key("acme/joe"))) },
    },
    "key-unknown",
  ],
  [
    "the manifest has ended",
    { situation: { manifest: manifestWith({ endsAt: nowAt }) } },
    "manifest-ended",
  ],
  [
    "the manifest ends in a second",
    { situation: { manifest: manifestWith({ endsAt: nowAt + 1 }) } },
    "admitted",
  ],

  ["second factor: missing", { caller: { attestation: undefined } }, "second-factor-missing"],
  [
    "second factor: waived by the policy",
    { caller: { attestation: undefined }, situation: policy({ secondFactor: "waived" }) },
    "admitted",
  ],
  [
    "second factor: waived, and a false one brought along",
    {
      caller: { attestation: attestationWith({ transcript: "another" }) },
      situation: policy({ secondFactor: "waived" }),
    },
    "attestation-of-other-transcript",
  ],
  [
    "second factor: a passkey is both",
    { caller: { attestation: undefined, proof: proofWith({}, passkey("vera")) } },
    "admitted",
  ],
  [
    "second factor: attested for another site",
    { caller: { attestation: attestationWith({ site: otherSite }) } },
    "foreign-site",
  ],
  [
    "second factor: attested for another person",
    { caller: { attestation: attestationWith({ person: person("anna") }) } },
    "attestation-of-other-person",
  ],
  [
    "second factor: attested for another handshake (replayed)",
    { caller: { attestation: attestationWith({ transcript: "another" }) } },
    "attestation-of-other-transcript",
  ],
  [
    "second factor: by a relay that the manifest does not name",
    { caller: { attestation: attestationWith({}, "another-relay") } },
    "attestation-by-unknown-relay",
  ],
  [
    "second factor: by a relay whose key is revoked",
    { situation: { revocations: [{ kind: "key", id: key("relay") }] } },
    "attestation-by-unknown-relay",
  ],
  [
    "second factor: a time step used for another handshake",
    { caller: { spentStep: { timeStep: 60_000_000, transcript: "another" } } },
    "attestation-reused",
  ],
  [
    "second factor: a time step before one that was used",
    { caller: { spentStep: { timeStep: 60_000_001, transcript: "another" } } },
    "attestation-reused",
  ],
  [
    "second factor: the step after one that was used",
    { caller: { spentStep: { timeStep: 59_999_999, transcript: "another" } } },
    "admitted",
  ],
  [
    "second factor: the same handshake asked again",
    { caller: { spentStep: { timeStep: 60_000_000, transcript: "the-transcript" } } },
    "admitted",
  ],
  [
    "policy: passkeys only, an Ed25519 proof",
    { situation: policy({ passkeysOnly: true }) },
    "approvers-missing",
  ],
  [
    "policy: passkeys only, approved by one, proven by an Ed25519 key",
    {
      job: { line: [grantWith({}, [passkey("anna")])] },
      situation: policy({ passkeysOnly: true }),
    },
    "passkey-needed",
  ],
  [
    "policy: passkeys only, approved and proven by them",
    {
      caller: { proof: proofWith({}, passkey("vera")) },
      job: { line: [grantWith({}, [passkey("anna")])] },
      situation: policy({ passkeysOnly: true }),
    },
    "admitted",
  ],
  [
    "policy: device-bound, a proof by a synced passkey",
    {
      caller: { proof: proofWith({}, passkey("vera", false)) },
      job: { line: [grantWith({}, [passkey("anna")])] },
      situation: policy({ deviceBound: true }),
    },
    "device-bound-key-needed",
  ],
  [
    "policy: device-bound, approved by a synced passkey",
    {
      caller: { proof: proofWith({}, passkey("vera")) },
      job: { line: [grantWith({}, [passkey("anna", false)])] },
      situation: policy({ deviceBound: true }),
    },
    "approvers-missing",
  ],
  [
    "policy: device-bound all round",
    {
      caller: { proof: proofWith({}, passkey("vera")) },
      job: { line: [grantWith({}, [passkey("anna")])] },
      situation: policy({ deviceBound: true }),
    },
    "admitted",
  ],

  [
    "request: for another site",
    { job: { request: requestWith({ site: otherSite }) } },
    "foreign-site",
  ],
  [
    "request: for another edge",
    { job: { request: requestWith({ edge: otherEdge }) } },
    "foreign-edge",
  ],
  [
    "request: by another vendor",
    { job: { request: requestWith({ vendor: person("acme/joe") }, "acme/joe") } },
    "request-of-other-person",
  ],
  [
    "request: signed by another than the vendor it names",
    { job: { request: requestWith({}, "acme/joe") } },
    "request-of-other-person",
  ],
  [
    "request: by another key of the same vendor",
    { job: { request: requestWith({ key: key("vera-2") }, otherKey) } },
    "request-of-other-key",
  ],
  [
    "request: by a browser's key, the proof by the same vendor's passkey, without a code",
    { caller: { proof: proofWith({}, phone), attestation: undefined } },
    "admitted",
  ],
  [
    "request: by a browser's key, the waiting proof by the same vendor's passkey",
    {
      caller: {
        proof: proofWith({ purpose: "waiting", grant: null }, phone),
        attestation: undefined,
      },
      job: { line: [] },
    },
    "waiting",
  ],
  [
    "request: by a passkey, the proof by another key of the same vendor",
    { job: { request: requestWith({ key: key("vera-phone") }, phone) } },
    "request-of-other-key",
  ],
  [
    "request: by a passkey, the proof by the same passkey",
    {
      caller: { proof: proofWith({}, phone) },
      job: { request: requestWith({ key: key("vera-phone") }, phone) },
    },
    "admitted",
  ],
  [
    "request: by a browser's key, the proof by another vendor's passkey",
    { caller: { proof: proofWith({ person: person("acme/joe") }, passkey("acme/joe")) } },
    "request-of-other-person",
  ],
  [
    "request: by a browser's key that is revoked, the proof by a passkey",
    {
      caller: { proof: proofWith({}, phone) },
      situation: { revocations: [{ kind: "key", id: key("vera") }] },
    },
    "person-revoked",
  ],
  [
    "request: by a browser's key that is not listed any more, the proof by a passkey",
    {
      caller: { proof: proofWith({}, phone) },
      situation: { keys: new Map([...keysWith()].filter(([id]) => id !== key("vera"))) },
    },
    "key-unknown",
  ],
  [
    "request: revoked",
    { situation: { revocations: [{ kind: "request", id: hash("the-request") }] } },
    "request-revoked",
  ],

  ["waiting: no grant yet", waiting, "waiting"],
  [
    "waiting: without the second factor",
    { ...waiting, caller: { ...waiting.caller, attestation: undefined } },
    "second-factor-missing",
  ],
  [
    "waiting: its time is over",
    { ...waiting, situation: time({ wallMs: (nowAt + 3 * hour) * 1000 }) },
    "request-over",
  ],
  [
    "waiting: a request dated so far ahead that it would wait for days",
    {
      ...waiting,
      job: { line: [], request: requestWith({ waitUntilAt: nowAt + 48 * hour }) },
    },
    "request-waits-too-long",
  ],
  [
    "waiting: for targets of another edge alone",
    {
      ...waiting,
      job: {
        line: [],
        request: requestWith({ targets: [{ id: target("elsewhere"), rights: ["terminal"] }] }),
      },
    },
    "target-unknown",
  ],

  ["grant: for another site", { job: { line: [grantWith({ site: otherSite })] } }, "foreign-site"],
  ["grant: for another edge", { job: { line: [grantWith({ edge: otherEdge })] } }, "foreign-edge"],
  [
    "grant: for another request",
    { job: { line: [grantWith({ request: hash("another") })] } },
    "grant-of-other-request",
  ],
  [
    "grant: the proof names one that is not in the line",
    { caller: { proof: proofWith({ grant: hash("grant-9") }) } },
    "grant-of-other-request",
  ],
  [
    "grant: for another vendor",
    { job: { line: [grantWith({ vendor: person("acme/joe") })] } },
    "grant-of-other-vendor",
  ],
  [
    "grant: a target that was not asked for",
    {
      job: {
        line: [grantWith({ targets: [{ id: target("plc"), rights: ["terminal"] }] })],
      },
    },
    "grant-exceeds-request",
  ],
  [
    "grant: a right that was not asked for",
    { job: { line: [grantWith({ targets: [{ id: target("hmi"), rights: ["files"] }] })] } },
    "grant-exceeds-request",
  ],
  [
    "grant: fewer targets than asked for",
    { job: { line: [grantWith({ targets: [{ id: target("hmi"), rights: ["exec"] }] })] } },
    "admitted",
  ],
  [
    "grant: every target has left this edge",
    { situation: { manifest: manifestWith({ targets: [] }) } },
    "target-unknown",
  ],
  [
    "grant: by a manifest before the held one",
    { job: { line: [grantWith({ manifest: hash("manifest-2") })] } },
    "admitted",
  ],
  [
    "grant: by a manifest that the edge does not hold",
    { job: { line: [grantWith({ manifest: hash("manifest-4") })] } },
    "manifest-unknown",
  ],
  [
    "grant: more minutes than the policy gives",
    { job: { line: [grantWith({ minutes: 241 })] } },
    "grant-exceeds-policy",
  ],
  ["grant: just as many", { job: { line: [grantWith({ minutes: 240 })] } }, "admitted"],
  [
    "grant: dated further ahead than clocks differ",
    { job: { line: [grantWith({ issuedAt: nowAt + 301 })] } },
    "grant-from-future",
  ],
  [
    "grant: dated ahead as clocks differ",
    { job: { line: [grantWith({ issuedAt: nowAt + 299 })] } },
    "admitted",
  ],
  [
    "grant: its start was missed",
    { job: { line: [grantWith({ startBeforeAt: nowAt })] } },
    "start-missed",
  ],
  [
    "grant: its start was not missed, it runs",
    { job: { line: [grantWith({ startBeforeAt: nowAt - 1 })], consumed: started(minute * 1000) } },
    "admitted",
  ],
  ["grant: ended", { job: { line: [grantWith({ endsAt: nowAt })] } }, "grant-ended"],
  ["grant: ends in a second", { job: { line: [grantWith({ endsAt: nowAt + 1 })] } }, "admitted"],
  ["grant: spent", { job: { consumed: started(60 * minute * 1000) } }, "minutes-spent"],
  ["grant: all but spent", { job: { consumed: started(60 * minute * 1000 - 1) } }, "admitted"],
  [
    "grant: begun before a reboot, with proven time all along",
    {
      job: { consumed: started(minute * 1000) },
      situation: time({ bootId: "boot-2", monotonicMs: 1 }),
    },
    "admitted",
  ],
  [
    "grant: begun before a reboot, with none now",
    {
      job: {
        consumed: started(minute * 1000),
        line: [
          grantWith({}, ["anna"], "grant-1", { kind: "held", bootId: "boot-2", monotonicMs: 0 }),
        ],
      },
      situation: time({ bootId: "boot-2", monotonicMs: 1, proven: false }),
    },
    "minutes-spent",
  ],

  [
    "approval: by nobody who may",
    { job: { line: [grantWith({}, ["audrey"])] } },
    "approvers-missing",
  ],
  [
    "approval: by an owner who is no approver",
    { job: { line: [grantWith({}, ["olga"])] } },
    "approvers-missing",
  ],
  [
    "approval: by an approver whom the policy leaves out",
    { situation: policy({ approvers: [person("bert")] }) },
    "approvers-missing",
  ],
  [
    "approval: by the one whom the policy names",
    { situation: policy({ approvers: [person("anna")] }) },
    "admitted",
  ],
  [
    "approval: by the requester himself",
    {
      caller: {
        proof: proofWith({ person: person("both") }, "both"),
        attestation: attestationWith({ person: person("both") }),
      },
      job: {
        request: requestWith({ vendor: person("both"), key: key("both") }, "both"),
        line: [grantWith({ vendor: person("both") }, ["both"])],
      },
    },
    "approvers-missing",
  ],
  [
    "approval: two needed, one came",
    { situation: policy({ approversNeeded: 2 }) },
    "approvers-missing",
  ],
  [
    "approval: two needed, one came twice with two keys",
    {
      job: { line: [grantWith({}, ["anna", { name: "anna", keyId: key("anna-2") }])] },
      situation: policy({ approversNeeded: 2 }),
    },
    "approvers-missing",
  ],
  [
    "approval: two needed, two came",
    {
      job: { line: [grantWith({}, ["anna", "bert"])] },
      situation: policy({ approversNeeded: 2 }),
    },
    "admitted",
  ],
  [
    "approval: by somebody whose key was revoked since",
    { situation: { revocations: [{ kind: "key", id: key("anna") }] } },
    "approvers-missing",
  ],
  [
    "approval: by somebody who is no approver any more",
    { situation: { keys: keysWith({ anna: { roles: ["auditor"] } }) } },
    "approvers-missing",
  ],

  [
    "anchor: signed by this edge, not in its journal (rolled back)",
    { job: { line: [grantWith({}, ["anna"], "grant-1", { kind: "lost" })] } },
    "anchor-lost",
  ],
  [
    "anchor: of another edge",
    { job: { line: [grantWith({}, ["anna"], "grant-1", { kind: "foreign" })] } },
    "anchor-foreign",
  ],
  [
    "anchor: of the former boot, with proven time",
    {
      job: {
        line: [
          grantWith({}, ["anna"], "grant-1", { kind: "held", bootId: "boot-0", monotonicMs: 9 }),
        ],
      },
    },
    "admitted",
  ],
  [
    "anchor: of the former boot, with none",
    {
      job: {
        line: [
          grantWith({}, ["anna"], "grant-1", { kind: "held", bootId: "boot-0", monotonicMs: 9 }),
        ],
      },
      situation: time({ proven: false }),
    },
    "anchor-of-other-boot",
  ],

  [
    "no proven time: a grant anchored in this boot",
    { situation: time({ proven: false, wallMs: 0, floorMs: 0 }) },
    "admitted",
  ],
  [
    "no proven time: the relay's time expires nothing",
    { situation: time({ proven: false, wallMs: (nowAt + 9000 * hour) * 1000, floorMs: 0 }) },
    "admitted",
  ],
  [
    "no proven time: a grant withheld past its end, by the monotonic clock since its anchor",
    {
      situation: time({
        proven: false,
        wallMs: 0,
        floorMs: 0,
        monotonicMs: 4_000_000 + (3 * 3600 + 300) * 1000,
      }),
      job: { line: [grantWith({ startBeforeAt: nowAt + 3 * hour })] },
    },
    "start-missed",
  ],

  [
    "extension: replaces the founding grant",
    { job: { line: [grantWith(), second()] } },
    "admitted",
  ],
  [
    "extension: gives minutes to a job that had spent them",
    { job: { line: [grantWith(), second()], consumed: started(60 * minute * 1000) } },
    "admitted",
  ],
  [
    "extension: its minutes are the new total",
    { job: { line: [grantWith(), second()], consumed: started(90 * minute * 1000) } },
    "minutes-spent",
  ],
  [
    "extension: replaces nothing (a sibling)",
    { job: { line: [grantWith(), second({ replaces: null })] } },
    "grant-is-sibling",
  ],
  [
    "extension: replaces a grant that is not the last",
    { job: { line: [grantWith(), second(), second({ minutes: 120 })] } },
    "grant-is-sibling",
  ],
  [
    "a founding grant that would replace one",
    { job: { line: [grantWith({ replaces: hash("grant-0") })] } },
    "grant-is-sibling",
  ],
  [
    "extension: for another vendor",
    { job: { line: [grantWith(), second({ vendor: person("acme/joe") })] } },
    "grant-of-other-vendor",
  ],
  [
    "extension: more targets than before",
    {
      job: {
        line: [
          grantWith({ targets: [{ id: target("hmi"), rights: ["terminal"] }] }),
          second({ targets: [{ id: target("press"), rights: ["terminal"] }] }),
        ],
      },
    },
    "grant-exceeds-predecessor",
  ],
  [
    "extension: more rights than before",
    {
      job: {
        line: [
          grantWith({ targets: [{ id: target("hmi"), rights: ["terminal"] }] }),
          second({ targets: [{ id: target("hmi"), rights: ["exec"] }] }),
        ],
      },
    },
    "grant-exceeds-predecessor",
  ],
  [
    "extension: not approved itself",
    { job: { line: [grantWith(), second({}, ["olga"])] } },
    "approvers-missing",
  ],

  ["lockdown: of the site", { situation: { lockdowns: [{ kind: "site" }] } }, "locked-down"],
  [
    "lockdown: of this edge",
    { situation: { lockdowns: [{ kind: "edge", id: situationWith().edge }] } },
    "locked-down",
  ],
  [
    "lockdown: of another edge",
    { situation: { lockdowns: [{ kind: "edge", id: otherEdge }] } },
    "admitted",
  ],
  [
    "lockdown: of one of two targets",
    { situation: { lockdowns: [{ kind: "target", id: target("hmi") }] } },
    "admitted",
  ],
  [
    "lockdown: of both",
    {
      situation: {
        lockdowns: [
          { kind: "target", id: target("hmi") },
          { kind: "target", id: target("press") },
        ],
      },
    },
    "locked-down",
  ],
  ["stop: of the edge", { situation: { stops: [{ kind: "edge" }] } }, "stopped"],
  [
    "stop: of this job",
    { situation: { stops: [{ kind: "request", id: hash("the-request") }] } },
    "stopped",
  ],
  [
    "stop: of another job",
    { situation: { stops: [{ kind: "request", id: hash("another") }] } },
    "admitted",
  ],
  [
    "interlocks: of both targets",
    { situation: { interlocks: new Set([target("hmi"), target("press")]) } },
    "interlocked",
  ],
];

function decide({ caller, job, situation }: World): SessionDecision {
  return decideSession(callerWith(caller), jobWith(job), situationWith(situation));
}

const outcome = (decision: ReturnType<typeof decide> | ReturnType<typeof opening>): string =>
  decision.kind === "refused" ? decision.reason : decision.kind;

function opening(world: World, id: string, anyOf: readonly string[] = ["terminal"], isIn = false) {
  return decideOpening(
    callerWith(world.caller),
    jobWith(world.job),
    { target: target(id), anyOf, canBeSupervised: anyOf.includes("terminal"), isIn },
    situationWith(world.situation),
  );
}

await group("gate", {}, (test) => {
  for (const [note, world, expected] of sessions) {
    test(`${note}: ${expected}`, () => assert.is(outcome(decide(world)), expected));
  }

  test("the far side is told the same for unknown, forbidden and foreign", () => {
    const told = sessions
      .filter(([, , expected]) =>
        ["person-unknown", "key-unknown", "role-missing", "foreign-site", "foreign-edge"].includes(
          expected,
        ),
      )
      .map(([, world]) => decide(world))
      .map((decision) => (decision.kind === "refused" ? decision.shown : decision.kind));
    assert.ok(told.length > 8);
    assert.equal([...new Set(told)], ["not-permitted"]);
  });

  test("admission says what is left, and when the clock alone will change the answer", () => {
    const fresh = decide({});
    assert.is(fresh.kind === "admitted" && fresh.admission.leftMs, 60 * minute * 1000);
    assert.is(fresh.kind === "admitted" && fresh.admission.validMs, 60 * minute * 1000);
    assert.is(fresh.kind === "admitted" && fresh.admission.hasStarted, false);
    const soon = decide({ job: { line: [grantWith({ startBeforeAt: nowAt + 30 })] } });
    assert.is(soon.kind === "admitted" && soon.admission.validMs, 30_000);
    const running = decide({ job: { consumed: started(59 * minute * 1000) } });
    assert.is(running.kind === "admitted" && running.admission.leftMs, minute * 1000);
    const manifest = manifestWith({ endsAt: nowAt + 7 });
    const ending = decide({ situation: { manifest } });
    assert.is(ending.kind === "admitted" && ending.admission.validMs, 7000);
  });

  test("a job keeps only those targets and rights that the manifest still gives", () => {
    const manifest = manifestWith();
    const fewer = {
      ...manifest,
      targets: manifest.targets
        .filter(({ id }) => id !== "press")
        .map((item) => ({ ...item, rights: ["exec"] })),
    };
    const decision = decide({ situation: { manifest: fewer } });
    assert.equal(
      decision.kind === "admitted" &&
        decision.admission.targets.map((item) => [item.target.id, item.rights]),
      [["hmi", ["exec"]]],
    );
  });

  test("an opening is admitted for a target and a right of the grant, and no other", () => {
    assert.is(outcome(opening({}, "hmi")), "admitted");
    assert.is(outcome(opening({}, "hmi", ["exec", "files"])), "admitted");
    assert.is(outcome(opening({}, "hmi", ["files"])), "right-missing");
    assert.is(outcome(opening({}, "hmi", [])), "right-missing");
    assert.is(outcome(opening({}, "plc")), "target-unknown");
    assert.is(outcome(opening({}, "nowhere")), "target-unknown");
    assert.is(outcome(opening({}, "elsewhere")), "target-unknown");
  });

  test("an opening knows the host keys that its own job's grant in force accepts on its own target", () => {
    const accepted = (line: readonly ReturnType<typeof grantWith>[], id: string) => {
      const decision = opening({ job: { line } }, id);
      return decision.kind === "admitted" && decision.admission.acceptedKeys;
    };
    const deviceKeys = [
      { target: target("hmi"), fingerprint: "SHA256:new" },
      { target: target("press"), fingerprint: "SHA256:other" },
    ];
    assert.equal(accepted([grantWith({ deviceKeys })], "hmi"), ["SHA256:new"]);
    assert.equal(accepted([grantWith()], "hmi"), []);
    assert.equal(accepted([grantWith(), second({ deviceKeys })], "hmi"), ["SHA256:new"]);
    assert.equal(accepted([grantWith({ deviceKeys }), second()], "hmi"), []);
  });

  test("an opening meets what closes its target alone, while others of the job stay open", () => {
    const hmi = target("hmi");
    const closed: readonly [Partial<Situation>, RefusalReason][] = [
      [{ lockdowns: [{ kind: "target", id: hmi }] }, "locked-down"],
      [{ stops: [{ kind: "target", id: hmi }] }, "stopped"],
      [{ revocations: [{ kind: "target", id: hmi }] }, "target-revoked"],
      [{ interlocks: new Set([hmi]) }, "interlocked"],
    ];
    for (const [situation, reason] of closed) {
      assert.is(outcome(opening({ situation }, "hmi")), reason);
      assert.is(outcome(opening({ situation }, "press")), "admitted");
    }
  });

  test("under a supervising policy opens only what can be withheld while nobody watches", () => {
    const situation = { manifest: manifestWith({}, { supervised: true }) };
    assert.is(outcome(opening({ situation }, "hmi")), "admitted");
    const other = opening({ situation }, "hmi", ["exec"]);
    assert.is(outcome(other), "supervision-impossible");
    assert.is(other.kind === "refused" && other.shown, "supervised-only");
    assert.is(outcome(opening({}, "hmi", ["exec"])), "admitted");
  });

  test("the second on a target for one is told who is in; the same job and a target for several are not stopped", () => {
    const joeIsIn = (id: string, request = "another") => ({
      situation: {
        occupations: [{ target: target(id), request: hash(request), person: person("acme/joe") }],
      },
    });
    const second = opening(joeIsIn("hmi"), "hmi");
    assert.is(outcome(second), "target-in-use");
    assert.is(second.kind === "refused" && second.occupant, "acme/joe");
    assert.is(second.kind === "refused" && second.shown, "in-use");
    assert.is(outcome(opening(joeIsIn("hmi", "the-request"), "hmi")), "admitted");
    assert.is(outcome(opening(joeIsIn("press"), "press")), "admitted");
    assert.is(outcome(opening(joeIsIn("press"), "hmi")), "admitted");
    // Who was let in before stays, with what is permitted now.
    assert.is(outcome(opening(joeIsIn("hmi"), "hmi", ["terminal"], true)), "admitted");
    assert.is(outcome(opening(joeIsIn("hmi"), "hmi", ["connect"], true)), "right-missing");
  });

  test("an opening is refused for whatever refuses its session, and while it waits", () => {
    assert.is(
      outcome(opening({ caller: { attestation: undefined } }, "hmi")),
      "second-factor-missing",
    );
    assert.is(outcome(opening(waiting, "hmi")), "request-missing");
  });

  test("reading goes by proof and role", () => {
    const reads = (purpose: Caller["purpose"], by: string, situation?: Partial<Situation>) => {
      const proof = proofWith({ purpose, person: person(by), request: null, grant: null }, by);
      const decision = decideReading(
        callerWith({ purpose, proof, attestation: undefined }),
        situationWith(situation),
      );
      return decision.kind === "refused" ? decision.reason : decision.kind;
    };
    assert.is(reads("watch", "anna"), "admitted");
    assert.is(reads("play", "anna"), "admitted");
    assert.is(reads("journal", "anna"), "admitted");
    assert.is(reads("export", "anna"), "role-missing");
    assert.is(reads("export", "audrey"), "admitted");
    assert.is(reads("journal", "olga"), "admitted");
    assert.is(reads("status", "anna"), "admitted");
    assert.is(reads("status", "vera"), "admitted");
    for (const purpose of ["watch", "play", "journal", "export", "status"] as const) {
      if (purpose !== "status") assert.is(reads(purpose, "vera"), "role-missing");
      assert.is(reads(purpose, "acme/ada"), "role-missing");
      assert.is(reads(purpose, "audrey"), "admitted");
      assert.is(reads(purpose, "audrey", { lockdowns: [{ kind: "site" }] }), "admitted");
      assert.is(
        reads(purpose, "audrey", { manifest: manifestWith({ endsAt: nowAt }) }),
        "manifest-ended",
      );
    }
    assert.is(reads("session", "vera"), "role-missing");
  });

  test("of a grant that arrives: the same again is no fault, a sibling is", () => {
    const situation = situationWith();
    assert.is(faultOfNext(jobWith(), grantWith(), situation), undefined);
    assert.is(faultOfNext(jobWith(), second(), situation), undefined);
    assert.is(
      faultOfNext(jobWith(), grantWith({ minutes: 30 }, ["bert"], "grant-9"), situation),
      "grant-is-sibling",
    );
    assert.is(faultOfNext(jobWith({ line: [] }), grantWith(), situation), undefined);
  });
});
