// What is locked down at a site, as its edges have told by receipt, and what has been signed to lift it.
import { fromBase64Url } from "../bytes.ts";
import { hashEnvelope, type Envelope } from "../document/envelope.ts";
import {
  verifyLockdown,
  type LockedDown,
  type Lockdown,
  type LockdownScope,
} from "../document/lockdown.ts";
import type { Verified } from "../document/verify.ts";
import type { EdgeId } from "../ids.ts";
import { liftsOf } from "./lifts.ts";
import { awaitReceipts, type Carried } from "./receipts.ts";
import type { Side } from "./side.ts";

/** A lockdown with the journal entries that its edges have told, and what has been signed to lift them. */
export interface StandingLockdown {
  readonly id: string;
  readonly lockdown: Verified<Lockdown>;
  readonly entries: readonly StandingEntry[];
}

export interface StandingEntry extends LockedDown {
  /** All lifts of it that the relay shows, whatever they are worth. */
  readonly lifts: readonly Envelope[];
  readonly lifted: boolean;
}

/** All lockdowns of the site, in the relay's order. */
export async function standingLockdowns(side: Side): Promise<StandingLockdown[]> {
  const stored = await side.relay.documents(["lockdown", "lift"]);
  const byType = Map.groupBy(stored, ({ type }) => type);
  const allLifts = (byType.get("lift") ?? []).map(({ envelope }) => envelope);
  const found: StandingLockdown[] = [];
  for (const { envelope } of byType.get("lockdown") ?? []) {
    const verified = await verifyLockdown(envelope, side.held).catch(() => undefined);
    if (verified === undefined) continue;
    const { scope } = verified.payload;
    const carried = await awaitReceipts(side, verified.hash, edgesOf(side, scope), 0);
    const entries: StandingEntry[] = [];
    for (const { edge, receipt } of carried) {
      if (receipt?.payload.outcome !== "done") continue;
      const locked = { edge, entry: receipt.payload.entry.hash, scope };
      const lifts = liftsOf(allLifts, locked);
      const answers = await Promise.all(
        lifts.map(async (each) => awaitReceipts(side, await hashEnvelope(each), [edge], 0)),
      );
      entries.push({ ...locked, lifts, lifted: answers.flat().some(isDone) });
    }
    found.push({ id: lockdownId(verified.hash), lockdown: verified, entries });
  }
  return found;
}

function isDone({ state }: Carried): boolean {
  return state === "done";
}

/** The edges that a scope concerns. */
export function edgesOf(side: Side, scope: LockdownScope): EdgeId[] {
  const { edges, targets } = side.held.manifest.payload;
  if (scope.kind === "site") return edges.map(({ id }) => id);
  if (scope.kind === "edge") return [scope.id];
  return targets.filter(({ id }) => id === scope.id).map(({ edge }) => edge);
}

/** What people call a lockdown. */
export function lockdownId(hash: string): string {
  return fromBase64Url(hash).toHex().slice(0, 10);
}
