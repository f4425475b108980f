// Growing delays after wrong codes (OWASP ASVS 2.2.1): the first few are free, then each doubles the wait. Kept in the store, so that a
// restart does not forgive a guesser. Invariant: a try is counted before it is looked at, so neither a kill nor parallel tries are free.
import type { Clock } from "../../shared/clock.ts";
import { RateLimitedError } from "./rate.ts";
import type { AccountRows, ThrottleRow } from "./store/account-rows.ts";

export interface ThrottleLimits {
  /** Failures without a wait. */
  readonly free: number;
  readonly firstWaitMs: number;
  readonly longestWaitMs: number;
}

/** Two of a million six-digit codes are good at a time: at 24 tries a day, an even chance takes about 40 years. */
export const personLimits: ThrottleLimits = {
  free: 3,
  firstWaitMs: 15_000,
  longestWaitMs: 3_600_000,
};

/** An address may be a whole office: more room before it waits, and less long. */
export const addressLimits: ThrottleLimits = {
  free: 10,
  firstWaitMs: 15_000,
  longestWaitMs: 900_000,
};

const forgottenAfterMs = 24 * 3_600_000;

export class Throttle {
  readonly #rows: AccountRows;
  readonly #clock: Clock;

  constructor(rows: AccountRows, clock: Clock) {
    this.#rows = rows;
    this.#clock = clock;
  }

  /** Counts a try as failed until `succeeded` says otherwise; throws `RateLimitedError`, and counts nothing, while the subject has to wait. */
  async attempt(subject: string, limits: ThrottleLimits): Promise<void> {
    const nowMs = this.#clock.wallMs();
    // Subjects are also names that strangers make up: what says nothing any more must not pile up.
    await this.#rows.forgetThrottles(nowMs - forgottenAfterMs);
    await this.#rows.changeThrottle(subject, (held) => {
      // A clock set back must not lengthen a wait beyond the longest.
      const waitMs = Math.min((held?.untilMs ?? 0) - nowMs, limits.longestWaitMs);
      if (waitMs > 0) throw new RateLimitedError("too many wrong codes, wait", waitMs / 1000);
      const failures = (held?.failures ?? 0) + 1;
      return { failures, untilMs: nowMs + waitAfter(failures, limits) };
    });
  }

  /** The try was right: the subject starts anew. */
  async succeeded(subject: string): Promise<void> {
    await this.#rows.changeThrottle(subject, () => undefined);
  }

  /** The try was right, and says nothing about the subject's other tries: only this one is taken back. */
  async takenBack(subject: string): Promise<void> {
    const nowMs = this.#clock.wallMs();
    await this.#rows.changeThrottle(subject, (held): ThrottleRow | undefined =>
      held === undefined || held.failures <= 1
        ? undefined
        : { failures: held.failures - 1, untilMs: nowMs },
    );
  }
}

function waitAfter(failures: number, limits: ThrottleLimits): number {
  const doublings = failures - limits.free - 1;
  if (doublings < 0) return 0;
  return Math.min(limits.firstWaitMs * 2 ** Math.min(doublings, 30), limits.longestWaitMs);
}
