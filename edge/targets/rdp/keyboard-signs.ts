// Keysyms (X Window System Protocol, appendix A) that stand for a sign, and the sign.

/** Keysyms `0x01xx` to `0x03xx` are the bytes of Latin-2 to Latin-4. */
const latinDecoders = [2, 3, 4].map((part) => new TextDecoder(`iso-8859-${part}`));
/** Keysyms from here on are code points of Unicode. */
const unicodeBase = 0x0100_0000;
const lastCodePoint = 0x10_ffff;

const otherSigns: ReadonlyMap<number, string> = new Map([
  [0x20ac, "€"],
  [0x0ad0, "‘"],
  [0x0ad1, "’"],
  // The number pad's digits: its own keys would need a NumLock that the viewer and the machine may have otherwise.
  ...Array.from({ length: 10 }, (_, digit): [number, string] => [0xffb0 + digit, String(digit)]),
  [0xffac, ","],
  [0xffae, "."],
]);

/** The sign of a keysym; undefined for keys that type none, and for the space bar, which is in one place on all keyboards. */
export function signOf(keysym: number): string | undefined {
  const code = keysym >= unicodeBase ? keysym - unicodeBase : keysym;
  const isLatin1 = (code > 0x20 && code < 0x7f) || (code >= 0xa0 && code <= 0xff);
  if (isLatin1 || (code !== keysym && code > 0xff && code <= lastCodePoint)) {
    return String.fromCodePoint(code);
  }
  const part = keysym >> 8;
  const byte = keysym & 0xff;
  return part >= 1 && part <= 3 && byte > 0xa0
    ? latinDecoders[part - 1]?.decode(Uint8Array.of(byte))
    : otherSigns.get(keysym);
}
