// What a line of grants permits: the founding grant of a request and those that replaced it, judged in one situation. Pure.
// Invariants: a grant is worth what its approvers may give now, never more than the request, the policy or the grant before it;
// minutes are counted from the first admitted opening, of a standing job in each window, and are never more than granted.
import type { Grant } from "../shared/document/grant.ts";
import {
  findTarget,
  policyOf,
  type ManifestTarget,
  type Policy,
} from "../shared/document/manifest.ts";
import type { JobTargets, Request } from "../shared/document/request.ts";
import type { Signer, Verified } from "../shared/document/verify.ts";
import { isWithinWindows, windowAt, type Window } from "../shared/document/windows.ts";
import type { Consumed } from "./consumption.ts";
import type { RefusalReason } from "./refusal.ts";
import { isDeviceBound, mayStillSign } from "./signers.ts";
import { isRevoked, surelyNowMs, type Situation } from "./situation.ts";
import { elapsedMs, type Moment } from "./time.ts";

/** A signer's clock may be this far ahead of a proven one. */
export const clockSkewMs = 5 * 60_000;

/** What became of the checkpoint that a grant embeds. */
export type Anchor =
  /** It is in this edge's journal; the moment is that of its last entry. */
  | { readonly kind: "held"; readonly bootId: string; readonly monotonicMs: number }
  /** This edge signed it and its journal does not hold it: the edge's state was rolled back. */
  | { readonly kind: "lost" }
  /** It is not this edge's checkpoint. */
  | { readonly kind: "foreign" };

/** A grant with what the edge found out about its anchor. */
export interface AnchoredGrant {
  readonly grant: Verified<Grant>;
  readonly anchor: Anchor;
}

/** One job as the edge knows it. */
export interface Job {
  readonly request: Verified<Request>;
  /** Founder first, the one in force last. Empty while the request waits. */
  readonly line: readonly AnchoredGrant[];
  readonly consumed: Consumed;
}

/** A target that a grant opens, with what may be done on it. */
export interface GrantedTarget {
  readonly target: ManifestTarget;
  readonly policy: Policy;
  readonly rights: readonly string[];
}

/** The grant in force. */
export function grantInForce(job: Job): AnchoredGrant | undefined {
  return job.line.at(-1);
}

/** Why a line permits nothing now, if so. */
export function faultOfLine(job: Job, situation: Situation): RefusalReason | undefined {
  for (const [index, item] of job.line.entries()) {
    const fault = faultOfPlace(item.grant, job.line[index - 1]?.grant);
    if (fault !== undefined) return fault;
  }
  const inForce = grantInForce(job);
  if (inForce === undefined) return "request-missing";
  return faultOfGrant(job, inForce, situation) ?? faultOfClock(job, inForce, situation);
}

/** Why `next` cannot follow in the job's line, if so. The same grant again is no fault. */
export function faultOfNext(
  job: Job,
  next: AnchoredGrant,
  situation: Situation,
): RefusalReason | undefined {
  if (job.line.some(({ grant }) => grant.hash === next.grant.hash)) return undefined;
  return faultOfLine({ ...job, line: [...job.line, next] }, situation);
}

/** Targets of the grant in force that are still to be had. */
export function grantedTargets(job: Job, situation: Situation): GrantedTarget[] {
  return targetsHere(grantInForce(job)?.grant.payload.targets ?? [], situation);
}

/** Those of the targets that the manifest lists on this edge, with the rights that it leaves of them. */
export function targetsHere(targets: JobTargets, situation: Situation): GrantedTarget[] {
  return targets.flatMap(({ id, rights: asked }) => {
    const target = findTarget(situation.manifest, id);
    if (target?.edge !== situation.edge) return [];
    const rights = asked.filter((right) => target.rights.includes(right));
    if (rights.length === 0) return [];
    return [{ target, rights, policy: policyOf(situation.manifest, target) }];
  });
}

/** Milliseconds that the job may still run, were its minutes to begin now if they have not. */
export function leftMs(job: Job, situation: Situation): number {
  const inForce = grantInForce(job);
  if (inForce === undefined) return 0;
  const { minutes, endsAt } = inForce.grant.payload;
  const started = startedNow(job, situation);
  const usedMs = started === undefined ? 0 : elapsedMs(started, situation.time);
  const lastAt = windowNow(job, situation)?.endsAt ?? endsAt;
  const nowMs = latestNowMs(inForce, situation);
  return Math.max(0, Math.min(minutes * 60_000 - usedMs, lastAt * 1000 - nowMs));
}

/** The window of a standing job in which it is now; undefined outside of all, and for a job without windows. */
export function windowNow(job: Job, situation: Situation): Window | undefined {
  const windows = grantInForce(job)?.grant.payload.windows ?? null;
  return windows === null ? undefined : windowAt(windows, surelyNowMs(situation) / 1000);
}

/** When the minutes began that count now: of a standing job those of the present window. */
export function startedNow(job: Job, situation: Situation): Moment | undefined {
  const isStanding = (grantInForce(job)?.grant.payload.windows ?? null) !== null;
  const { started, window } = job.consumed;
  if (!isStanding) return started;
  return window === windowNow(job, situation)?.startsAt ? started : undefined;
}

