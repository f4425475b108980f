// One zlib stream (RFC 1950) of a device, which lives as long as the connection and is flushed at each rectangle's end. Output is bounded by whoever asks for it.
// pako's low-level calls: Node's zlib answers later or needs the whole stream, pako's own class gathers output of any size.
import { ZStream, zlibInflate, zlibInflateInit, zlibInflateReset, type Z_CallStatus } from "pako";
import { brokenScreen } from "./broken-screen.ts";
import type { Walk, WalkInput } from "./walk-input.ts";

/** How far back deflate looks (RFC 1951 §2). */
export const historyBytes = 32 * 1024;
const noFlush = 0;
const stuck: Z_CallStatus = -5;
/** `data_type` (zlib.h): no bits are left of the last byte, and a new block begins. */
const atBlockStart = 128;
/** Below it, inflating takes no time that a viewer would notice. */
const passFirstBytes = 4096;

export class InflateStream {
  readonly #stream = new ZStream();
  readonly #history = new Uint8Array(historyBytes);
  /** Where the next byte of history goes: it is a ring. */
  #historyAt = 0;
  #isUsed = false;
  #isAligned = true;
  /** Compressed bytes of the present rectangle that have not come yet. */
  #inputLeft = 0;

  constructor() {
    zlibInflateInit(this.#stream);
  }

  /** A new stream begins: the server's reset bit. */
  reset(): void {
    zlibInflateReset(this.#stream);
    this.#isUsed = false;
    this.#isAligned = true;
    this.#history.fill(0);
    this.#historyAt = 0;
  }

  /** False before the first byte: then a fresh decoder's stream is in the same state. */
  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** True if a decoder that knows `history` alone can go on from here. */
  get isAligned(): boolean {
    return this.#isAligned;
  }

  /** The last `historyBytes` that came out, zeros before the first. */
  history(): Uint8Array {
    const whole = new Uint8Array(historyBytes);
    const newer = this.#history.subarray(0, this.#historyAt);
    whole.set(this.#history.subarray(this.#historyAt));
    whole.set(newer, historyBytes - newer.length);
    return whole;
  }

  /** The next rectangle has `inputBytes` compressed ones. */
  begin(inputBytes: number): void {
    this.#inputLeft = inputBytes;
    this.#isUsed = true;
  }

  /** Fills `output`; throws if the rectangle's data ends before. */
  *fill(input: WalkInput, output: Uint8Array<ArrayBuffer>): Walk {
    for (let filled = 0; filled < output.length;) {
      filled += yield* this.some(input, output.subarray(filled));
    }
  }

  /** Writes at least one byte to `output`, as many as are there; answers how many. Throws if the rectangle's data has no more. */
  *some(input: WalkInput, output: Uint8Array<ArrayBuffer>): Walk<number> {
    const stream = this.#stream;
    stream.output = output;
    stream.next_out = 0;
    stream.avail_out = output.length;
    while (stream.next_out === 0) {
      if (this.#inflate()) continue;
      if (stream.avail_in > 0) brokenScreen("compressed data that does not inflate");
      if (this.#inputLeft === 0) brokenScreen("compressed data ends before its rectangle");
      yield* this.#more(input);
    }
    const count = stream.next_out;
    this.#remember(output.subarray(0, count));
    yield* input.work(count);
    return count;
  }

  /** Takes the rest of the rectangle's data, which must hold no more output. */
  *end(input: WalkInput): Walk {
    const stream = this.#stream;
    for (;;) {
      while (stream.avail_in > 0) {
        if (!this.#inflate()) brokenScreen("compressed data goes on after its rectangle");
      }
      if (this.#inputLeft === 0) return;
      yield* this.#more(input);
    }
  }

  *#more(input: WalkInput): Walk {
    const piece = yield* input.some(this.#inputLeft);
    this.#inputLeft -= piece.length;
    if (piece.length >= passFirstBytes) input.flush();
    this.#stream.input = piece;
    this.#stream.next_in = 0;
    this.#stream.avail_in = piece.length;
  }

  // False if nothing moved.
  #inflate(): boolean {
    const stream = this.#stream;
    const status = zlibInflate(stream, noFlush);
    if (status === stuck) return false;
    // A stream that ends would end with a sum over all that it was, which nobody can check who joined later; no server does it.
    if (status !== 0) brokenScreen(`zlib says ${status}`);
    this.#isAligned = stream.data_type === atBlockStart;
    return true;
  }

  #remember(output: Uint8Array): void {
    const news = output.subarray(Math.max(0, output.length - historyBytes));
    const first = news.subarray(0, historyBytes - this.#historyAt);
    this.#history.set(first, this.#historyAt);
    this.#history.set(news.subarray(first.length), 0);
    this.#historyAt = (this.#historyAt + news.length) % historyBytes;
  }
}
