// What has been signed so far to lift a closing: as many approvers as the policies ask sign the first one's exact bytes. How many that are depends
// on the journal entry that the edge has told, so it is judged here and on the edge, not at the relay.
import { parseLift, verifyLift, type LockedDown } from "../document/lockdown.ts";
import type { Envelope } from "../document/envelope.ts";
import type { Held } from "../document/held.ts";
import { SallyportError } from "../errors.ts";

/** `enough`: the edge can carry it out. `partial`: all its signatures are good, and further ones are needed. `worthless`: anything else. */
export type LiftState = "enough" | "partial" | "worthless";

/** What a lift is worth for this entry under the held manifest. */
export async function stateOfLift(
  envelope: Envelope,
  held: Held,
  locked: LockedDown,
): Promise<LiftState> {
  try {
    await verifyLift(envelope, held, locked);
    return "enough";
  } catch (thrown) {
    if (!(thrown instanceof SallyportError)) throw thrown;
    return thrown.code === "threshold_missed" ? "partial" : "worthless";
  }
}

/** Lifts of this very entry among what a relay shows, in its order; what cannot be read names nothing. */
export function liftsOf(envelopes: readonly Envelope[], { edge, entry }: LockedDown): Envelope[] {
  return envelopes.filter((envelope) => {
    try {
      const lift = parseLift(envelope);
      return lift.edge === edge && lift.lockdown === entry;
    } catch {
      return false;
    }
  });
}

/** The newest lift of the entry that lacks signatures and nothing else: what the next approver signs. */
export async function unfinishedLift(
  envelopes: readonly Envelope[],
  held: Held,
  locked: LockedDown,
): Promise<Envelope | undefined> {
  for (const envelope of liftsOf(envelopes, locked).toReversed()) {
    if ((await stateOfLift(envelope, held, locked)) === "partial") return envelope;
  }
  return undefined;
}
