// Whoever works by keyboard or screen reader stands nowhere when what had the focus goes away with a state.
import { useEffect, useRef, type RefObject } from "react";

/** Once `state` has changed and nothing has the focus any more, the first button that can be pressed in `place` gets it. */
export function useKeptFocus(place: RefObject<HTMLElement | null>, state: unknown): void {
  const before = useRef(state);
  useEffect(() => {
    if (before.current === state) return;
    before.current = state;
    if (isFocusLost()) place.current?.querySelector<HTMLElement>("button:enabled")?.focus();
  }, [place, state]);
}

/** True if nothing that can be seen has the focus. */
export function isFocusLost(): boolean {
  const { activeElement, body } = document;
  return activeElement === null || activeElement === body || !activeElement.checkVisibility();
}