/** Why a standing job may not be carried out at this moment, if so; its grants stand all the same. */
export function faultOfWindow(job: Job, situation: Situation): RefusalReason | undefined {
  if ((grantInForce(job)?.grant.payload.windows ?? null) === null) return undefined;
  // Attack: whoever tells such a box the time says which hour it is.
  if (!situation.time.proven) return "time-unproven";
  const window = windowNow(job, situation);
  if (window === undefined) return "outside-window";
  // Attack: a clock put back to a window that is over, for its minutes once more.
  if (window.startsAt < (job.consumed.window ?? 0)) return "outside-window";
  return leftMs(job, situation) <= 0 ? "minutes-spent" : undefined;
}

/** Milliseconds until the first opening would come too late; Infinity once there was one, and for a standing job, which has its end alone. */
export function startLeftMs(job: Job, situation: Situation): number {
  const inForce = grantInForce(job);
  if (inForce === undefined || inForce.grant.payload.windows !== null) return Infinity;
  if (job.consumed.started !== undefined) return Infinity;
  return inForce.grant.payload.startBeforeAt * 1000 - latestNowMs(inForce, situation);
}

// Attack: a second grant for one request (a sibling) would double its minutes; a replacing one could smuggle in another vendor or more targets.
function faultOfPlace(
  { payload: grant }: Verified<Grant>,
  predecessor: Verified<Grant> | undefined,
): RefusalReason | undefined {
  if (grant.replaces !== (predecessor?.hash ?? null)) return "grant-is-sibling";
  if (predecessor === undefined) return undefined;
  const before = predecessor.payload;
  if (grant.vendor !== before.vendor) return "grant-of-other-vendor";
  if (!isWithin(grant.targets, before.targets)) return "grant-exceeds-predecessor";
  if (!isWithinWindows(grant.windows, before.windows)) return "grant-exceeds-predecessor";
  return undefined;
}

function faultOfGrant(
  job: Job,
  { grant, anchor }: AnchoredGrant,
  situation: Situation,
): RefusalReason | undefined {
  const { payload } = grant;
  const request = job.request.payload;
  if (payload.site !== situation.site) return "foreign-site";
  if (payload.edge !== situation.edge) return "foreign-edge";
  if (payload.request !== job.request.hash) return "grant-of-other-request";
  if (payload.vendor !== request.vendor) return "grant-of-other-vendor";
  if (!isWithin(payload.targets, request.targets)) return "grant-exceeds-request";
  if (!isWithinWindows(payload.windows, request.windows)) return "grant-exceeds-request";
  if (isRevoked(situation, "request", job.request.hash)) return "request-revoked";
  if (!situation.lineage.has(payload.manifest)) return "manifest-unknown";
  if (anchor.kind === "foreign") return "anchor-foreign";
  if (anchor.kind === "lost") return "anchor-lost";
  if (!situation.time.proven && anchor.bootId !== situation.time.bootId) {
    return "anchor-of-other-boot";
  }
  const targets = grantedTargets(job, situation);
  if (targets.length === 0) return "target-unknown";
  if (targets.some(({ policy }) => payload.minutes > policy.maxMinutes)) {
    return "grant-exceeds-policy";
  }
  return targets.every(({ policy }) => isApproved(grant, policy, situation))
    ? undefined
    : "approvers-missing";
}

function faultOfClock(
  job: Job,
  inForce: AnchoredGrant,
  situation: Situation,
): RefusalReason | undefined {
  const { issuedAt, endsAt, windows } = inForce.grant.payload;
  const { proven, wallMs } = situation.time;
  if (proven && issuedAt * 1000 > wallMs + clockSkewMs) return "grant-from-future";
  if (startLeftMs(job, situation) <= 0) return "start-missed";
  if (latestNowMs(inForce, situation) >= endsAt * 1000) return "grant-ended";
  if (windows !== null) return undefined;
  return leftMs(job, situation) <= 0 ? "minutes-spent" : undefined;
}

// Without proven time a withheld grant must not gain by the delay: it was issued after its anchor was made, so it cannot be later now than
// its own issue plus all that the monotonic clock counted since the anchor.
function latestNowMs({ grant, anchor }: AnchoredGrant, situation: Situation): number {
  const { time } = situation;
  if (time.proven || anchor.kind !== "held" || anchor.bootId !== time.bootId) {
    return surelyNowMs(situation);
  }
  const sinceAnchorMs = time.monotonicMs - anchor.monotonicMs;
  return Math.max(time.floorMs, grant.payload.issuedAt * 1000 + sinceAnchorMs);
}

// A threshold counts distinct persons who may approve under this policy now; the requester is never one of them.
function isApproved(grant: Verified<Grant>, policy: Policy, situation: Situation): boolean {
  const persons = grant.signers
    .filter((signer) => signer.name !== grant.payload.vendor)
    .filter((signer) => policy.approvers?.some((id) => id === signer.name) ?? true)
    .filter((signer) => mayStillSign(signer, "approver", situation))
    .filter((signer) => isOfKind(grant, signer, policy))
    .map((signer) => signer.name);
  return new Set(persons).size >= policy.approversNeeded;
}

function isOfKind(grant: Verified<Grant>, signer: Signer, policy: Policy): boolean {
  if (policy.passkeysOnly && signer.key.kind !== "passkey") return false;
  return !policy.deviceBound || isDeviceBound(grant.envelope, signer);
}

function isWithin(inner: JobTargets, outer: JobTargets): boolean {
  return inner.every(({ id, rights }) => {
    const allowed = outer.find((item) => item.id === id)?.rights ?? [];
    return rights.every((right) => allowed.includes(right));
  });
}
