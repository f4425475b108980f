// Finds text in a recording (shared/protocol.md, "Recording: playing"): line by line, each direction by itself, without regard to case or terminal colours.
// Invariant: memory is bounded however long a device's line is.
import type { OpenedChunk } from "./recording-file.ts";
import type { Direction } from "./recording-records.ts";

/** A longer line is searched in pieces that overlap by the text's length. */
const maxLineLength = 4096;
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

export interface Found {
  /** Seconds since the start at which the line began. */
  readonly t: number;
  readonly dir: Direction;
  readonly line: string;
}

/** Every line that holds `text`, in the order in which the lines ended. */
export async function* searchLines(
  chunks: AsyncIterable<OpenedChunk>,
  text: string,
): AsyncGenerator<Found> {
  const wanted = text.toLowerCase();
  const sides = new Map<Direction, LineCutter>();
  for await (const chunk of chunks) {
    for (const record of chunk.records) {
      if (!("direction" in record)) continue;
      const dir = record.direction;
      const cutter = sides.get(dir) ?? new LineCutter(wanted.length);
      sides.set(dir, cutter);
      yield* matches(dir, cutter.feed(record.atUs / 1e6, record.bytes));
    }
  }
  for (const [dir, cutter] of sides) yield* matches(dir, cutter.end());

  function* matches(dir: Direction, lines: Iterable<{ t: number; line: string }>) {
    for (const { t, line } of lines)
      if (line.toLowerCase().includes(wanted)) yield { t, dir, line };
  }
}

class LineCutter {
  readonly #overlap: number;
  readonly #decoder = new TextDecoder();
  #line = "";
  #t = 0;

  constructor(overlap: number) {
    this.#overlap = overlap;
  }

  *feed(t: number, bytes: Uint8Array) {
    if (this.#line === "") this.#t = t;
    const pieces = (this.#line + this.#decoder.decode(bytes, { stream: true })).split(/[\r\n]+/);
    this.#line = pieces.pop() ?? "";
    for (const line of pieces) {
      yield this.#cut(line);
      this.#t = t;
    }
    if (this.#line.length > maxLineLength) {
      yield this.#cut(this.#line);
      this.#line = this.#line.slice(-this.#overlap);
    }
  }

  *end() {
    yield this.#cut(this.#line);
  }

  #cut(line: string) {
    return { t: this.#t, line: line.replaceAll(controlSequence, "") };
  }
}
