// What an edge does from time to time: it keeps the floor of time while somebody is in, and lets count what only waited for time to pass.
import type { Clock } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";

/** While a session runs the floor of time is kept at least so often: what a power cycle and a wrong clock could give back to a job. */
export const floorEveryMs = 60_000;
export const choreEveryMs = 10 * 60_000;

export interface ChoresOptions {
  readonly clock: Clock;
  /** Whether a session runs. */
  readonly isBusy: () => boolean;
  readonly time: { save(): Promise<void> };
  readonly trust: { settleRecovery(): Promise<void> };
  readonly webPanels: { renew(): void };
  readonly log: (line: string) => void;
}

/** Runs until it is disposed of. What fails is logged, and done again when it is due. */
export class Chores implements Disposable {
  readonly #options: ChoresOptions;
  #timer: Disposable;
  #doneMs: number;

  constructor(options: ChoresOptions) {
    this.#options = options;
    this.#doneMs = options.clock.monotonicMs();
    this.#timer = this.#next();
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #next(): Disposable {
    return this.#options.clock.setTimer(floorEveryMs, () => {
      this.#timer = this.#next();
      this.#run().catch((fault: unknown) => this.#options.log(`chores: ${messageOf(fault)}`));
    });
  }

  async #run(): Promise<void> {
    const { clock, isBusy, time, trust, webPanels } = this.#options;
    const isDue = clock.monotonicMs() - this.#doneMs >= choreEveryMs;
    if (isDue) {
      this.#doneMs = clock.monotonicMs();
      webPanels.renew();
    }
    if (!isDue && !isBusy()) return;
    await Promise.all([isDue ? trust.settleRecovery() : undefined, time.save()]);
  }
}
