// Which numbers of further channels were used, in bounded memory (shared/protocol.md, "Further channels"): as the anti-replay window of
// RFC 4303 §3.4.3. Invariant: a number is used once; one that has fallen behind the window counts as used.
import { numberWindow } from "./bounds.ts";

export class NumberWindow {
  readonly #used = new Set<number>();
  #highest = 0;

  isFresh(number: number): boolean {
    return number > Math.max(0, this.#highest - numberWindow) && !this.#used.has(number);
  }

  /** Uses the number; false if it was used before. */
  use(number: number): boolean {
    if (!this.isFresh(number)) return false;
    this.#used.add(number);
    this.#highest = Math.max(this.#highest, number);
    if (this.#used.size > 2 * numberWindow) {
      for (const old of this.#used) {
        if (old <= this.#highest - numberWindow) this.#used.delete(old);
      }
    }
    return true;
  }
}
