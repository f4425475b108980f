// What lets a browser in to a web panel, and what the panel is called: random, made for one opening, and compared without telling where they differ.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const nameBytes = 16;
const tokenBytes = 32;
/** RFC 4648 §6, in lower case: names are host names. */
const alphabet = "abcdefghijklmnopqrstuvwxyz234567";
const bitsPerCharacter = 5;

/** 128 bits in 26 characters. */
export function makeName(): string {
  let text = "";
  let held = 0;
  let heldBits = 0;
  for (const byte of randomBytes(nameBytes)) {
    held = (held << 8) | byte;
    heldBits += 8;
    while (heldBits >= bitsPerCharacter) {
      heldBits -= bitsPerCharacter;
      text += alphabet.charAt((held >> heldBits) & 31);
    }
    held &= (1 << heldBits) - 1;
  }
  return text + alphabet.charAt((held << (bitsPerCharacter - heldBits)) & 31);
}

/** 256 bits in base64url. */
export function makeToken(): string {
  return randomBytes(tokenBytes).toString("base64url");
}

/** Hashes of both are compared, so that neither length nor content shows in the time. */
export function isSameToken(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
