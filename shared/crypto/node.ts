// The crypto suite of Node: node:crypto for hashes, HKDF, signatures and records, libsodium for X-Wing.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  randomBytes as systemRandomBytes,
  sign,
  verify,
} from "node:crypto";
import { concatBytes } from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import { ed25519PrivatePrefix, ed25519PublicPrefix } from "./ed25519-der.ts";
import type {
  CryptoSuite,
  JwkAlgorithm,
  RandomSource,
  RecordCipher,
  RecordCipherName,
} from "./suite.ts";
import {
  ed25519PublicKeyBytes,
  recordCipherNames,
  recordKeyBytes,
  recordTagBytes,
  seedBytes,
} from "./suite.ts";

const hashBytes = 32;
const trialBytes = 64 * 1024;
const trialRounds = 4;

/** A suite over node:crypto that takes its randomness from `random`. */
export function createNodeCrypto(random: RandomSource): CryptoSuite {
  return {
    name: "node",
    randomBytes: random,
    sha256: async (...parts) => {
      const hash = createHash("sha256");
      for (const part of parts) hash.update(part);
      return own(hash.digest());
    },
    hkdfExtract: async (salt, inputKey) => hmac(salt, inputKey),
    hkdfExpand: async (key, info, length) => hkdfExpand(key, info, length),
    ed25519KeyPair: async (seed = random(seedBytes)) => {
      const publicKey = createPublicKey(ed25519PrivateKey(seed)).export({
        format: "der",
        type: "spki",
      });
      return {
        publicKey: own(publicKey.subarray(-ed25519PublicKeyBytes)),
        privateKey: own(seed),
      };
    },
    ed25519Sign: async (privateKey, message) =>
      own(sign(null, message, ed25519PrivateKey(privateKey))),
    ed25519Verify: async (publicKey, message, signature) =>
      publicKey.length === ed25519PublicKeyBytes &&
      isTrue(() => {
        const der = Buffer.concat([ed25519PublicPrefix, publicKey]);
        const key = createPublicKey({ key: der, format: "der", type: "spki" });
        return verify(null, message, key, signature);
      }),
    verifyJwk: async (jwk, algorithm, message, signature) =>
      isTrue(() => {
        const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
        return (
          keyTypes[algorithm] === key.asymmetricKeyType &&
          (algorithm !== "ES256" || key.asymmetricKeyDetails?.namedCurve === "prime256v1") &&
          verify(algorithm === "EdDSA" ? null : "sha256", message, key, signature)
        );
      }),
    xwingKeyPair: async (seed = random(seedBytes)) => (await libsodium()).xwingKeyPair(seed),
    xwingEncapsulate: async (publicKey) => (await libsodium()).xwingEncapsulate(publicKey, random),
    xwingDecapsulate: async (encapsulation, privateKey) =>
      (await libsodium()).xwingDecapsulate(encapsulation, privateKey),
    recordCipher,
    ciphersByPreference,
  };
}

/** The suite of this process: node:crypto with the system's randomness. */
export const nodeCrypto: CryptoSuite = createNodeCrypto((length) => own(systemRandomBytes(length)));

// Its WebAssembly is not loaded before the first key of its kind: the relay and most commands never need one.
function libsodium(): Promise<typeof import("./libsodium.ts")> {
  return import("./libsodium.ts");
}

const keyTypes: Record<JwkAlgorithm, string> = { ES256: "ec", EdDSA: "ed25519", RS256: "rsa" };

function recordCipher(cipher: RecordCipherName, key: Uint8Array): RecordCipher {
  if (key.length !== recordKeyBytes) {
    throw new SallyportError(
      "handshake_failed",
      `record key of ${key.length} bytes, expected ${recordKeyBytes}`,
    );
  }
  const options = { authTagLength: recordTagBytes };
  // Node types its AEAD modes by literal names, so each is spelled once.
  const encrypt =
    cipher === "aes-256-gcm"
      ? (nonce: Uint8Array) => createCipheriv("aes-256-gcm", key, nonce, options)
      : (nonce: Uint8Array) => createCipheriv("chacha20-poly1305", key, nonce, options);
  const decrypt =
    cipher === "aes-256-gcm"
      ? (nonce: Uint8Array) => createDecipheriv("aes-256-gcm", key, nonce, options)
      : (nonce: Uint8Array) => createDecipheriv("chacha20-poly1305", key, nonce, options);
  return {
    seal(nonce, parts) {
      const sealer = encrypt(nonce);
      const sealed: Uint8Array[] = parts.map((part) => sealer.update(part));
      sealer.final();
      sealed.push(sealer.getAuthTag());
      return sealed;
    },
    open(nonce, sealed) {
      if (sealed.length < recordTagBytes) {
        throw new SallyportError(
          "record_invalid",
          `record of ${sealed.length} bytes has no room for its tag`,
        );
      }
      const bodyBytes = sealed.length - recordTagBytes;
      const opener = decrypt(nonce);
      opener.setAuthTag(sealed.subarray(bodyBytes));
      const plaintext = opener.update(sealed.subarray(0, bodyBytes));
      try {
        opener.final();
      } catch (cause) {
        throw new SallyportError("record_invalid", "record does not open under its key", { cause });
      }
      return plaintext;
    },
  };
}

let measured: readonly RecordCipherName[] | undefined;

// AES wins by half where the processor has instructions for it and loses badly where it has none (small ARM cores), so the first call tries both.
function ciphersByPreference(): readonly RecordCipherName[] {
  measured ??= recordCipherNames
    .map((name) => ({ name, fastestMs: fastestSealMs(name) }))
    .sort((left, right) => left.fastestMs - right.fastestMs)
    .map(({ name }) => name);
  return measured;
}

function fastestSealMs(name: RecordCipherName): number {
  const cipher = recordCipher(name, new Uint8Array(recordKeyBytes));
  const block = new Uint8Array(trialBytes);
  const nonce = new Uint8Array(12);
  let fastestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < trialRounds; round += 1) {
    const startedMs = performance.now();
    cipher.seal(nonce, [block]);
    fastestMs = Math.min(fastestMs, performance.now() - startedMs);
  }
  return fastestMs;
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return own(mac.digest());
}

function hkdfExpand(key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  let last: Uint8Array = new Uint8Array();
  for (let counter = 1; blocks.length * hashBytes < length; counter += 1) {
    last = hmac(key, last, info, Uint8Array.of(counter));
    blocks.push(last);
  }
  return concatBytes(...blocks).slice(0, length);
}

function ed25519PrivateKey(seed: Uint8Array) {
  if (seed.length !== seedBytes) {
    throw new SallyportError(
      "handshake_failed",
      `Ed25519 seed of ${seed.length} bytes, expected ${seedBytes}`,
    );
  }
  const der = Buffer.concat([ed25519PrivatePrefix, seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

// OpenSSL throws for keys and signatures that it cannot even parse; to the caller these are signatures that do not verify.
function isTrue(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}

// A Buffer from Node's pool shares its memory with others; what leaves the suite does not.
function own(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
