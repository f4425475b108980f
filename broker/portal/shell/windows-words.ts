// Recurring windows of a standing job in words: which days, from when to when, by whose clock, until when.
import type { JobWindows } from "../../../shared/document/windows.ts";
import { approvals } from "../texts/approvals.ts";

const texts = approvals.standing;
/** `Every Monday and Thursday, 06:00 to 14:00 (Europe/Berlin), until 28 February 2027`. */
export function windowsWords({ timeZone, days, from, to, untilAt }: JobWindows): string {
  const hours = to > from ? texts.hours(from, to) : texts.nightHours(from, to);
  return texts.words(daysWords(days), hours, timeZone, lastDay(untilAt, timeZone));
}

// The last moment of all is not in it any more: at midnight the day before is the last one.
function lastDay(untilAt: number, timeZone: string): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeZone }).format(
    (untilAt - 1) * 1000,
  );
}

function daysWords(days: readonly number[]): string {
  if (days.length === 7) return texts.everyDay;
  if (days.join() === "1,2,3,4,5") return texts.workdays;
  const names = days.map((day) => texts.days[day - 1] ?? "");
  const last = names.at(-1) ?? "";
  return texts.every(
    names.length === 1 ? last : `${names.slice(0, -1).join(", ")} ${texts.and} ${last}`,
  );
}
