// Signing in to a relay by key (shared/protocol.md, "sign-in"): it opens the relay's pages and drafts, and nothing on any edge.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import { bytes, name, parsePayload, personId, record, secondsAt, siteId } from "./fields.ts";

const schema = record({
  /** The name that the relay calls itself by; another relay's sign-in is worthless here. */
  relay: name,
  nonce: bytes(32),
  /** Null where the relay is to find the person by the key. */
  person: v.nullable(personId),
  site: v.nullable(siteId),
  issuedAt: secondsAt,
});
export type SignIn = v.InferOutput<typeof schema>;

/** Reads a sign-in's payload; throws `document_invalid`. Checks no signature. */
export function parseSignIn(envelope: Envelope): SignIn {
  return parsePayload(envelope, "sign-in", schema);
}
