// What waits for an answer, what is open, what is over today: live, newest first.
import { Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconArrowRight, IconBell } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import type { Job } from "../../../shared/site/jobs.ts";
import { clockWords, exactWords, minutesWords, Moment } from "../shell/moment.tsx";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { approvals } from "../texts/approvals.ts";
import { DutySwitch } from "./duty.tsx";
import { EndButton } from "./end-button.tsx";
import { useOwnNotify } from "./use-notify.ts";
import { useJobs } from "./use-jobs.ts";
import { windowsWords } from "../shell/windows-words.ts";
import { isAsked, machinesWords, nameOf, whoOf } from "./words.ts";

const daySeconds = 24 * 3600;
const texts = approvals.list;

export default function RequestsPage() {
  const { value, error, reload } = useJobs();
  return (
    <Page title={texts.title} about={texts.about} actions={<MyDuty />}>
      {value === undefined ? (
        error === undefined ? (
          <Loading />
        ) : (
          <Trouble error={error} retry={reload} />
        )
      ) : (
        <Lists
          jobs={value.jobs}
          connected={new Set(value.sessions.map(({ request }) => request))}
          reload={reload}
        />
      )}
    </Page>
  );
}

function MyDuty() {
  const side = useSide();
  const { value, reload, api } = useOwnNotify();
  if (value === undefined || !side.hasRole("approver")) return null;
  return <DutySwitch api={api} own={value} onChange={reload} />;
}

function Lists({
  jobs,
  connected,
  reload,
}: {
  readonly jobs: readonly Job[];
  readonly reload: () => void;
  readonly connected: ReadonlySet<string | null>;
}) {
  const side = useSide();
  const [showsAll, setShowsAll] = useState(false);
  const waiting = jobs.filter((job) => isAsked(job) && job.grant === undefined);
  const running = jobs.filter(({ state }) => state === "granted" || state === "end asked");
  const standing = running.filter(({ grant }) => (grant?.payload.windows ?? null) !== null);
  const once = running.filter((job) => !standing.includes(job));
  const over = jobs.filter((job) => !waiting.includes(job) && !running.includes(job));
  const today = over.filter((job) => overAt(job) > side.now() - daySeconds);
  const shown = showsAll ? over : today;
  return (
    <>
      <section aria-live="polite">
        {waiting.length === 0 ? (
          <Empty title={texts.empty}>
            <Text c="dimmed">{texts.emptyHint}</Text>
            <Button
              component={Link}
              href="/notifications"
              variant="light"
              leftSection={<IconBell size={18} aria-hidden />}
            >
              {texts.setUp}
            </Button>
          </Empty>
        ) : (
          <Section title={texts.waiting}>
            {waiting.map((job) => (
              <WaitingCard key={job.request.hash} job={job} />
            ))}
          </Section>
        )}
      </section>
      {[
        { title: texts.running, listed: once },
        { title: approvals.standing.title, listed: standing },
      ].map(
        ({ title, listed }) =>
          listed.length > 0 && (
            <Section key={title} title={title}>
              {listed.map((job) => (
                <RunningCard
                  key={job.request.hash}
                  job={job}
                  isConnected={connected.has(job.request.hash)}
                  reload={reload}
                />
              ))}
            </Section>
          ),
      )}
      {over.length > 0 && (
        <Section title={texts.over}>
          {shown.map((job) => (
            <OverCard key={job.request.hash} job={job} />
          ))}
          {shown.length === 0 && <Text c="dimmed">{texts.noneOver}</Text>}
          {over.length > today.length && (
            <Button variant="subtle" onClick={() => setShowsAll(!showsAll)}>
              {showsAll ? texts.showLess : texts.showAll}
            </Button>
          )}
        </Section>
      )}
    </>
  );
}

function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: React.ReactNode;
}) {
  return (
    <Stack component="section" gap="sm">
      <Title order={2} size="h4">
        {title}
      </Title>
      {children}
    </Stack>
  );
}

