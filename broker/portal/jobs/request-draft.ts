// What a vendor asks for, from the form's fields to the document that is signed. Pure but for the nonce.
import * as v from "valibot";
import { toBase64Url } from "../../../shared/bytes.ts";
import { findTarget, policyOf, type Manifest } from "../../../shared/document/manifest.ts";
import {
  maxStartSeconds,
  maxTargetsOfJob,
  maxWaitSeconds,
  type Request,
} from "../../../shared/document/request.ts";
import {
  jobWindows,
  maxStandingSeconds,
  type JobWindows,
} from "../../../shared/document/windows.ts";
import type { EdgeId, KeyId, PersonId, SiteId, TargetId } from "../../../shared/ids.ts";
import { opensNothing } from "../../../shared/site/right-choice.ts";
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
  /** Recurring windows, for a job that is begun anew in each; undefined: not. */
  readonly windows: WindowFields | undefined;
}

export interface WindowFields {
  /** ISO weekdays, Monday is 1. */
  readonly days: readonly number[];
  /** As a browser's field for a time holds them. */
  readonly from: string;
  readonly to: string;
  /** The last day, as a browser's field for a date holds it. */
  readonly until: string;
}

export type FieldName = "targets" | "rights" | "reason" | "minutes" | "start" | "windows";

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
  const { targets, minutes, reason, startBeforeAt, windows } = fields;
  const most = mostMinutes(manifest, targets.keys());
  const isMinutes = Number.isInteger(minutes) && minutes >= 1 && minutes <= most;
  const isStart =
    startBeforeAt === undefined || (startBeforeAt > now && startBeforeAt <= now + maxStartSeconds);
  return {
    ...(targets.size === 0 && { targets: ask.faults.targets }),
    ...(targets.size > maxTargetsOfJob && { targets: ask.tooMany(maxTargetsOfJob) }),
    ...([...targets].some(([id, rights]) =>
      opensNothing(findTarget(manifest, id)?.kind ?? "", rights),
    ) && { rights: ask.faults.rights }),
    ...(plain(reason) === "" && { reason: ask.faults.reason }),
    ...(!isMinutes && { minutes: ask.faults.minutes(most) }),
    ...(!isStart && { start: ask.faults.start }),
    ...(windows !== undefined && !isWindows(windows, now) && { windows: ask.faults.windows }),
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
  const windows = (fields.windows && windowsOf(fields.windows)) ?? null;
  const startBeforeAt = windows?.untilAt ?? fields.startBeforeAt ?? issuedAt + nowSeconds;
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
    windows,
    issuedAt,
    nonce: toBase64Url(nonce),
  };
}

/** The windows by this device's clock; undefined if the fields hold none. */
export function windowsOf({ days, from, to, until }: WindowFields): JobWindows | undefined {
  const [year = 0, month = 0, day = 0] = until.split("-").map(Number);
  const parsed = v.safeParse(jobWindows, {
    timeZone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    days: [...days].toSorted((left, right) => left - right),
    from,
    to,
    // The first moment after the last day.
    untilAt: Math.floor(new Date(year, month - 1, day + 1).getTime() / 1000),
  });
  return parsed.success ? parsed.output : undefined;
}

function isWindows(fields: WindowFields, now: number): boolean {
  const windows = windowsOf(fields);
  return (
    windows !== undefined && windows.untilAt > now && windows.untilAt <= now + maxStandingSeconds
  );
}

// Documents hold one line of plain text; what was typed or pasted in several becomes one.
function plain(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .trim();
}
