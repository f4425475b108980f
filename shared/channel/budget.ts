// A bound over all channels of a process, beside each channel's own (shared/protocol.md, "Bounds").
// Invariant: a channel at or below its floor is never held back, so the others' traffic cannot starve it.
import { floorBytes, totalWindowBytes } from "./bounds.ts";

export class Budget {
  readonly #limitBytes: number;
  readonly #waiting = new Set<() => void>();
  #usedBytes = 0;

  constructor(limitBytes: number = totalWindowBytes) {
    this.#limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  take(bytes: number): void {
    this.#usedBytes += bytes;
  }

  /** Gives back; those who waited are called once the total is below its limit. */
  give(bytes: number): void {
    this.#usedBytes -= bytes;
    if (this.#usedBytes >= this.#limitBytes || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** Whether a channel that itself holds `ownBytes` may hold more. */
  allows(ownBytes: number): boolean {
    return ownBytes <= floorBytes || this.#usedBytes < this.#limitBytes;
  }

  /** Calls `resume` once, when there is room again. */
  whenFree(resume: () => void): void {
    this.#waiting.add(resume);
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }
}

/** What all channels of one process share. */
export interface Budgets {
  readonly sending: Budget;
  readonly receiving: Budget;
}
