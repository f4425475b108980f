// A vendor's jobs: the open ones with what to do next, the others on demand.
import { Anchor, Button, Card, Collapse, Group, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { Link, Redirect } from "wouter";
import { jobsOf, type Job } from "../../../shared/site/jobs.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { jobs } from "../texts/jobs.ts";
import { machinesOf, openStates, StateBadge } from "./job-words.tsx";
import { useLiveJob } from "./live-jobs.ts";
import { Moment } from "../shell/moment.tsx";

export default function JobsPage() {
  const side = useSide();
  const isVendor = side.hasRole("vendor");
  const { value, error, reload } = useLoaded(
    async () => (isVendor ? mine(await jobsOf(side), side) : []),
    [side, isVendor],
  );
  // Notifications of several things lead here, whoever is told.
  if (!isVendor)
    return <Redirect to={side.hasRole("approver", "owner") ? "/requests" : "/"} replace />;
  return (
    <Page
      title={jobs.title}
      about={jobs.about}
      actions={
        <Button component={Link} href="/jobs/new" size="lg" leftSection={<IconPlus aria-hidden />}>
          {jobs.ask}
        </Button>
      }
    >
      <Trouble error={error} retry={reload} />
      {value === undefined ? error === undefined && <Loading /> : <Jobs all={value} side={side} />}
    </Page>
  );
}

function Jobs({ all, side }: { readonly all: readonly Job[]; readonly side: PageSide }) {
  const [showsOver, over] = useDisclosure(false);
  const [open, closed] = [
    all.filter(({ state }) => openStates.has(state)),
    all.filter(({ state }) => !openStates.has(state)),
  ];
  if (all.length === 0) return <Empty title={jobs.empty}>{jobs.emptyHint}</Empty>;
  return (
    <Stack gap="lg">
      <Stack gap="sm" component="section" aria-label={jobs.open}>
        {open.length === 0 && <Text c="dimmed">{jobs.emptyHint}</Text>}
        {open.map((job) => (
          <JobCard key={job.request.hash} job={job} side={side} />
        ))}
      </Stack>
      {closed.length > 0 && (
        <Stack gap="sm" component="section" aria-label={jobs.over}>
          {!showsOver && (
            <Group>
              <Button variant="subtle" onClick={over.open}>
                {jobs.showOver(closed.length)}
              </Button>
            </Group>
          )}
          <Collapse expanded={showsOver}>
            <Stack gap="sm">
              <Title order={2} size="h3">
                {jobs.over}
              </Title>
              {closed.map((job) => (
                <JobCard key={job.request.hash} job={job} side={side} />
              ))}
            </Stack>
          </Collapse>
        </Stack>
      )}
    </Stack>
  );
}

function JobCard({ job, side }: { readonly job: Job; readonly side: PageSide }) {
  const live = useLiveJob(job.request.hash)?.state;
  const { reason, issuedAt, minutes } = job.request.payload;
  return (
    <Card withBorder padding="md" component="article">
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Anchor component={Link} href={`/jobs/${job.id}`} fw={600} size="lg">
            {machinesOf(job, side.held)}
          </Anchor>
          <StateBadge job={job} live={live} />
        </Group>
        <Text lineClamp={2}>{reason || jobs.noReason}</Text>
        <Group gap="md">
          <Text c="dimmed" size="sm">
            {jobs.number(job.id)}
          </Text>
          <Text c="dimmed" size="sm">
            {jobs.minutes(job.grant?.payload.minutes ?? minutes)}
          </Text>
          <Text c="dimmed" size="sm">
            <Moment at={issuedAt} />
          </Text>
        </Group>
        <NextStep job={job} isLive={live !== undefined && live.phase !== "over"} />
      </Stack>
    </Card>
  );
}

function NextStep({ job, isLive }: { readonly job: Job; readonly isLive: boolean }) {
  const words = isLive
    ? jobs.next.live
    : job.state === "granted"
      ? jobs.next.granted
      : job.state === "waiting" || job.state === "partly approved"
        ? jobs.next.waiting
        : job.denial?.payload.reason;
  return words ? <Text size="sm">{words}</Text> : null;
}

function mine(all: readonly Job[], side: PageSide): Job[] {
  return all.filter(({ request }) => request.payload.vendor === side.me);
}
