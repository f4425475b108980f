// How long to wait before dialling anew: full jitter, so that a thousand edges do not come back in one second after a relay's restart.
// https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/

export const firstDelayMs = 1_000;
export const longestDelayMs = 60_000;

/** Evenly random between nothing and a bound that doubles with each failed `attempt` (from 0) up to a minute. */
export function fullJitterMs(attempt: number, random: () => number = Math.random): number {
  return random() * Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(attempt, 16));
}

/** While somebody's session waits for the link, the bound stops at 4 s: the grace of a session is short, and few edges have one. */
const awaitedAttempt = 2;

/** The wait before the control link's next attempt. */
export function reconnectDelayMs(
  attempt: number,
  isAwaited: boolean,
  random?: () => number,
): number {
  return fullJitterMs(isAwaited ? Math.min(attempt, awaitedAttempt) : attempt, random);
}
