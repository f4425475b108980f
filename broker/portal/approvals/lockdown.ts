// Lockdowns with the state of each box, and how they are set and lifted: set by one person without a touch, lifted by as many as the policies ask,
// each signing the first one's exact bytes.
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import type { LockdownScope } from "../../../shared/document/lockdown.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { EdgeId, PersonId } from "../../../shared/ids.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import { stateOfLift, unfinishedLift } from "../../../shared/site/lifts.ts";
import {
  edgesOf,
  standingLockdowns,
  type StandingEntry,
  type StandingLockdown,
} from "../../../shared/site/lockdowns.ts";
import { awaitReceipts } from "../../../shared/site/receipts.ts";
import type { PageSide } from "../person/page-side.ts";
import type { SigningWindow } from "../person/signing-window.ts";
import { signersOf } from "./answers.ts";

const receiptWaitSeconds = 10;

/** One box under a lockdown. `asked`: it has not told yet that it locked. */
export interface EdgeLock {
  readonly edge: EdgeId;
  readonly state: "asked" | "locked" | "lifted";
  readonly entry: StandingEntry | undefined;
  /** Who has signed its lift, while further approvers must. */
  readonly signedBy: readonly PersonId[];
}

export interface Locked {
  readonly standing: StandingLockdown;
  readonly edges: readonly EdgeLock[];
}

/** All lockdowns, newest first. */
export async function lockdownsOf(side: PageSide): Promise<Locked[]> {
  const all = await standingLockdowns(side);
  const locked = all.map(async (standing) => {
    const { scope } = standing.lockdown.payload;
    const edges = edgesOf(side, scope).map(async (edge): Promise<EdgeLock> => {
      const entry = standing.entries.find((each) => each.edge === edge);
      if (entry === undefined) return { edge, state: "asked", entry, signedBy: [] };
      if (entry.lifted) return { edge, state: "lifted", entry, signedBy: [] };
      const partial = await unfinishedLift(entry.lifts, side.held, entry);
      const signedBy = partial === undefined ? [] : await signersOf(side.held, partial);
      return { edge, state: "locked", entry, signedBy };
    });
    return { standing, edges: await Promise.all(edges) };
  });
  return (await Promise.all(locked)).toSorted(
    (left, right) =>
      right.standing.lockdown.payload.issuedAt - left.standing.lockdown.payload.issuedAt,
  );
}

export async function lockDown(
  side: PageSide,
  scope: LockdownScope,
  reason: string,
  touch: SigningWindow | undefined,
): Promise<void> {
  const payload = {
    site: side.id,
    scope,
    reason,
    issuedAt: side.now(),
    nonce: toBase64Url(side.suite.randomBytes(16)),
  };
  const envelope = await side.decide("lockdown", payload, touch);
  await side.give(envelope);
  await awaitReceipts(side, await hashEnvelope(envelope), edgesOf(side, scope), receiptWaitSeconds);
}

/** Signs the lift of one box's lockdown, or adds one's signature to it. */
export async function liftOn(
  side: PageSide,
  { edge, entry }: EdgeLock,
  touch: SigningWindow | undefined,
): Promise<"lifted" | "partly" | "asked"> {
  try {
    if (entry === undefined) throw new SiteFault("conflict", "the box has not locked yet");
    const partial = await unfinishedLift(entry.lifts, side.held, entry);
    const payload = {
      site: side.id,
      edge,
      lockdown: entry.entry,
      reason: "",
      issuedAt: side.now(),
    };
    const envelope =
      partial === undefined
        ? await side.decide("lift", payload, touch)
        : await side.cosign(partial, touch);
    const state = await stateOfLift(envelope, side.held, entry);
    if (state === "worthless")
      throw new SiteFault(
        "forbidden",
        "the rules of what is locked there want other approvers than you",
      );
    const hash = await hashEnvelope(envelope);
    // The box may have refused it before, while signatures were missing.
    const before = await awaitReceipts(side, hash, [edge], 0);
    await side.give(envelope);
    if (state === "partial") return "partly";
    const [carried] = await awaitReceipts(side, hash, [edge], receiptWaitSeconds, before);
    if (carried?.state === "refused")
      throw new SiteFault("refused", carried.receipt?.payload.reason ?? "");
    return carried?.state === "done" ? "lifted" : "asked";
  } catch (thrown) {
    touch?.close();
    throw thrown;
  }
}
