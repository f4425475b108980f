// The receiving half of a channel (shared/protocol.md, "Items"): items are handed over in order, once, and acknowledged when they have settled.
// Invariants: before `release` nothing is delivered; what is not settled is bounded, by the window and over all channels.
import { concatBytes, copyOf } from "../bytes.ts";
import type { Clock } from "../clock.ts";
import { SallyportError } from "../errors.ts";
import { ackAfterBytes, ackDelayMs, maxControlBytes, maxControlParts } from "./bounds.ts";
import type { Budget } from "./budget.ts";
import { uint64 } from "./fixed-bytes.ts";
import { Inbox } from "./inbox.ts";
import type { IncomingItem } from "./inbox.ts";
import type { RecordLink } from "./link.ts";
import type { ControlMessage } from "./messages.ts";
import { parseControl } from "./messages.ts";
import { weightOf } from "./outbox.ts";
import type { RecordType } from "./record.ts";
import { recordTypes } from "./record.ts";

/** Where items go. */
export interface Consumer {
  data(bytes: Uint8Array, settled: () => void): void;
  control(message: ControlMessage): void;
  end(): void;
  /** Something settled. */
  settled(): void;
}

type Delivery =
  | { readonly kind: "data"; readonly bytes: Uint8Array; readonly item: IncomingItem }
  | { readonly kind: "control"; readonly message: ControlMessage; readonly item: IncomingItem }
  | { readonly kind: "end"; readonly item: IncomingItem };

export class Receiver {
  readonly #inbox = new Inbox();
  readonly #budget: Budget;
  readonly #clock: Clock;
  readonly #consumer: Consumer;
  #link: RecordLink | undefined;
  #controlParts: Uint8Array[] = [];
  #controlBytes = 0;
  /** Deliveries that wait for the channel's user; undefined once the user has it. */
  #held: Delivery[] | undefined = [];
  #awaited: PromiseWithResolvers<ControlMessage> | undefined;
  #ackTimer: Disposable | undefined;
  /** Weight that settled since the last ack. */
  #settledWeight = 0;
  #hasEnded = false;
  #isPaused = false;
  #isFrozen = false;
  #isClosed = false;

  constructor(budget: Budget, clock: Clock, consumer: Consumer) {
    this.#budget = budget;
    this.#clock = clock;
    this.#consumer = consumer;
  }

  /** Items that came, over all epochs. */
  get receivedItems(): number {
    return this.#inbox.received;
  }

  /** True when the other side's end, and all before it, has settled. */
  get isDone(): boolean {
    return this.#hasEnded && this.#inbox.weight === 0;
  }

  attach(link: RecordLink): void {
    this.#link = link;
    this.#isPaused = false;
    this.#isFrozen = false;
  }

  detach(): void {
    this.#link = undefined;
  }

