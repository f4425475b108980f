// All jobs of the site and who is connected, loaded anew with every news of the site and every little while.
import { useEffect } from "react";
import { jobsOf, type Job } from "../../../shared/site/jobs.ts";
import type { RelayedSession } from "../../../shared/site/relay-client.ts";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded, type Loaded } from "../shell/use-loaded.ts";

const refreshMs = 20_000;

export interface Jobs {
  readonly jobs: readonly Job[];
  /** By the relay's word. */
  readonly sessions: readonly RelayedSession[];
}

export function useJobs(): Loaded<Jobs> {
  const side = useSide();
  const loaded = useLoaded<Jobs>(async () => {
    const [jobs, sessions] = await Promise.all([jobsOf(side), side.relay.sessions()]);
    return { jobs, sessions };
  }, []);
  const { reload } = loaded;
  // Nothing tells a page that somebody connected, or that a time is over.
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") reload();
    }, refreshMs);
    const look = (): void => {
      if (document.visibilityState === "visible") reload();
    };
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, [reload]);
  return loaded;
}
