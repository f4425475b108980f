// DSSE envelopes (https://github.com/secure-systems-lab/dsse, protocol v1.0.0): the exact payload bytes are signed, their type with them.
// shared/protocol.md, "Envelopes". Invariant: nothing is re-serialised in order to be checked.
import * as v from "valibot";
import {
  concatBytes,
  fromBase64,
  fromBase64Url,
  fromUtf8,
  toBase64,
  toBase64Url,
  utf8,
} from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import type { DocumentHash, KeyId } from "../ids.ts";
import { parseStrictJson } from "./strict-json.ts";

/** A document's text as stored and carried may not exceed this: a manifest of 500 targets and 200 persons has about 200 KiB. */
export const maxEnvelopeBytes = 256 * 1024;
/** No policy asks for more signatures than this. */
export const maxSignatures = 16;

const typePattern = /^application\/vnd\.sallyport\.([a-z-]+)\+json$/;

/** One signature: Ed25519 over the PAE, or a passkey's assertion whose challenge is SHA-256(PAE). */
export interface EnvelopeSignature {
  /** A hint only; the algorithm belongs to the stored key. */
  readonly keyid: KeyId;
  readonly sig: Uint8Array;
  readonly passkey?: {
    readonly authenticatorData: Uint8Array;
    readonly clientDataJSON: Uint8Array;
  };
}

export interface Envelope {
  /** The word in `application/vnd.sallyport.<type>+json`. */
  readonly type: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

/** What makes one signature over a document's PAE. */
export type SignPae = (pae: Uint8Array) => Promise<EnvelopeSignature>;

/** One signature as texts and messages carry it. */
export const signatureText = v.union([
  v.strictObject({ keyid: v.string(), sig: v.string() }),
  v.strictObject({
    keyid: v.string(),
    sig: v.string(),
    authenticatorData: v.string(),
    clientDataJSON: v.string(),
  }),
]);

export type SignatureText = v.InferOutput<typeof signatureText>;

const envelopeSchema = v.strictObject({
  payload: v.string(),
  payloadType: v.pipe(v.string(), v.regex(typePattern)),
  signatures: v.pipe(v.array(signatureText), v.maxLength(maxSignatures)),
});

/** The full media type of a document type. */
export function payloadTypeOf(type: string): string {
  return `application/vnd.sallyport.${type}+json`;
}

/** DSSE v1 pre-authentication encoding: `DSSEv1 SP len(type) SP type SP len(payload) SP payload`. */
export function pae(type: string, payload: Uint8Array): Uint8Array {
  const mediaType = payloadTypeOf(type);
  return concatBytes(
    utf8(`DSSEv1 ${utf8(mediaType).length} ${mediaType} ${payload.length} `),
    payload,
  );
}

/** The document's own hash: unpadded base64url of SHA-256(PAE). Signatures do not enter it. */
export async function hashEnvelope(envelope: Envelope): Promise<DocumentHash> {
  const bytes = pae(envelope.type, envelope.payload);
  const digest = await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>);
  return toBase64Url(new Uint8Array(digest)) as DocumentHash;
}

/** Reads an envelope's strict JSON text; throws `document_invalid`, `json_invalid` or `encoding_invalid`. Checks no signature. */
export function parseEnvelope(text: string | Uint8Array): Envelope {
  if (text.length > maxEnvelopeBytes) {
    throw new SallyportError(
      "document_invalid",
      `document of ${text.length} bytes exceeds ${maxEnvelopeBytes}`,
    );
  }
  const parsed = v.safeParse(
    envelopeSchema,
    parseStrictJson(typeof text === "string" ? text : fromUtf8(text)),
  );
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const where = v.getDotPath(issue) ?? "envelope";
    throw new SallyportError("document_invalid", `envelope's ${where}: ${issue.message}`);
  }
  const { payload, payloadType, signatures } = parsed.output;
  return {
    type: typePattern.exec(payloadType)?.[1] ?? "",
    payload: fromBase64(payload),
    signatures: signatures.map(decodeSignature),
  };
}

/** The bytes of a signature's texts; throws `encoding_invalid`. */
export function decodeSignature(signature: SignatureText): EnvelopeSignature {
  fromBase64Url(signature.keyid, 32);
  const base = { keyid: signature.keyid as KeyId, sig: fromBase64(signature.sig) };
  if (!("authenticatorData" in signature)) return base;
  return {
    ...base,
    passkey: {
      authenticatorData: fromBase64(signature.authenticatorData),
      clientDataJSON: fromBase64(signature.clientDataJSON),
    },
  };
}

/** The texts of a signature. */
export function encodeSignature({ keyid, sig, passkey }: EnvelopeSignature): SignatureText {
  return {
    keyid,
    sig: toBase64(sig),
    ...(passkey && {
      authenticatorData: toBase64(passkey.authenticatorData),
      clientDataJSON: toBase64(passkey.clientDataJSON),
    }),
  };
}

/** The one text of an envelope. */
export function encodeEnvelope(envelope: Envelope): string {
  return JSON.stringify({
    payload: toBase64(envelope.payload),
    payloadType: payloadTypeOf(envelope.type),
    signatures: envelope.signatures.map(encodeSignature),
  });
}

/** The payload as a strict JSON value, if the envelope is of `type`; throws otherwise. Checks no signature. */
export function payloadOf(envelope: Envelope, type: string): unknown {
  if (envelope.type !== type) {
    throw new SallyportError(
      "document_invalid",
      `document of type "${envelope.type}", expected "${type}"`,
    );
  }
  return parseStrictJson(fromUtf8(envelope.payload));
}

/** A new document with one signature by each signer. */
export async function signEnvelope(
  type: string,
  payload: unknown,
  signers: readonly SignPae[],
): Promise<Envelope> {
  const bytes = utf8(JSON.stringify(payload));
  parseStrictJson(fromUtf8(bytes));
  return addSignatures({ type, payload: bytes, signatures: [] }, signers);
}

/** The same bytes with further signatures: how a quorum signs the first signer's exact document. */
export async function addSignatures(
  envelope: Envelope,
  signers: readonly SignPae[],
): Promise<Envelope> {
  const message = pae(envelope.type, envelope.payload);
  const added: EnvelopeSignature[] = [];
  for (const sign of signers) added.push(await sign(message));
  return { ...envelope, signatures: [...envelope.signatures, ...added] };
}
