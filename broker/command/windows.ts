// Recurring windows as people type and read them: `mon-fri 06:00-14:00`, until a day, by the clock of a place.
import * as v from "valibot";
import { jobWindows, maxStandingSeconds, type JobWindows } from "../../shared/document/windows.ts";
import { CommandError } from "./exit-codes.ts";

const dayNames = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const shortNames = dayNames.map((name) => name.slice(0, 3).toLowerCase());
const expected =
  'expected for example "mon-fri 06:00-14:00", "sat,sun 22:00-06:00" or "daily 06:00-07:30"';

export interface WindowOptions {
  readonly every?: string;
  readonly until?: string;
  readonly zone?: string;
}

/** The windows that were asked for, null if none were; throws naming what was expected. */
export function parseWindows(options: WindowOptions, nowAt: number): JobWindows | null {
  const { every, until, zone } = options;
  if (every === undefined) {
    if (until === undefined && zone === undefined) return null;
    throw new CommandError("usage", "--until and --zone belong to --every");
  }
  const match = /^(\S+) +(\d{1,2}:\d\d)-(\d{1,2}:\d\d)$/.exec(every.trim().toLowerCase());
  if (match === null) throw new CommandError("usage", `"${every}" is no window, ${expected}`);
  const [, days = "", from = "", to = ""] = match;
  if (until === undefined) {
    throw new CommandError("usage", "--every needs its last day: --until 2026-12-31");
  }
  const timeZone = zone ?? Temporal.Now.timeZoneId();
  const parsed = v.safeParse(jobWindows, {
    timeZone,
    days: daysOf(days),
    from: from.padStart(5, "0"),
    to: to.padStart(5, "0"),
    untilAt: endOfDay(until, timeZone),
  });
  if (!parsed.success) throw new CommandError("usage", `--every: ${parsed.issues[0].message}`);
  if (parsed.output.untilAt <= nowAt || parsed.output.untilAt > nowAt + maxStandingSeconds) {
    throw new CommandError("usage", `--until ${until} is not within the next 90 days`);
  }
  return parsed.output;
}

function daysOf(text: string): number[] {
  if (text === "daily") return [1, 2, 3, 4, 5, 6, 7];
  const days = text.split(",").flatMap((part) => {
    const [first = "", last = first] = part.split("-");
    const [begin, end] = [dayOf(first), dayOf(last)];
    // `sat-mon` goes over the week's end.
    const count = ((end - begin + 7) % 7) + 1;
    return Array.from({ length: count }, (_day, at) => ((begin - 1 + at) % 7) + 1);
  });
  return [...new Set(days)].toSorted((left, right) => left - right);
}

function dayOf(text: string): number {
  const day = shortNames.indexOf(text) + 1;
  if (day === 0) throw new CommandError("usage", `"${text}" is no day of the week, ${expected}`);
  return day;
}

/** The first moment after a day, by the zone's clock. */
function endOfDay(text: string, timeZone: string): number {
  try {
    const day = Temporal.PlainDate.from(text).add({ days: 1 });
    return Math.floor(day.toZonedDateTime(timeZone).epochMilliseconds / 1000);
  } catch {
    throw new CommandError(
      "usage",
      `"${text}" in zone "${timeZone}" is no day, expected for example --until 2026-12-31 --zone Europe/Berlin`,
    );
  }
}

/** `Monday to Friday, 06:00 to 14:00 (Europe/Berlin), until 2026-12-31 00:00`. */
export function windowWords({ days, from, to, timeZone, untilAt }: JobWindows): string {
  const ends = to < from ? `${to} of the next day` : to;
  const until = Temporal.Instant.fromEpochMilliseconds(untilAt * 1000)
    .toZonedDateTimeISO(timeZone)
    .toPlainDateTime();
  const last = `${until.toPlainDate().toString()} ${until.toPlainTime().toString({ smallestUnit: "minute" })}`;
  return `${dayWords(days)}, ${from} to ${ends} (${timeZone}), until ${last}`;
}

function dayWords(days: readonly number[]): string {
  if (days.length === 7) return "every day";
  const name = (day: number | undefined): string => dayNames[(day ?? 1) - 1] ?? "";
  const isRow = days.length > 2 && days.every((day, at) => day === (days[0] ?? 0) + at);
  if (isRow) return `${name(days[0])} to ${name(days.at(-1))}`;
  return days.map(name).join(", ");
}
