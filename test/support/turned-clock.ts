// A clock that only a test turns: wall and monotonic time advance together, timers fire in order while it turns.
import type { Clock } from "../../shared/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly act: () => void;
}

export class TurnedClock implements Clock {
  #wallMs: number;
  #monotonicMs = 1_000_000;
  readonly #timers = new Set<Timer>();

  constructor(wallMs: number = Date.parse("2026-11-23T08:00:00Z")) {
    this.#wallMs = wallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setTimer(delayMs: number, act: () => void): Disposable {
    const timer = { atMs: this.#monotonicMs + Math.max(0, delayMs), act };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Turns both clocks on by `stepMs`; due timers fire at their own moment, earliest first. */
  advanceMs(stepMs: number): void {
    const endMs = this.#monotonicMs + stepMs;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= endMs);
      const next = due.sort((left, right) => left.atMs - right.atMs)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#turnTo(next.atMs);
      next.act();
    }
    this.#turnTo(endMs);
  }

  /** Sets the wall clock alone, as a wrong NTP answer or a dead battery does. */
  jumpWallTo(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  #turnTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
