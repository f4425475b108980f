// Writes what an RFB server sends after ServerInit, in every encoding and filter that the edge decodes, also those that Debian's servers never use.
// Its zlib streams go on over all rectangles, as a server's do.
import { Deflate, Z_SYNC_FLUSH } from "pako";
import { concatBytes } from "../../shared/bytes.ts";

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}

/** FramebufferUpdate; with `count` it says another number than there are. */
export function update(rectangles: readonly Uint8Array[], count = rectangles.length): Uint8Array {
  return concatBytes(Uint8Array.of(0, 0), u16(count), ...rectangles);
}

export function rectangle(
  [x, y, width, height]: readonly [number, number, number, number],
  encoding: number,
  ...body: readonly Uint8Array[]
): Uint8Array {
  return concatBytes(u16(x), u16(y), u16(width), u16(height), u32(encoding >>> 0), ...body);
}

export function cutText(text: string, length = text.length): Uint8Array {
  return concatBytes(Uint8Array.of(3, 0, 0, 0), u32(length), Buffer.from(text, "latin1"));
}

export function compactLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  const low = (length & 0x7f) | 0x80;
  if (length < 0x4000) return Uint8Array.of(low, length >> 7);
  return Uint8Array.of(low, ((length >> 7) & 0x7f) | 0x80, length >> 14);
}

/** One zlib stream, flushed after each piece. */
export class ZlibWriter {
  #deflate = new Deflate();

  reset(): void {
    this.#deflate = new Deflate();
  }

  write(bytes: Uint8Array): Uint8Array {
    const { chunks } = this.#deflate;
    chunks.splice(0);
    this.#deflate.push(bytes, Z_SYNC_FLUSH);
    return concatBytes(...chunks.splice(0));
  }
}

type Place = readonly [number, number, number, number];
/** Numbers from 0 to below a limit. */
export type Draw = (limit: number) => number;

