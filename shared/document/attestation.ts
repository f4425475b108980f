// The attestation: a relay named in the manifest has checked a person's TOTP code for one handshake (shared/protocol.md, "attestation").
import * as v from "valibot";
import type { PersonId } from "../ids.ts";
import type { Envelope } from "./envelope.ts";
import {
  digest,
  documentInvalid,
  parsePayload,
  personId,
  record,
  secondsAt,
  siteId,
  whole,
} from "./fields.ts";
import { requireSite, type Held } from "./held.ts";
import { plainRules, verifyDocument, type Candidate, type Verified } from "./verify.ts";

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

/** Whom and what an attestation has to be about. */
export interface AttestationContext {
  readonly person: PersonId;
  /** Hash of the handshake, base64url. */
  readonly transcript: string;
}

/** The attestation, if a relay that the manifest names signed it for this person and handshake; throws otherwise. */
export async function verifyAttestation(
  envelope: Envelope,
  held: Held,
  { person, transcript }: AttestationContext,
): Promise<Verified<Attestation>> {
  const payload = parseAttestation(envelope);
  requireSite(payload.site, held);
  // Attacks: a code that one person gave serves another; one session's attestation replayed into the next.
  if (payload.person !== person) {
    throw documentInvalid(`attestation is for "${payload.person}", expected "${person}"`);
  }
  if (payload.transcript !== transcript) {
    throw documentInvalid("attestation is of another handshake");
  }
  const candidates = held.manifest.payload.relays.map((relay): Candidate => {
    return { name: relay.name, key: { kind: "ed25519", public: relay.attestationKey } };
  });
  return verifyDocument(held.suite, envelope, payload, candidates, plainRules);
}