function WaitingCard({ job }: { readonly job: Job }) {
  const side = useSide();
  const { payload } = job.request;
  const who = whoOf(side.held, payload.vendor);
  return (
    <Card withBorder padding="lg" component="article">
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={3} size="h3">
            {who.name}
          </Title>
          <Text c="dimmed" size="sm">
            <Moment at={payload.issuedAt} />
          </Text>
        </Group>
        {who.company !== undefined && <Text c="dimmed">{who.company}</Text>}
        <Text fw={600}>
          {machinesWords(side.held, payload.targets)} · {minutesWords(payload.minutes)}
        </Text>
        <Text lineClamp={3} className="breaks-words">
          {payload.reason || approvals.question.noReason}
        </Text>
        {payload.vendor === side.me && <Text c="dimmed">{texts.mine}</Text>}
        {job.partial !== undefined && (
          <Badge variant="light" tt="none">
            {texts.others}
          </Badge>
        )}
        <Button
          component={Link}
          href={`/requests/${job.id}`}
          size="lg"
          rightSection={<IconArrowRight size={20} aria-hidden />}
        >
          {texts.look}
        </Button>
      </Stack>
    </Card>
  );
}

function RunningCard({
  job,
  isConnected,
  reload,
}: {
  readonly job: Job;
  readonly isConnected: boolean;
  readonly reload: () => void;
}) {
  const side = useSide();
  const { grant } = job;
  const who = whoOf(side.held, job.request.payload.vendor);
  const targets = grant?.payload.targets ?? job.request.payload.targets;
  return (
    <Card withBorder padding="lg" component="article">
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <Title order={3} size="h4">
            {who.name}
          </Title>
          <Badge color={isConnected ? "green" : "gray"} variant="light" tt="none">
            {job.state === "end asked"
              ? approvals.states["end asked"]
              : isConnected
                ? approvals.running.connected
                : approvals.running.notConnected}
          </Badge>
        </Group>
        {who.company !== undefined && <Text c="dimmed">{who.company}</Text>}
        <Text>
          {machinesWords(side.held, targets)}
          {grant && ` · ${minutesWords(grant.payload.minutes)}`}
        </Text>
        {grant?.payload.windows && <Text>{windowsWords(grant.payload.windows)}</Text>}
        {grant !== undefined && grant.payload.windows === null && (
          <Text size="sm" c="dimmed">
            {approvals.running.latestEnd}{" "}
            <span title={exactWords(grant.payload.endsAt)}>{clockWords(grant.payload.endsAt)}</span>
          </Text>
        )}
        <Group grow gap="sm">
          <Button component={Link} href={`/requests/${job.id}`} variant="light">
            {texts.open}
          </Button>
          <Button component={Link} href={`/requests/${job.id}/watch`} variant="default">
            {texts.watch}
          </Button>
        </Group>
        {side.hasRole("approver", "owner") && <EndButton job={job} onDone={reload} size="md" />}
      </Stack>
    </Card>
  );
}

function OverCard({ job }: { readonly job: Job }) {
  const side = useSide();
  const { payload } = job.request;
  return (
    <Card withBorder padding="md" component={Link} href={`/requests/${job.id}`}>
      <Group justify="space-between" gap="xs">
        <Stack gap={0}>
          <Text fw={600}>{nameOf(side.held, payload.vendor)}</Text>
          <Text size="sm" c="dimmed">
            {machinesWords(side.held, payload.targets)} · <Moment at={overAt(job)} />
          </Text>
        </Stack>
        <Badge variant="light" color="gray" tt="none">
          {approvals.states[job.state]}
        </Badge>
      </Group>
    </Card>
  );
}

function overAt({ endedBy, revocation, grant, denial, request }: Job): number {
  return (
    endedBy?.payload.at ??
    revocation?.payload.issuedAt ??
    grant?.payload.endsAt ??
    denial?.payload.issuedAt ??
    request.payload.startBeforeAt
  );
}
