// A job that is open: who, what, how long still; more time, a look over the shoulder, and the end.
import { Alert, Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconEye, IconFingerprint, IconRefresh, IconUsers } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import { requireAnchor } from "../../../shared/site/approvals.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import type { RelayedSession } from "../../../shared/site/relay-client.ts";
import { clockWords, exactWords, minutesWords } from "../shell/moment.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { approvals } from "../texts/approvals.ts";
import { approveSame, extend, settledBy, signersOf } from "./answers.ts";
import { whyNot } from "./hindrance.ts";
import { ChangedKeys } from "./changed-keys.tsx";
import { Countdown } from "./countdown.tsx";
import { leftOf, readStatus, type ReadStatus } from "./edge-status.ts";
import { EndButton } from "./end-button.tsx";
import { Fact, Facts } from "./facts.tsx";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";
import { useReading } from "../shell/use-reading.ts";
import { windowsWords } from "../shell/windows-words.ts";
import { machinesWords, nameOf, policiesOf, rightsOn, targetName, whoOf } from "./words.ts";

const texts = approvals.running;
const steps = [15, 30, 60];

export function Running({
  job,
  sessions,
  reload,
}: {
  readonly job: Job;
  readonly sessions: readonly RelayedSession[];
  readonly reload: () => void;
}) {
  const side = useSide();
  const { payload } = job.request;
  const own = sessions.filter(({ request }) => request === job.request.hash);
  const isOpen = job.state === "granted";
  // Read again when somebody came or went, or the permission changed.
  const status = useReading(
    (reader) => readStatus(reader, payload.edge),
    [payload.edge, job.grant?.hash, own.map(({ session }) => session).join(), isOpen],
    isOpen,
  );
  const who = whoOf(side.held, payload.vendor);
  const mayEnd = side.hasRole("approver", "owner");
  return (
    <Stack gap="lg">
      <Card withBorder padding="lg">
        <Stack gap="md">
          <Group justify="space-between" gap="xs">
            <Title order={2} size="h4">
              {machinesWords(side.held, job.grant?.payload.targets ?? payload.targets)}
            </Title>
            <Badge color={own.length > 0 && isOpen ? "green" : "gray"} variant="light" tt="none">
              {own.length > 0 && isOpen ? texts.connected : texts.notConnected}
            </Badge>
          </Group>
          {isOpen && (
            <TimeLeft job={job} status={status.value} hasFailed={status.error !== undefined} />
          )}
          {isOpen && (
            <Button
              variant="subtle"
              loading={status.isReading}
              leftSection={<IconRefresh size={18} aria-hidden />}
              onClick={status.again}
            >
              {texts.again}
            </Button>
          )}
          {isOpen && (
            <Button
              component={Link}
              href={`/requests/${job.id}/watch`}
              variant="light"
              size="lg"
              leftSection={<IconEye aria-hidden />}
            >
              {texts.watch}
            </Button>
          )}
        </Stack>
      </Card>
      {mayEnd && <EndButton job={job} onDone={reload} />}
      {isOpen && status.value !== undefined && (
        <ChangedKeys
          job={job}
          status={status.value}
          onChange={() => {
            reload();
            status.again();
          }}
        />
      )}
      {isOpen && <MoreTime job={job} reload={reload} again={status.again} />}
      <Card withBorder padding="lg">
        <Facts>
          <Fact label={approvals.question.who}>
            {who.name}
            {who.company !== undefined && `, ${who.company}`}
          </Fact>
          <Fact label={approvals.question.what}>
            {payload.reason || approvals.question.noReason}
          </Fact>
          <Fact label={approvals.question.ticket}>{payload.ticket}</Fact>
          {job.grant?.payload.targets.map(({ id, rights }) => (
            <Fact key={id} label={targetName(side.held, id)}>
              {rightsOn(side.held, { id, rights })}
            </Fact>
          ))}
          {job.grant !== undefined && (
            <Fact label={texts.approvedBy}>
              {job.grant.signers.map(({ name }) => nameOf(side.held, name)).join(", ")},{" "}
              {texts.minutes(minutesWords(job.grant.payload.minutes))}
            </Fact>
          )}
        </Facts>
      </Card>
    </Stack>
  );
}

