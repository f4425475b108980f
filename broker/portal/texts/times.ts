// Texts of moments and lengths of time.
export const times = {
  now: "just now",
  ahead: (length: string) => `in ${length}`,
  ago: (length: string) => `${length} ago`,
  seconds: (count: number) => `${count} s`,
  minutes: (count: number) => `${count} min`,
  hours: (count: number) => `${count} h`,
  days: (count: number) => (count === 1 ? "1 day" : `${count} days`),
  wholeMinutes: (count: number) => (count === 1 ? "1 minute" : `${count} minutes`),
  wholeHours: (count: number) => (count === 1 ? "1 hour" : `${count} hours`),
  wholeDays: (count: number) => (count === 1 ? "1 day" : `${count} days`),
} as const;
