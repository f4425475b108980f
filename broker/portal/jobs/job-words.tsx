// A job in the words and marks that lists and pages share.
import { Badge } from "@mantine/core";
import { findTarget } from "../../../shared/document/manifest.ts";
import type { Held } from "../../../shared/document/held.ts";
import type { TargetId } from "../../../shared/ids.ts";
import type { Job, JobState } from "../../../shared/site/jobs.ts";
import { jobs } from "../texts/jobs.ts";
import type { LiveState } from "./live-job.ts";

export const openStates: ReadonlySet<JobState> = new Set(["waiting", "partly approved", "granted"]);

const colours: Readonly<Record<JobState, string>> = {
  waiting: "yellow",
  "partly approved": "yellow",
  granted: "green",
  denied: "red",
  "end asked": "orange",
  ended: "gray",
  expired: "gray",
};

/** A target by the name that people know it by. */
export function targetName(held: Held, id: TargetId): string {
  return findTarget(held.manifest.payload, id)?.name ?? id;
}

/** The machines of a job in one line. */
export function machinesOf(job: Job, held: Held): string {
  const targets = job.grant?.payload.targets ?? job.request.payload.targets;
  return targets.map(({ id }) => targetName(held, id)).join(", ");
}

export function StateBadge({
  job,
  live,
}: {
  readonly job: Job;
  readonly live: LiveState | undefined;
}) {
  const isLive = live !== undefined && live.phase !== "over";
  return (
    <Badge color={isLive ? "petrol" : colours[job.state]} variant="dot" tt="none" size="lg">
      {live !== undefined && live.phase !== "over" ? jobs.live[live.phase] : jobs.states[job.state]}
    </Badge>
  );
}
