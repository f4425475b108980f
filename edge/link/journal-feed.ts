// Sends the journal's headers to the relay, in order and at a bounded rate. The journal itself is the queue: what the relay has not
// acknowledged is read again and sent again (shared/protocol.md, "Control and tunnels").
// Invariants: one message is under way at a time; the position moves by the relay's word alone, forwards or, after it lost its store, back.
import type { Clock } from "../../shared/clock.ts";
import type { UpMessage } from "../../shared/control.ts";
import { maxJournalHeaders } from "../../shared/control.ts";
import { messageOf } from "../../shared/errors.ts";

/** Between two messages: after two weeks without a relay some 8,000 headers a minute follow, beside whatever else the line carries. */
export const journalGapMs = 500;
/** A message that was not acknowledged for so long is sent again. */
export const journalRetryMs = 30_000;

export interface JournalSource {
  /** Entries written so far. */
  readonly length: () => number;
  /** At most `count` headers in their exact text, from entry number `from` on. */
  readonly headersFrom: (from: number, count: number) => Promise<readonly string[]>;
}

export interface JournalFeedOptions {
  readonly journal: JournalSource;
  readonly publish: (name: "journal", batch: UpMessage<"journal">) => Promise<void>;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

export class JournalFeed {
  readonly #options: JournalFeedOptions;
  /** The next entry that the relay lacks; unknown until it has said so on this connection. */
  #position: number | undefined;
  #isUnderWay = false;
  #earliestMs = 0;
  #timer: Disposable | undefined;

  constructor(options: JournalFeedOptions) {
    this.#options = options;
  }

  /** The relay holds `entries` entries. */
  acknowledged(entries: number): void {
    this.#position = Math.min(entries, this.#options.journal.length());
    this.#isUnderWay = false;
    this.#schedule();
  }

  /** The journal has grown. */
  grew(): void {
    if (!this.#isUnderWay) this.#schedule();
  }

  /** The connection is lost: nothing is sent until the next one's first acknowledgement. */
  stop(): void {
    this.#position = undefined;
    this.#isUnderWay = false;
    this.#wait(undefined, 0);
  }

  #schedule(): void {
    const { clock, journal } = this.#options;
    if (this.#position === undefined || this.#position >= journal.length())
      return this.#wait(undefined, 0);
    return this.#wait(() => void this.#send(), this.#earliestMs - clock.monotonicMs());
  }

  async #send(): Promise<void> {
    const { clock, journal, publish, log } = this.#options;
    const from = this.#position;
    if (from === undefined || this.#isUnderWay) return;
    this.#isUnderWay = true;
    this.#earliestMs = clock.monotonicMs() + journalGapMs;
    this.#wait(() => this.#again(), journalRetryMs);
    try {
      const headers = await journal.headersFrom(from, maxJournalHeaders);
      if (headers.length === 0 || this.#position !== from) return;
      await publish("journal", { from, headers: [...headers] });
    } catch (fault) {
      log(`journal's headers not sent: ${messageOf(fault)}`);
    }
  }

  #again(): void {
    this.#isUnderWay = false;
    this.#schedule();
  }

  #wait(act: (() => void) | undefined, delayMs: number): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = act && this.#options.clock.setTimer(Math.max(0, delayMs), act);
  }
}
