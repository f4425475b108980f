// All sessions of jobs that this page holds, one per request. Owns: who watches them, the warning before the page is closed, the word when one is
// approved, and that signing out ends them.
import { useSyncExternalStore } from "react";
import type { DocumentHash } from "../../../shared/ids.ts";
import { signedOut } from "../person/relay-fetch.ts";
import { announceApproval } from "./announcement.tsx";
import { LiveJob, type LivePlan, type LiveState } from "./live-job.ts";

type Watcher = (live: LiveJob) => void;

class LiveJobs {
  #jobs: ReadonlyMap<DocumentHash, LiveJob> = new Map();
  readonly #watchers = new Set<Watcher>();
  readonly #announced = new WeakSet<LiveJob>();

  constructor() {
    addEventListener("beforeunload", (event) => {
      if (this.#open().length > 0) event.preventDefault();
    });
    addEventListener("pagehide", () => {
      for (const live of this.#open()) live.abandon();
    });
    signedOut.addEventListener("leaving", () => {
      for (const live of this.#open()) live.abandon();
    });
  }

  of(request: DocumentHash): LiveJob | undefined {
    return this.#jobs.get(request);
  }

  /** Gives the proof and opens the job's session; the one that is open already, if there is one. */
  open(plan: LivePlan): LiveJob {
    const { hash } = plan.job.request;
    const present = this.#jobs.get(hash);
    if (present !== undefined && !present.isOver) {
      plan.touch?.close();
      return present;
    }
    const live: LiveJob = new LiveJob(plan, () => this.#tell(live));
    this.#jobs = new Map(this.#jobs).set(hash, live);
    this.#tell(live);
    return live;
  }

  /** Forgets a session that is over. */
  forget(request: DocumentHash): void {
    const jobs = new Map(this.#jobs);
    const live = jobs.get(request);
    if (live === undefined || !jobs.delete(request)) return;
    this.#jobs = jobs;
    this.#tell(live);
  }

  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #open(): LiveJob[] {
    return [...this.#jobs.values()].filter((live) => !live.isOver);
  }

  #tell(live: LiveJob): void {
    const isApproved = live.state.phase === "admitted" && live.job.grant === undefined;
    if (isApproved && !this.#announced.has(live)) {
      this.#announced.add(live);
      announceApproval(live);
    }
    for (const watcher of this.#watchers) watcher(live);
  }
}

export const liveJobs = new LiveJobs();

/** The live session of a job with its state, if this page holds one. */
export function useLiveJob(
  request: DocumentHash | undefined,
): { readonly live: LiveJob; readonly state: LiveState } | undefined {
  const state = useSyncExternalStore(
    (changed) => liveJobs.watch(changed),
    () => (request === undefined ? undefined : liveJobs.of(request)?.state),
  );
  const live = request === undefined ? undefined : liveJobs.of(request);
  return live === undefined || state === undefined ? undefined : { live, state };
}
