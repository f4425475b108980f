// The crypto suite of browsers: WebCrypto for hashes, HKDF and signatures, libsodium for X-Wing and, because WebCrypto seals only async, for records.
// It runs on Node too, which is how the tests make both suites talk to each other.
import { SallyportError } from "../errors.ts";
import * as libsodium from "./libsodium.ts";
import type { CryptoSuite, RandomSource } from "./suite.ts";
import { seedBytes } from "./suite.ts";
import { createWebCrypto } from "./webcrypto.ts";

/** A suite over WebCrypto and libsodium that takes its randomness from `random`. */
export function createBrowserCrypto(random: RandomSource): CryptoSuite {
  return {
    ...createWebCrypto(random),
    name: "browser",
    xwingKeyPair: async (seed = random(seedBytes)) => libsodium.xwingKeyPair(seed),
    xwingEncapsulate: async (publicKey) => libsodium.xwingEncapsulate(publicKey, random),
    xwingDecapsulate: async (encapsulation, privateKey) =>
      libsodium.xwingDecapsulate(encapsulation, privateKey),
    recordCipher: (cipher, key) => {
      if (cipher !== "chacha20-poly1305") {
        throw new SallyportError("handshake_failed", `cipher "${cipher}" is not sync in browsers`);
      }
      return libsodium.chachaCipher(key);
    },
    ciphersByPreference: () => ["chacha20-poly1305"],
  };
}

/** The suite of this page. */
export const browserCrypto: CryptoSuite = createBrowserCrypto((length) =>
  crypto.getRandomValues(new Uint8Array(length)),
);
