// Checkpoints for the relay and, through it, for everybody who signs: the edge's word on its journal, a moment after the journal grew.
// Invariant: in a boot without proven time no checkpoint is much younger than the journal's last entry, because a grant's age is measured from that.
import type { Clock } from "../shared/clock.ts";
import type { Envelope } from "../shared/document/envelope.ts";
import { messageOf } from "../shared/errors.ts";
import type { Journal } from "./journal.ts";

/** A burst of entries makes one checkpoint. */
const settleMs = 500;
/** Without proven time: a checkpoint so long after the last entry gets an entry of its own, and is made at least so often. */
const freshMs = 5 * 60_000;
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
  #grewMs: number;

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#grewMs = options.clock.monotonicMs();
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
    const { journal, clock, onGrowth } = this.#options;
    this.soon();
    for await (const { header } of journal.entriesFrom(journal.length, this.#ended.signal)) {
      this.#grewMs = clock.monotonicMs();
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
      if (clock.monotonicMs() - this.#grewMs > freshMs) await journal.append(ownEvent, {});
      // What came meanwhile is in the checkpoint that is made now; its timer would begin a second round beside this one.
      this.#timer?.[Symbol.dispose]();
      if (this.#ended.signal.aborted) return;
      this.#timer = clock.setTimer(freshMs, () => this.#run());
    }
    const checkpoint = await makeCheckpoint();
    if (!this.#ended.signal.aborted) publish(checkpoint);
  }
}
