// A manifest by the recovery key and how long it has waited (shared/protocol.md, "Succession").
// Invariant: only time counts that this edge saw pass by the monotonic clock, boot by boot: a reboot or a wrong wall clock shortens no owner's veto.
import * as v from "valibot";
import { documentHash } from "../shared/document/fields.ts";
import { recoveryWaitSeconds } from "../shared/document/succession.ts";
import type { DocumentHash } from "../shared/ids.ts";
import { momentSchema, type Moment } from "./time.ts";

export const recoveringSchema = v.strictObject({
  hash: documentHash,
  /** When `waitedMs` was last noted. */
  since: momentSchema,
  waitedMs: v.number(),
});
export type Recovering = v.InferOutput<typeof recoveringSchema>;

/** It begins to wait now. */
export function beginRecovery(hash: DocumentHash, now: Moment): Recovering {
  return { hash, since: now, waitedMs: 0 };
}

/** The same with what has passed until now; what a former boot did not note is waited once more. */
export function noteWaited({ hash, since, waitedMs }: Recovering, now: Moment): Recovering {
  const passedMs = since.bootId === now.bootId ? now.monotonicMs - since.monotonicMs : 0;
  return { hash, since: now, waitedMs: waitedMs + passedMs };
}

/** True once no owner can veto it any more. */
export function isWaitOver({ waitedMs }: Recovering): boolean {
  return waitedMs >= recoveryWaitSeconds * 1000;
}
