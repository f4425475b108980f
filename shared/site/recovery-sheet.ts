// The recovery sheet: a 32-byte seed in letters that can be read from paper, with a check of three bytes. It replaces lost owners (an Ed25519
// key) and re-seals the secrets for a replaced edge (an X-Wing key); both are derived from it by label, so the sheet is one line.
import { concatBytes, equalBytes, utf8 } from "../bytes.ts";
import {
  seedBytes,
  type CryptoSuite,
  type Ed25519KeyPair,
  type XWingKeyPair,
} from "../crypto/suite.ts";
import { SiteFault } from "./fault.ts";

/** Crockford's base 32: no I, L, O, U, so that what is read aloud has one spelling. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const bitsPerLetter = 5;
const checkBytes = 3;
const groupLetters = 4;
const groupsPerLine = 7;

export interface RecoveryKeys {
  readonly ed25519: Ed25519KeyPair;
  readonly xwing: XWingKeyPair;
}

/** Both recovery keys of a seed: HKDF-SHA256 under the salt `sallyport recovery v1`, one label each. */
export async function recoveryKeys(suite: CryptoSuite, seed: Uint8Array): Promise<RecoveryKeys> {
  const root = await suite.hkdfExtract(utf8("sallyport recovery v1"), seed);
  return {
    ed25519: await suite.ed25519KeyPair(await suite.hkdfExpand(root, utf8("ed25519"), seedBytes)),
    xwing: await suite.xwingKeyPair(await suite.hkdfExpand(root, utf8("xwing"), seedBytes)),
  };
}

/** The seed as two lines of seven groups of four letters. */
export async function encodeSheet(suite: CryptoSuite, seed: Uint8Array): Promise<string> {
  const groups = toLetters(concatBytes(seed, await checkOf(suite, seed))).match(/.{4}/g) ?? [];
  return [groups.slice(0, groupsPerLine), groups.slice(groupsPerLine)]
    .map((line) => line.join(" "))
    .join("\n");
}

/** The seed of a typed sheet, however it is spaced and in whatever case; throws naming what is wrong, never quoting the sheet. */
export async function decodeSheet(suite: CryptoSuite, text: string): Promise<Uint8Array> {
  const letters = text.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  const expected = ((seedBytes + checkBytes) * 8) / bitsPerLetter;
  if (letters.length !== expected || /[^0-9A-HJKMNP-TV-Z]/.test(letters)) {
    throw new SiteFault(
      "document_invalid",
      `sheet has ${letters.length} letters, expected ${expected / groupLetters} groups of ${groupLetters}`,
    );
  }
  const bytes = fromLetters(letters);
  const seed = bytes.slice(0, seedBytes);
  if (!equalBytes(bytes.subarray(seedBytes), await checkOf(suite, seed))) {
    throw new SiteFault("document_invalid", "sheet's check does not fit: a letter is misread");
  }
  return seed;
}

async function checkOf(suite: CryptoSuite, seed: Uint8Array): Promise<Uint8Array> {
  return (await suite.sha256(utf8("sallyport recovery sheet v1"), seed)).slice(0, checkBytes);
}

function toLetters(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join("");
}

function fromLetters(letters: string): Uint8Array {
  const bits = Array.from(letters, (letter) =>
    alphabet.indexOf(letter).toString(2).padStart(bitsPerLetter, "0"),
  ).join("");
  return Uint8Array.from((bits.match(/.{8}/g) ?? []).map((eight) => Number.parseInt(eight, 2)));
}
