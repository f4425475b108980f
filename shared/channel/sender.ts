// The sending half of a channel (shared/protocol.md, "Items"): what is written goes out at once if link, window and budget allow, else waits.
// Invariant: at the bound the source is told to wait; a source that does not is stopped at twice the bound.
import { copyOf } from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import { windowBytes } from "./bounds.ts";
import type { Budget } from "./budget.ts";
import type { RecordLink } from "./link.ts";
import { Outbox, weightOf } from "./outbox.ts";
import type { RecordType } from "./record.ts";

export class Sender {
  readonly #outbox = new Outbox();
  readonly #budget: Budget;
  readonly #drained: () => void;
  #window: number;
  #link: RecordLink | undefined;
  #isWaiting = false;

  /** `drained` is called when a source that was told to wait may go on. */
  constructor(budget: Budget, window: number, drained: () => void) {
    this.#budget = budget;
    this.#window = window;
    this.#drained = drained;
  }

  /** Weight of what is written and not acknowledged. */
  get weight(): number {
    return this.#outbox.weight;
  }

  /** Goes on over `link` after the first `have` items of the channel; throws `record_invalid` if that cannot be. */
  attach(link: RecordLink, have: number): void {
    this.#outbox.rewind(have);
    this.#link = link;
  }

  detach(): void {
    this.#link = undefined;
  }

  widen(window: number): void {
    this.#window = window;
    this.flush();
  }

  /** Throws `channel_bound` for a source that wrote on for a whole window after it was told to wait. */
  requireRoom(): void {
    if (this.#outbox.weight > 2 * windowBytes) {
      throw new SallyportError("channel_bound", "written on without waiting for the drain");
    }
  }

  /** Takes one item; `content` is free for reuse afterwards. */
  push(type: RecordType, content: Uint8Array): void {
    const weight = weightOf(content);
    this.#budget.take(weight);
    const link = this.#link;
    if (link?.isReady === true && this.#outbox.hasRoom(weight, this.#window)) {
      const record = link.seal(type, content);
      this.#outbox.addSent(weight, record);
      link.send(record);
    } else {
      this.#outbox.add(type, copyOf(content));
      this.flush();
    }
  }

  /** Sends what waits, as far as the bounds allow, and then wakes the source. */
  flush(): void {
    for (let link = this.#link; link?.isReady === true; link = this.#link) {
      const item = this.#outbox.nextWithin(this.#window);
      if (item === undefined) break;
      const record =
        "record" in item ? link.sealAgain(item.record) : link.seal(item.type, item.content);
      this.#outbox.markSent(record);
      link.send(record);
    }
    this.#wake();
  }

  /** Whether the source may write on; if not, `drained` will be called. */
  isWritable(): boolean {
    const isWritable = this.#hasRoom();
    if (!isWritable) this.#wait();
    return isWritable;
  }

  /** The other side has dealt with `count` items; throws `record_invalid` if that cannot be. True when nothing is left. */
  acknowledge(count: number): boolean {
    this.#budget.give(this.#outbox.acknowledge(count));
    this.flush();
    return this.#outbox.isEmpty;
  }

  close(): void {
    this.#link = undefined;
    this.#isWaiting = false;
    this.#budget.forget(this.#wake);
    this.#budget.give(this.#outbox.weight);
  }

  #hasRoom(): boolean {
    const { weight } = this.#outbox;
    return (
      weight < this.#window &&
      (this.#link === undefined || this.#link.isReady) &&
      this.#budget.allows(weight)
    );
  }

  #wait(): void {
    this.#isWaiting = true;
    if (!this.#budget.allows(this.#outbox.weight)) this.#budget.whenFree(this.#wake);
  }

  readonly #wake = (): void => {
    if (!this.#isWaiting) return;
    // Half a window of room, so that the source is not woken for every single record.
    if (this.#outbox.weight > this.#window / 2 || !this.#hasRoom()) {
      this.#wait();
      return;
    }
    this.#isWaiting = false;
    this.#drained();
  };
}
