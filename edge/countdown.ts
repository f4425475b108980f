// A session's clockwork: when to warn, when to ask the gate again, when nobody has done anything for too long. Monotonic time alone.
import type { Clock } from "../shared/clock.ts";

/** Before the end, in seconds, most distant first. */
export const warningSeconds: readonly number[] = [300, 60, 15];

export interface CountdownEvents {
  readonly warn: (secondsLeft: number) => void;
  /** Time alone may have changed the gate's answer. */
  readonly due: () => void;
  readonly idle: () => void;
}

/** Disposing stops everything. */
export class Countdown implements Disposable {
  readonly #clock: Clock;
  readonly #events: CountdownEvents;
  #timers: Disposable[] = [];
  #idleTimer: Disposable | undefined;
  #idleLimitMs = Infinity;
  #touchedMs = 0;

  constructor(clock: Clock, events: CountdownEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** Sets everything anew: the gate is due in `validMs`, and the job ends in `leftMs` (Infinity: not yet counting). */
  set(validMs: number, leftMs: number): void {
    this.#stop();
    this.#timers = warningSeconds
      .filter((seconds) => leftMs !== Infinity && leftMs > seconds * 1000)
      .map((seconds) =>
        this.#clock.setTimer(leftMs - seconds * 1000, () => this.#events.warn(seconds)),
      );
    this.#timers.push(this.#clock.setTimer(validMs, this.#events.due));
  }

  /** From now on, `limitMs` without a touch is too long. */
  watchIdle(limitMs: number): void {
    this.#idleLimitMs = limitMs;
    this.touch();
    this.#armIdle();
  }

  /** Somebody is at work. Cheap: called for every piece of data. */
  touch(): void {
    this.#touchedMs = this.#clock.monotonicMs();
  }

  [Symbol.dispose](): void {
    this.#stop();
    this.#idleTimer?.[Symbol.dispose]();
  }

  #armIdle(): void {
    const leftMs = this.#touchedMs + this.#idleLimitMs - this.#clock.monotonicMs();
    if (leftMs <= 0) {
      this.#events.idle();
      return;
    }
    this.#idleTimer = this.#clock.setTimer(leftMs, () => this.#armIdle());
  }

  #stop(): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers = [];
  }
}

/** Waits for `written`, and no longer than `limitMs`. */
export async function atMost(clock: Clock, limitMs: number, written: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimer(limitMs, resolve);
  await Promise.race([written, promise]);
  timer[Symbol.dispose]();
}
