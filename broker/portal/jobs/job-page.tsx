// One job: waiting for it, working in it, or what became of it. Notifications of everybody lead here, so approvers are sent on to their own page.
import { Button, Card, Group, Stack, Text } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { Link, Redirect, useParams } from "wouter";
import { jobsOf, type Job } from "../../../shared/site/jobs.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { jobs, waiting } from "../texts/jobs.ts";
import { JobFacts, Outcome } from "./job-facts.tsx";
import { machinesOf, StateBadge } from "./job-words.tsx";
import type { LiveEnd, LiveJob, LiveState } from "./live-job.ts";
import { useLiveJob } from "./live-jobs.ts";
import { OpenJob } from "./open-job.tsx";
import { SessionView } from "./session-view.tsx";
import { WaitingView } from "./waiting-view.tsx";

export default function JobPage() {
  const side = useSide();
  const { request = "" } = useParams();
  const { value, error, reload } = useLoaded(
    async () => ({ job: findJob(await jobsOf(side), request) }),
    [side, request],
  );
  if (value === undefined)
    return error === undefined ? <Loading /> : <Trouble error={error} retry={reload} />;
  const { job } = value;
  if (job === undefined)
    return (
      <Page title={jobs.notFound}>
        <Empty title={jobs.notFoundHint}>
          <Button variant="light" onClick={reload}>
            {jobs.tryAgain}
          </Button>
        </Empty>
      </Page>
    );
  if (job.request.payload.vendor !== side.me)
    return <Redirect to={`/requests/${job.request.hash}`} replace />;
  return <VendorsJob key={job.request.hash} side={side} job={job} error={error} />;
}

function VendorsJob({
  side,
  job,
  error,
}: {
  readonly side: PageSide;
  readonly job: Job;
  readonly error: unknown;
}) {
  const held = useLiveJob(job.request.hash);
  const machines = machinesOf(job, side.held);
  const isAdmitted = held?.state.phase === "admitted";
  const wasAdmitted = useRef(isAdmitted);
  // Whoever had scrolled to the machine reads first why it is gone.
  useEffect(() => {
    if (wasAdmitted.current && !isAdmitted) scrollTo(0, 0);
    wasAdmitted.current = isAdmitted;
  }, [isAdmitted]);
  if (held?.state.phase === "admitted")
    return <SessionView side={side} job={job} live={held.live} state={held.state} />;
  const isWaiting = held?.state.phase === "waiting" || held?.state.phase === "proving";
  return (
    <Page
      title={isWaiting ? waiting.title(machines) : machines}
      about={jobs.number(job.id)}
      actions={<StateBadge job={job} live={held?.state} />}
    >
      <Trouble error={error} />
      <Stack gap="lg">
        <Now side={side} job={job} held={held} />
        <Card withBorder padding="lg" component="section">
          <JobFacts job={job} side={side} />
        </Card>
      </Stack>
    </Page>
  );
}

function Now({
  side,
  job,
  held,
}: {
  readonly side: PageSide;
  readonly job: Job;
  readonly held: { readonly live: LiveJob; readonly state: LiveState } | undefined;
}) {
  if (held !== undefined && held.state.phase !== "over")
    return <WaitingView side={side} job={job} live={held.live} state={held.state} />;
  const isOpen =
    !isSpent(job, held?.state.end) &&
    (job.state === "waiting" || job.state === "partly approved" || job.state === "granted");
  return (
    <Stack gap="lg">
      <Outcome job={job} side={side} end={held?.state.end} />
      {isOpen ? (
        <OpenJob side={side} job={job} wasOpen={held !== undefined} />
      ) : (
        <Group>
          <Button
            component={Link}
            href={askAgainPath(job)}
            size="lg"
            leftSection={<IconPlus aria-hidden />}
          >
            {jobs.askAgain}
          </Button>
          {job.state === "expired" && <Text c="dimmed">{jobs.newJob}</Text>}
        </Group>
      )}
    </Stack>
  );
}

/** True if the box has just said that the job's time is over: what was signed does not show it. A standing job has another window. */
function isSpent({ request }: Job, end: LiveEnd | undefined): boolean {
  if (request.payload.windows !== null || end === undefined || !("why" in end)) return false;
  return end.why instanceof Error && end.why.message.startsWith("over: ");
}

/** By the request's hash, or the ten digits that people type. */
function findJob(all: readonly Job[], wanted: string): Job | undefined {
  return all.find(({ id, request }) => request.hash === wanted || id === wanted.toLowerCase());
}

function askAgainPath({ request }: Job): string {
  const targets = request.payload.targets.map(({ id }) => ["target", id]);
  return `/jobs/new?${new URLSearchParams(targets).toString()}`;
}
