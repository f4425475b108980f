// The proof: a person's key at this very handshake (shared/protocol.md, "proof"). The transcript makes it worthless anywhere else.
import * as v from "valibot";
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

const purpose = v.picklist(["session", "waiting", "watch", "play", "journal", "export", "status"]);
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
