// The one question: who wants what, why, when, with which key; what may be given less; yes by one touch, or no with a reason.
import { Alert, Badge, Button, Card, Group, Stack, Text } from "@mantine/core";
import {
  IconAdjustments,
  IconAlertTriangle,
  IconBan,
  IconEye,
  IconFingerprint,
  IconKeyboard,
  IconUsers,
} from "@tabler/icons-react";
import { useState } from "react";
import { findTarget } from "../../../shared/document/manifest.ts";
import { requireAnchor } from "../../../shared/site/approvals.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { browserRisk, isThroughRelayName } from "../../../shared/site/right-words.ts";
import { clockWords, exactWords, minutesWords, Moment } from "../shell/moment.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { approvals } from "../texts/approvals.ts";
import { approve, approveSame, settledBy, signersOf, type Given } from "./answers.ts";
import { CannotAnswer } from "./cannot-answer.tsx";
import { whyNot } from "./hindrance.ts";
import { Denial } from "./denial.tsx";
import { Fact, Facts } from "./facts.tsx";
import { Narrowing } from "./narrowing.tsx";
import { Told } from "./told.tsx";
import { useAct } from "../shell/use-act.ts";
import type { Jobs } from "./use-jobs.ts";
import { windowsWords } from "../shell/windows-words.ts";
import { machinesWords, nameOf, policiesOf, rightsOn, targetName, whoOf } from "./words.ts";

const texts = approvals.question;
const keyCharacters = 16;

export function Question({
  job,
  all,
  reload,
  onTold,
}: {
  readonly job: Job;
  readonly all: Jobs;
  readonly reload: () => void;
  /** What is said on the page that takes this one's place. */
  readonly onTold: (told: string) => void;
}) {
  const side = useSide();
  const asked = job.request.payload;
  const settled = settledBy(job);
  const [given, setGiven] = useState<Given>({ minutes: asked.minutes, targets: asked.targets });
  const [isNarrowing, setNarrowing] = useState(false);
  const [isDenying, setDenying] = useState(false);
  const [done, setDone] = useState<string>();
  const act = useAct();
  // Fetched before the press, so that the touch follows it at once.
  const anchor = useLoaded(() => requireAnchor(side, asked.edge), [asked.edge]);
  const signers = useLoaded<readonly string[]>(
    async () => (job.partial === undefined ? [] : signersOf(side.held, job.partial)),
    [job.partial],
  );
  const hasSigned = signers.value?.includes(side.me) ?? false;
  const needed = Math.max(
    ...policiesOf(side.held, asked.targets).map((each) => each.approversNeeded),
  );
  const reason = whyNot(side, job);

  const say = async (work: () => Promise<"granted" | "partly">): Promise<void> => {
    await act.run(async () => {
      const outcome = approvals.approved[await work()];
      setDone(outcome);
      onTold(outcome);
    });
    reload();
  };
  const press = (): void => {
    void say(() => {
      const touch = side.openTouch();
      return settled === undefined
        ? approve(side, job, given, touch, anchor.value)
        : approveSame(side, job, touch);
    });
  };

  return (
    <Stack gap="lg">
      <OthersThere job={job} all={all} />
      {job.denial !== undefined && (
        <Alert color="yellow" icon={<IconBan aria-hidden />}>
          <Text>{texts.denied(deniers(job, side.held), job.denial.payload.reason)}</Text>
          <Text>{texts.deniedHint}</Text>
        </Alert>
      )}
      <Card withBorder padding="lg">
        <CoreFacts job={job} />
      </Card>
      <Risks job={job} given={settled ?? given} mayGiveLess={settled === undefined} />
      {settled === undefined ? (
        reason === undefined && (
          <Stack gap="xs">
            <Button
              variant="subtle"
              aria-expanded={isNarrowing}
              leftSection={<IconAdjustments size={20} aria-hidden />}
              onClick={() => setNarrowing(!isNarrowing)}
            >
              {texts.less}
            </Button>
            {isNarrowing && <Narrowing job={job} given={given} onChange={setGiven} />}
          </Stack>
        )
      ) : (
        <Settled job={job} signers={signers.value ?? []} />
      )}
      {needed > 1 && (
        <Group gap="xs">
          <IconUsers size={20} aria-hidden />
          <Text>{texts.quorum(needed)}</Text>
        </Group>
      )}
      {anchor.error !== undefined && reason === undefined && (
        <Told act={{ ...act, error: anchor.error }} />
      )}
      <Told act={act} done={done} />
      {reason !== undefined ? (
        <CannotAnswer side={side} job={job} reason={reason} />
      ) : hasSigned ? (
        <Alert color="blue" icon={<IconUsers aria-hidden />}>
          {texts.already}
        </Alert>
      ) : (
        <Stack gap="xs">
          <Button
            size="xl"
            color="teal.9"
            loading={act.isBusy}
            disabled={given.targets.length === 0 || done !== undefined}
            leftSection={<IconFingerprint aria-hidden />}
            onClick={press}
          >
            {settled !== undefined
              ? texts.approveSame
              : isLess(given, job)
                ? texts.approveLess(minutesWords(given.minutes))
                : texts.approve}
          </Button>
          <Text size="sm" c="dimmed" ta="center">
            {given.targets.length === 0
              ? texts.nothing
              : side.decidesBy === "passkey"
                ? texts.byTouch
                : texts.byKey}
          </Text>
        </Stack>
      )}
      {side.hasRole("approver", "owner") &&
        job.denial === undefined &&
        asked.vendor !== side.me && (
          <Button
            size="lg"
            variant="default"
            aria-expanded={isDenying}
            leftSection={<IconBan size={20} aria-hidden />}
            onClick={() => setDenying(!isDenying)}
          >
            {texts.deny}
          </Button>
        )}
      {isDenying && job.denial === undefined && <Denial job={job} onDone={reload} />}
      <Card withBorder padding="lg">
        <DetailFacts job={job} anchor={anchor.value?.payload} />
      </Card>
    </Stack>
  );
}

