// The sending half of a channel's memory: items from the first unacknowledged one to the last written one (shared/protocol.md, "Items").
// Invariant: an item leaves only when the other side acknowledged it; what was sent keeps its sealed record instead of a copy of its plaintext.
import { SallyportError } from "../errors.ts";
import { itemOverheadBytes } from "./bounds.ts";
import type { RecordType, SealedRecord } from "./record.ts";

/** Sent at least once (then `record` is its last form), or only written. */
export type OutgoingItem =
  | { readonly weight: number; readonly record: SealedRecord }
  | { readonly weight: number; readonly type: RecordType; readonly content: Uint8Array };

/** What an item weighs against the bounds. */
export function weightOf(content: Uint8Array): number {
  return content.length + itemOverheadBytes;
}

const compactAfter = 256;

export class Outbox {
  #items: OutgoingItem[] = [];
  /** Acknowledged items still at the front of the array. */
  #gone = 0;
  /** Number of the first item that is not acknowledged. */
  #acknowledged = 0;
  /** Number of the next item to send. */
  #next = 0;
  /** Number after the last item that was ever sent. */
  #highest = 0;
  #weight = 0;
  #sentWeight = 0;

  /** Weight of all items that are not acknowledged. */
  get weight(): number {
    return this.#weight;
  }

  get isEmpty(): boolean {
    return this.#items.length === this.#gone;
  }

  get hasUnsent(): boolean {
    return this.#next - this.#acknowledged < this.#items.length - this.#gone;
  }

  /** Whether an item of `weight` may be sent now, as the next one, within `window`. */
  hasRoom(weight: number, window: number): boolean {
    return !this.hasUnsent && this.#sentWeight + weight <= window;
  }

  /** Adds an item that waits to be sent. It owns its content. */
  add(type: RecordType, content: Uint8Array): void {
    const weight = weightOf(content);
    this.#items.push({ weight, type, content });
    this.#weight += weight;
  }

  /** Adds an item that is being sent as `record`. Only while nothing waits. */
  addSent(weight: number, record: SealedRecord): void {
    this.#items.push({ weight, record });
    this.#weight += weight;
    this.#advance(weight);
  }

  /** The next item to send, if there is one within `window`. */
  nextWithin(window: number): OutgoingItem | undefined {
    const item = this.#items[this.#gone + this.#next - this.#acknowledged];
    return item !== undefined && this.#sentWeight + item.weight <= window ? item : undefined;
  }

  /** The item that `nextWithin` gave was sent as `record`. */
  markSent(record: SealedRecord): void {
    const index = this.#gone + this.#next - this.#acknowledged;
    const { weight } = this.#items[index] as OutgoingItem;
    this.#items[index] = { weight, record };
    this.#advance(weight);
  }

  /** The other side has dealt with the first `count` items of the channel. Returns the weight that this frees. */
  acknowledge(count: number): number {
    if (count < this.#acknowledged || count > this.#next) throw this.#outOfRange("ack", count);
    let freed = 0;
    for (; this.#acknowledged < count; this.#acknowledged += 1) {
      freed += (this.#items[this.#gone] as OutgoingItem).weight;
      this.#gone += 1;
    }
    this.#weight -= freed;
    this.#sentWeight -= freed;
    if (this.#gone >= compactAfter || this.isEmpty) {
      this.#items = this.#items.slice(this.#gone);
      this.#gone = 0;
    }
    return freed;
  }

  /** On a new transport: the other side has the first `have` items, so sending goes on from there. */
  rewind(have: number): void {
    if (have < this.#acknowledged || have > this.#highest) throw this.#outOfRange("have", have);
    this.#next = this.#acknowledged;
    this.#sentWeight = 0;
    while (this.#next < have) {
      const index = this.#gone + this.#next - this.#acknowledged;
      this.#advance((this.#items[index] as OutgoingItem).weight);
    }
  }

  #advance(weight: number): void {
    this.#sentWeight += weight;
    this.#next += 1;
    this.#highest = Math.max(this.#highest, this.#next);
  }

  #outOfRange(what: string, count: number): SallyportError {
    return new SallyportError(
      "record_invalid",
      `${what} of ${count} items, expected ${this.#acknowledged} to ${this.#highest}`,
    );
  }
}
