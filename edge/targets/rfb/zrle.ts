// ZRLE (RFC 6143 §7.7.6): tiles of 64 by 64 within one zlib stream, each raw, one colour, packed by a palette, or run lengths.
// Its tiles are kept as they were inflated, as far as deflate looks back: a viewer that joins later must be given whole tiles to inflate.
import { brokenScreen } from "./broken-screen.ts";
import type { Framebuffer, Rectangle } from "./framebuffer.ts";
import { historyBytes, InflateStream } from "./inflate-stream.ts";
import { wordAt } from "./pixel-format.ts";
import type { Walk, WalkInput } from "./walk-input.ts";

export const zrleTileSide = 64;
const colourBytes = 3;
/** The longest tile: a run of one for each pixel. */
const maxTileBytes = 1 + zrleTileSide ** 2 * (colourBytes + 1);
const bufferBytes = 2 * maxTileBytes;
const kind = { raw: 0, solid: 1, lastPacked: 16, runs: 128, firstPaletteRuns: 130 } as const;

/** A tile's bytes, and its size, without which they mean something else. */
export interface ZrleTile {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export class ZrleDecoder {
  readonly #picture: Framebuffer;
  #stream: InflateStream | undefined;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #tileFrom = 0;
  #at = 0;
  #end = 0;
  #tiles: ZrleTile[] = [];
  #tilesBytes = 0;
  /** Tiles before it are forgotten. */
  #firstTile = 0;

  constructor(picture: Framebuffer) {
    this.#picture = picture;
  }

  get stream(): InflateStream | undefined {
    return this.#stream;
  }

  /** The last tiles, in order: at least `historyBytes` of them, or all that there were. */
  get tiles(): readonly ZrleTile[] {
    return this.#tiles.slice(this.#firstTile);
  }

  *decode(input: WalkInput, { x, y, width, height }: Rectangle): Walk {
    const head = yield* input.take(4);
    const stream = (this.#stream ??= new InflateStream());
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(bufferBytes);
    stream.begin(new DataView(head.buffer, head.byteOffset).getUint32(0));
    for (let top = y; top < y + height; top += zrleTileSide) {
      const tileHeight = Math.min(zrleTileSide, y + height - top);
      for (let left = x; left < x + width; left += zrleTileSide) {
        const tileWidth = Math.min(zrleTileSide, x + width - left);
        const tile = { x: left, y: top, width: tileWidth, height: tileHeight };
        this.#tileFrom = this.#at;
        yield* this.#decodeTile(input, stream, tile);
        this.#keep(tile);
      }
    }
    if (this.#at < this.#end) brokenScreen("compressed data goes on after its rectangle");
    yield* stream.end(input);
  }

  *#decodeTile(input: WalkInput, stream: InflateStream, tile: Rectangle): Walk {
    const { width, height } = tile;
    const type = yield* this.#byte(input, stream);
    yield* input.work(width * height);
    if (type === kind.raw) {
      const bytes = yield* this.#take(input, stream, width * height * colourBytes);
      this.#draw(tile, (index) => wordAt(bytes, index * colourBytes));
    } else if (type === kind.solid) {
      this.#picture.fill(tile, wordAt(yield* this.#take(input, stream, colourBytes), 0));
    } else if (type <= kind.lastPacked) {
      yield* this.#packed(input, stream, tile, yield* this.#palette(input, stream, type));
    } else if (type === kind.runs) {
      yield* this.#runs(input, stream, tile, undefined);
    } else if (type >= kind.firstPaletteRuns) {
      const palette = yield* this.#palette(input, stream, type - kind.runs);
      yield* this.#runs(input, stream, tile, palette);
    } else brokenScreen(`a tile of kind ${type}`);
  }

  *#palette(input: WalkInput, stream: InflateStream, count: number): Walk<Uint32Array> {
    const bytes = yield* this.#take(input, stream, count * colourBytes);
    return Uint32Array.from({ length: count }, (_, index) => wordAt(bytes, index * colourBytes));
  }

  *#packed(input: WalkInput, stream: InflateStream, tile: Rectangle, palette: Uint32Array): Walk {
    const bits = palette.length <= 2 ? 1 : palette.length <= 4 ? 2 : 4;
    const rowBytes = Math.ceil((tile.width * bits) / 8);
    const bytes = yield* this.#take(input, stream, rowBytes * tile.height);
    this.#draw(tile, (index) => {
      const column = (index % tile.width) * bits;
      const byte = bytes[Math.floor(index / tile.width) * rowBytes + (column >> 3)] ?? 0;
      const colour = (byte >> (8 - bits - (column & 7))) & ((1 << bits) - 1);
      return palette[colour] ?? brokenScreen("a colour beyond its palette");
    });
  }

  *#runs(
    input: WalkInput,
    stream: InflateStream,
    tile: Rectangle,
    palette: Uint32Array | undefined,
  ): Walk {
    const words = new Uint32Array(tile.width * tile.height);
    for (let done = 0; done < words.length;) {
      let word: number;
      let length = 1;
      if (palette === undefined) {
        word = wordAt(yield* this.#take(input, stream, colourBytes), 0);
        length = yield* this.#runLength(input, stream, words.length - done);
      } else {
        const byte = yield* this.#byte(input, stream);
        word = palette[byte & 127] ?? brokenScreen("a colour beyond its palette");
        if (byte > 127) length = yield* this.#runLength(input, stream, words.length - done);
      }
      words.fill(word, done, done + length);
      done += length;
    }
    this.#draw(tile, (index) => words[index] ?? 0);
  }

  *#runLength(input: WalkInput, stream: InflateStream, limit: number): Walk<number> {
    for (let length = 1; ;) {
      const byte = yield* this.#byte(input, stream);
      length += byte;
      if (length > limit) brokenScreen("a run leaves its tile");
      if (byte < 255) return length;
    }
  }

  #draw({ x, y, width, height }: Rectangle, wordOf: (index: number) => number): void {
    const { words } = this.#picture;
    for (let row = 0, index = 0; row < height; row += 1) {
      const start = this.#picture.at(x, y + row);
      for (let to = start; to < start + width; to += 1, index += 1) words[to] = wordOf(index);
    }
  }

  *#byte(input: WalkInput, stream: InflateStream): Walk<number> {
    if (this.#at === this.#end) yield* this.#need(input, stream, 1);
    const byte = this.#bytes[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }

  // Valid until more is taken.
  *#take(input: WalkInput, stream: InflateStream, count: number): Walk<Uint8Array> {
    yield* this.#need(input, stream, count);
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  *#need(input: WalkInput, stream: InflateStream, count: number): Walk {
    if (this.#at + count > this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#tileFrom, this.#end);
      this.#at -= this.#tileFrom;
      this.#end -= this.#tileFrom;
      this.#tileFrom = 0;
    }
    while (this.#end < this.#at + count) {
      this.#end += yield* stream.some(input, this.#bytes.subarray(this.#end));
    }
  }

  #keep({ width, height }: Rectangle): void {
    const bytes = this.#bytes.slice(this.#tileFrom, this.#at);
    this.#tiles.push({ bytes, width, height });
    this.#tilesBytes += bytes.length;
    for (;;) {
      const first = this.#tiles[this.#firstTile]?.bytes.length ?? 0;
      if (this.#tilesBytes - first < historyBytes) break;
      this.#tilesBytes -= first;
      this.#firstTile += 1;
    }
    if (this.#firstTile * 2 < this.#tiles.length) return;
    this.#tiles = this.#tiles.slice(this.#firstTile);
    this.#firstTile = 0;
  }
}
