// Durations and moments as people type and read them.
import { CommandError } from "./exit-codes.ts";

const secondsOf: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 24 * 3600 };

/** Seconds of `90s`, `30m`, `8h` or `2d`; throws naming what was expected. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const unit = secondsOf[match?.[2] ?? ""];
  if (unit === undefined)
    throw new CommandError(
      "usage",
      `"${text}" is not a duration, expected for example 30m, 8h or 2d`,
    );
  return Number(match?.[1]) * unit;
}

/** Whole minutes, at least one; throws naming what was expected. */
export function parseMinutes(text: string): number {
  const minutes = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (minutes < 1)
    throw new CommandError(
      "usage",
      `"${text}" is not a number of minutes, expected for example 60`,
    );
  return minutes;
}

/** A length of time in its largest fitting unit. */
export function lengthOf(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 2 * 60) return `${whole} s`;
  if (whole < 2 * 3600) return `${Math.round(whole / 60)} min`;
  if (whole < 2 * 24 * 3600) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / (24 * 3600))} days`;
}

/** A moment by the local clock, with its zone. */
export function momentOf(unixSeconds: number): string {
  return (
    new Date(unixSeconds * 1000).toLocaleString("sv-SE", {
      dateStyle: "short",
      timeStyle: "short",
    }) + zone(unixSeconds)
  );
}

function zone(unixSeconds: number): string {
  const offset = -new Date(unixSeconds * 1000).getTimezoneOffset();
  if (offset === 0) return " UTC";
  const sign = offset < 0 ? "-" : "+";
  const hours = Math.floor(Math.abs(offset) / 60);
  return ` UTC${sign}${hours}${offset % 60 === 0 ? "" : `:${String(Math.abs(offset) % 60).padStart(2, "0")}`}`;
}
