// Time as a page has it.
import type { Clock } from "../../../shared/clock.ts";

const longestTimeoutMs = 2 ** 31 - 1;

export const browserClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
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
