// A terminal's output as lines of plain text: control sequences are left out, and what a backspace or a carriage return took back is taken back.
import type { TerminalRecording } from "./cast.ts";

export interface ShownLine {
  /** Seconds at which the line began. */
  readonly at: number;
  readonly text: string;
}

const escape = String.fromCharCode(0x1b);
const bell = String.fromCharCode(0x07);
// ECMA-48 control sequences and strings, as far as terminals send them.
const controlSequence = new RegExp(
  [
    `${escape}\\[[0-?]*[ -/]*[@-~]`,
    `${escape}\\][^${bell}${escape}]*(?:${bell}|${escape}\\\\)`,
    `${escape}[ -/]*[0-~]`,
  ].join("|"),
  "g",
);
const backspace = "\b";
const tab = "\t";

export function shownLines({ events }: TerminalRecording): ShownLine[] {
  const found: ShownLine[] = [];
  let line = "";
  let at = 0;
  for (const event of events) {
    if (event.code !== "o") continue;
    if (line === "") at = event.at;
    const [first = "", ...others] = event.text.split("\n");
    line += first;
    for (const next of others) {
      found.push({ at, text: plain(line) });
      line = next;
      at = event.at;
    }
  }
  if (line !== "") found.push({ at, text: plain(line) });
  return found.filter(({ text }) => text !== "");
}

function plain(line: string): string {
  const text = line.replace(controlSequence, "").replace(/\r+$/, "");
  let kept = "";
  for (const character of text.slice(text.lastIndexOf("\r") + 1)) {
    if (character === backspace) kept = kept.slice(0, -1);
    else if (character >= " " || character === tab) kept += character;
  }
  return kept.trimEnd();
}
