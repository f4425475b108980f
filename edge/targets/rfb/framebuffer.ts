// The device's picture as the edge holds it, four bytes a pixel in the order of pixel-format.ts.
// Invariant: every rectangle is checked against the picture before anything is drawn, so no write leaves it.
import { brokenScreen } from "./broken-screen.ts";
import { pixelBytes } from "./pixel-format.ts";

/** 3840 x 2160: more than a panel has. One picture is 33 MB then, and a change of size may need two at a time. */
export const maxPixels = 3840 * 2160;
/** Memory is taken in steps that double, so that a device which grows by a pixel each time leaves little behind. */
const firstCapacity = 64 * 1024;

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class Framebuffer {
  #width = 0;
  #height = 0;
  #pixels: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #words = new Uint32Array(0);

  /** Throws `device_refused` for a size without or with too many pixels. */
  constructor(width: number, height: number) {
    this.resize(width, height);
  }

  get width(): number {
    return this.#width;
  }

  get height(): number {
    return this.#height;
  }

  /** Row after row, `pixelBytes` each; may be longer than the picture. Another array after `resize`. */
  get pixels(): Uint8Array<ArrayBuffer> {
    return this.#pixels;
  }

  /** The same memory, a pixel each: red + green * 2^8 + blue * 2^16. */
  get words(): Uint32Array {
    return this.#words;
  }

  /** Where a pixel is in `words`. */
  at(x: number, y: number): number {
    return y * this.#width + x;
  }

  /** Throws unless the rectangle lies in the picture. */
  requireInside({ x, y, width, height }: Rectangle, what = "a rectangle"): void {
    if (x + width <= this.#width && y + height <= this.#height) return;
    brokenScreen(
      `${what} of ${width}x${height} at ${x},${y} leaves ${this.#width}x${this.#height}`,
    );
  }

  fill({ x, y, width, height }: Rectangle, word: number): void {
    for (let row = y; row < y + height; row += 1) {
      const from = this.at(x, row);
      this.#words.fill(word, from, from + width);
    }
  }

  /** As if the source were read whole first. */
  copy(fromX: number, fromY: number, { x, y, width, height }: Rectangle): void {
    this.requireInside({ x: fromX, y: fromY, width, height }, "the source of a copy");
    for (let index = 0; index < height; index += 1) {
      const row = fromY < y ? height - 1 - index : index;
      const from = this.at(fromX, fromY + row);
      this.#words.copyWithin(this.at(x, y + row), from, from + width);
    }
  }

  /** Keeps what both sizes have; what is new is black. */
  resize(width: number, height: number): void {
    const count = width * height;
    if (count < 1 || count > maxPixels) {
      brokenScreen(`a picture of ${width}x${height}, expected 1 to ${maxPixels} pixels`);
    }
    const [old, oldWidth] = [this.#words, this.#width];
    const kept = Math.min(oldWidth, width);
    const rows = Math.min(this.#height, height);
    this.#reserve(count);
    const words = this.#words;
    // In place, so that no row is written over one that has still to move.
    for (let index = 0; index < rows; index += 1) {
      const row = width > oldWidth ? rows - 1 - index : index;
      const from = row * oldWidth;
      if (words === old) words.copyWithin(row * width, from, from + kept);
      else words.set(old.subarray(from, from + kept), row * width);
      words.fill(0, row * width + kept, (row + 1) * width);
    }
    if (words === old) words.fill(0, rows * width, count);
    this.#width = width;
    this.#height = height;
  }

  #reserve(count: number): void {
    let capacity = Math.max(this.#words.length, firstCapacity);
    while (capacity < count) capacity *= 2;
    capacity = Math.min(capacity, maxPixels);
    if (capacity === this.#words.length) return;
    this.#pixels = new Uint8Array(capacity * pixelBytes);
    this.#words = new Uint32Array(this.#pixels.buffer);
  }
}
