// Refusals as the journal keeps them: a few in full, the rest as counts, so that nobody fills the disk by being refused.
// Invariant: at most one entry a minute of counts, `fullPerHour` entries in full, and `alarmsPerHour` alarms beside them.
import type { Clock } from "../shared/clock.ts";
import type { SallyportError } from "../shared/errors.ts";
import type { EntryReference } from "./trust-file.ts";
import type { Journal } from "./journal.ts";

const countEveryMs = 60_000;
const fullPerHour = 60;
/** Alarms have an allowance of their own, so that no noise hides one. */
const alarmsPerHour = 30;
const hourMs = 3_600_000;

export interface RefusalsOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Reports that somebody has to look at: two words of the owners, and a state that was put back. */
const alarming: ReadonlySet<string> = new Set(["fork-reported", "rollback-found"]);

/** What was refused since the start, and how the journal learns of it. */
export class Refusals implements Disposable {
  readonly #options: RefusalsOptions;
  #pending: Record<string, number> = {};
  #timer: Disposable | undefined;
  #fullSinceMs: number;
  #fullCount = 0;
  #alarmCount = 0;
  #total = 0;
  readonly #alarms = new Set<string>();

  constructor(options: RefusalsOptions) {
    this.#options = options;
    this.#fullSinceMs = options.clock.monotonicMs();
  }

  get total(): number {
    return this.#total;
  }

  /** What was reported since the start and has to be looked at. */
  get alarms(): readonly string[] {
    return [...this.#alarms];
  }

  /** One more for this reason. */
  count(reason: string): void {
    this.#total += 1;
    this.#pending[reason] = (this.#pending[reason] ?? 0) + 1;
    this.#timer ??= this.#options.clock.setTimer(countEveryMs, () => this.#flush());
  }

  /** An entry of its own if the hour's allowance lasts, else one more for `event`. */
  async report(
    event: string,
    ids: Readonly<Record<string, string>>,
    details: Readonly<Record<string, unknown>>,
  ): Promise<EntryReference | undefined> {
    if (alarming.has(event)) this.#alarms.add(event);
    if (!this.#mayTellInFull(alarming.has(event))) {
      this.count(event);
      return undefined;
    }
    this.#total += 1;
    const { header, hash } = await this.#options.journal.append(event, ids, details);
    return { index: header.n, hash, wallMs: header.wallMs };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
  }

  #mayTellInFull(isAlarm: boolean): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#fullSinceMs >= hourMs) {
      this.#fullSinceMs = nowMs;
      this.#fullCount = 0;
      this.#alarmCount = 0;
    }
    if (isAlarm) {
      this.#alarmCount += 1;
      return this.#alarmCount <= alarmsPerHour;
    }
    this.#fullCount += 1;
    return this.#fullCount <= fullPerHour;
  }

  #flush(): void {
    const counts = this.#pending;
    this.#pending = {};
    this.#timer = undefined;
    this.#options.journal
      .append("refusals-counted", {}, counts)
      .catch((fault: Error) => this.#options.log(`refusals not journaled: ${fault.message}`));
  }
}

/** True for what the edge could not write down: its own failure, and no fault of the document. */
export function isOwnFailure({ code }: SallyportError): boolean {
  return code === "disk_full" || code === "file_invalid" || code === "journal_damaged";
}
