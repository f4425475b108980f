// Days as documents and owners name them.
/** The day of a moment in Unix seconds: `2028-11-01`. */
export function dayOf(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 10);
}
