// What portal and signing page say to each other by postMessage (shared/protocol.md, "Signing page"): one ask, one tell, exact origins.
// Invariant: both read strictly and bounded; a message that is not exactly one of these is nobody's.
import * as v from "valibot";
import { fromBase64Url } from "./bytes.ts";
import {
  decodeSignature,
  encodeSignature,
  maxEnvelopeBytes,
  signatureText,
  type EnvelopeSignature,
} from "./document/envelope.ts";
import {
  bytesBetween,
  list,
  name,
  parseFields,
  personId,
  record,
  siteId,
  word,
} from "./document/fields.ts";
import { maxKeysPerPerson, passkeyPublic, type PasskeyPublic } from "./document/keys.ts";

/** The word that every message begins with; another version is another word. */
export const signingProtocol = "signing 1";

/** A change a day for ten years. */
const maxChain = 4096;
/** A grant names its request and the grant that it replaces; beside them come the rosters of the companies named, of which a site has 100. */
const maxAbout = 128;
/** A message is for people, one short paragraph. */
const maxMessageChars = 400;

const head = v.literal(signingProtocol);
const envelopeText = v.pipe(v.string(), v.maxLength(maxEnvelopeBytes));
const relyingParty = v.pipe(v.string(), v.maxLength(253), v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/));

const signAsk = record({
  sallyport: head,
  ask: v.literal("sign"),
  /** The word in `application/vnd.sallyport.<type>+json`. */
  type: word,
  /** The exact payload bytes. */
  payload: bytesBetween(1, maxEnvelopeBytes),
  /** Passkeys of the person, any of which may sign. */
  keys: list(passkeyPublic, 1, maxKeysPerPerson),
  /** Manifests of the document's site, from the first to the newest held; empty where none is known yet. */
  chain: list(envelopeText, 0, maxChain),
  /** Documents that the payload names by hash, and rosters that name the persons in it. */
  about: list(envelopeText, 0, maxAbout),
  /** The relying party where no manifest is known that names it (an introduction); by default the page's host. */
  rpId: v.optional(relyingParty),
});
export type SignAsk = v.InferOutput<typeof signAsk>;

const registerAsk = record({
  sallyport: head,
  ask: v.literal("register"),
  /** Null for the owner of a site that is only being founded. */
  site: v.nullable(siteId),
  person: personId,
  name,
  /** As the invitation's site names it; by default the page's host. */
  rpId: v.optional(relyingParty),
});
export type RegisterAsk = v.InferOutput<typeof registerAsk>;

const ask = v.variant("ask", [signAsk, registerAsk]);
/** What a portal asks of the signing page, once per window. */
export type SigningAsk = v.InferOutput<typeof ask>;

const failure = v.picklist(["cancelled", "refused", "unsupported"]);
/** The person said no; the page will not sign that; this browser or device cannot. */
export type SigningFailure = v.InferOutput<typeof failure>;

const tell = v.variant("tell", [
  record({ sallyport: head, tell: v.literal("ready") }),
  record({ sallyport: head, tell: v.literal("signed"), signature: signatureText }),
  record({ sallyport: head, tell: v.literal("registered"), key: passkeyPublic }),
  record({
    sallyport: head,
    tell: v.literal("failed"),
    code: failure,
    message: v.pipe(v.string(), v.maxLength(maxMessageChars)),
  }),
]);
/** What the signing page tells its opener: "ready" to anybody, the rest to the checked origin alone. */
export type SigningTell = v.InferOutput<typeof tell>;

/** Reads an ask; throws `document_invalid` naming the field. */
export function parseSigningAsk(message: unknown): SigningAsk {
  return parseFields(message, "ask", ask);
}

/** Reads a tell; throws `document_invalid` naming the field. */
export function parseSigningTell(message: unknown): SigningTell {
  return parseFields(message, "tell", tell);
}

/** The exact bytes that an ask wants signed. */
export function payloadOfAsk({ payload }: SignAsk): Uint8Array {
  return fromBase64Url(payload);
}

/** The first message of the page; it holds nothing. */
export const readyTell: SigningTell = { sallyport: signingProtocol, tell: "ready" };

export function signedTell(signature: EnvelopeSignature): SigningTell {
  return { sallyport: signingProtocol, tell: "signed", signature: encodeSignature(signature) };
}

export function registeredTell(key: PasskeyPublic): SigningTell {
  return { sallyport: signingProtocol, tell: "registered", key };
}

export function failedTell(code: SigningFailure, message: string): SigningTell {
  return {
    sallyport: signingProtocol,
    tell: "failed",
    code,
    message: message.slice(0, maxMessageChars),
  };
}

/** The signature in a "signed" tell, ready for an envelope; throws `encoding_invalid`. */
export function signatureOfTell({
  signature,
}: Extract<SigningTell, { tell: "signed" }>): EnvelopeSignature {
  return decodeSignature(signature);
}