  /** Stops reading for a reason of the owner's. */
  freeze(isFrozen: boolean): void {
    this.#isFrozen = isFrozen;
    if (isFrozen) this.#link?.pause();
    else if (!this.#isPaused) this.#link?.resume();
  }

  /** Takes the next item; throws `record_invalid`, `channel_bound` or `message_invalid` if the other side breaks the protocol. */
  take(type: RecordType, content: Uint8Array): void {
    if (this.#hasEnded) throw new SallyportError("record_invalid", "item after the end");
    const item = this.#inbox.receive(weightOf(content));
    this.#budget.take(item.weight);
    this.#pauseIfOverBudget();
    if (type === recordTypes.data) {
      this.#deliver({ kind: "data", bytes: content, item });
    } else if (type === recordTypes.end) {
      this.#hasEnded = true;
      this.#deliver({ kind: "end", item });
    } else {
      this.#takeControlPart(content, item, type === recordTypes.control);
    }
  }

  /** The next delivery, which has to be a control message; only before `release`. Rejects when the channel closes before. */
  takeControl(): Promise<ControlMessage> {
    const awaited = Promise.withResolvers<ControlMessage>();
    this.#awaited = awaited;
    if (this.#isClosed) awaited.reject(closedEarly());
    this.#offerHeld();
    return awaited.promise;
  }

  /** What came meanwhile is delivered now, and everything else as it comes. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const delivery of held) this.#hand(delivery);
  }

  acknowledge(): void {
    this.#ackTimer?.[Symbol.dispose]();
    this.#ackTimer = undefined;
    this.#settledWeight = 0;
    this.#link?.say(recordTypes.ack, uint64(this.#inbox.settled));
  }

  close(error: SallyportError | undefined): void {
    this.#isClosed = true;
    this.#link = undefined;
    this.#ackTimer?.[Symbol.dispose]();
    this.#budget.forget(this.#readOn);
    this.#budget.give(this.#inbox.weight);
    this.#awaited?.reject(error ?? closedEarly());
  }

  #takeControlPart(content: Uint8Array, item: IncomingItem, isLast: boolean): void {
    // Attack: a small part holds on to the memory of its whole record.
    this.#controlParts.push(copyOf(content));
    this.#controlBytes += content.length;
    if (this.#controlBytes > maxControlBytes || this.#controlParts.length > maxControlParts) {
      throw new SallyportError(
        "message_invalid",
        `control message exceeds ${maxControlBytes} bytes or ${maxControlParts} records`,
      );
    }
    if (!isLast) {
      this.#settle(item);
      return;
    }
    const message = parseControl(concatBytes(...this.#controlParts));
    this.#controlParts = [];
    this.#controlBytes = 0;
    this.#deliver({ kind: "control", message, item });
  }

  #deliver(delivery: Delivery): void {
    if (this.#held === undefined) {
      this.#hand(delivery);
    } else {
      this.#held.push(delivery);
      this.#offerHeld();
    }
  }

  #offerHeld(): void {
    const [first] = this.#held ?? [];
    if (first === undefined || this.#awaited === undefined) return;
    if (first.kind !== "control") {
      throw new SallyportError("message_invalid", `${first.kind} before admission`);
    }
    const awaited = this.#awaited;
    this.#awaited = undefined;
    this.#held?.shift();
    this.#settle(first.item);
    awaited.resolve(first.message);
  }

  #hand(delivery: Delivery): void {
    if (this.#isClosed) return;
    const { item } = delivery;
    switch (delivery.kind) {
      case "data":
        this.#consumer.data(delivery.bytes, () => this.#settle(item));
        break;
      case "control":
        this.#consumer.control(delivery.message);
        this.#settle(item);
        break;
      case "end":
        this.#consumer.end();
        this.#settle(item);
        break;
    }
  }

  #settle(item: IncomingItem): void {
    if (this.#isClosed || item.isSettled) return;
    const freed = this.#inbox.settle(item);
    this.#budget.give(freed);
    this.#readOn();
    this.#settledWeight += freed;
    if (this.isDone || this.#settledWeight >= ackAfterBytes) {
      this.acknowledge();
    } else if (freed > 0) {
      this.#ackTimer ??= this.#clock.setTimer(ackDelayMs, () => this.acknowledge());
    }
    this.#consumer.settled();
  }

  #pauseIfOverBudget(): void {
    if (this.#isPaused || this.#budget.allows(this.#inbox.weight)) return;
    this.#isPaused = true;
    this.#link?.pause();
    this.#budget.whenFree(this.#readOn);
  }

  readonly #readOn = (): void => {
    if (!this.#isPaused || this.#isClosed) return;
    if (!this.#budget.allows(this.#inbox.weight)) {
      this.#budget.whenFree(this.#readOn);
      return;
    }
    this.#isPaused = false;
    if (!this.#isFrozen) this.#link?.resume();
  };
}

function closedEarly(): SallyportError {
  return new SallyportError("transport_lost", "channel closed before it was admitted");
}
