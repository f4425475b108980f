// One piece of work that is done when something came or when something stored falls due: never twice at once, and again if it was asked for meanwhile.
import { wallSeconds, type Clock } from "../../../shared/clock.ts";

/** A fault of the store is not mended by asking at once. */
const faultSeconds = 30;
/** Work that is due again each time it was done is at fault, and must not take the whole processor. */
const mostAtOnce = 20;
/** A wall clock that is set forward is noticed within this. */
const longestWaitSeconds = 60;
const shortestWaitMs = 100;

export interface ScheduleParts {
  readonly clock: Clock;
  /** Does all that is due and answers when the next is, in Unix seconds. */
  readonly work: () => Promise<number | undefined>;
  readonly onFault: (thrown: unknown) => void;
}

export class Schedule {
  readonly #parts: ScheduleParts;
  #timer: Disposable | undefined;
  #running: Promise<void> | undefined;
  #isAsked = false;
  #isOpen = false;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
  }

  /** From now on the work is done. */
  open(): void {
    this.#isOpen = true;
    this.poke();
  }

  /** Has the work done soon. */
  poke(): void {
    this.#isAsked = true;
    if (!this.#isOpen || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Lets what runs end; nothing starts any more. */
  async close(): Promise<void> {
    this.#isOpen = false;
    this.#timer?.[Symbol.dispose]();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, work, onFault } = this.#parts;
    this.#timer?.[Symbol.dispose]();
    let nextAt: number | undefined;
    for (let times = 0; this.#isOpen && times < mostAtOnce; times += 1) {
      const isDue = nextAt !== undefined && nextAt * 1000 <= clock.wallMs();
      if (!this.#isAsked && !isDue) break;
      this.#isAsked = false;
      try {
        nextAt = await work();
      } catch (thrown) {
        onFault(thrown);
        nextAt = wallSeconds(clock) + faultSeconds;
      }
    }
    if (!this.#isOpen || (nextAt === undefined && !this.#isAsked)) return;
    const leftMs = Math.max(shortestWaitMs, (nextAt ?? 0) * 1000 - clock.wallMs());
    const waitMs = Math.min(leftMs, longestWaitSeconds * 1000);
    this.#timer = clock.setTimer(waitMs, () => this.poke());
  }
}
