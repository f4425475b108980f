// The bytes that a walk of a device's stream is at. Walks are generators: they take bytes as they come and stop where there are none, or where others should have
// the processor; so a decoder reads like its specification, and no message is held back until it is whole.
// Invariant: what a walk took goes on no sooner than at its next stop, so it is judged as far as it was read; of a token that is cut nothing goes on before its rest.

/** Why a walk stops: it needs bytes, or it has worked enough for one turn. */
export type Wait = "bytes" | "rest";
export type Walk<T = void> = Generator<Wait, T, void>;

/** The longest that `take` is asked for: the coloured subrectangles of a hextile. */
const maxTokenBytes = 2048;
/** Work of one turn, in inflated bytes: half a millisecond. Attack: four bytes that fill a screen, a thousand times in one packet. */
const workOfTurn = 64 * 1024;
const none = new Uint8Array(0);

export class WalkInput {
  readonly #onPass: (bytes: Uint8Array) => void;
  readonly #carry = new Uint8Array(maxTokenBytes);
  /** Bytes of a token that came in pieces and has still to go on. */
  #carried = 0;
  #chunk: Uint8Array = none;
  #at = 0;
  #passFrom = 0;
  #isDropping = false;
  #work = 0;

  constructor(onPass: (bytes: Uint8Array) => void) {
    this.#onPass = onPass;
  }

  /** The next bytes, once all before are taken. They must not change before they are. */
  open(chunk: Uint8Array): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#passFrom = 0;
  }

  /** Exactly `count` bytes, valid until the walk's next stop. */
  *take(count: number): Walk<Uint8Array> {
    while (count > 0 && this.#at === this.#chunk.length) yield "bytes";
    const endsAt = this.#at + count;
    if (endsAt <= this.#chunk.length) {
      const token = this.#chunk.subarray(this.#at, endsAt);
      this.#at = endsAt;
      return token;
    }
    this.flush();
    for (let carried = 0; ;) {
      const piece = this.#chunk.subarray(this.#at, this.#at + count - carried);
      this.#carry.set(piece, carried);
      carried += piece.length;
      this.#at += piece.length;
      this.#passFrom = this.#at;
      if (carried === count) break;
      yield "bytes";
    }
    if (!this.#isDropping) this.#carried = count;
    return this.#carry.subarray(0, count);
  }

  /** At least one byte, at most `limit`, as many as are there. Valid while `open`'s are. */
  *some(limit: number): Walk<Uint8Array> {
    while (this.#at === this.#chunk.length) yield "bytes";
    const piece = this.#chunk.subarray(this.#at, this.#at + limit);
    this.#at += piece.length;
    return piece;
  }

  /** `count` bytes in memory of their own. */
  *gather(count: number): Walk<Uint8Array> {
    const whole = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      const piece = yield* this.some(count - filled);
      whole.set(piece, filled);
      filled += piece.length;
    }
    return whole;
  }

  /** Takes the byte that was taken last, and all from there to `stopDropping`, out of the stream. */
  dropFromLast(): void {
    this.#at -= 1;
    this.flush();
    this.#at += 1;
    this.#isDropping = true;
  }

  stopDropping(): void {
    this.#isDropping = false;
    this.#passFrom = this.#at;
  }

  /** Passes on what was taken. */
  flush(): void {
    if (this.#carried > 0) {
      const carried = this.#carry.subarray(0, this.#carried);
      this.#carried = 0;
      this.#onPass(carried);
    }
    if (this.#passFrom < this.#at && !this.#isDropping) {
      this.#onPass(this.#chunk.subarray(this.#passFrom, this.#at));
    }
    this.#passFrom = this.#at;
  }

  /** Counts work, and stops the walk when the turn has had enough of it. */
  *work(amount: number): Walk {
    this.#work += amount;
    if (this.#work < workOfTurn) return;
    this.#work = 0;
    yield "rest";
  }
}