function TimeLeft({
  job,
  status,
  hasFailed,
}: {
  readonly job: Job;
  readonly status: ReadStatus | undefined;
  readonly hasFailed: boolean;
}) {
  const { grant } = job;
  if (grant === undefined) return null;
  const { minutes, endsAt, startBeforeAt } = grant.payload;
  const left = status && leftOf(status, job.request.hash, status.readAtMs);
  // Before the first opening nothing is counted: all minutes are there.
  const isCounting = left !== undefined && left < minutes * 60_000;
  if (status !== undefined && isCounting)
    return (
      <div>
        <Text size="sm" c="dimmed">
          {texts.left}
        </Text>
        <Countdown leftMs={left} fromMs={status.readAtMs} label={texts.left} />
        <Text size="sm" c="dimmed">
          {texts.minutes(minutesWords(minutes))}
        </Text>
      </div>
    );
  if (grant.payload.windows !== null)
    return (
      <div>
        <Text fw={600}>{windowsWords(grant.payload.windows)}</Text>
        <Text size="sm" c="dimmed">
          {approvals.standing.eachTime(minutesWords(minutes))}
        </Text>
      </div>
    );
  if (hasFailed)
    return (
      <Text>
        {texts.unknownLeft} <span title={exactWords(endsAt)}>{clockWords(endsAt)}</span>.
      </Text>
    );
  return (
    <div>
      <Text fw={600}>{minutesWords(minutes)}</Text>
      <Text size="sm" c="dimmed">
        {texts.notStartedHint}{" "}
        <span title={exactWords(startBeforeAt)}>{clockWords(startBeforeAt)}</span>.{" "}
        {texts.latestEnd} <span title={exactWords(endsAt)}>{clockWords(endsAt)}</span>.
      </Text>
    </div>
  );
}

function MoreTime({
  job,
  reload,
  again,
}: {
  readonly job: Job;
  readonly reload: () => void;
  readonly again: () => void;
}) {
  const side = useSide();
  const act = useAct();
  const [done, setDone] = useState<string>();
  const anchor = useLoaded(() => requireAnchor(side, job.request.payload.edge), []);
  const signers = useLoaded<readonly string[]>(
    async () => (job.partial === undefined ? [] : signersOf(side.held, job.partial)),
    [job.partial],
  );
  if (whyNot(side, job) !== undefined || job.grant === undefined) return null;
  const before = job.grant.payload.minutes;
  const most = Math.min(
    ...policiesOf(side.held, job.grant.payload.targets).map(({ maxMinutes }) => maxMinutes),
  );
  const settled = settledBy(job);
  const say = (work: () => Promise<"granted" | "partly">): void => {
    void act
      .run(async () => {
        const outcome = await work();
        setDone(outcome === "granted" ? approvals.approved.extended : approvals.approved.partly);
      })
      .then(() => {
        reload();
        again();
      });
  };
  return (
    <Card withBorder padding="lg">
      <Stack gap="md">
        <Title order={2} size="h4">
          {texts.extend}
        </Title>
        {settled !== undefined ? (
          <>
            <Group gap="xs" wrap="nowrap">
              <IconUsers aria-hidden />
              <Text>
                {texts.halfExtended(
                  (signers.value ?? []).map((id) => nameOf(side.held, id)).join(", "),
                  minutesWords(settled.minutes),
                )}
              </Text>
            </Group>
            {signers.value?.includes(side.me) === false && (
              <Button
                size="lg"
                loading={act.isBusy}
                leftSection={<IconFingerprint aria-hidden />}
                onClick={() => say(() => approveSame(side, job, side.openTouch()))}
              >
                {approvals.question.approveSame}
              </Button>
            )}
          </>
        ) : before >= most ? (
          <Alert color="gray">{texts.mostReached(minutesWords(most))}</Alert>
        ) : (
          <Group gap="sm" grow>
            {steps.map((minutes) => (
              <Button
                key={minutes}
                variant="light"
                loading={act.isBusy}
                disabled={before + minutes > most}
                px="xs"
                aria-label={texts.extendLabel(minutes)}
                onClick={() =>
                  say(() => extend(side, job, minutes, side.openTouch(), anchor.value))
                }
              >
                {texts.extendBy(minutes)}
              </Button>
            ))}
          </Group>
        )}
        <Told act={act} done={done} />
      </Stack>
    </Card>
  );
}
