// Signing in to a relay by key (shared/protocol.md, "sign-in"): it opens the relay's pages and drafts, and nothing on any edge.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  bytes,
  documentInvalid,
  name,
  parsePayload,
  personId,
  record,
  secondsAt,
  siteId,
} from "./fields.ts";
import {
  candidatesOf,
  knownPersons,
  requirePerson,
  requireSite,
  signatureRules,
  type Held,
} from "./held.ts";
import { verifyDocument, type Verified } from "./verify.ts";

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

/** What a relay checks a sign-in against. */
export interface SignInContext {
  readonly relay: string;
  /** The nonce that this relay gave, once. */
  readonly nonce: string;
}

/** The sign-in, if a person known at this site signed this relay's nonce; throws otherwise. `signers` names the person. */
export async function verifySignIn(
  envelope: Envelope,
  held: Held,
  { relay, nonce }: SignInContext,
): Promise<Verified<SignIn>> {
  const payload = parseSignIn(envelope);
  // Attack: a hostile relay passes on another relay's nonce and uses the answer there.
  if (payload.relay !== relay) throw documentInvalid(`sign-in is for relay "${payload.relay}"`);
  if (payload.nonce !== nonce) throw documentInvalid("sign-in answers another nonce");
  if (payload.site !== null) requireSite(payload.site, held);
  const persons =
    payload.person === null ? knownPersons(held) : [requirePerson(payload.person, held)];
  const candidates = persons.flatMap(candidatesOf);
  const rules = signatureRules(held);
  const signIn = await verifyDocument(held.suite, envelope, payload, candidates, rules);
  if (signIn.signers.length !== 1) throw documentInvalid("sign-in has more than one signature");
  return signIn;
}
