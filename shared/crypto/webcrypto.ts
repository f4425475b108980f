// What WebCrypto does by itself: hashes, HKDF, and signatures by Ed25519 and passkeys' keys. Pages that only verify need no libsodium.
// Alike in browsers and Node, which is how the tests compare it with node:crypto.
import { concatBytes, copyOf } from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import { ed25519PrivatePrefix } from "./ed25519-der.ts";
import type { CryptoSuite, JwkAlgorithm, RandomSource, VerifyingSuite } from "./suite.ts";
import { ed25519PublicKeyBytes, seedBytes } from "./suite.ts";

const hashBytes = 32;
const ecdsaNumberBytes = 32;

/** Verifies documents. */
export const webVerifying: VerifyingSuite = {
  sha256: async (...parts) =>
    new Uint8Array(await crypto.subtle.digest("SHA-256", plain(concatBytes(...parts)))),
  ed25519Verify: async (publicKey, message, signature) =>
    publicKey.length === ed25519PublicKeyBytes &&
    isTrue(async () => {
      const key = await crypto.subtle.importKey("raw", plain(publicKey), "Ed25519", false, [
        "verify",
      ]);
      return crypto.subtle.verify("Ed25519", key, plain(signature), plain(message));
    }),
  verifyJwk: (jwk, algorithm, message, signature) =>
    isTrue(async () => {
      const parameters = jwkParameters[algorithm];
      const key = await crypto.subtle.importKey("jwk", jwk, parameters, false, ["verify"]);
      const raw = algorithm === "ES256" ? rawEcdsaSignature(signature) : signature;
      return crypto.subtle.verify(parameters, key, plain(raw), plain(message));
    }),
};

/** A suite's part that WebCrypto does, with randomness from `random`. */
export type WebCryptoPart = Omit<
  CryptoSuite,
  | "name"
  | "xwingKeyPair"
  | "xwingEncapsulate"
  | "xwingDecapsulate"
  | "recordCipher"
  | "ciphersByPreference"
>;

export function createWebCrypto(random: RandomSource): WebCryptoPart {
  return {
    ...webVerifying,
    randomBytes: random,
    hkdfExtract: (salt, inputKey) => hmac(salt, inputKey),
    hkdfExpand,
    ed25519KeyPair: async (seed = random(seedBytes)) => {
      const key = await ed25519PrivateKey(seed, true);
      const { x } = await crypto.subtle.exportKey("jwk", key);
      return {
        publicKey: Uint8Array.fromBase64(x ?? "", { alphabet: "base64url" }),
        privateKey: copyOf(seed),
      };
    },
    ed25519Sign: async (privateKey, message) => {
      const key = await ed25519PrivateKey(privateKey, false);
      return new Uint8Array(await crypto.subtle.sign("Ed25519", key, plain(message)));
    },
  };
}

const jwkParameters: Record<JwkAlgorithm, { name: string; hash: string; namedCurve?: string }> = {
  ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
  EdDSA: { name: "Ed25519", hash: "" },
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
};

async function hmac(key: Uint8Array, message: Uint8Array): Promise<Uint8Array> {
  // WebCrypto refuses an empty HMAC key; HMAC pads keys with zeros, so one block of zeros is the same key.
  const bytes = key.length === 0 ? new Uint8Array(hashBytes) : key;
  const parameters = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", plain(bytes), parameters, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, plain(message)));
}

async function hkdfExpand(key: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  let last: Uint8Array = new Uint8Array();
  for (let counter = 1; blocks.length * hashBytes < length; counter += 1) {
    last = await hmac(key, concatBytes(last, info, Uint8Array.of(counter)));
    blocks.push(last);
  }
  return concatBytes(...blocks).slice(0, length);
}

function ed25519PrivateKey(seed: Uint8Array, extractable: boolean): Promise<CryptoKey> {
  if (seed.length !== seedBytes) {
    throw new SallyportError(
      "handshake_failed",
      `Ed25519 seed of ${seed.length} bytes, expected ${seedBytes}`,
    );
  }
  const der = plain(concatBytes(ed25519PrivatePrefix, seed));
  return crypto.subtle.importKey("pkcs8", der, "Ed25519", extractable, ["sign"]);
}

/** WebCrypto's r ‖ s of WebAuthn's ASN.1 DER `SEQUENCE { INTEGER r, INTEGER s }`; throws on anything else. */
function rawEcdsaSignature(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(2 * ecdsaNumberBytes);
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw malformedSignature();
  let offset = 2;
  for (const end of [ecdsaNumberBytes, raw.length]) {
    const length = der[offset + 1] ?? 0;
    const number = der.subarray(offset + 2, offset + 2 + length);
    const leadingZero = length > 1 && number[0] === 0 ? 1 : 0;
    const digits = number.subarray(leadingZero);
    if (der[offset] !== 0x02 || number.length !== length || digits.length > ecdsaNumberBytes) {
      throw malformedSignature();
    }
    raw.set(digits, end - digits.length);
    offset += 2 + length;
  }
  if (offset !== der.length) throw malformedSignature();
  return raw;
}

function malformedSignature(): SallyportError {
  return new SallyportError("signature_invalid", "ES256 signature is not ASN.1 DER");
}

// WebCrypto throws for keys and signatures that it cannot even parse; to the caller these are signatures that do not verify.
async function isTrue(check: () => Promise<boolean>): Promise<boolean> {
  try {
    return await check();
  } catch {
    return false;
  }
}

// WebCrypto's types want memory that is not shared between threads; ours never is.
function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
