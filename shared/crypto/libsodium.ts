// The only importer of libsodium: X-Wing (draft-connolly-cfrg-xwing-kem: X25519 + ML-KEM-768) for both platforms, ChaCha20-Poly1305 (RFC 8439) for browsers.
// Both suites encapsulate with it, so one audited implementation stands on each side of the wire.
import sodium from "libsodium-wrappers";
import { concatBytes } from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import type { Encapsulation, RandomSource, RecordCipher, XWingKeyPair } from "./suite.ts";
import {
  recordKeyBytes,
  seedBytes,
  xwingEncapsulationBytes,
  xwingPublicKeyBytes,
} from "./suite.ts";

const encapsulationSeedBytes = 64;

await sodium.ready;

/** The pair of a 32-byte seed. */
export function xwingKeyPair(seed: Uint8Array): XWingKeyPair {
  requireLength("X-Wing seed", seed, seedBytes);
  const { publicKey, privateKey } = sodium.crypto_kem_xwing_seed_keypair(seed);
  return { publicKey, privateKey };
}

/** A secret for the holder of `publicKey`; throws `handshake_failed` for a malformed key. */
export function xwingEncapsulate(publicKey: Uint8Array, random: RandomSource): Encapsulation {
  requireLength("X-Wing public key", publicKey, xwingPublicKeyBytes);
  try {
    const { ciphertext, sharedSecret } = sodium.crypto_kem_xwing_enc_deterministic(
      publicKey,
      random(encapsulationSeedBytes),
    );
    return { encapsulation: ciphertext, sharedSecret };
  } catch (cause) {
    throw new SallyportError("handshake_failed", "X-Wing public key is malformed", { cause });
  }
}

export function xwingDecapsulate(encapsulation: Uint8Array, privateKey: Uint8Array): Uint8Array {
  requireLength("X-Wing encapsulation", encapsulation, xwingEncapsulationBytes);
  requireLength("X-Wing seed", privateKey, seedBytes);
  try {
    return sodium.crypto_kem_xwing_dec(encapsulation, privateKey);
  } catch (cause) {
    throw new SallyportError("handshake_failed", "X-Wing encapsulation is malformed", { cause });
  }
}

/** ChaCha20-Poly1305 in WebAssembly, byte for byte what node:crypto seals. */
export function chachaCipher(key: Uint8Array): RecordCipher {
  requireLength("record key", key, recordKeyBytes);
  return {
    seal(nonce, parts) {
      const [only] = parts;
      const plaintext = only !== undefined && parts.length === 1 ? only : concatBytes(...parts);
      return [sodium.crypto_aead_chacha20poly1305_ietf_encrypt(plaintext, null, null, nonce, key)];
    },
    open(nonce, sealed) {
      try {
        return sodium.crypto_aead_chacha20poly1305_ietf_decrypt(null, sealed, null, nonce, key);
      } catch (cause) {
        throw new SallyportError("record_invalid", "record does not open under its key", { cause });
      }
    },
  };
}

function requireLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new SallyportError(
      "handshake_failed",
      `${what} of ${bytes.length} bytes, expected ${length}`,
    );
  }
}
