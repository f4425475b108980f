// Time as a thing that is handed in, so that tests can turn it.
// Durations are monotonic (CLOCK_MONOTONIC: comparable across processes of one boot); only documents use wall time.

/** Where a part of the program takes its time from. */
export interface Clock {
  /** Milliseconds since the Unix epoch, as the machine believes. */
  wallMs(): number;
  /** Milliseconds of the boot's monotonic clock. */
  monotonicMs(): number;
  /** Calls `act` once after `delayMs`; disposing cancels. Delays beyond 2^31 ms are kept whole. */
  setTimer(delayMs: number, act: () => void): Disposable;
}

const longestTimeoutMs = 2 ** 31 - 1;

/** The machine's own clock. Its timers do not keep a process alive by themselves longer than they are needed. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint() / 1000n) / 1000,
  setTimer(delayMs, act) {
    let timer: ReturnType<typeof setTimeout>;
    const arm = (leftMs: number): void => {
      const stepMs = Math.min(leftMs, longestTimeoutMs);
      timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : act()), stepMs);
    };
    arm(Math.max(0, delayMs));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** Unix seconds, as documents carry time. */
export function wallSeconds(clock: Clock): number {
  return Math.floor(clock.wallMs() / 1000);
}
