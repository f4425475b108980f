// Public keys as manifests, rosters and introductions list them (shared/protocol.md, "Public keys").
// Invariant: the algorithm belongs to the stored key; a signature never chooses it.
import * as v from "valibot";
import { fromBase64Url, toBase64Url } from "../bytes.ts";
import type { VerifyingSuite } from "../crypto/suite.ts";
import { xwingPublicKeyBytes } from "../crypto/suite.ts";
import type { EdgeId, KeyId } from "../ids.ts";
import { maxCoseBytes, parseCoseKey } from "./cose.ts";
import { bytes, bytesBetween, documentInvalid, record } from "./fields.ts";

/** A person's passkeys, laptop and phone, with room for a change. */
export const maxKeysPerPerson = 8;
/** WebAuthn §4: a credential id has at most 1,023 bytes. */
const maxCredentialIdBytes = 1023;

// Points of small order: anyone can make signatures under them that some verifiers take (RFC 8032 §5.1.7 lets them) and others refuse, so
// whoever lists one can deny every signature, and two verifiers can disagree about a document.
// (In hexadecimal without the sign bit: orders 4, 1, 8, 8, 2, and two second spellings.)
const smallOrder: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** A raw Ed25519 public key in unpadded base64url; points of small order are refused. */
export const ed25519Public = v.pipe(
  bytes(32),
  v.check((text) => !isSmallOrder(text), "key is an Ed25519 point of small order"),
);

/** An X-Wing public key (X25519 + ML-KEM-768) in unpadded base64url. */
export const xwingPublic = bytes(xwingPublicKeyBytes);

export const passkeyPublic = v.pipe(
  record({
    kind: v.literal("passkey"),
    algorithm: v.picklist(["ES256", "EdDSA", "RS256"]),
    cose: bytesBetween(1, maxCoseBytes),
    credentialId: bytesBetween(1, maxCredentialIdBytes),
  }),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const fault = faultOfPasskey(dataset.value);
    if (fault !== undefined) addIssue({ message: fault });
  }),
);

export const publicKey = v.variant("kind", [
  record({ kind: v.literal("ed25519"), public: ed25519Public }),
  /** A browser's own key, which its page uses without a touch: see `decidersOf` in held.ts. */
  record({ kind: v.literal("browser"), public: ed25519Public }),
  passkeyPublic,
]);

/** One public key of a person. */
export type PublicKey = v.InferOutput<typeof publicKey>;
export type PasskeyPublic = Extract<PublicKey, { kind: "passkey" }>;

/** An Ed25519 key of raw bytes as a `PublicKey`. */
export function ed25519Key(publicBytes: Uint8Array): PublicKey {
  return { kind: "ed25519", public: toBase64Url(publicBytes) };
}

const keyIds = new WeakMap<PublicKey, Promise<KeyId>>();

/** The key's id: SHA-256 of its raw 32 bytes, or of its COSE bytes. */
export function keyIdOf(suite: VerifyingSuite, key: PublicKey): Promise<KeyId> {
  const known = keyIds.get(key);
  if (known !== undefined) return known;
  const made = fingerprint(suite, key.kind === "passkey" ? key.cose : key.public);
  keyIds.set(key, made);
  return made;
}

/** An edge's id: the KeyId of its Ed25519 key in base64url. */
export async function edgeIdOf(suite: VerifyingSuite, signingKey: string): Promise<EdgeId> {
  return (await fingerprint(suite, signingKey)) as string as EdgeId;
}

/** The id of public key bytes in base64url. */
export async function fingerprint(suite: VerifyingSuite, publicBytes: string): Promise<KeyId> {
  return toBase64Url(await suite.sha256(fromBase64Url(publicBytes))) as KeyId;
}

/** What makes two keys the same one, whatever form each is listed in. */
export function keyMaterial(key: PublicKey): string {
  if (key.kind !== "passkey") return key.public;
  const { algorithm, jwk } = parseCoseKey(key.cose);
  return algorithm === "EdDSA" ? (jwk.x ?? key.cose) : key.cose;
}

/** The raw Ed25519 key of an OpenSSH line `ssh-ed25519 AAAA…`; throws `document_invalid`. */
export function parseSshEd25519(line: string): Uint8Array {
  const match = /^ssh-ed25519 ([A-Za-z0-9+/]{68})$/.exec(line);
  if (match === null) throw documentInvalid(`"${line.slice(0, 80)}" is not an ssh-ed25519 key`);
  const blob = Uint8Array.fromBase64(match[1] ?? "");
  const prefix = "0000000b7373682d6564323535313900000020";
  if (blob.subarray(0, 19).toHex() !== prefix) {
    throw documentInvalid("key's blob does not say ssh-ed25519");
  }
  return blob.slice(19);
}

/** The edge's SSH host key as one OpenSSH line without comment. */
export const sshEd25519Line = v.pipe(
  v.string(),
  v.check((line) => {
    try {
      return parseSshEd25519(line).length === 32;
    } catch {
      return false;
    }
  }, "expected an OpenSSH line `ssh-ed25519 AAAA…` without comment"),
);

function faultOfPasskey(key: PasskeyPublic): string | undefined {
  try {
    const { algorithm, jwk } = parseCoseKey(key.cose);
    if (algorithm !== key.algorithm) return `COSE key is of ${algorithm}, not of ${key.algorithm}`;
    if (algorithm === "EdDSA" && isSmallOrder(jwk.x ?? "")) {
      return "key is an Ed25519 point of small order";
    }
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function isSmallOrder(text: string): boolean {
  const point = fromBase64Url(text).slice();
  point[31] = (point[31] ?? 0) & 0x7f;
  return smallOrder.has(point.toHex());
}
