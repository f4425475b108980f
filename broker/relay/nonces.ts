// Nonces for signing in: random, dated and authenticated by the relay's own key, so that giving one out costs no memory and no write,
// and nobody can flush another's. A nonce counts once: the spent ones are kept until their end.
import {
  concatBytes,
  equalBytes,
  fromBase64Url,
  lengthPrefixed,
  toBase64Url,
  utf8,
} from "../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { AccountRows } from "./store/account-rows.ts";

const lifeSeconds = 120;
// Together the 32 bytes that a sign-in document has room for.
const randomLength = 12;
const timeLength = 4;
const tagLength = 16;

export interface Nonce {
  readonly nonce: string;
  readonly endsAt: number;
}

export class Nonces {
  readonly #key: Uint8Array;
  readonly #suite: CryptoSuite;
  readonly #rows: AccountRows;
  readonly #clock: Clock;

  constructor(key: Uint8Array, suite: CryptoSuite, rows: AccountRows, clock: Clock) {
    this.#key = key;
    this.#suite = suite;
    this.#rows = rows;
    this.#clock = clock;
  }

  /** A nonce for one purpose, good for two minutes. */
  async issue(purpose: string): Promise<Nonce> {
    const endsAt = wallSeconds(this.#clock) + lifeSeconds;
    const time = new Uint8Array(timeLength);
    new DataView(time.buffer).setUint32(0, endsAt);
    const body = concatBytes(this.#suite.randomBytes(randomLength), time);
    return { nonce: toBase64Url(concatBytes(body, await this.#tag(purpose, body))), endsAt };
  }

  /** Spends a nonce; throws `unauthorised` for one that is forged, old, spent, or for another purpose. */
  async spend(purpose: string, nonce: string): Promise<void> {
    const refusal = new SallyportError(
      "unauthorised",
      "nonce is unknown, too old or used, ask for another",
    );
    let bytes: Uint8Array;
    try {
      bytes = fromBase64Url(nonce, randomLength + timeLength + tagLength);
    } catch {
      throw refusal;
    }
    const body = bytes.subarray(0, randomLength + timeLength);
    const tag = await this.#tag(purpose, body);
    if (!equalBytes(tag, bytes.subarray(body.length))) throw refusal;
    const endsAt = new DataView(bytes.buffer, bytes.byteOffset).getUint32(randomLength);
    const now = wallSeconds(this.#clock);
    if (endsAt < now || !(await this.#rows.spendNonce(nonce, endsAt, now))) throw refusal;
  }

  async #tag(purpose: string, body: Uint8Array): Promise<Uint8Array> {
    const info = concatBytes(lengthPrefixed(utf8(purpose)), body);
    return this.#suite.hkdfExpand(this.#key, info, tagLength);
  }
}
