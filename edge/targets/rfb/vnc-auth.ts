// The security type VNC Authentication (RFC 6143 §7.2.2): the password, cut to eight bytes, is a DES key that encrypts the device's challenge.
import { createCipheriv } from "node:crypto";

export const challengeBytes = 16;
const keyBytes = 8;

/** The answer to a challenge. The password must be Latin-1: see `isVncPassword`. */
export function vncResponse(password: string, challenge: Uint8Array): Uint8Array {
  const key = Buffer.alloc(keyBytes);
  Buffer.from(password, "latin1").copy(key);
  // Of each byte VNC takes the lowest bit first, DES the highest.
  const reversed = key.map(reversedBits);
  // OpenSSL 3 has no single DES any more; three times the same key is it.
  const cipher = createCipheriv(
    "des-ede3-ecb",
    Buffer.concat([reversed, reversed, reversed]),
    null,
  );
  cipher.setAutoPadding(false);
  return Buffer.concat([cipher.update(challenge), cipher.final()]);
}

/** False for what no device of this kind can have as its password. */
export function isVncPassword(password: string): boolean {
  return Array.from(password).every((character) => character <= "\u00ff");
}

function reversedBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit += 1) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}
