// Tight (rfbproto, "Tight Encoding") without JPEG and PNG, which nobody asks for: fills, and rows that pass one of four zlib streams and one of three filters.
// Where servers and viewers differ over a case that no server sends (a palette of one colour, an index beyond the palette, no data), it is refused.
import { fillRectangle } from "./bands.ts";
import { brokenScreen } from "./broken-screen.ts";
import type { Framebuffer, Rectangle } from "./framebuffer.ts";
import { InflateStream } from "./inflate-stream.ts";
import { wordAt } from "./pixel-format.ts";
import type { Walk, WalkInput } from "./walk-input.ts";

export const tightStreams = 4;
/** Shorter data is not compressed. */
const minCompressed = 12;
/** Rows are inflated so many bytes at a time, or one by one. */
const rowsBytes = 32 * 1024;
const colourBytes = 3;
const kinds = { fill: 8, explicitFilter: 4 } as const;
const filters = { copy: 0, palette: 1, gradient: 2 } as const;

/** What the zlib data of a rectangle means. */
interface Filter {
  readonly rowBytes: number;
  /** Draws whole rows, in order. */
  draw(rows: Uint8Array, y: number, count: number): void;
}

export class TightDecoder {
  readonly #picture: Framebuffer;
  readonly #streams: (InflateStream | undefined)[] = Array.from({ length: tightStreams });
  #scratch = new Uint8Array(rowsBytes);

  constructor(picture: Framebuffer) {
    this.#picture = picture;
  }

  /** Those in use, by number. */
  get streams(): readonly (InflateStream | undefined)[] {
    return this.#streams;
  }

  *decode(input: WalkInput, rectangle: Rectangle): Walk {
    const [control = 0] = yield* input.take(1);
    for (let number = 0; number < tightStreams; number += 1) {
      if ((control >> number) & 1) this.#streams[number]?.reset();
    }
    const kind = control >> 4;
    if (kind === kinds.fill) {
      const colour = wordAt(yield* input.take(colourBytes), 0);
      yield* fillRectangle(input, this.#picture, rectangle, colour);
      return;
    }
    if (kind > kinds.fill) brokenScreen(`tight data of kind ${kind}, which was not asked for`);
    const isExplicit = (kind & kinds.explicitFilter) !== 0;
    const [number = 0] = isExplicit ? yield* input.take(1) : [filters.copy];
    const filter = yield* this.#filter(input, rectangle, number);
    yield* this.#rows(input, rectangle, filter, kind % tightStreams);
  }

  *#filter(input: WalkInput, rectangle: Rectangle, number: number): Walk<Filter> {
    if (number === filters.copy) return copyFilter(this.#picture, rectangle);
    if (number === filters.gradient) return gradientFilter(this.#picture, rectangle);
    if (number !== filters.palette) return brokenScreen(`tight filter ${number}`);
    const [last = 0] = yield* input.take(1);
    if (last === 0) brokenScreen("a tight palette of one colour");
    const bytes = yield* input.take((last + 1) * colourBytes);
    const palette = Uint32Array.from({ length: last + 1 }, (_, index) =>
      wordAt(bytes, index * colourBytes),
    );
    const filter = palette.length === 2 ? twoColoursFilter : paletteFilter;
    return filter(this.#picture, rectangle, palette);
  }

  *#rows(input: WalkInput, { y, height }: Rectangle, filter: Filter, number: number): Walk {
    const { rowBytes } = filter;
    const bytes = rowBytes * height;
    if (bytes < minCompressed) {
      filter.draw(yield* input.take(bytes), y, height);
      return;
    }
    const stream = (this.#streams[number] ??= new InflateStream());
    stream.begin(yield* compactLength(input));
    const rowsAtOnce = Math.max(1, Math.floor(rowsBytes / rowBytes));
    if (rowBytes > this.#scratch.length) this.#scratch = new Uint8Array(rowBytes);
    for (let done = 0; done < height;) {
      const count = Math.min(rowsAtOnce, height - done);
      const rows = this.#scratch.subarray(0, count * rowBytes);
      yield* stream.fill(input, rows);
      filter.draw(rows, y + done, count);
      done += count;
    }
    yield* stream.end(input);
  }
}

/** One to three bytes, seven bits in each but the third. */
function* compactLength(input: WalkInput): Walk<number> {
  let length = 0;
  for (let index = 0; index < 3; index += 1) {
    const [byte = 0] = yield* input.take(1);
    const isLast = byte < 128 || index === 2;
    length += (isLast ? byte : byte - 128) * 128 ** index;
    if (isLast) break;
  }
  if (length === 0) brokenScreen("compressed data of no bytes");
  return length;
}

function copyFilter(picture: Framebuffer, { x, width }: Rectangle): Filter {
  return {
    rowBytes: width * colourBytes,
    draw(rows, y, count) {
      const { words } = picture;
      for (let row = 0, from = 0; row < count; row += 1) {
        const start = picture.at(x, y + row);
        for (let to = start; to < start + width; to += 1, from += colourBytes) {
          words[to] = wordAt(rows, from);
        }
      }
    },
  };
}

function twoColoursFilter(
  picture: Framebuffer,
  { x, width }: Rectangle,
  palette: Uint32Array,
): Filter {
  const rowBytes = Math.ceil(width / 8);
  const [zero = 0, one = 0] = palette;
  return {
    rowBytes,
    draw(rows, y, count) {
      const { words } = picture;
      for (let row = 0; row < count; row += 1) {
        const start = picture.at(x, y + row);
        for (let column = 0; column < width; column += 1) {
          const byte = rows[row * rowBytes + (column >> 3)] ?? 0;
          words[start + column] = (byte << (column & 7)) & 0x80 ? one : zero;
        }
      }
    },
  };
}

function paletteFilter(
  picture: Framebuffer,
  { x, width }: Rectangle,
  palette: Uint32Array,
): Filter {
  return {
    rowBytes: width,
    draw(rows, y, count) {
      const { words } = picture;
      for (let row = 0, from = 0; row < count; row += 1) {
        const start = picture.at(x, y + row);
        for (let to = start; to < start + width; to += 1, from += 1) {
          words[to] = palette[rows[from] ?? 0] ?? brokenScreen("a colour beyond its palette");
        }
      }
    },
  };
}

// Each colour is a difference from what its neighbours left, above and above left suggest. `rows` may be what goes on to the vendor: it is only read.
function gradientFilter(picture: Framebuffer, { x, width }: Rectangle): Filter {
  const rowBytes = width * colourBytes;
  let above = new Uint8Array(rowBytes);
  let line = new Uint8Array(rowBytes);
  return {
    rowBytes,
    draw(rows, y, count) {
      const { words } = picture;
      for (let row = 0, from = 0; row < count; row += 1) {
        for (let at = 0; at < rowBytes; at += 1, from += 1) {
          const isFirst = at < colourBytes;
          const left = isFirst ? 0 : (line[at - colourBytes] ?? 0);
          const aboveLeft = isFirst ? 0 : (above[at - colourBytes] ?? 0);
          const guess = left + (above[at] ?? 0) - aboveLeft;
          line[at] = (rows[from] ?? 0) + Math.min(255, Math.max(0, guess));
        }
        const start = picture.at(x, y + row);
        for (let column = 0; column < width; column += 1) {
          words[start + column] = wordAt(line, column * colourBytes);
        }
        [above, line] = [line, above];
      }
    },
  };
}
