// protocol.md, "revocation", "lockdown", "lift", "deny" and "receipt": one person closes, the policies' approvers open again.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { verifyDeny, verifyReceipt } from "../../../shared/document/denial.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import type { Held } from "../../../shared/document/held.ts";
import { verifyLift, verifyLockdown, type LockedDown } from "../../../shared/document/lockdown.ts";
import { verifyRevocation } from "../../../shared/document/revocation.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { edgeEntry, PaperSite, paperAt, refused, signed, twinSite } from "./paper-site.ts";

const site = await PaperSite.make();
const foreign = await twinSite();
const edge2 = await edgeEntry("edge 2");
const edge = site.edge.id;
const hash = toBase64Url(new Uint8Array(32).fill(5));
const otherHash = toBase64Url(new Uint8Array(32).fill(6));
const nonce = toBase64Url(new Uint8Array(16).fill(4));
const common = { site: site.id, reason: "smoke in hall 2", issuedAt: paperAt };

const revocation = { ...common, edge, scope: { kind: "request", id: hash } };
const lockdown = { ...common, scope: { kind: "site" }, nonce };
const lift = { ...common, edge, lockdown: hash };
const deny = { ...common, request: hash };
const receipt = {
  site: site.id,
  edge,
  document: hash,
  outcome: "done",
  reason: null,
  entry: { index: 12, hash },
  at: paperAt,
};

const lockedSite: LockedDown = { edge, entry: hash, scope: { kind: "site" } };
const lockedHmi: LockedDown = { ...lockedSite, scope: { kind: "target", id: "hmi" as TargetId } };
const lockedEdge: LockedDown = { ...lockedSite, scope: { kind: "edge", id: edge } };
const lockedGone: LockedDown = { ...lockedSite, scope: { kind: "target", id: "gone" as TargetId } };

type Verify = (envelope: Envelope, held: Held) => Promise<unknown>;
const liftOf =
  (locked: LockedDown): Verify =>
  (envelope, held) =>
    verifyLift(envelope, held, locked);

