// protocol.md, "proof", "sign-in" and "attestation": good for one handshake, one purpose, one relay, one person.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { verifyAttestation } from "../../../shared/document/attestation.ts";
import { verifyProof, type Purpose } from "../../../shared/document/proof.ts";
import { verifySignIn } from "../../../shared/document/sign-in.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import {
  edgeEntry,
  PaperSite,
  paperAt,
  refused,
  signed,
  transcript,
  twinSite,
} from "./paper-site.ts";

const site = await PaperSite.make();
const foreign = await twinSite();
const edge = site.edge.id;
const edge2 = await edgeEntry("edge 2");
const hash = toBase64Url(new Uint8Array(32).fill(5));
const otherTranscript = toBase64Url(new Uint8Array(32).fill(8));
const nonce = toBase64Url(new Uint8Array(32).fill(11));
const mayNot = ["signature_invalid", /may not sign/] as const;
type Refusal = readonly [ErrorCode, RegExp];

const session = {
  site: site.id,
  edge,
  purpose: "session",
  person: "vera",
  request: hash,
  grant: hash,
  transcript,
  issuedAt: paperAt,
};
const waiting = { ...session, purpose: "waiting", grant: null };
const watch = { ...session, purpose: "watch", person: "cleo", request: null, grant: null };

const proofs: readonly [
  note: string,
  payload: object,
  signer: string,
  opened: Purpose,
  refusal?: Refusal,
][] = [
  ["a vendor's for a session", session, "vera", "session"],
  ["a technician's for a session", { ...session, person: "acme/joe" }, "joe", "session"],
  [
    "an approver's for a session",
    { ...session, person: "anna" },
    "anna",
    "session",
    ["forbidden", /no vendor/],
  ],
  ["one in somebody else's name", session, "anna", "session", mayNot],
  ["the relay's own", session, "relay", "session", mayNot],
  [
    "a session's without a grant",
    { ...session, grant: null },
    "vera",
    "session",
    ["document_invalid", /lacks/],
  ],
  ["a waiting vendor's", waiting, "vera", "waiting"],
  [
    "a waiting vendor's with a grant",
    { ...waiting, grant: hash },
    "vera",
    "waiting",
    ["document_invalid", /grant/],
  ],
  [
    "a waiting one opened as a session",
    waiting,
    "vera",
    "session",
    ["document_invalid", /proof is for "waiting"/],
  ],
  [
    "a session's opened to watch",
    session,
    "vera",
    "watch",
    ["document_invalid", /proof is for "session"/],
  ],
  ["an approver's to watch", watch, "cleo", "watch"],
  [
    "a vendor's to watch",
    { ...watch, person: "vera" },
    "vera",
    "watch",
    ["forbidden", /no approver/],
  ],
  [
    "one to watch that names a request",
    { ...watch, request: hash },
    "cleo",
    "watch",
    ["document_invalid", /names a request/],
  ],
  ["an auditor's to export", { ...watch, purpose: "export", person: "dora" }, "dora", "export"],
  [
    "an approver's to export",
    { ...watch, purpose: "export" },
    "cleo",
    "export",
    ["forbidden", /no owner/],
  ],
  [
    "a vendor's to see the status",
    { ...watch, purpose: "status", person: "vera" },
    "vera",
    "status",
  ],
  [
    "an administrator's to see the status",
    { ...watch, purpose: "status", person: "acme/adam" },
    "adam",
    "status",
    ["forbidden", /is no vendor/],
  ],
  [
    "one to another edge",
    { ...session, edge: edge2.id },
    "vera",
    "session",
    ["document_invalid", /proof is for edge/],
  ],
  [
    "one to another site",
    { ...session, site: foreign.id },
    "vera",
    "session",
    ["document_invalid", /is of site/],
  ],
  [
    "one of another handshake (replayed)",
    { ...session, transcript: otherTranscript },
    "vera",
    "session",
    ["document_invalid", /another handshake/],
  ],
  [
    "one for an unknown purpose",
    { ...watch, purpose: "admin" },
    "cleo",
    "watch",
    ["document_invalid", /purpose/],
  ],
];

