// A moment in a browser's field for a local date and time. Pure.

/** What such a field holds for a moment in Unix seconds. */
export function fieldOfMoment(at: number): string {
  const offsetSeconds = new Date(at * 1000).getTimezoneOffset() * 60;
  return new Date((at - offsetSeconds) * 1000).toISOString().slice(0, 16);
}

/** The moment in such a field, Unix seconds; undefined if it holds none. */
export function momentOfField(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
}