const mayNot = ["signature_invalid", /may not sign/] as const;
const rows: readonly [
  type: string,
  note: string,
  payload: object,
  signers: readonly string[],
  verify: Verify,
  refusal?: readonly [ErrorCode, RegExp],
][] = [
  ["revocation", "of a request by an approver", revocation, ["cleo"], verifyRevocation],
  ["revocation", "of a request by an owner", revocation, ["olaf"], verifyRevocation],
  ["revocation", "of a request by the vendor", revocation, ["vera"], verifyRevocation, mayNot],
  ["revocation", "of a request by an auditor", revocation, ["dora"], verifyRevocation, mayNot],
  ["revocation", "of a request by the relay", revocation, ["relay"], verifyRevocation, mayNot],
  [
    "revocation",
    "of a person on every edge",
    { ...revocation, edge: null, scope: { kind: "person", id: "acme/joe" } },
    ["cleo"],
    verifyRevocation,
  ],
  [
    "revocation",
    "of another site",
    { ...revocation, site: foreign.id },
    ["cleo"],
    verifyRevocation,
    ["document_invalid", /is of site/],
  ],
  [
    "revocation",
    "on an unknown edge",
    { ...revocation, edge: edge2.id },
    ["cleo"],
    verifyRevocation,
    ["document_invalid", /not in the manifest/],
  ],
  [
    "revocation",
    "of nothing that can be revoked",
    { ...revocation, scope: { kind: "site" } },
    ["cleo"],
    verifyRevocation,
    ["document_invalid", /scope/],
  ],
  ["lockdown", "of the site by an approver", lockdown, ["cleo"], verifyLockdown],
  ["lockdown", "of the site by the vendor", lockdown, ["vera"], verifyLockdown, mayNot],
  ["lockdown", "of the site by the edge", lockdown, ["edge"], verifyLockdown, mayNot],
  [
    "lockdown",
    "of the edge",
    { ...lockdown, scope: { kind: "edge", id: edge } },
    ["anna"],
    verifyLockdown,
  ],
  [
    "lockdown",
    "of an unknown edge",
    { ...lockdown, scope: { kind: "edge", id: edge2.id } },
    ["anna"],
    verifyLockdown,
    ["document_invalid", /not in the manifest/],
  ],
  [
    "lockdown",
    "of a target",
    { ...lockdown, scope: { kind: "target", id: "plc" } },
    ["anna"],
    verifyLockdown,
  ],
  [
    "lockdown",
    "of an unknown target",
    { ...lockdown, scope: { kind: "target", id: "gone" } },
    ["anna"],
    verifyLockdown,
    ["document_invalid", /not in the manifest/],
  ],
  [
    "lockdown",
    "of another site",
    { ...lockdown, site: foreign.id },
    ["anna"],
    verifyLockdown,
    ["document_invalid", /is of site/],
  ],
  ["lift", "of the site as the strictest policy asks", lift, ["anna", "ben"], liftOf(lockedSite)],
  [
    "lift",
    "of the site by one of two approvers",
    lift,
    ["anna"],
    liftOf(lockedSite),
    ["threshold_missed", /"strict": 1 of 2/],
  ],
  [
    "lift",
    "of the edge by one of two approvers",
    lift,
    ["anna"],
    liftOf(lockedEdge),
    ["threshold_missed", /"strict": 1 of 2/],
  ],
  [
    "lift",
    "of a target under the milder policy by one approver",
    lift,
    ["cleo"],
    liftOf(lockedHmi),
  ],
  ["lift", "of a target by an owner who is no approver", lift, ["olaf"], liftOf(lockedHmi), mayNot],
  ["lift", "of a target that is gone by an owner", lift, ["olaf"], liftOf(lockedGone)],
  ["lift", "of a target that is gone by an approver", lift, ["cleo"], liftOf(lockedGone), mayNot],
  ["lift", "by the relay (forged)", lift, ["relay"], liftOf(lockedHmi), mayNot],
  [
    "lift",
    "of another lockdown",
    { ...lift, lockdown: otherHash },
    ["cleo"],
    liftOf(lockedHmi),
    ["document_invalid", /lift is for entry/],
  ],
  [
    "lift",
    "of another edge's lockdown",
    { ...lift, edge: edge2.id },
    ["cleo"],
    liftOf(lockedHmi),
    ["document_invalid", /lift is for entry/],
  ],
  [
    "lift",
    "of another site's lockdown",
    { ...lift, site: foreign.id },
    ["cleo"],
    liftOf(lockedHmi),
    ["document_invalid", /is of site/],
  ],
  ["deny", "by an approver", deny, ["cleo"], verifyDeny],
  ["deny", "by the relay", deny, ["relay"], verifyDeny, mayNot],
  [
    "deny",
    "of another site",
    { ...deny, site: foreign.id },
    ["cleo"],
    verifyDeny,
    ["document_invalid", /is of site/],
  ],
  ["receipt", "by the edge", receipt, ["edge"], verifyReceipt],
  ["receipt", "by the relay (a cut that never was)", receipt, ["relay"], verifyReceipt, mayNot],
  ["receipt", "by an approver", receipt, ["anna"], verifyReceipt, mayNot],
  [
    "receipt",
    "of an unknown edge",
    { ...receipt, edge: edge2.id },
    ["edge 2"],
    verifyReceipt,
    ["document_invalid", /not in the manifest/],
  ],
  [
    "receipt",
    "of another site",
    { ...receipt, site: foreign.id },
    ["edge"],
    verifyReceipt,
    ["document_invalid", /is of site/],
  ],
  [
    "receipt",
    "of a refusal with its reason",
    { ...receipt, outcome: "refused", reason: "no such request" },
    ["edge"],
    verifyReceipt,
  ],
  [
    "receipt",
    "of a refusal without a reason",
    { ...receipt, outcome: "refused" },
    ["edge"],
    verifyReceipt,
    ["document_invalid", /reason/],
  ],
  [
    "receipt",
    "of something done with a reason against it",
    { ...receipt, reason: "no" },
    ["edge"],
    verifyReceipt,
    ["document_invalid", /reason/],
  ],
];

await group("stops", {}, (test) => {
  for (const [type, note, payload, signers, verify, refusal] of rows) {
    test(`${type}: one ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed(type, payload, ...signers);
      const act = () => verify(envelope, site.held());
      if (refusal === undefined) assert.ok(await act());
      else await refused(act, ...refusal);
    });
  }
  test("lift: two edges' entries of one site lockdown need a lift each", async () => {
    const envelope = await signed("lift", lift, "anna", "ben");
    await verifyLift(envelope, site.held(), lockedSite);
    const elsewhere: LockedDown = { ...lockedSite, edge: edge2.id, entry: otherHash };
    const act = () => verifyLift(envelope, site.held(), elsewhere);
    await refused(act, "document_invalid", /lift is for entry/);
  });
});
