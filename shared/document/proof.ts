// The proof: a person's key at this very handshake (shared/protocol.md, "proof"). The transcript makes it worthless anywhere else.
import * as v from "valibot";
import type { EdgeId } from "../ids.ts";
import type { Envelope } from "./envelope.ts";
import {
  digest,
  documentHash,
  documentInvalid,
  edgeId,
  parsePayload,
  personId,
  record,
  secondsAt,
  siteId,
} from "./fields.ts";
import {
  candidatesOf,
  decidersOf,
  requireRole,
  requireSite,
  signatureRules,
  type Held,
} from "./held.ts";
import type { Role } from "./manifest.ts";
import type { KeyDemands } from "./policy.ts";
import { verifyDocument, type Verified } from "./verify.ts";

const purpose = v.picklist([
  "session",
  "waiting",
  "watch",
  "play",
  "journal",
  "export",
  "status",
  "probe",
]);
/** What a sealed channel is opened for. */
export type Purpose = v.InferOutput<typeof purpose>;

/** All purposes, in the order of shared/protocol.md. */
export const purposes: readonly Purpose[] = purpose.options;

const schema = record({
  site: siteId,
  edge: edgeId,
  purpose,
  person: personId,
  /** The job of a session or of waiting, else null. */
  request: v.nullable(documentHash),
  /** The grant of a session, else null. */
  grant: v.nullable(documentHash),
  /** Hash of the `open` handshake. */
  transcript: digest,
  issuedAt: secondsAt,
});
export type Proof = v.InferOutput<typeof schema>;

/** Reads a proof's payload; throws `document_invalid`. Checks no signature. */
export function parseProof(envelope: Envelope): Proof {
  const proof = parsePayload(envelope, "proof", schema);
  const needsRequest = proof.purpose === "session" || proof.purpose === "waiting";
  const needsGrant = proof.purpose === "session";
  if ((proof.request !== null) !== needsRequest || (proof.grant !== null) !== needsGrant) {
    throw documentInvalid(
      `proof for "${proof.purpose}" ${needsRequest ? "lacks" : "names"} a request or grant`,
    );
  }
  return proof;
}

/** Who may ask for what. Sessions are the vendor's; whoever answers for the plant may look at everything; each may ask how it stands; who signs devices may try them. */
export const rolesFor: Readonly<Record<Purpose, readonly Role[]>> = {
  session: ["vendor"],
  waiting: ["vendor"],
  watch: ["approver", "owner", "auditor"],
  play: ["approver", "owner", "auditor"],
  journal: ["approver", "owner", "auditor"],
  export: ["owner", "auditor"],
  status: ["vendor", "approver", "owner", "auditor"],
  probe: ["owner"],
};

/** What a proof has to be about. */
export interface ProofContext {
  readonly edge: EdgeId;
  /** The purpose of the hello that began the handshake. */
  readonly purpose: Purpose;
  /** Hash of the handshake, base64url. */
  readonly transcript: string;
  /** What the policies of the job's targets ask of its key (`demandsOf`). */
  readonly demands?: KeyDemands;
}

/** The proof, if its person may have this purpose and signed for this edge and handshake; throws otherwise. */
export async function verifyProof(
  envelope: Envelope,
  held: Held,
  { edge, purpose: opened, transcript, demands }: ProofContext,
): Promise<Verified<Proof>> {
  const payload = parseProof(envelope);
  requireSite(payload.site, held);
  // Attacks: a proof given to one edge, for one purpose, in one handshake, replayed into another.
  if (payload.edge !== edge) throw documentInvalid(`proof is for edge "${payload.edge}"`);
  if (payload.purpose !== opened) throw documentInvalid(`proof is for "${payload.purpose}"`);
  if (payload.transcript !== transcript) throw documentInvalid("proof is of another handshake");
  const person = requireRole(payload.person, rolesFor[opened], held);
  const rules = { ...signatureRules(held), ...demands };
  const candidates = isQuiet(opened)
    ? candidatesOf(person)
    : decidersOf(person, held.manifest.payload.signing);
  return verifyDocument(held.suite, envelope, payload, candidates, rules);
}

/** Whether a proof only lets its person read: a browser's own key suffices, without a touch. */
function isQuiet(purpose: Purpose): boolean {
  return purpose !== "session" && purpose !== "waiting" && purpose !== "probe";
}
