// How much of the edge's one processor thread a device's pictures may take: everybody else's sessions live on the same thread.
// A panel that is worked with never meets it; a device that floods is walked at a bounded rate, and its own connection slows down with it.
import type { Clock } from "../../../shared/clock.ts";

/** Of the thread's time, in the long run. */
const share = 0.25;
/** What may be spent at once: a large screen drawn anew a few times over. */
const savedMs = 150;
/** A wait shorter than a timer's own grain is none. */
const leastWaitMs = 4;

export class TurnBudget {
  readonly #clock: Clock;
  #leftMs = savedMs;
  #countedMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedMs = clock.monotonicMs();
  }

  /** Does a turn's work and counts its time. */
  spend<Result>(work: () => Result): Result {
    const startMs = this.#clock.monotonicMs();
    try {
      return work();
    } finally {
      const endMs = this.#clock.monotonicMs();
      const earnedMs = (endMs - this.#countedMs) * share;
      this.#leftMs = Math.min(savedMs, this.#leftMs + earnedMs) - (endMs - startMs);
      this.#countedMs = endMs;
    }
  }

  /** How long the next turn has to wait; 0: not at all. */
  get waitMs(): number {
    return this.#leftMs >= 0 ? 0 : Math.max(leastWaitMs, -this.#leftMs / share);
  }
}
