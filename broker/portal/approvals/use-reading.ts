// What a page reads from an edge over a sealed channel: once, again when an input changes or somebody asks, and given up when the page is left.
// What was read stays while it is read again.
import { useCallback, useEffect, useRef, useState } from "react";
import type { PageSide } from "../person/page-side.ts";
import { useSide } from "../shell/person-context.tsx";

export interface Reading<Value> {
  readonly value: Value | undefined;
  readonly error: unknown;
  readonly isReading: boolean;
  readonly again: () => void;
}

export function useReading<Value>(
  read: (side: PageSide) => Promise<Value>,
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
    const { current } = latest;
    setReading(true);
    current
      .read(current.side.until(over.signal))
      .then(
        (found) => {
          if (over.signal.aborted) return;
          setValue(found);
          setError(undefined);
        },
        (thrown: unknown) => {
          if (!over.signal.aborted) setError(thrown);
        },
      )
      .finally(() => {
        if (!over.signal.aborted) setReading(false);
      });
    return () => over.abort();
    // The inputs are the caller's.
  }, [...inputs, side.id, turn, isWanted]);
  return { value, error, isReading, again };
}
