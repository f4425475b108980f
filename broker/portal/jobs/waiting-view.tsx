// While a job waits: on the way to the box, then who is asked, when and who is next, until when; it ends by itself with the approval or a denial.
import {
  Alert,
  Badge,
  Button,
  Card,
  Group,
  List,
  Stack,
  Switch,
  Text,
  ThemeIcon,
  Title,
} from "@mantine/core";
import { IconBell, IconClockPause, IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { Job } from "../../../shared/site/jobs.ts";
import { approversOf } from "../../../shared/site/people.ts";
import type { PageSide } from "../person/page-side.ts";
import { Loading } from "../shell/page.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { waiting } from "../texts/jobs.ts";
import { shell } from "../texts/shell.ts";
import { isTold, setTold } from "./approval-signal.ts";
import type { LiveJob, LiveState } from "./live-job.ts";
import { Moment, useNow } from "../shell/moment.tsx";
import { toldOf, type Told } from "./relay-answers.ts";

const toldPollMs = 4_000;

export function WaitingView({
  side,
  job,
  live,
  state,
}: {
  readonly side: PageSide;
  readonly job: Job;
  readonly live: LiveJob;
  readonly state: LiveState;
}) {
  useDenial(job, live);
  if (state.phase === "proving")
    return (
      <Stack align="center">
        <Loading label={live.touches ? waiting.provingTouch : waiting.proving} />
        <Button variant="subtle" onClick={() => void live.leave()}>
          {shell.cancel}
        </Button>
      </Stack>
    );
  return (
    <Card withBorder padding="lg" component="section">
      <Stack gap="lg">
        <Stack gap="xs" aria-live="polite">
          <Group gap="sm" wrap="nowrap" align="flex-start">
            <ThemeIcon variant="light" size="lg">
              <IconClockPause aria-hidden />
            </ThemeIcon>
            <Stack gap={4}>
              <Title order={2} size="h3">
                {waiting.heading}
              </Title>
              <Text>{waiting.about}</Text>
              {state.waitUntilAt !== undefined && (
                <Text c="dimmed">
                  {waiting.until} <Moment at={state.waitUntilAt} as="clock" />
                </Text>
              )}
            </Stack>
          </Group>
          {state.isAway && (
            <Alert color="yellow" role="status" icon={<IconPlugConnectedX aria-hidden />}>
              {waiting.away}
            </Alert>
          )}
        </Stack>
        <WhoIsAsked side={side} job={job} />
        <TellMe />
        <Stack gap="xs" align="flex-start">
          <Button variant="default" onClick={() => void live.leave()}>
            {waiting.withdraw}
          </Button>
          <Text c="dimmed" size="sm">
            {waiting.withdrawHint}
          </Text>
        </Stack>
      </Stack>
    </Card>
  );
}

// Nobody sits in front of a page that will not open.
function useDenial(job: Job, live: LiveJob): void {
  const isRefused = job.state === "denied" || job.state === "ended" || job.state === "end asked";
  useEffect(() => {
    if (isRefused) void live.leave();
  }, [isRefused, live]);
}

function WhoIsAsked({ side, job }: { readonly side: PageSide; readonly job: Job }) {
  const turn = useNow(toldPollMs);
  const { hash, payload } = job.request;
  const { value: told } = useLoaded((signal) => toldOf(side.id, hash, signal), [hash, turn]);
  const approvers = approversOf(payload, side.held);
  return (
    <Stack gap="xs" component="section" aria-label={waiting.who}>
      <Title order={3} size="h4">
        {told === undefined || told.told.length === 0 ? waiting.canApprove : waiting.who}
      </Title>
      {told === undefined || told.told.length === 0 ? (
        approvers.length === 0 ? (
          <Text>{waiting.noBody}</Text>
        ) : (
          <List>
            {approvers.map((approver) => (
              <List.Item key={approver}>{approver}</List.Item>
            ))}
          </List>
        )
      ) : (
        <ToldList told={told} />
      )}
    </Stack>
  );
}

const stateColours: Readonly<Record<Told["told"][number]["state"], string>> = {
  due: "gray",
  delivered: "green",
  failed: "red",
  unreachable: "yellow",
};

function ToldList({ told: { told, next } }: { readonly told: Told }) {
  const isNobody = told.every(({ state }) => state === "failed" || state === "unreachable");
  return (
    <Stack gap="sm" aria-live="polite">
      {told.map(({ person, name, at, state }) => (
        <Group key={person} gap="xs">
          <Text fw={600}>{name}</Text>
          <Badge variant="dot" tt="none" color={stateColours[state]}>
            {waiting.told[state]}
          </Badge>
          <Text c="dimmed" size="sm">
            <Moment at={at} />
          </Text>
        </Group>
      ))}
      {next !== null && (
        <Text c="dimmed">
          {waiting.next(next.name)} <Moment at={next.at} />
        </Text>
      )}
      {isNobody && next === null && <Text>{waiting.nobodyReachable}</Text>}
    </Stack>
  );
}

function TellMe() {
  const [isOn, setOn] = useState(isTold);
  return (
    <Switch
      size="md"
      checked={isOn}
      label={
        <Group gap="xs">
          <IconBell size={18} aria-hidden />
          {waiting.tellMe}
        </Group>
      }
      description={waiting.tellMeHint}
      onChange={(event) => {
        setOn(event.currentTarget.checked);
        void setTold(event.currentTarget.checked);
      }}
    />
  );
}
