// A second implementation of "Windows" in shared/protocol.md, written from that text: it lists every window of the days around with Temporal.
export interface TwinWindows {
  readonly timeZone: string;
  readonly days: readonly number[];
  readonly from: string;
  readonly to: string;
  readonly untilAt: number;
}

/** Start and end of the window at a moment, in Unix seconds, or null. */
export function twinWindowAt(windows: TwinWindows, at: number): [number, number] | null {
  const { timeZone, days, from, to, untilAt } = windows;
  const now = Temporal.Instant.fromEpochMilliseconds(at * 1000).toZonedDateTimeISO(timeZone);
  const today = now.toPlainDate();
  const secondsAt = (date: Temporal.PlainDate, time: string): number =>
    date.toZonedDateTime({ timeZone, plainTime: Temporal.PlainTime.from(time) }).epochMilliseconds /
    1000;
  for (let back = 3; back >= -3; back -= 1) {
    const date = today.subtract({ days: back });
    if (!days.includes(date.dayOfWeek)) continue;
    const start = secondsAt(date, from);
    const end = Math.min(secondsAt(to > from ? date : date.add({ days: 1 }), to), untilAt);
    if (start <= at && at < end) return [start, end];
  }
  return null;
}
