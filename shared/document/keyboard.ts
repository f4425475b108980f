// The keyboard layouts that a machine may have (shared/protocol.md, "device"). RDP carries keys by their place, and the machine makes signs of them by
// its own layout: what is typed is right only if both ends mean the same one.

/** Windows' layouts of these countries and languages; `edge/targets/rdp/keyboard-layouts.ts` has their keys. */
export const keyboards = [
  "us",
  "us-intl",
  "gb",
  "de",
  "ch-de",
  "fr",
  "be",
  "it",
  "es",
  "pt",
  "pl",
  "cz",
  "se",
  "fi",
  "dk",
  "no",
] as const;
export type KeyboardName = (typeof keyboards)[number];
