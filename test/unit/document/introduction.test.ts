// protocol.md, "invitation" and "introduction": how keys are learned, and what a relay in between cannot swap.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { embed } from "../../../shared/document/fields.ts";
import { verifyIntroduction } from "../../../shared/document/introduction.ts";
import { verifyInvitation } from "../../../shared/document/invitation.ts";
import { edgeIdOf } from "../../../shared/document/keys.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";
import {
  edgeEntry,
  keyOf,
  PaperSite,
  paperAt,
  publicOf,
  refused,
  signed,
  suite,
  twinSite,
} from "./paper-site.ts";

const site = await PaperSite.make();
const foreign = await twinSite();
const day = 24 * 3600;
const person = { kind: "person", id: "nora", name: "Nora", roles: ["approver"] };
const technician = { kind: "technician", company: "acme", id: "acme/jim", name: "Jim" };
const administrator = { kind: "administrator", company: "acme", id: "acme/ava", name: "Ava" };
const edge = { kind: "edge", name: "Edge 2" };

async function invitation(subject: object, change: object = {}): Promise<object> {
  return {
    site: site.id,
    invitation: toBase64Url(new Uint8Array(16).fill(3)),
    publicKey: await publicOf("one-time"),
    subject,
    issuedAt: paperAt,
    untilAt: paperAt + day,
    ...change,
  };
}

const invitations: readonly [
  note: string,
  subject: object,
  change: object,
  signer: string,
  refusal?: readonly [ErrorCode, RegExp],
][] = [
  ["a person by an owner", person, {}, "anna"],
  ["a person by an approver", person, {}, "cleo", ["signature_invalid", /may not sign/]],
  ["a person by a company's administrator", person, {}, "adam", ["signature_invalid", /may not/]],
  ["an edge by an owner", edge, {}, "olaf"],
  ["an edge by a company's administrator", edge, {}, "adam", ["signature_invalid", /may not/]],
  ["a technician by the company's administrator", technician, {}, "adam"],
  ["a technician by an owner", technician, {}, "anna"],
  ["a technician by a technician", technician, {}, "joe", ["signature_invalid", /may not sign/]],
  [
    "a technician of a company that is not listed",
    { ...technician, company: "other", id: "other/jim" },
    {},
    "adam",
    ["signature_invalid", /may not sign/],
  ],
  [
    "a technician with another company's id",
    { ...technician, id: "other/jim" },
    {},
    "adam",
    ["document_invalid", /not of company/],
  ],
  ["an administrator by an owner", administrator, {}, "anna"],
  [
    "an administrator by an administrator",
    administrator,
    {},
    "adam",
    ["signature_invalid", /may not/],
  ],
  [
    "a person with a technician's id",
    { ...person, id: "acme/jim" },
    {},
    "anna",
    ["document_invalid", /technician/],
  ],
  ["a person without a role", { ...person, roles: [] }, {}, "anna", ["document_invalid", /roles/]],
  ["into another site", person, { site: foreign.id }, "anna", ["document_invalid", /is of site/]],
  ["for 30 days", person, { untilAt: paperAt + 30 * day }, "anna"],
  ["for 31 days", person, { untilAt: paperAt + 31 * day }, "anna", ["document_invalid", /30 days/]],
  ["until before its issue", person, { untilAt: paperAt }, "anna", ["document_invalid", /30 days/]],
];

const verifiedInvitation = async (subject: object) =>
  verifyInvitation(await signed("invitation", await invitation(subject), "anna"), site.held());

const toNora = await verifiedInvitation(person);
const toEdge = await verifiedInvitation(edge);
const noraKeys = [await keyOf("nora"), await keyOf("nora phone")];
const entry = await edgeEntry("edge 2");
const edgeId = await edgeIdOf(suite, entry.signingKey);

async function introducedEdge(checkpoint: object = {}, signer = "edge 2") {
  const payload = { ...site.checkpoint({ edge: edgeId, length: 1 }), ...checkpoint };
  return {
    signingKey: entry.signingKey,
    sealingKey: entry.sealingKey,
    sshHostKey: entry.sshHostKey,
    checkpoint: embed(await signed("checkpoint", payload, signer)),
  };
}

const ofNora = {
  site: site.id,
  invitation: toNora.hash,
  keys: noraKeys,
  edge: null,
  issuedAt: paperAt,
};
const ofEdge = { ...ofNora, invitation: toEdge.hash, keys: [], edge: await introducedEdge() };
const all = ["one-time", "nora", "nora phone"];
const both = ["one-time", "edge 2"];

