// The job's time: how much is left of all of it, said aloud and in words before it ends, and the way to ask for more.
import { Alert, Badge, Button, Group, Stack, Text } from "@mantine/core";
import { IconAlarm, IconClockPlus } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { Job } from "../../../shared/site/jobs.ts";
import type { PageSide } from "../person/page-side.ts";
import { Trouble } from "../shell/page.tsx";
import { session } from "../texts/jobs.ts";
import type { JobClock, LiveState } from "./live-job.ts";
import { minutesWords, Moment } from "../shell/moment.tsx";
import { askForMoreTime } from "./relay-answers.ts";
import { clockOf } from "../shell/clock-of.ts";

/** As the edge warns (edge/countdown.ts). */
const warnedSeconds: readonly number[] = [300, 60, 15];
const tickMs = 250;

/** Milliseconds left, kept true while shown. */
function useLeftMs(clock: JobClock | undefined): number {
  const [now, setNow] = useState(() => performance.now());
  useEffect(() => {
    setNow(performance.now());
    const timer = setInterval(() => setNow(performance.now()), tickMs);
    return () => clearInterval(timer);
  }, [clock]);
  if (clock === undefined) return 0;
  return clock.isRunning ? Math.max(0, clock.outAtMs - now) : clock.leftMs;
}

/** The notice in force: the shortest that time has come below. */
function noticeOf(clock: JobClock | undefined, leftMs: number): number | undefined {
  if (clock?.isRunning !== true || leftMs <= 0) return undefined;
  return warnedSeconds.findLast((seconds) => leftMs <= seconds * 1000);
}

export function Countdown({ state }: { readonly state: LiveState }) {
  const leftMs = useLeftMs(state.clock);
  const isShort = noticeOf(state.clock, leftMs) !== undefined;
  if (state.clock?.isRunning === false)
    return <Text c="dimmed">{session.notStarted(minutesWords(Math.ceil(leftMs / 60_000)))}</Text>;
  return (
    <Group gap="xs" wrap="nowrap" role="timer" aria-live="off">
      <Badge
        size="xl"
        variant="light"
        color={isShort ? "orange" : "petrol"}
        leftSection={<IconAlarm size={18} aria-hidden />}
        className="clock"
      >
        {clockOf(leftMs)} {session.left}
      </Badge>
    </Group>
  );
}

/** The warning before the end, and asking for more time. */
export function TimeNotice({
  side,
  job,
  state,
}: {
  readonly side: PageSide;
  readonly job: Job;
  readonly state: LiveState;
}) {
  const leftMs = useLeftMs(state.clock);
  const notice = noticeOf(state.clock, leftMs);
  return (
    <div aria-live="assertive">
      {notice !== undefined && (
        <Alert
          color="orange"
          role="presentation"
          icon={<IconAlarm aria-hidden />}
          title={session.warnings[notice]}
          mb="md"
        >
          <MoreTime side={side} job={job} state={state} />
        </Alert>
      )}
    </div>
  );
}

export function MoreTime({
  side,
  job,
  state,
}: {
  readonly side: PageSide;
  readonly job: Job;
  readonly state: LiveState;
}) {
  const asked = useMoreTime(side, job, state.timesExtended);
  return (
    <Stack gap="xs" align="flex-start">
      {asked.at === undefined ? (
        <Button
          variant="light"
          loading={asked.isBusy}
          leftSection={<IconClockPlus size={18} aria-hidden />}
          onClick={asked.ask}
        >
          {session.moreTime}
        </Button>
      ) : (
        <Stack gap={0} role="status">
          <Text fw={600}>
            {session.moreTimeAsked} <Moment at={asked.at} />
          </Text>
          <Text size="sm">
            {asked.reachable === 0 ? session.moreTimeUnreachable : session.moreTimeHint}
          </Text>
        </Stack>
      )}
      <Trouble error={asked.error} />
    </Stack>
  );
}

// Two places show it, and whoever has asked need not ask again: kept per job until the time was changed.
const askedAt = new Map<string, { readonly at: number; readonly reachable: number }>();
const askedChanged = new EventTarget();

function useMoreTime(side: PageSide, job: Job, timesExtended: number) {
  const key = `${job.request.hash} ${timesExtended}`;
  const [, setTurn] = useState(0);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const changed = (): void => setTurn((turn) => turn + 1);
    askedChanged.addEventListener("changed", changed);
    return () => askedChanged.removeEventListener("changed", changed);
  }, []);
  const ask = (): void => {
    setBusy(true);
    setError(undefined);
    askForMoreTime(side.id, job.request.hash)
      .then((answer) => {
        askedAt.set(key, answer);
        askedChanged.dispatchEvent(new Event("changed"));
      })
      .catch(setError)
      .finally(() => setBusy(false));
  };
  const known = askedAt.get(key);
  return { at: known?.at, reachable: known?.reachable, isBusy, error, ask };
}
