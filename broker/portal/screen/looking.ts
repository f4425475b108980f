// Somebody who may only look at a screen says nothing to the machine, and the edge ends a session in which nothing is done. Whatever they do on the page
// that shows it is told now and then; who is away, or looks at another tab, does nothing there.

/** Three times within the shortest idle limit that an edge can have, which is a minute: who is there is never taken for somebody who left. */
export const tellEveryMs = 20_000;
const signs = ["pointermove", "pointerdown", "wheel", "keydown"] as const;

export interface LookedAt {
  readonly visibilityState: string;
  readonly addEventListener: EventTarget["addEventListener"];
  readonly removeEventListener: EventTarget["removeEventListener"];
}

/** Calls `tell` for what a person does on the page, at most every `tellEveryMs`, until the answer is called. What could not be told is told the next time. */
export function watchLooker(
  page: LookedAt,
  tell: () => boolean,
  nowMs: () => number = () => performance.now(),
): () => void {
  let toldAtMs = -Infinity;
  const noticed = (): void => {
    if (page.visibilityState !== "visible" || nowMs() - toldAtMs < tellEveryMs) return;
    if (tell()) toldAtMs = nowMs();
  };
  // Before anything on the page keeps an event for itself.
  const how = { capture: true, passive: true };
  for (const sign of signs) page.addEventListener(sign, noticed, how);
  return () => {
    for (const sign of signs) page.removeEventListener(sign, noticed, how);
  };
}