const introductions: readonly [
  note: string,
  payload: object,
  signers: readonly string[],
  to: typeof toNora,
  refusal?: readonly [ErrorCode, RegExp],
][] = [
  ["a person by every key", ofNora, all, toNora],
  [
    "a person without the one-time key (the relay's own answer)",
    ofNora,
    ["nora", "nora phone"],
    toNora,
    ["threshold_missed", /2 of 3/],
  ],
  [
    "a person without one of the new keys (somebody else's key)",
    ofNora,
    ["one-time", "nora"],
    toNora,
    ["threshold_missed", /2 of 3/],
  ],
  [
    "a person with a key that does not sign rightly",
    ofNora,
    ["one-time", "nora", "eve"],
    toNora,
    ["signature_invalid", /may not sign/],
  ],
  [
    "a person with a swapped key",
    { ...ofNora, keys: [await keyOf("eve"), noraKeys[1]] },
    all,
    toNora,
    ["signature_invalid", /may not sign/],
  ],
  [
    "a person into another site",
    { ...ofNora, site: foreign.id },
    all,
    toNora,
    ["document_invalid", /is of site/],
  ],
  [
    "an answer to another invitation",
    { ...ofNora, invitation: toEdge.hash },
    all,
    toNora,
    ["document_invalid", /another invitation/],
  ],
  [
    "a person with an edge's invitation",
    { ...ofNora, invitation: toEdge.hash },
    all,
    toEdge,
    ["document_invalid", /does not fit/],
  ],
  [
    "an edge with a person's invitation",
    { ...ofEdge, invitation: toNora.hash },
    both,
    toNora,
    ["document_invalid", /does not fit/],
  ],
  [
    "nobody",
    { ...ofNora, keys: [] },
    ["one-time"],
    toNora,
    ["document_invalid", /either a person's keys or an edge's/],
  ],
  [
    "a key twice",
    { ...ofNora, keys: [noraKeys[0], noraKeys[0]] },
    all,
    toNora,
    ["document_invalid", /stands twice/],
  ],
  [
    "the one-time key as a new key",
    { ...ofNora, keys: [await keyOf("one-time")] },
    ["one-time"],
    toNora,
    ["document_invalid", /one-time key as a new key/],
  ],
  ["an edge by both keys", ofEdge, both, toEdge],
  ["an edge without the claim's key", ofEdge, ["edge 2"], toEdge, ["threshold_missed", /1 of 2/]],
  ["an edge without its own key", ofEdge, ["one-time"], toEdge, ["threshold_missed", /1 of 2/]],
  [
    "an edge with a checkpoint by another edge",
    { ...ofEdge, edge: await introducedEdge({}, "edge") },
    both,
    toEdge,
    ["signature_invalid", /may not sign/],
  ],
  [
    "an edge with a checkpoint of another edge",
    { ...ofEdge, edge: await introducedEdge({ edge: site.edge.id }) },
    both,
    toEdge,
    ["document_invalid", /checkpoint is of edge/],
  ],
  [
    "an edge with a checkpoint of another site",
    { ...ofEdge, edge: await introducedEdge({ site: foreign.id }) },
    both,
    toEdge,
    ["document_invalid", /checkpoint is of/],
  ],
];

await group("introduction", {}, (test) => {
  for (const [note, subject, change, signer, refusal] of invitations) {
    test(`invitation: ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed("invitation", await invitation(subject, change), signer);
      const act = () => verifyInvitation(envelope, site.held());
      if (refusal === undefined) await act();
      else await refused(act, ...refusal);
    });
  }
  for (const [note, payload, signers, to, refusal] of introductions) {
    test(`introduction: ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed("introduction", payload, ...signers);
      const act = () => verifyIntroduction(envelope, site.held(), to);
      if (refusal === undefined) assert.is((await act()).signers.length, signers.length);
      else await refused(act, ...refusal);
    });
  }
  test("introduction: an invitation counts until its last second and not after", async () => {
    const envelope = await signed("introduction", ofNora, ...all);
    await verifyIntroduction(envelope, site.held(paperAt + day), toNora);
    const late = site.held(paperAt + day + 1);
    await refused(() => verifyIntroduction(envelope, late, toNora), "expired", /open until/);
  });
});
