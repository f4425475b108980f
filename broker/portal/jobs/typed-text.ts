// What goes from a keyboard or clipboard to a device, and what a device says about itself, as plain data.
// Invariant: nothing pasted can end the bracket that marks it as pasted, and no title of a device holds anything but printable text.

const escape = "\u001b";
const longestTitle = 80;

/** Pasted text without what only a terminal should say; lines end as a keyboard ends them. */
export function cleanPaste(text: string): string {
  // Attack: a copied page holds ESC [201~, so that the rest counts as typed.
  return text.replaceAll(/\r?\n/g, "\r").replaceAll(/[^\P{Cc}\t\r]/gu, "");
}

/** How many lines a paste would enter. */
export function linesOf(text: string): number {
  return cleanPaste(text).replace(/\r$/, "").split("\r").length;
}

/** The character that Ctrl makes of a typed one; the same if it makes none. */
export function withControl(typed: string): string {
  const code = typed.toUpperCase().charCodeAt(0);
  if (typed.length !== 1) return typed;
  if (code >= 0x40 && code <= 0x5f) return String.fromCharCode(code - 0x40);
  if (typed === " ") return "\u0000";
  return typed === "?" ? "\u007f" : typed;
}

/** A title that a device gave its terminal, as a label: one line, printable, bounded. */
export function cleanTitle(title: string): string {
  const line = title
    .slice(0, 4 * longestTitle)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]+/gu, " ")
    .replaceAll(/\s+/gu, " ")
    .trim();
  const characters = Array.from(line);
  return characters.length <= longestTitle
    ? line
    : `${characters.slice(0, longestTitle - 1).join("")}…`;
}

export type ScreenKey = "escape" | "tab" | "up" | "down" | "left" | "right" | "home" | "end";

const cursorKeys: Partial<Record<ScreenKey, string>> = {
  up: "A",
  down: "B",
  right: "C",
  left: "D",
  home: "H",
  end: "F",
};

/** What a terminal sends for a key. Applications may ask for another form of the cursor keys. */
export function sequenceOf(key: ScreenKey, applicationCursor: boolean): string {
  if (key === "escape") return escape;
  if (key === "tab") return "\t";
  return `${escape}${applicationCursor ? "O" : "["}${cursorKeys[key] ?? ""}`;
}