const signIn = {
  relay: "relay.example.org",
  nonce,
  person: "vera",
  site: site.id,
  issuedAt: paperAt,
};
const signIns: readonly [note: string, payload: object, signer: string, refusal?: Refusal][] = [
  ["a person's", signIn, "vera"],
  ["an administrator's", { ...signIn, person: "acme/adam" }, "adam"],
  [
    "one that leaves it to the relay to find the person",
    { ...signIn, person: null, site: null },
    "joe",
  ],
  ["nobody's", { ...signIn, person: null }, "eve", mayNot],
  ["one in somebody else's name", signIn, "anna", mayNot],
  ["an unknown person's", { ...signIn, person: "eve" }, "eve", ["forbidden", /neither/]],
  [
    "one for another relay",
    { ...signIn, relay: "evil.example.org" },
    "vera",
    ["document_invalid", /is for relay/],
  ],
  [
    "one for another nonce",
    { ...signIn, nonce: otherTranscript },
    "vera",
    ["document_invalid", /another nonce/],
  ],
  [
    "one for another site",
    { ...signIn, site: foreign.id },
    "vera",
    ["document_invalid", /is of site/],
  ],
];

const attestation = {
  site: site.id,
  person: "vera",
  transcript,
  timeStep: 59_847_360,
  issuedAt: paperAt,
};
const attestations: readonly [note: string, payload: object, signer: string, refusal?: Refusal][] =
  [
    ["by the relay", attestation, "relay"],
    ["by the vendor", attestation, "vera", mayNot],
    ["by a relay that the manifest does not name", attestation, "relay 2", mayNot],
    [
      "for another person",
      { ...attestation, person: "acme/joe" },
      "relay",
      ["document_invalid", /is for "acme\/joe"/],
    ],
    [
      "of another session (replayed)",
      { ...attestation, transcript: otherTranscript },
      "relay",
      ["document_invalid", /another handshake/],
    ],
    [
      "for another site",
      { ...attestation, site: foreign.id },
      "relay",
      ["document_invalid", /is of site/],
    ],
  ];

await group("proof", {}, (test) => {
  for (const [note, payload, signer, purpose, refusal] of proofs) {
    test(`proof: ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed("proof", payload, signer);
      const act = () => verifyProof(envelope, site.held(), { edge, purpose, transcript });
      if (refusal === undefined) assert.is((await act()).payload.purpose, purpose);
      else await refused(act, ...refusal);
    });
  }
  test("proof: an Ed25519 key is refused where a policy wants passkeys", async () => {
    const envelope = await signed("proof", session, "vera");
    const demands = { passkeysOnly: true, deviceBound: false };
    const context = { edge, purpose: "session" as const, transcript, demands };
    const act = () => verifyProof(envelope, site.held(), context);
    await refused(act, "signature_invalid", /policy wants passkeys/);
  });
  test("proof: a technician's ends with the roster's freshness", async () => {
    const envelope = await signed("proof", { ...session, person: "acme/joe" }, "joe");
    const held = site.held(paperAt + 8 * 24 * 3600);
    const act = () => verifyProof(envelope, held, { edge, purpose: "session", transcript });
    await refused(act, "forbidden", /fresh roster/);
  });
  for (const [note, payload, signer, refusal] of signIns) {
    test(`sign-in: ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed("sign-in", payload, signer);
      const act = () => verifySignIn(envelope, site.held(), { relay: signIn.relay, nonce });
      if (refusal === undefined) assert.is((await act()).signers.length, 1);
      else await refused(act, ...refusal);
    });
  }
  test("sign-in: one with two persons' signatures names neither", async () => {
    const envelope = await signed("sign-in", { ...signIn, person: null }, "vera", "anna");
    const act = () => verifySignIn(envelope, site.held(), { relay: signIn.relay, nonce });
    await refused(act, "document_invalid", /more than one signature/);
  });
  for (const [note, payload, signer, refusal] of attestations) {
    test(`attestation: one ${note} is ${refusal === undefined ? "verified" : "refused"}`, async () => {
      const envelope = await signed("attestation", payload, signer);
      const context = { person: "vera" as PersonId, transcript };
      const act = () => verifyAttestation(envelope, site.held(), context);
      if (refusal === undefined) assert.is((await act()).signers[0]?.name, "relay.example.org");
      else await refused(act, ...refusal);
    });
  }
});
