// Documents that the relay must get: kept until it has acknowledged them, over any number of connections.
// Invariant: bounded; a newer document under the same key replaces the older (of checkpoints only the newest counts).
import type { UpMessage } from "../../shared/control.ts";

/** Kept documents. Beyond, the oldest is given up: a receipt also stands in the journal. */
export const maxKeptDocuments = 256;

export type KeptName = "checkpoint" | "receipt" | "introduced";

export interface Kept {
  readonly name: KeptName;
  readonly message: UpMessage<KeptName>;
}

export class Outbox {
  readonly #kept = new Map<string, Kept>();

  /** Keeps a document until `settled(key, kept)`; says whether another one had to be given up. */
  keep(key: string, kept: Kept): { gaveUp: boolean } {
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    const [oldest] = this.#kept.keys();
    const gaveUp = this.#kept.size > maxKeptDocuments && oldest !== undefined;
    if (gaveUp) this.#kept.delete(oldest);
    return { gaveUp };
  }

  /** The relay has it. A newer one under the same key stays. */
  settled(key: string, kept: Kept): void {
    if (this.#kept.get(key) === kept) this.#kept.delete(key);
  }

  /** Everything kept, oldest first. */
  entries(): readonly (readonly [key: string, kept: Kept])[] {
    return [...this.#kept];
  }
}
