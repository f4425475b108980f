// The lines of a running recording as they come, until it ends or the page is left. While it is, the box is told that somebody looks: under a policy that
// asks for it, the vendor's input passes only then. Invariant: a page that nobody sees does not look.
import { useEffect, useRef, useState } from "react";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import { messageOf } from "../../../shared/errors.ts";
import { useSide } from "../shell/person-context.tsx";

/** Three of them fit into the time after which the box takes the watcher as gone. */
const beatEveryMs = 5_000;

export interface Followed {
  readonly isOver: boolean;
  readonly error: unknown;
}

/** `take` gets each line; the next one is read when it has settled, so that a slow page holds the box back. */
export function useFollowed(
  { edge, recording }: ListedRecording,
  take: (line: string) => void | Promise<void>,
): Followed {
  const side = useSide();
  const [isOver, setOver] = useState(false);
  const [error, setError] = useState<unknown>();
  const latest = useRef({ side, take });
  latest.current = { side, take };
  useEffect(() => {
    const over = new AbortController();
    const follow = async (): Promise<void> => {
      const { readLines } = await import("../../../shared/site/edge-reading.ts");
      const reader = latest.current.side.until(over.signal);
      const lines = readLines(reader, edge, "watch", { recording, follow: true }, looking);
      for await (const line of lines) {
        if (over.signal.aborted) return;
        await latest.current.take(line);
      }
      setOver(true);
    };
    follow().catch((thrown: unknown) => {
      if (over.signal.aborted) return;
      console.warn(messageOf(thrown));
      setError(thrown);
      setOver(true);
    });
    return () => over.abort();
  }, [edge, recording]);
  return { isOver, error };
}

function looking(beat: () => void): () => void {
  const look = (): void => {
    if (document.visibilityState === "visible") beat();
  };
  look();
  const timer = setInterval(look, beatEveryMs);
  document.addEventListener("visibilitychange", look);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", look);
  };
}
