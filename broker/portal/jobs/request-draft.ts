// What a vendor asks for, from the form's fields to the document that is signed. Pure but for the nonce.
import { toBase64Url } from "../../../shared/bytes.ts";
import { findTarget, policyOf, type Manifest } from "../../../shared/document/manifest.ts";
import {
  maxStartSeconds,
  maxTargetsOfJob,
  maxWaitSeconds,
  type Request,
} from "../../../shared/document/request.ts";
import type { EdgeId, KeyId, PersonId, SiteId, TargetId } from "../../../shared/ids.ts";
import { ask } from "../texts/jobs.ts";

/** Somebody who asks for now begins within a shift. */
const nowSeconds = 8 * 3600;
/** Above it a policy's bound is a matter of commissioning, not of a day's work. */
const usualMinutes = 60;
export const offeredMinutes: readonly number[] = [15, 30, 60, 120];

export interface RequestFields {
  /** Rights chosen per target. */
  readonly targets: ReadonlyMap<TargetId, readonly string[]>;
  readonly minutes: number;
  readonly reason: string;
  readonly ticket: string;
  /** Unix seconds; undefined: now. */
  readonly startBeforeAt: number | undefined;
}

export type FieldName = "targets" | "rights" | "reason" | "minutes" | "start";

/** The longest job on these targets: the tightest policy decides; without any, the most generous one. */
export function mostMinutes(manifest: Manifest, targets: Iterable<TargetId>): number {
  const bounds = [...targets].flatMap((id) => {
    const target = findTarget(manifest, id);
    return target === undefined ? [] : [policyOf(manifest, target).maxMinutes];
  });
  if (bounds.length > 0) return Math.min(...bounds);
  return Math.max(...manifest.policies.map(({ maxMinutes }) => maxMinutes));
}

/** What is preset where the policies allow it. */
export function presetMinutes(most: number): number {
  return Math.min(usualMinutes, most);
}

/** The one edge of the chosen targets. */
export function edgeOf(manifest: Manifest, targets: Iterable<TargetId>): EdgeId | undefined {
  const [first] = targets;
  return first === undefined ? undefined : findTarget(manifest, first)?.edge;
}

/** What is wrong, by field; empty if it can be asked. */
export function faultsOf(
  fields: RequestFields,
  manifest: Manifest,
  now: number,
): Partial<Record<FieldName, string>> {
  const { targets, minutes, reason, startBeforeAt } = fields;
  const most = mostMinutes(manifest, targets.keys());
  const isMinutes = Number.isInteger(minutes) && minutes >= 1 && minutes <= most;
  const isStart =
    startBeforeAt === undefined || (startBeforeAt > now && startBeforeAt <= now + maxStartSeconds);
  return {
    ...(targets.size === 0 && { targets: ask.faults.targets }),
    ...(targets.size > maxTargetsOfJob && { targets: ask.tooMany(maxTargetsOfJob) }),
    ...([...targets.values()].some((rights) => rights.length === 0) && {
      rights: ask.faults.rights,
    }),
    ...(plain(reason) === "" && { reason: ask.faults.reason }),
    ...(!isMinutes && { minutes: ask.faults.minutes(most) }),
    ...(!isStart && { start: ask.faults.start }),
  };
}

/** The document of fields without faults. */
export function requestOf(
  fields: RequestFields,
  by: {
    readonly site: SiteId;
    readonly edge: EdgeId;
    readonly vendor: PersonId;
    readonly key: KeyId;
  },
  nonce: Uint8Array,
  issuedAt: number,
): Request {
  const startBeforeAt = fields.startBeforeAt ?? issuedAt + nowSeconds;
  return {
    site: by.site,
    edge: by.edge,
    vendor: by.vendor,
    key: by.key,
    targets: [...fields.targets].map(([id, rights]) => ({ id, rights: [...rights] })),
    minutes: fields.minutes,
    startBeforeAt,
    waitUntilAt: Math.min(startBeforeAt, issuedAt + maxWaitSeconds),
    reason: plain(fields.reason),
    ticket: plain(fields.ticket) || null,
    windows: null,
    issuedAt,
    nonce: toBase64Url(nonce),
  };
}

// Documents hold one line of plain text; what was typed or pasted in several becomes one.
function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .trim();
}