// What the yes gives away, by what would be given now: it goes as soon as it is taken out.
function Risks({
  job,
  given,
  mayGiveLess,
}: {
  readonly job: Job;
  readonly given: Pick<Given, "targets">;
  readonly mayGiveLess: boolean;
}) {
  const side = useSide();
  const policies = policiesOf(side.held, given.targets);
  const onScreen = given.targets.some(({ rights }) => rights.includes("control"));
  return (
    <>
      {isThroughRelayName(given.targets) && (
        <Alert
          color="yellow"
          icon={<IconAlertTriangle aria-hidden />}
          title={texts.browserTitle}
          role="status"
        >
          <Text>{browserRisk}</Text>
          {mayGiveLess && whyNot(side, job) === undefined && <Text>{texts.browserLess}</Text>}
        </Alert>
      )}
      {policies.some(({ supervised }) => supervised) && (
        <Group gap="xs" wrap="nowrap">
          <IconEye size={20} aria-hidden />
          <Text>{texts.watched}</Text>
        </Group>
      )}
      {onScreen && policies.some(({ recordKeys }) => recordKeys) && (
        <Group gap="xs" wrap="nowrap">
          <IconKeyboard size={20} aria-hidden />
          <Text>{texts.recordedKeys}</Text>
        </Group>
      )}
    </>
  );
}

