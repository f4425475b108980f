// Devices that showed another host key or certificate than the pinned one, until they show a pinned one again or an owner pins anew: what an approver has to
// see before he accepts the new key for a job. In memory alone: the journal has it for good, and the next attempt brings it again.
import type { Clock } from "../shared/clock.ts";
import type { TargetId } from "../shared/ids.ts";

/** An RSA key of 16384 bits has less than half of it. */
const maxLineCharacters = 8192;

/** What was shown, beside what was pinned then: host keys as OpenSSH's lines, certificates as their fingerprints. */
export interface ShownKey {
  readonly shown: string;
  /** Of `shown`: what a grant names. */
  readonly fingerprint: string;
  readonly pinned: readonly string[];
}

export class ChangedDevices {
  readonly #clock: Pick<Clock, "wallMs">;
  readonly #changed = new Map<TargetId, ShownKey & { readonly at: number }>();

  constructor(clock: Pick<Clock, "wallMs">) {
    this.#clock = clock;
  }

  /** The last one counts. A line longer than any key that is in use is not kept: whoever stands at the address sent it. */
  note(target: TargetId, key: ShownKey): void {
    if (key.shown.length > maxLineCharacters) return;
    this.#changed.set(target, { ...key, at: Math.floor(this.#clock.wallMs() / 1000) });
  }

  forget(target: TargetId): void {
    this.#changed.delete(target);
  }

  list(): readonly (ShownKey & { readonly target: TargetId; readonly at: number })[] {
    return [...this.#changed].map(([target, key]) => ({ target, ...key }));
  }
}
