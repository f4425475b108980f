// Recurring windows of a standing job: on which days, from when to when by which clock, and for how long (shared/protocol.md, "Windows").
// Calendar rules go by the IANA zone that ECMAScript's Intl knows, so that edge and browsers count alike without any library.
// Invariant: a window is an interval of real time; where clocks are changed it is begun and ended as the page says, and never twice.
import * as v from "valibot";
import { list, record, secondsAt, whole } from "./fields.ts";

/** A standing permission is looked at again after a season. */
export const maxStandingSeconds = 90 * 24 * 3600;

const daySeconds = 24 * 3600;
const timeOfDay = v.pipe(v.string(), v.regex(/^([01]\d|2[0-3]):[0-5]\d$/, "no time as HH:MM"));

export const jobWindows = v.pipe(
  record({
    /** IANA's name. */
    timeZone: v.pipe(
      v.string(),
      v.regex(/^[A-Za-z][A-Za-z0-9+_/-]{0,63}$/, "no time zone's name"),
      v.check(isTimeZone, "no known time zone"),
    ),
    /** ISO weekdays, Monday is 1, on which a window begins; ascending. */
    days: v.pipe(
      list(whole(1, 7), 1, 7),
      v.check(
        (days) => days.every((day, at) => at === 0 || day > (days[at - 1] ?? 7)),
        "days do not ascend",
      ),
    ),
    from: timeOfDay,
    /** Not after `from`: it ends on the next day. */
    to: timeOfDay,
    untilAt: secondsAt,
  }),
  v.check(({ from, to }) => from !== to, "a window has no length"),
);
export type JobWindows = v.InferOutput<typeof jobWindows>;

/** One window in Unix seconds, its end not in it. */
export interface Window {
  readonly startsAt: number;
  readonly endsAt: number;
}

/** The window in which the moment lies, if it lies in one; where two meet, the one that began first. */
export function windowAt(windows: JobWindows, at: number): Window | undefined {
  const { timeZone, days, from, to, untilAt } = windows;
  if (at >= untilAt) return undefined;
  const today = Math.floor((at + offsetAt(timeZone, at)) / daySeconds);
  // Yesterday's may end today; and a clock that was put forward over midnight begins today's of yesterday.
  for (const date of [today - 1, today]) {
    if (!days.includes(weekdayOf(date))) continue;
    const startsAt = momentOf(timeZone, date * daySeconds + secondsOf(from));
    const endDate = secondsOf(to) > secondsOf(from) ? date : date + 1;
    const endsAt = Math.min(momentOf(timeZone, endDate * daySeconds + secondsOf(to)), untilAt);
    if (startsAt <= at && at < endsAt) return { startsAt, endsAt };
  }
  return undefined;
}

/** True if `inner` opens at no moment at which `outer` does not: the same hours, no more days, not for longer. */
export function isWithinWindows(inner: JobWindows | null, outer: JobWindows | null): boolean {
  if (inner === null || outer === null) return inner === outer;
  return (
    inner.timeZone === outer.timeZone &&
    inner.from === outer.from &&
    inner.to === outer.to &&
    inner.days.every((day) => outer.days.includes(day)) &&
    inner.untilAt <= outer.untilAt
  );
}

/** 1970-01-01, day 0, was a Thursday. */
function weekdayOf(date: number): number {
  return ((date + 3) % 7) + 1;
}

function secondsOf(time: string): number {
  return Number(time.slice(0, 2)) * 3600 + Number(time.slice(3)) * 60;
}

/**
 * The moment at which the zone's clock shows a time (as seconds since 1970 by that clock): the earlier of two; and of none, where the clock
 * is put forward, the one that the clock would show had it not been.
 */
function momentOf(timeZone: string, shown: number): number {
  const before = offsetAt(timeZone, shown - daySeconds);
  const after = offsetAt(timeZone, shown + daySeconds);
  const moments = [before, after]
    .map((offset) => shown - offset)
    .filter((moment) => moment + offsetAt(timeZone, moment) === shown);
  return moments.length === 0 ? shown - before : Math.min(...moments);
}

/** Seconds that the zone's clock is ahead of UTC at a moment. */
function offsetAt(timeZone: string, at: number): number {
  const shown: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of clockOf(timeZone).formatToParts(at * 1000)) {
    shown[type] = Number(value);
  }
  const { year = 0, month = 1, day = 0, hour = 0, minute = 0, second = 0 } = shown;
  return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - at;
}

const clocks = new Map<string, Intl.DateTimeFormat>();
const maxClocks = 64;

function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  if (clocks.size === maxClocks) clocks.clear();
  clocks.set(timeZone, clock);
  return clock;
}

function isTimeZone(name: string): boolean {
  try {
    clockOf(name);
    return true;
  } catch {
    return false;
  }
}
