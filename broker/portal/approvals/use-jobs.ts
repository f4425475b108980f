// All jobs of the site and who is connected. Jobs are loaded anew with every news of the site; who is connected is asked for every few seconds,
// because nothing tells a page that somebody came or went.
import { useEffect, useState } from "react";
import { jobsOf, type Job } from "../../../shared/site/jobs.ts";
import type { RelayedSession } from "../../../shared/site/relay-client.ts";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded, type Loaded } from "../shell/use-loaded.ts";

const sessionsMs = 4_000;
/** A request runs out without news. */
const jobsMs = 60_000;

export interface Jobs {
  readonly jobs: readonly Job[];
  /** By the relay's word. */
  readonly sessions: readonly RelayedSession[];
}

export function useJobs(): Loaded<Jobs> {
  const side = useSide();
  const { value: jobs, error, isLoading, reload } = useLoaded(() => jobsOf(side), []);
  const [sessions, setSessions] = useState<readonly RelayedSession[]>([]);
  const { relay } = side;
  useEffect(() => {
    let isOver = false;
    const look = async (): Promise<void> => {
      if (document.visibilityState !== "visible") return;
      // The frame says that there is no connection; what was known stays.
      const found = await relay.sessions().catch(() => undefined);
      if (found !== undefined && !isOver)
        setSessions((known) => (JSON.stringify(known) === JSON.stringify(found) ? known : found));
    };
    const reloadIfSeen = (): void => {
      if (document.visibilityState !== "visible") return;
      reload();
      void look();
    };
    void look();
    const timers = [setInterval(() => void look(), sessionsMs), setInterval(reloadIfSeen, jobsMs)];
    document.addEventListener("visibilitychange", reloadIfSeen);
    return () => {
      isOver = true;
      timers.forEach(clearInterval);
      document.removeEventListener("visibilitychange", reloadIfSeen);
    };
  }, [relay, reload]);
  return { value: jobs && { jobs, sessions }, error, isLoading, reload };
}
