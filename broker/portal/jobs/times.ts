// Lengths and moments as people read them. Pure.

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

/** A length in its two largest fitting units: `1 h 5 min`, `12 min`, `40 s`. */
export function lengthWords(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < minute) return `${whole} s`;
  if (whole < hour) return `${Math.round(whole / minute)} min`;
  if (whole < 2 * day) {
    const minutes = Math.round(whole / minute);
    const rest = minutes % 60;
    return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
  }
  return `${Math.round(whole / day)} days`;
}

/** `3 min ago`, `in 12 min`, `just now`. */
export function distanceWords(at: number, now: number): string {
  const seconds = Math.round(at - now);
  if (Math.abs(seconds) < 10) return "just now";
  return seconds < 0 ? `${lengthWords(-seconds)} ago` : `in ${lengthWords(seconds)}`;
}

/** A moment by this device's clock: the time alone today, else with its day. */
export function momentWords(at: number, now: number): string {
  const date = new Date(at * 1000);
  const isToday = date.toDateString() === new Date(now * 1000).toDateString();
  return date.toLocaleString(undefined, {
    ...(isToday ? {} : { weekday: "short", day: "numeric", month: "short" }),
    hour: "2-digit",
    minute: "2-digit",
  });
}

/** The exact moment, for a title. */
export function exactWords(at: number): string {
  return new Date(at * 1000).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
}

/** What a browser's field for a local date and time holds for a moment. */
export function fieldOfMoment(at: number): string {
  const date = new Date(at * 1000 - new Date(at * 1000).getTimezoneOffset() * minute * 1000);
  return date.toISOString().slice(0, 16);
}

/** The moment in such a field, Unix seconds; undefined if it holds none. */
export function momentOfField(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
