// Takes exact lengths from a stream of pieces, holding no more than was asked for plus one piece.

export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** The next `length` bytes, or undefined if the stream ends before them (they are lost then). */
  async take(length: number): Promise<Uint8Array | undefined> {
    while (this.#heldBytes < length) {
      const next = await this.#pieces.next();
      if (next.done === true) return undefined;
      this.#held.push(next.value);
      this.#heldBytes += next.value.length;
    }
    return this.#cut(length);
  }

  /** Whatever comes next of at most `length` bytes; undefined at the end. */
  async some(length: number): Promise<Uint8Array | undefined> {
    while (this.#heldBytes === 0) {
      const next = await this.#pieces.next();
      if (next.done === true) return undefined;
      this.#held.push(next.value);
      this.#heldBytes += next.value.length;
    }
    return this.#cut(Math.min(length, this.#held.find((piece) => piece.length > 0)?.length ?? 0));
  }

  /** Tells the source that no more is wanted. */
  async close(): Promise<void> {
    await this.#pieces.return?.();
  }

  #cut(length: number): Uint8Array {
    const whole = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const piece = this.#held[0] ?? new Uint8Array();
      const part = piece.subarray(0, length - filled);
      whole.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#held.shift();
      else this.#held[0] = piece.subarray(part.length);
    }
    this.#heldBytes -= length;
    return whole;
  }
}
