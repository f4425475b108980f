// Signatures and thresholds of documents (shared/protocol.md, "Verification"). Offline; who may sign is the caller's list of candidates.
// Invariants: every signature of a document verifies or the whole is refused; a threshold counts distinct persons; only here a document becomes `Verified`.
import { fromBase64Url } from "../bytes.ts";
import type { VerifyingSuite } from "../crypto/suite.ts";
import { SallyportError } from "../errors.ts";
import type { DocumentHash, KeyId } from "../ids.ts";
import { hashEnvelope, pae, type Envelope, type EnvelopeSignature } from "./envelope.ts";
import { keyIdOf, type PublicKey } from "./keys.ts";
import type { SigningPage } from "./manifest.ts";
import { verifyAssertion } from "./passkey.ts";

/** Somebody who may sign a document: a person, an edge, a relay. */
export interface Candidate {
  readonly name: string;
  readonly key: PublicKey;
}

/** Somebody whose signature verified. */
export interface Signer extends Candidate {
  readonly keyId: KeyId;
}

declare const verifiedBrand: unique symbol;

/** A document whose signatures and contents were checked; only the verify functions of this folder make one. */
export interface Verified<Payload> {
  readonly [verifiedBrand]: true;
  readonly envelope: Envelope;
  readonly hash: DocumentHash;
  readonly payload: Payload;
  readonly signers: readonly Signer[];
}

/** How signatures are to be made, beyond who makes them. */
export interface SignatureRules {
  /** Where passkeys of this site sign; null: nowhere. */
  readonly signing: SigningPage | null;
  readonly passkeysOnly?: boolean;
  readonly deviceBound?: boolean;
  /** True for persons and keys whose signatures count no more. */
  readonly isRevoked?: (person: string, key: KeyId) => boolean;
}

/** Rules for documents of edges, relays and one-time keys, which are no passkeys. */
export const plainRules: SignatureRules = { signing: null };

/**
 * The document as verified, if each of its signatures is by a different candidate key and valid under the rules; throws
 * `signature_invalid` otherwise. The payload is the caller's to have parsed and checked.
 */
export async function verifyDocument<Payload>(
  suite: VerifyingSuite,
  envelope: Envelope,
  payload: Payload,
  candidates: readonly Candidate[],
  rules: SignatureRules,
): Promise<Verified<Payload>> {
  const signers = await verifySignatures(suite, envelope, candidates, rules);
  const hash = await hashEnvelope(envelope);
  return { envelope, hash, payload, signers } as unknown as Verified<Payload>;
}

async function verifySignatures(
  suite: VerifyingSuite,
  envelope: Envelope,
  candidates: readonly Candidate[],
  rules: SignatureRules,
): Promise<readonly Signer[]> {
  const { type, signatures } = envelope;
  if (signatures.length === 0) throw invalid(`${type} carries no signature`);
  const byKey = new Map<KeyId, Candidate>();
  for (const candidate of candidates) byKey.set(await keyIdOf(suite, candidate.key), candidate);
  const message = pae(type, envelope.payload);
  const signers = new Map<KeyId, Signer>();
  for (const signature of signatures) {
    const candidate = byKey.get(signature.keyid);
    if (candidate === undefined) {
      throw invalid(`${type} is signed by key "${signature.keyid}", which may not sign it`);
    }
    // Attack: one signature repeated, or an unchecked one carried along.
    if (signers.has(signature.keyid)) {
      throw invalid(`${type} is signed twice by key "${signature.keyid}"`);
    }
    if (rules.isRevoked?.(candidate.name, signature.keyid) === true) {
      throw invalid(`${type} is signed by "${candidate.name}", who is revoked`);
    }
    await verifySignature(suite, candidate.key, message, signature, rules);
    signers.set(signature.keyid, { ...candidate, keyId: signature.keyid });
  }
  return [...signers.values()];
}

// The stored key decides what is checked; the signature's own form must fit it.
async function verifySignature(
  suite: VerifyingSuite,
  key: PublicKey,
  message: Uint8Array,
  signature: EnvelopeSignature,
  { signing, passkeysOnly = false, deviceBound = false }: SignatureRules,
): Promise<void> {
  if (key.kind === "passkey") {
    await verifyAssertion(suite, key, message, signature, { signing, deviceBound });
    return;
  }
  if (passkeysOnly) throw invalid("signature is by an Ed25519 key, policy wants passkeys");
  if (signature.passkey !== undefined) throw invalid("Ed25519 key with a passkey's assertion");
  if (!(await suite.ed25519Verify(fromBase64Url(key.public), message, signature.sig))) {
    throw invalid(`signature by key "${signature.keyid}" does not verify`);
  }
}

/** Throws `threshold_missed` unless at least `needed` different names of `eligible` are among the signers. */
export function requireThreshold(
  signers: readonly Signer[],
  eligible: ReadonlySet<string>,
  needed: number,
  what: string,
): void {
  const names = new Set(signers.map((signer) => signer.name).filter((name) => eligible.has(name)));
  if (names.size < needed) {
    throw new SallyportError(
      "threshold_missed",
      `${what}: ${names.size} of ${needed} persons have signed`,
    );
  }
}

function invalid(message: string): SallyportError {
  return new SallyportError("signature_invalid", message);
}
