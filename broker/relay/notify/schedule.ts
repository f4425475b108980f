// One piece of work that is done when something came or when something stored falls due: never twice at once, and again if it was asked for meanwhile.
import { wallSeconds, type Clock } from "../../../shared/clock.ts";

/** A fault of the store is not mended by asking at once. */
const faultSeconds = 30;
/** A wall clock that is set forward is noticed within this. */
const longestWaitSeconds = 60;

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
    while (this.#isAsked && this.#isOpen) {
      this.#isAsked = false;
      try {
        nextAt = await work();
      } catch (thrown) {
        onFault(thrown);
        nextAt = wallSeconds(clock) + faultSeconds;
      }
    }
    if (nextAt === undefined || !this.#isOpen) return;
    const waitMs = Math.min(Math.max(0, nextAt * 1000 - clock.wallMs()), longestWaitSeconds * 1000);
    this.#timer = clock.setTimer(waitMs, () => this.poke());
  }
}
