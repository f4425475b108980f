// The attestation: a relay named in the manifest has checked a person's TOTP code for one handshake (shared/protocol.md, "attestation").
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import { digest, parsePayload, personId, record, secondsAt, siteId, whole } from "./fields.ts";

const schema = record({
  site: siteId,
  person: personId,
  /** Hash of the `open` handshake that the code was given for. */
  transcript: digest,
  /** RFC 6238 step of the code. */
  timeStep: whole(0, Number.MAX_SAFE_INTEGER),
  issuedAt: secondsAt,
});
export type Attestation = v.InferOutput<typeof schema>;

/** Reads an attestation's payload; throws `document_invalid`. Checks no signature. */
export function parseAttestation(envelope: Envelope): Attestation {
  return parsePayload(envelope, "attestation", schema);
}
