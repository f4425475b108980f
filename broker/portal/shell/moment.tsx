// Moments and lengths of time as people say them: "in 12 min", "3 min ago", with the exact moment in the title. They go on by themselves.
import { useEffect, useState } from "react";
import { times } from "../texts/times.ts";

const tickMs = 5_000;

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clockTime = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const dayAndTime = new Intl.DateTimeFormat(undefined, {
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** Unix milliseconds, anew every `everyMs`. */
export function useNow(everyMs = tickMs): number {
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

/** A moment in Unix seconds, told from now or by this device's clock. */
export function Moment({
  at,
  as = "distance",
}: {
  readonly at: number;
  readonly as?: "distance" | "clock";
}) {
  const nowMs = useNow();
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={exactWords(at)}>
      {as === "distance" ? distanceWords(at - nowMs / 1000) : clockWords(at, nowMs)}
    </time>
  );
}

/** The exact moment. */
export function exactWords(at: number): string {
  return exact.format(at * 1000);
}

/** `14:05` of the same day, else with the day. */
export function clockWords(at: number, nowMs = Date.now()): string {
  const isToday = new Date(at * 1000).toDateString() === new Date(nowMs).toDateString();
  return (isToday ? clockTime : dayAndTime).format(at * 1000);
}

/** `in 12 min`, `3 min ago`, `now`. */
export function distanceWords(seconds: number): string {
  if (Math.abs(seconds) < 10) return times.now;
  const length = roughWords(Math.abs(seconds));
  return seconds > 0 ? times.ahead(length) : times.ago(length);
}

/** The length in its largest fitting unit: `45 s`, `12 min`, `5 h`, `3 days`. */
export function roughWords(seconds: number): string {
  if (seconds < 60) return times.seconds(Math.round(seconds));
  if (seconds < 90 * 60) return times.minutes(Math.round(seconds / 60));
  if (seconds < 36 * 3600) return times.hours(Math.round(seconds / 3600));
  return times.days(Math.round(seconds / 86_400));
}

/** Whole minutes as people say them: `30 minutes`, `2 hours`, `1 day`. */
export function minutesWords(minutes: number): string {
  if (minutes >= 1440 && minutes % 1440 === 0) return times.wholeDays(minutes / 1440);
  if (minutes >= 120 && minutes % 60 === 0) return times.wholeHours(minutes / 60);
  return times.wholeMinutes(minutes);
}
