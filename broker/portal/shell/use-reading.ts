// What a page reads from an edge: once, and again only when an input changes or somebody asks. Each reading is a sealed channel and stands in the
// edge's journal, so unlike other lists it does not follow the site's news. What was read stays while it is read again.
import { useCallback, useEffect, useRef, useState } from "react";
import type { PageSide } from "../person/page-side.ts";
import { useSide } from "./person-context.tsx";

export interface Reading<Value> {
  readonly value: Value | undefined;
  readonly error: unknown;
  readonly isReading: boolean;
  readonly again: () => void;
}

/** `read` is called while `isWanted`; its side gives up when the page is left. `tell` shows what is there so far. */
export function useReading<Value>(
  read: (side: PageSide, tell: (soFar: Value) => void) => Promise<Value>,
  inputs: readonly unknown[],
  isWanted = true,
): Reading<Value> {
  const side = useSide();
  const [value, setValue] = useState<Value>();
  const [error, setError] = useState<unknown>();
  const [isReading, setReading] = useState(isWanted);
  const [turn, setTurn] = useState(0);
  const latest = useRef({ read, side });
  latest.current = { read, side };
  const again = useCallback(() => setTurn((count) => count + 1), []);
  useEffect(() => {
    if (!isWanted) return undefined;
    const over = new AbortController();
    const ifWanted =
      <Argument>(act: (argument: Argument) => void) =>
      (argument: Argument): void => {
        if (!over.signal.aborted) act(argument);
      };
    setReading(true);
    setError(undefined);
    const { current } = latest;
    current
      .read(current.side.until(over.signal), ifWanted(setValue))
      .then(ifWanted(setValue), ifWanted(setError))
      .finally(() => ifWanted(setReading)(false));
    return () => over.abort();
    // The inputs are the caller's. A view that was brought up to date is no reason to read again.
  }, [...inputs, side.id, turn, isWanted]);
  return { value, error, isReading, again };
}
