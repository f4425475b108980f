// Checkpoints for the relay and, through it, for everybody who signs: the edge's word on its journal, a moment after the journal grew.
// Invariant: in a boot without proven time every checkpoint has a journal entry of its own, because a grant's age is then measured from it.
import type { Clock } from "../shared/clock.ts";
import type { Envelope } from "../shared/document/envelope.ts";
import { messageOf } from "../shared/errors.ts";
import type { Journal } from "./journal.ts";

/** A burst of entries makes one checkpoint. */
const settleMs = 500;
/** Without proven time an old anchor makes a grant's age uncertain. */
const refreshMs = 5 * 60_000;
const ownEvent = "checkpoint-made";

export interface CheckpointsOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly isProven: () => boolean;
  readonly makeCheckpoint: () => Promise<Envelope>;
  readonly publish: (checkpoint: Envelope) => void;
  /** The journal has grown. */
  readonly onGrowth: () => void;
  readonly log: (line: string) => void;
}

/** Follows the journal until it is disposed of. */
export class Checkpoints implements Disposable {
  readonly #options: CheckpointsOptions;
  readonly #ended = new AbortController();
  #timer: Disposable | undefined;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#follow().catch((fault: unknown) =>
      options.log(`journal not followed: ${messageOf(fault)}`),
    );
  }

  /** Makes and publishes one soon. */
  soon(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#options.clock.setTimer(settleMs, () => this.#run());
  }

  [Symbol.dispose](): void {
    this.#ended.abort();
    this.#timer?.[Symbol.dispose]();
  }

  async #follow(): Promise<void> {
    const { journal, onGrowth } = this.#options;
    this.soon();
    for await (const { header } of journal.entriesFrom(journal.length, this.#ended.signal)) {
      onGrowth();
      if (header.event !== ownEvent) this.soon();
    }
  }

  #run(): void {
    this.#make().catch((fault: unknown) => {
      this.#options.log(`no checkpoint: ${messageOf(fault)}`);
    });
  }

  async #make(): Promise<void> {
    const { journal, clock, isProven, makeCheckpoint, publish } = this.#options;
    if (!isProven()) {
      await journal.append(ownEvent, {});
      this.#timer = clock.setTimer(refreshMs, () => this.#run());
    }
    publish(await makeCheckpoint());
  }
}
