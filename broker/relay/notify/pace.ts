// How often anybody is told, and how often a delivery is tried: pure. A vendor who files a hundred requests must not send a hundred messages to
// a phone; what comes too fast is gathered and told together.

/** So many messages reach a person one by one: a shift's usual morning. */
export const burstMessages = 4;
const burstSeconds = 600;
/** Beyond it, one message a minute says all that has come: late enough to be one, early enough for who waits at a machine. */
const gatherSeconds = 60;
/** Who got this many within an hour is no longer helped by more: one in ten minutes. */
export const hourMessages = 20;
const slowSeconds = 600;
const hourSeconds = 3600;
/** All messages of one site within an hour: a large plant's bad day, and not enough to get the operator's mail server blocked. */
export const siteHourMessages = 1000;
/** How far back `mayTellAt` has to be told of. */
export const paceSeconds = hourSeconds;

/** From when on a person may get the next message, having got some at these times (newest first). */
export function mayTellAt(sentAt: readonly number[], now: number): number {
  const [newest] = sentAt;
  if (newest === undefined) return now;
  const within = (seconds: number): number => sentAt.filter((at) => at > now - seconds).length;
  if (within(hourSeconds) >= hourMessages) return Math.max(now, newest + slowSeconds);
  if (within(burstSeconds) >= burstMessages) return Math.max(now, newest + gatherSeconds);
  return now;
}

/** Waits between the tries of a delivery: five tries within half an hour, then it has failed. */
const retrySeconds = [30, 120, 480, 1080] as const;
export const mostTries = retrySeconds.length + 1;

/** When to try again after so many tries; undefined after the last. */
export function retryAt(tries: number, now: number): number | undefined {
  const wait = retrySeconds[tries - 1];
  return wait === undefined ? undefined : now + wait;
}
