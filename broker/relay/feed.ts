// Wakes those who wait for the next entry of a site's log. It carries no entries: whoever wakes reads the store, so nothing can be missed twice.
import type { Clock } from "../../shared/clock.ts";
import type { SiteId } from "../../shared/ids.ts";

export class Feed {
  readonly #clock: Clock;
  readonly #waiting = new Map<SiteId, Set<() => void>>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called after an entry is in the store. */
  appended(site: SiteId): void {
    for (const wake of this.#waiting.get(site) ?? []) wake();
  }

  /**
   * Answers what `read` finds as soon as it finds something, or its last answer when `waitMs` are over or `signal` aborts.
   * `read` is called at once and after each entry.
   */
  async follow<T>(
    site: SiteId,
    waitMs: number,
    signal: AbortSignal,
    read: () => Promise<{ readonly found: boolean; readonly answer: T }>,
  ): Promise<T> {
    const endMs = this.#clock.monotonicMs() + waitMs;
    for (;;) {
      // Waiting starts before reading: an entry that comes in between wakes too.
      using next = this.#next(site, endMs - this.#clock.monotonicMs(), signal);
      const { found, answer } = await read();
      if (found || signal.aborted || this.#closed) return answer;
      if (this.#clock.monotonicMs() >= endMs) return answer;
      await next.promise;
    }
  }

  /** Lets everybody go who waits, with what there is. */
  close(): void {
    this.#closed = true;
    for (const site of this.#waiting.keys()) this.appended(site);
  }

  #next(
    site: SiteId,
    waitMs: number,
    signal: AbortSignal,
  ): Disposable & { promise: Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>();
    const wakers = this.#waiting.get(site) ?? new Set();
    this.#waiting.set(site, wakers.add(resolve));
    const timer = this.#clock.setTimer(waitMs, resolve);
    const wake = (): void => resolve();
    signal.addEventListener("abort", wake);
    return {
      promise,
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
        signal.removeEventListener("abort", wake);
        wakers.delete(resolve);
        if (wakers.size === 0) this.#waiting.delete(site);
      },
    };
  }
}
