// The host keys and certificates that the device of one stream shows: pinned ones, ones that approvers accepted for the job, and all others, which
// are refused and shown to whoever may accept them.
// Invariant: what stands beside the pins is in the journal before it is used, once in a stream; what is taken back is used no more.
import type { ChangedDevices } from "./changed-devices.ts";
import type { OpeningAdmission } from "./gate.ts";
import type { Journal } from "./journal.ts";
import type { SeenKey } from "./targets/target.ts";

export interface KeyWorld {
  readonly journal: Pick<Journal, "append">;
  readonly changedDevices: Pick<ChangedDevices, "note" | "forget">;
}

type Admission = Pick<OpeningAdmission, "target" | "grant" | "acceptedKeys">;

export class JudgedKeys {
  /** Of the journal's entries about this stream. */
  readonly #ids: Readonly<Record<string, string>>;
  /** Fingerprints beside the pins on which this stream stands, with their entries. */
  readonly #used = new Map<string, Promise<unknown>>();
  #admission: Admission;

  constructor(ids: Readonly<Record<string, string>>, admission: Admission) {
    this.#ids = ids;
    this.#admission = admission;
  }

  /** What the job accepts from now on. */
  follow(admission: Admission): void {
    this.#admission = admission;
  }

  /** True if the stream stands on a key or certificate whose acceptance was taken back. */
  get isLost(): boolean {
    return [...this.#used.keys()].some((fingerprint) => !this.#accepts(fingerprint));
  }

  /** Whether to sign in to a device that shows this. Rejects if what was accepted cannot be written down. */
  async judge({ journal, changedDevices }: KeyWorld, seen: SeenKey): Promise<boolean> {
    const { target, grant } = this.#admission;
    const { shown, fingerprint, pinned, pins, isPinned } = seen;
    if (isPinned) {
      changedDevices.forget(target.id);
      return true;
    }
    changedDevices.note(target.id, { shown, fingerprint, pinned });
    if (!this.#accepts(fingerprint)) return false;
    let entry = this.#used.get(fingerprint);
    if (entry === undefined) {
      const details = { fingerprint, pinned: pins };
      entry = journal.append("device-key-accepted", { ...this.#ids, grant }, details);
      this.#used.set(fingerprint, entry);
    }
    await entry;
    // It may have been taken back while it was written down.
    return this.#accepts(fingerprint);
  }

  #accepts(fingerprint: string): boolean {
    return this.#admission.acceptedKeys.includes(fingerprint);
  }
}
