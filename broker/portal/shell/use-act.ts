// One thing that a person does at a time: busy while it runs, what went wrong, and "nothing was signed" where they changed their mind.
import { useCallback, useRef, useState } from "react";
import { TouchCancelled } from "../person/signing-window.ts";

export interface Act {
  readonly isBusy: boolean;
  readonly error: unknown;
  /** The person closed the signing page, or said no there. */
  readonly isCancelled: boolean;
  /** Starts at once, in the very click: what opens a window must come before the first await. True if it came to its end. */
  readonly run: (work: () => Promise<void>) => Promise<boolean>;
}

export function useAct(): Act {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [isCancelled, setCancelled] = useState(false);
  const running = useRef(false);
  const run = useCallback(async (work: () => Promise<void>): Promise<boolean> => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setError(undefined);
    setCancelled(false);
    try {
      await work();
      return true;
    } catch (thrown) {
      if (thrown instanceof TouchCancelled) setCancelled(true);
      else setError(thrown);
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return { isBusy, error, isCancelled, run };
}
