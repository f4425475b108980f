// The receiving half of a channel's memory: how many items came, and of those how many are settled in their order (shared/protocol.md, "Items").
// Invariant: `settled` counts only items before which everything is settled; it is what an ack says.
import { SallyportError } from "../errors.ts";
import { windowBytes } from "./bounds.ts";

/** An item that came and is not yet settled. */
export interface IncomingItem {
  readonly weight: number;
  isSettled: boolean;
}

export class Inbox {
  readonly #pending: IncomingItem[] = [];
  #received = 0;
  #settled = 0;
  #weight = 0;

  /** Items that came, over all epochs: what a *have* says. */
  get received(): number {
    return this.#received;
  }

  get settled(): number {
    return this.#settled;
  }

  /** Weight of what came and is not settled. */
  get weight(): number {
    return this.#weight;
  }

  /** Counts the next item; throws `channel_bound` if the other side does not keep to the window. */
  receive(weight: number): IncomingItem {
    if (this.#weight + weight > windowBytes) {
      throw new SallyportError(
        "channel_bound",
        `${this.#weight + weight} bytes sent and not acknowledged, expected at most ${windowBytes}`,
      );
    }
    const item = { weight, isSettled: false };
    this.#pending.push(item);
    this.#received += 1;
    this.#weight += weight;
    return item;
  }

  /** Returns the weight that is settled by this, in order; 0 while an earlier item is not. */
  settle(item: IncomingItem): number {
    item.isSettled = true;
    let freed = 0;
    while (this.#pending[0]?.isSettled === true) {
      freed += this.#pending[0].weight;
      this.#pending.shift();
      this.#settled += 1;
    }
    this.#weight -= freed;
    return freed;
  }
}
