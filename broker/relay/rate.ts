// Token buckets, so that no person, edge or address can flood the relay. They live in memory: a restart forgives, the store does not grow.
import type { Clock } from "../../shared/clock.ts";
import { SallyportError } from "../../shared/errors.ts";

export interface RateLimit {
  /** How many may come at once. */
  readonly burst: number;
  readonly perMinute: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const mostBuckets = 50_000;

/** A refusal that says when to come again. */
export class RateLimitedError extends SallyportError {
  readonly retryAfterSeconds: number;

  constructor(message: string, retryAfterSeconds: number) {
    super("rate_limited", message, { retryable: true });
    this.retryAfterSeconds = Math.max(1, Math.ceil(retryAfterSeconds));
  }
}

/** One limit, counted for each subject apart. */
export class Rate {
  readonly #limit: RateLimit;
  readonly #clock: Clock;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  /** Takes one from the subject's bucket; throws `RateLimitedError` when it is empty. */
  take(subject: string): void {
    const waitMs = this.tryTake(subject);
    if (waitMs === 0) return;
    const { perMinute } = this.#limit;
    throw new RateLimitedError(`more than ${perMinute} a minute, slow down`, waitMs / 1000);
  }

  /** Takes one and returns 0, or takes none and returns how many milliseconds to wait for it. */
  tryTake(subject: string): number {
    const { burst, perMinute } = this.#limit;
    const nowMs = this.#clock.monotonicMs();
    const held = this.#buckets.get(subject) ?? { tokens: burst, atMs: nowMs };
    const refilled = held.tokens + ((nowMs - held.atMs) * perMinute) / 60_000;
    const bucket = { tokens: Math.min(burst, refilled), atMs: nowMs };
    this.#buckets.delete(subject); // set anew: the map's order is by last use
    this.#buckets.set(subject, bucket);
    if (this.#buckets.size > mostBuckets) this.#forgetOldest();
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) * 60_000) / perMinute);
    bucket.tokens -= 1;
    return 0;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

/** An address as it is counted: a whole /64 of IPv6 is one household. */
export function addressSubject(address: string): string {
  if (!address.includes(":")) return address;
  if (address.startsWith("::ffff:")) return address.slice("::ffff:".length);
  const [head = "", tail] = new URL(`http://[${address.split("%")[0]}]`).hostname
    .slice(1, -1)
    .split("::");
  const left = head === "" ? [] : head.split(":");
  const zeros = tail === undefined ? [] : Array<string>(8).fill("0");
  return [...left, ...zeros].slice(0, 4).join(":");
}
