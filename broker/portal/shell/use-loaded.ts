// A value that a page shows and that comes over the network: loaded once, again with every news of the site, and on demand. What is shown stays
// while it is loaded again, so that nothing jumps.
import { useCallback, useEffect, useRef, useState } from "react";
import { usePerson } from "./person-context.tsx";

export interface Loaded<Value> {
  readonly value: Value | undefined;
  readonly error: unknown;
  readonly isLoading: boolean;
  readonly reload: () => void;
}

/** `load` is called anew when one of `inputs` changes; its signal is aborted when the answer is not wanted any more. */
export function useLoaded<Value>(
  load: (signal: AbortSignal) => Promise<Value>,
  inputs: readonly unknown[],
): Loaded<Value> {
  const { news, side } = usePerson();
  const [value, setValue] = useState<Value>();
  const [error, setError] = useState<unknown>();
  const [isLoading, setLoading] = useState(true);
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;
  const reload = useCallback(() => setTurn((count) => count + 1), []);
  useEffect(() => {
    const over = new AbortController();
    setLoading(true);
    latest
      .current(over.signal)
      .then((loaded) => {
        if (over.signal.aborted) return;
        setValue(loaded);
        setError(undefined);
      })
      .catch((thrown: unknown) => {
        if (!over.signal.aborted) setError(thrown);
      })
      .finally(() => {
        if (!over.signal.aborted) setLoading(false);
      });
    return () => over.abort();
    // The inputs are the caller's; `side` changes with every view that was brought up to date.
  }, [...inputs, news, side, turn]);
  return { value, error, isLoading, reload };
}