function CoreFacts({ job }: { readonly job: Job }) {
  const side = useSide();
  const { payload } = job.request;
  const who = whoOf(side.held, payload.vendor);
  return (
    <Facts>
      <Fact label={texts.who}>
        {who.name} {who.name !== who.id && <Text span c="dimmed">{`(${who.id})`}</Text>}
      </Fact>
      <Fact label={texts.company}>{who.company}</Fact>
      <Fact label={texts.what}>{payload.reason || texts.noReason}</Fact>
      <Fact label={texts.ticket}>{payload.ticket}</Fact>
      <Fact label={texts.machines}>
        <Stack gap={4} component="span">
          {payload.targets.map(({ id, rights }) => (
            <Text key={id} span>
              <b>{targetName(side.held, id)}</b>: {rightsOn(side.held, { id, rights })}{" "}
              {findTarget(side.held.manifest.payload, id)?.legacy === true && (
                <Badge
                  color="orange"
                  variant="light"
                  tt="none"
                  leftSection={<IconAlertTriangle size={12} aria-hidden />}
                >
                  {texts.legacy}
                </Badge>
              )}
            </Text>
          ))}
        </Stack>
      </Fact>
      {payload.windows === null ? (
        <>
          <Fact label={texts.howLong}>{texts.fromFirst(minutesWords(payload.minutes))}</Fact>
          <Fact label={texts.when}>
            {texts.startsBefore(clockWords(payload.startBeforeAt))}{" "}
            <span title={exactWords(payload.startBeforeAt + payload.minutes * 60)}>
              {clockWords(payload.startBeforeAt + payload.minutes * 60)}
            </span>
          </Fact>
        </>
      ) : (
        <>
          <Fact label={approvals.standing.label}>{windowsWords(payload.windows)}</Fact>
          <Fact label={texts.howLong}>
            {approvals.standing.eachTime(minutesWords(payload.minutes))}. {approvals.standing.about}
          </Fact>
        </>
      )}
    </Facts>
  );
}

function DetailFacts({
  job,
  anchor,
}: {
  readonly job: Job;
  readonly anchor: { readonly length: number; readonly at: number } | undefined;
}) {
  const side = useSide();
  const { payload } = job.request;
  return (
    <Facts>
      <Fact label={texts.asked}>
        <Moment at={payload.issuedAt} />
      </Fact>
      <Fact label={texts.box}>
        {side.edgeName(payload.edge)},{" "}
        {anchor === undefined ? (
          texts.boxUnknown
        ) : (
          <>
            {texts.boxRecord(anchor.length)} <Moment at={anchor.at} />
          </>
        )}
      </Fact>
      <Fact label={texts.key}>
        <Text span ff="monospace" title={payload.key}>
          {spoken(payload.key.slice(0, keyCharacters))} …
        </Text>
        <Text size="sm" c="dimmed">
          {texts.keyHint}
        </Text>
      </Fact>
    </Facts>
  );
}

// A second person on the same machine is the thing that surprises people most.
function OthersThere({ job, all }: { readonly job: Job; readonly all: Jobs }) {
  const side = useSide();
  const wanted = new Set(job.request.payload.targets.map(({ id }) => id));
  const there = all.jobs.flatMap((other) => {
    if (other.request.hash === job.request.hash || other.state !== "granted") return [];
    if (!all.sessions.some(({ request }) => request === other.request.hash)) return [];
    const shared = other.grant?.payload.targets.filter(({ id }) => wanted.has(id)) ?? [];
    return shared.length === 0
      ? []
      : [
          texts.others(
            nameOf(side.held, other.request.payload.vendor),
            machinesWords(side.held, shared),
          ),
        ];
  });
  if (there.length === 0) return null;
  return (
    <Alert color="orange" icon={<IconUsers aria-hidden />} title={texts.othersTitle}>
      {there.map((line) => (
        <Text key={line}>{line}</Text>
      ))}
    </Alert>
  );
}

function Settled({ job, signers }: { readonly job: Job; readonly signers: readonly string[] }) {
  const side = useSide();
  const settled = settledBy(job);
  if (settled === undefined) return null;
  return (
    <Card withBorder padding="lg">
      <Stack gap="xs">
        <Text fw={600}>
          {texts.firstSigned(signers.map((id) => nameOf(side.held, id)).join(", "))}
        </Text>
        <Text>{texts.fromFirst(minutesWords(settled.minutes))}</Text>
        {settled.targets.map(({ id, rights }) => (
          <Text key={id}>
            <b>{targetName(side.held, id)}</b>: {rightsOn(side.held, { id, rights })}
          </Text>
        ))}
        <Text c="dimmed">{texts.fixed}</Text>
      </Stack>
    </Card>
  );
}

function deniers({ denial }: Job, held: Parameters<typeof nameOf>[0]): string {
  return (denial?.signers ?? []).map(({ name }) => nameOf(held, name)).join(", ");
}

function isLess(given: Given, { request: { payload } }: Job): boolean {
  return (
    given.minutes < payload.minutes ||
    JSON.stringify(given.targets) !== JSON.stringify(payload.targets)
  );
}
