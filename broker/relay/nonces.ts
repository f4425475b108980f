// Nonces for signing in: random, dated and authenticated under a secret of this process, so that giving one out costs no memory and no write, and
// nobody can flush another's. Invariants: a nonce serves one subject, once, within its life; a restart ends them all. Spent ones are remembered
// until their end, and each of those took a valid signature.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../shared/clock.ts";

// Together the 32 bytes that a sign-in document has room for.
const randomLength = 10;
const timeLength = 6;
const tagLength = 16;
const length = randomLength + timeLength + tagLength;

export class Nonces {
  readonly lifeMs: number;
  readonly #clock: Clock;
  readonly #secret = randomBytes(32);
  /** When each spent one ends, in the order in which they were spent. */
  readonly #spent = new Map<string, number>();

  constructor(lifeMs: number, clock: Clock) {
    this.lifeMs = lifeMs;
    this.#clock = clock;
  }

  /** A nonce for a subject, in base64url. */
  issue(subject: string): string {
    const body = Buffer.alloc(randomLength + timeLength);
    randomBytes(randomLength).copy(body);
    const endsMs = Math.ceil(this.#clock.monotonicMs() + this.lifeMs);
    body.writeUIntBE(endsMs, randomLength, timeLength);
    return Buffer.concat([body, this.#tag(subject, body)]).toString("base64url");
  }

  /** Whether this is a nonce of ours for the subject, and still good. Says nothing of whether it was spent. */
  isOurs(subject: string, nonce: string): boolean {
    const bytes = Buffer.from(nonce, "base64url");
    // The decoder takes other spellings too; a nonce has one.
    if (bytes.length !== length || bytes.toString("base64url") !== nonce) return false;
    const body = bytes.subarray(0, -tagLength);
    if (!timingSafeEqual(bytes.subarray(-tagLength), this.#tag(subject, body))) return false;
    return this.#clock.monotonicMs() <= body.readUIntBE(randomLength, timeLength);
  }

  /** True once for each good nonce. To be called after what answers it was verified. */
  spend(subject: string, nonce: string): boolean {
    if (!this.isOurs(subject, nonce) || this.#spent.has(nonce)) return false;
    const nowMs = this.#clock.monotonicMs();
    for (const [old, endsMs] of this.#spent) {
      if (endsMs >= nowMs) break;
      this.#spent.delete(old);
    }
    this.#spent.set(nonce, nowMs + this.lifeMs);
    return true;
  }

  #tag(subject: string, body: Uint8Array): Buffer {
    // The body has a fixed length, so that the two have one reading.
    return createHmac("sha256", this.#secret)
      .update(body)
      .update(subject)
      .digest()
      .subarray(0, tagLength);
  }
}
