// Passkey assertions as document signatures (WebAuthn Level 3 §7.2; shared/protocol.md, "Signatures by passkey"), checked offline.
// Invariant: a touch counts only for the very document that it was given for, on the manifest's own signing page, with user verification.
import { concatBytes, equalBytes, fromUtf8, toBase64Url, utf8 } from "../bytes.ts";
import type { VerifyingSuite } from "../crypto/suite.ts";
import { SallyportError } from "../errors.ts";
import { coseAtStart, parseCoseKey } from "./cose.ts";
import type { EnvelopeSignature, SignPae } from "./envelope.ts";
import { documentInvalid } from "./fields.ts";
import { keyIdOf, type PasskeyPublic } from "./keys.ts";
import type { SigningPage } from "./manifest.ts";

/** RP id hash, flags, counter; no attested credential and no extensions, which the signing page never asks for. */
const authenticatorDataBytes = 37;
/** Browsers write about 130 bytes; origins have at most 253. */
const maxClientDataBytes = 1024;

const flagUserPresent = 0x01;
const flagUserVerified = 0x04;
const flagBackupEligible = 0x08;
const flagBackedUp = 0x10;
const flagAttested = 0x40;
const flagExtensions = 0x80;
const aaguidBytes = 16;

/** What an assertion is checked against. */
export interface AssertionRules {
  /** The manifest's signing page; null: this site has no passkeys. */
  readonly signing: SigningPage | null;
  /** Refuse passkeys that can leave their device. */
  readonly deviceBound: boolean;
}

/** Throws `signature_invalid`, naming the check, unless the assertion signs `pae` under the stored key and the rules. */
export async function verifyAssertion(
  suite: VerifyingSuite,
  key: PasskeyPublic,
  pae: Uint8Array,
  signature: EnvelopeSignature,
  { signing, deviceBound }: AssertionRules,
): Promise<void> {
  if (signature.passkey === undefined) throw invalid("passkey's assertion is missing");
  if (signing === null) throw invalid("manifest names no signing page");
  const { authenticatorData, clientDataJSON } = signature.passkey;
  checkClientData(clientDataJSON, toBase64Url(await suite.sha256(pae)), signing.origins);
  checkAuthenticatorData(authenticatorData, await suite.sha256(utf8(signing.rpId)), deviceBound);
  const { algorithm, jwk } = parseCoseKey(key.cose);
  const message = concatBytes(authenticatorData, await suite.sha256(clientDataJSON));
  if (!(await suite.verifyJwk(jwk, algorithm, message, signature.sig))) {
    throw invalid("passkey's signature does not verify");
  }
}

// clientDataJSON is the browser's text, not ours: it may gain keys, so it is read leniently and the known ones are checked.
function checkClientData(bytes: Uint8Array, challenge: string, origins: readonly string[]): void {
  const client = parseClientData(bytes);
  // Attack: a registration's (`webauthn.create`) or payment's signature passed off as an assertion.
  if (client["type"] !== "webauthn.get") throw invalid("type is not webauthn.get");
  // Attack: a touch for one document used for another.
  if (client["challenge"] !== challenge) throw invalid("challenge is not this document's hash");
  // Attack: a touch asked for by another page, or by a look-alike spelling of ours.
  const { origin } = client;
  if (typeof origin !== "string" || !origins.includes(origin)) {
    throw invalid(`origin ${JSON.stringify(origin)?.slice(0, 80)} is not the manifest's`);
  }
  // Attack: the signing page in a hostile page's frame, touched under something else.
  if (client["crossOrigin"] !== undefined && client["crossOrigin"] !== false) {
    throw invalid("assertion was made in a foreign frame (crossOrigin)");
  }
  if (client["topOrigin"] !== undefined) {
    throw invalid("assertion was made in a foreign frame (topOrigin)");
  }
}

function parseClientData(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > maxClientDataBytes) {
    throw invalid(`client data of ${bytes.length} bytes exceeds ${maxClientDataBytes}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw new SallyportError("signature_invalid", "client data is not JSON", { cause });
  }
  if (typeof value !== "object" || value === null) throw invalid("client data is not an object");
  return { ...value };
}

function checkAuthenticatorData(
  bytes: Uint8Array,
  rpIdHash: Uint8Array,
  deviceBound: boolean,
): void {
  if (bytes.length !== authenticatorDataBytes) {
    throw invalid(
      `authenticator data of ${bytes.length} bytes, expected ${authenticatorDataBytes}`,
    );
  }
  // Attack: a touch for another relying party with the same authenticator.
  if (!equalBytes(bytes.subarray(0, 32), rpIdHash)) {
    throw invalid("relying party is not the manifest's");
  }
  const flags = bytes[32] ?? 0;
  const has = (flag: number): boolean => (flags & flag) !== 0;
  // Attacks: malware that signs without a touch; a found phone or key in the wrong hand.
  if (!has(flagUserPresent)) throw invalid("user was not present (UP)");
  if (!has(flagUserVerified)) throw invalid("user was not verified (UV)");
  // Attack: a passkey copied out of a cloud account.
  if (deviceBound && has(flagBackupEligible)) {
    throw invalid("passkey may leave its device (BE), policy wants it bound");
  }
  if (has(flagBackedUp) && !has(flagBackupEligible)) {
    throw invalid("authenticator data is backed up without being eligible");
  }
}

function invalid(message: string): SallyportError {
  return new SallyportError("signature_invalid", message);
}

/**
 * The public key out of a registration's authenticator data (WebAuthn §6.5.1), as introductions list it; throws `document_invalid`. The
 * attestation is not looked at: the introduction's own signature by this key shows that it is held.
 */
export function parseRegistration(authenticatorData: Uint8Array): PasskeyPublic {
  const idAt = authenticatorDataBytes + aaguidBytes + 2;
  const flags = authenticatorData[32] ?? 0;
  if ((flags & flagAttested) === 0) throw documentInvalid("registration holds no credential");
  const idBytes = (authenticatorData[idAt - 2] ?? 0) * 256 + (authenticatorData[idAt - 1] ?? 0);
  const rest = authenticatorData.subarray(idAt + idBytes);
  // Browsers ask security keys for credProtect by themselves, and the answer stands behind the key.
  const hasExtensions = (flags & flagExtensions) !== 0;
  const own = hasExtensions ? coseAtStart(rest) : rest;
  if (hasExtensions && own.length === rest.length) {
    throw documentInvalid("registration lacks the extensions that it says it has");
  }
  const cose = toBase64Url(own);
  const { algorithm } = parseCoseKey(cose);
  const credentialId = toBase64Url(authenticatorData.subarray(idAt, idAt + idBytes));
  return { kind: "passkey", algorithm, cose, credentialId };
}

/** What a browser's `navigator.credentials.get` gave for a challenge. */
export interface Assertion {
  readonly authenticatorData: Uint8Array;
  readonly clientDataJSON: Uint8Array;
  readonly signature: Uint8Array;
}

/** A signer by passkey: `touch` asks the authenticator with SHA-256(PAE) as challenge. */
export function passkeySigner(
  suite: VerifyingSuite,
  key: PasskeyPublic,
  touch: (challenge: Uint8Array) => Promise<Assertion>,
): SignPae {
  return async (pae) => {
    const { authenticatorData, clientDataJSON, signature } = await touch(await suite.sha256(pae));
    return {
      keyid: await keyIdOf(suite, key),
      sig: signature,
      passkey: { authenticatorData, clientDataJSON },
    };
  };
}
