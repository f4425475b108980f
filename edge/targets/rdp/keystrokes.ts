// Which keys type a sign on a layout: one key with its modifiers, or a dead key and then the letter or the space bar that it waits for.
import { keyCodes, noSign, type KeyboardLayout } from "./keyboard-layouts.ts";

export interface Keystroke {
  /** Scan code (set 1). */
  readonly code: number;
  readonly shift: boolean;
  readonly altGr: boolean;
}

const spaceBar: Keystroke = { code: 0x39, shift: false, altGr: false };
/** Unicode's combining mark of what a dead key types by itself. */
const combiningMarks: Readonly<Record<string, string>> = {
  "`": "\u0300",
  "´": "\u0301",
  "'": "\u0301",
  "^": "\u0302",
  "~": "\u0303",
  "˘": "\u0306",
  "˙": "\u0307",
  "¨": "\u0308",
  '"': "\u0308",
  "°": "\u030a",
  "˝": "\u030b",
  ˇ: "\u030c",
  "¸": "\u0327",
  "˛": "\u0328",
};

/** The keys of every sign that the layout has; where it has several ways, the one with the fewest keys and modifiers. */
export function keystrokesOf(layout: KeyboardLayout): ReadonlyMap<string, readonly Keystroke[]> {
  const strokes = new Map<string, readonly Keystroke[]>();
  const deadKeys = new Map<string, Keystroke>();
  for (const [sign, stroke] of keysOf(layout)) {
    if (sign in layout.dead && !deadKeys.has(sign)) deadKeys.set(sign, stroke);
    else if (!strokes.has(sign)) strokes.set(sign, [stroke]);
  }
  for (const [mark, key] of deadKeys) {
    if (!strokes.has(mark)) strokes.set(mark, [key, spaceBar]);
    for (const letter of layout.dead[mark] ?? "") {
      const composed = `${letter}${combiningMarks[mark] ?? ""}`.normalize("NFC");
      const letterKey = strokes.get(letter);
      if (letterKey !== undefined && !strokes.has(composed))
        strokes.set(composed, [key, ...letterKey]);
    }
  }
  return strokes;
}

function keysOf({ plain, shift, altGr, shiftAltGr }: KeyboardLayout): [string, Keystroke][] {
  const plainSigns = signsOf(plain);
  const codeOf = new Map(plainSigns.map((sign, index) => [sign, keyCodes[index] ?? 0]));
  const row = (signs: readonly string[], isShift: boolean): [string, Keystroke][] =>
    signs.map((sign, index) => [
      sign,
      { code: keyCodes[index] ?? 0, shift: isShift, altGr: false },
    ]);
  const pairs = (text: string, isShift: boolean): [string, Keystroke][] =>
    text
      .split(" ")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [key = "", sign = ""] = pair;
        return [sign, { code: codeOf.get(key) ?? 0, shift: isShift, altGr: true }];
      });
  const keys = [
    ...row(plainSigns, false),
    ...row(signsOf(shift), true),
    ...pairs(altGr, false),
    ...pairs(shiftAltGr, true),
  ];
  return keys.filter(([sign]) => sign !== noSign);
}

function signsOf(rows: string): string[] {
  return Array.from(rows.replaceAll(" ", ""));
}