/** Rectangles of drawn content. Everything that varies comes from `draw`. */
export class ScreenWriter {
  readonly #draw: Draw;
  readonly #tight = Array.from({ length: 4 }, () => new ZlibWriter());
  readonly #zrle = new ZlibWriter();
  #last = new Uint8Array(0);

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  raw(place: Place): Uint8Array {
    return rectangle(place, 0, this.#pixels(place[2] * place[3], 4));
  }

  copyRect(place: Place, fromX: number, fromY: number): Uint8Array {
    return rectangle(place, 1, u16(fromX), u16(fromY));
  }

  rre(place: Place): Uint8Array {
    const [, , width, height] = place;
    const parts = Array.from({ length: this.#draw(Math.min(5, width * height + 1)) }, () => {
      const [x, y] = [this.#draw(width), this.#draw(height)];
      const size = [u16(1 + this.#draw(width - x)), u16(1 + this.#draw(height - y))];
      return concatBytes(this.#pixels(1, 4), u16(x), u16(y), ...size);
    });
    return rectangle(place, 2, u32(parts.length), this.#pixels(1, 4), ...parts);
  }

  hextile(place: Place): Uint8Array {
    const [, , width, height] = place;
    const tiles: Uint8Array[] = [];
    for (let y = 0; y < height; y += 16) {
      for (let x = 0; x < width; x += 16) {
        tiles.push(this.#hextileTile(Math.min(16, width - x), Math.min(16, height - y)));
      }
    }
    return rectangle(place, 5, ...tiles);
  }

  #hextileTile(width: number, height: number): Uint8Array {
    const kind = this.#draw(4);
    if (kind === 0) return concatBytes(Uint8Array.of(1), this.#pixels(width * height, 4));
    const count = this.#draw(6);
    const isColoured = kind === 1;
    const mask = 2 + (isColoured ? 16 : 4) + 8;
    const parts = Array.from({ length: count }, () => {
      const [x, y] = [this.#draw(width), this.#draw(height)];
      const [right, down] = [this.#draw(width - x), this.#draw(height - y)];
      const where = Uint8Array.of(x * 16 + y, right * 16 + down);
      return isColoured ? concatBytes(this.#pixels(1, 4), where) : where;
    });
    const colours = this.#pixels(isColoured ? 1 : 2, 4);
    return concatBytes(Uint8Array.of(mask), colours, Uint8Array.of(count), ...parts);
  }

  tightFill(place: Place): Uint8Array {
    return rectangle(place, 7, Uint8Array.of(0x80), this.#pixels(1, 3));
  }

  /** Filter 0 copy, 1 palette, 2 gradient. */
  tight(place: Place, stream: number, filter: number, isReset: boolean): Uint8Array {
    const [, , width, height] = place;
    const writer = this.#tight[stream] as ZlibWriter;
    if (isReset) writer.reset();
    const control = ((4 + stream) << 4) | (isReset ? 1 << stream : 0);
    const colours = 2 + this.#draw(this.#draw(2) === 0 ? 1 : 255);
    const palette = filter === 1 ? [Uint8Array.of(colours - 1), this.#pixels(colours, 3)] : [];
    const data =
      filter !== 1
        ? this.#pixels(width * height, 3)
        : colours === 2
          ? this.#bytes(Math.ceil(width / 8) * height, 256)
          : this.#bytes(width * height, colours);
    const packed = data.length < 12 ? undefined : writer.write(data);
    const body = packed === undefined ? [data] : [compactLength(packed.length), packed];
    return rectangle(place, 7, Uint8Array.of(control, filter), ...palette, ...body);
  }

  zrle(place: Place): Uint8Array {
    const [, , width, height] = place;
    const tiles: Uint8Array[] = [];
    for (let y = 0; y < height; y += 64) {
      for (let x = 0; x < width; x += 64) {
        tiles.push(this.#zrleTile(Math.min(64, width - x), Math.min(64, height - y)));
      }
    }
    const packed = this.#zrle.write(concatBytes(...tiles));
    return rectangle(place, 16, u32(packed.length), packed);
  }

  #zrleTile(width: number, height: number): Uint8Array {
    const pixels = width * height;
    const kind = this.#draw(5);
    if (kind === 0) return concatBytes(Uint8Array.of(0), this.#pixels(pixels, 3));
    if (kind === 1) return concatBytes(Uint8Array.of(1), this.#pixels(1, 3));
    if (kind === 2) {
      const colours = 2 + this.#draw(15);
      const bits = colours <= 2 ? 1 : colours <= 4 ? 2 : 4;
      const rows: Uint8Array[] = [];
      for (let row = 0; row < height; row += 1) {
        const line = new Uint8Array(Math.ceil((width * bits) / 8));
        for (let column = 0; column < width; column += 1) {
          const shift = 8 - bits - ((column * bits) & 7);
          const at = (column * bits) >> 3;
          line[at] = (line[at] ?? 0) | (this.#draw(colours) << shift);
        }
        rows.push(line);
      }
      return concatBytes(Uint8Array.of(colours), this.#pixels(colours, 3), ...rows);
    }
    const colours = 2 + this.#draw(100);
    const parts: Uint8Array[] =
      kind === 3 ? [Uint8Array.of(128)] : [Uint8Array.of(128 + colours), this.#pixels(colours, 3)];
    for (let left = pixels; left > 0;) {
      const run = Math.min(left, 1 + this.#draw(this.#draw(2) === 0 ? 3 : 600));
      left -= run;
      const more = [
        ...Array.from({ length: Math.floor((run - 1) / 255) }, () => 255),
        (run - 1) % 255,
      ];
      if (kind === 3) parts.push(this.#pixels(1, 3), Uint8Array.from(more));
      else if (run === 1) parts.push(Uint8Array.of(this.#draw(colours)));
      else parts.push(Uint8Array.of(128 + this.#draw(colours), ...more));
    }
    return concatBytes(...parts);
  }

  // Repeats itself over long distances, so that compression looks far back.
  #pixels(count: number, bytesEach: number): Uint8Array {
    const bytes = new Uint8Array(count * bytesEach);
    for (let at = 0; at < bytes.length; at += bytesEach) {
      if (this.#draw(4) > 0 && this.#last.length > 0) {
        const from = this.#draw(this.#last.length);
        const part = this.#last.subarray(from, from + Math.min(60, bytes.length - at));
        bytes.set(part, at);
        at += Math.floor(part.length / bytesEach) * bytesEach;
      }
      for (let index = at; index < Math.min(at + bytesEach, bytes.length); index += 1) {
        bytes[index] = this.#draw(256);
      }
      if (bytesEach === 4) bytes[at + 3] = 0;
    }
    if (bytesEach === 4) for (let at = 3; at < bytes.length; at += 4) bytes[at] = 0;
    this.#last = bytes.length > 0 ? bytes : this.#last;
    return bytes;
  }
  #bytes(count: number, limit: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.#draw(limit));
  }
}
