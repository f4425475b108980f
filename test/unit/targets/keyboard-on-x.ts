// In what Windows' layouts differ from X's of the same name, and which of a layout's signs X's can therefore show.
import { keyboardLayouts } from "../../../edge/targets/rdp/keyboard-layouts.ts";
import { keystrokesOf, type Keystroke } from "../../../edge/targets/rdp/keystrokes.ts";
import type { KeyboardName } from "../../../shared/document/keyboard.ts";

/** Pairs: the sign that Windows' key types or waits with, and what X has there. */
export const otherOnX: Partial<Record<KeyboardName, string>> = {
  "us-intl": "´' ¬\\ ¨\" ¦| '´ \"¨",
  gb: "¦| ée ú↓ í→ óø áæ ÉE Ú↑ Íı ÓØ ÁÆ",
  "ch-de": "¦|",
  pl: "€↓",
  cz: "~! ÷[ ×] ß' ¤\\ ^# ˘$ ˛^ `& ˙* ˝} ¸¯",
};
/** Waiting for a letter on Windows' layout, and not on X's. */
const liveOnX: Partial<Record<KeyboardName, string>> = { es: "~", fr: "~`", pl: "~" };
/** What X makes of a dead key and the space bar where Windows makes the accent. */
const spacedOnX: Readonly<Record<string, string>> = { "´": "'", "¨": '"' };

/** The signs that X's layout types by the same keys, and what it then shows. */
export function signsOnX(
  keyboard: KeyboardName,
): { readonly sign: string; readonly shown: string }[] {
  const strokes = keystrokesOf(keyboardLayouts[keyboard]);
  const others = (otherOnX[keyboard] ?? "").split(" ").map(([sign = ""]) => sign);
  const odd = new Set<Keystroke | undefined>(
    [...others, ...Array.from(liveOnX[keyboard] ?? "")].map((sign) => strokes.get(sign)?.[0]),
  );
  return [...strokes]
    .filter(([, keys]) => !keys.some((key) => odd.has(key)))
    .map(([sign, { length }]) => ({ sign, shown: length > 1 ? (spacedOnX[sign] ?? sign) : sign }));
}
