// Keys by the names that X11 gives them (X11/keysymdef.h; RFC 6143, 7.5.4), and the presses that enter a text.

export const keysyms = {
  backspace: 0xff08,
  tab: 0xff09,
  enter: 0xff0d,
  escape: 0xff1b,
  home: 0xff50,
  left: 0xff51,
  up: 0xff52,
  right: 0xff53,
  down: 0xff54,
  pageUp: 0xff55,
  pageDown: 0xff56,
  end: 0xff57,
  insert: 0xff63,
  delete: 0xffff,
  f1: 0xffbe,
  f2: 0xffbf,
  f3: 0xffc0,
  f4: 0xffc1,
  f5: 0xffc2,
  f6: 0xffc3,
  f7: 0xffc4,
  f8: 0xffc5,
  f9: 0xffc6,
  f10: 0xffc7,
  f11: 0xffc8,
  f12: 0xffc9,
  shift: 0xffe1,
  control: 0xffe3,
  alt: 0xffe9,
  windows: 0xffeb,
} as const;
export type KeyName = keyof typeof keysyms;

export const modifierNames = ["control", "alt", "shift", "windows"] as const;
export type ModifierName = (typeof modifierNames)[number];

/** A longer text belongs into a file; and nobody waits for its end. */
export const maxTypedCharacters = 4_000;

/** Keysyms of characters beyond Latin 1 are their code points with this bit. */
const unicodeKeysym = 0x0100_0000;
const lineEnd = /\r\n|\r/g;

/** The keys to press one after the other for a text; control characters that no key has are left out. */
export function keysymsOf(text: string): number[] {
  const found: number[] = [];
  for (const character of text.normalize("NFC").replace(lineEnd, "\n")) {
    const keysym = keysymOf(character);
    if (keysym !== undefined) found.push(keysym);
  }
  return found;
}

export function keysymOf(character: string): number | undefined {
  const point = character.codePointAt(0) ?? 0;
  if (character === "\n") return keysyms.enter;
  if (character === "\t") return keysyms.tab;
  if (character === "\b") return keysyms.backspace;
  if (point < 0x20 || (point >= 0x7f && point < 0xa0)) return undefined;
  // Latin 1 is the same in both.
  return point <= 0xff ? point : unicodeKeysym + point;
}

/** True for a letter that keyboards have above the shift key, in Latin 1. */
export function isCapital(keysym: number): boolean {
  return keysym <= 0xff && /\p{Lu}/u.test(String.fromCharCode(keysym));
}

/** Lines of a text, the last one without an end counted too. */
export function linesOf(text: string): number {
  return text.replace(lineEnd, "\n").replace(/\n+$/, "").split("\n").length;
}

/** What has to be pressed so that a field of an on-screen keyboard goes on from `before` to `now`: word suggestions rewrite what stands there. */
export function pressesBetween(before: string, now: string): number[] {
  const was = Array.from(before);
  const is = Array.from(now);
  let same = 0;
  while (same < was.length && same < is.length && was[same] === is[same]) same += 1;
  const back = Array.from({ length: was.length - same }, () => keysyms.backspace);
  return [...back, ...keysymsOf(is.slice(same).join(""))];
}
