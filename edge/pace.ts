// How often somebody may do what costs the edge a file or a journal entry: some at once, then at a steady rate. Monotonic time alone.
// Invariant: whoever is known, and hostile, fills the disk no faster than this.
import type { Clock } from "../shared/clock.ts";

export interface PaceOptions {
  readonly atOnce: number;
  readonly oneEveryMs: number;
}

/** One person's, or one session's. */
export class Pace {
  readonly #options: PaceOptions;
  readonly #clock: Clock;
  #left: number;
  #countedMs: number;

  constructor(clock: Clock, options: PaceOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#left = options.atOnce;
    this.#countedMs = clock.monotonicMs();
  }

  /** Takes one; false if it is too soon. */
  take(): boolean {
    const { atOnce, oneEveryMs } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(atOnce, this.#left + (nowMs - this.#countedMs) / oneEveryMs);
    this.#countedMs = nowMs;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
