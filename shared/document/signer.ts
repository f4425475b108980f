// Signing with a raw Ed25519 key (shared/protocol.md, "Signatures by Ed25519").
import type { CryptoSuite, Ed25519KeyPair } from "../crypto/suite.ts";
import type { SignPae } from "./envelope.ts";
import { ed25519Key, keyIdOf } from "./keys.ts";

/** A signer that holds the key itself: command, edge, relay, one-time key. */
export function ed25519Signer(suite: CryptoSuite, pair: Ed25519KeyPair): SignPae {
  const key = ed25519Key(pair.publicKey);
  return async (pae) => ({
    keyid: await keyIdOf(suite, key),
    sig: await suite.ed25519Sign(pair.privateKey, pae),
  });
}
