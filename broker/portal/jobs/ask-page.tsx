// Asking for a job: machines, what and why, how long, when; and the proof at once, so that the machine opens by itself when it is approved.
import {
  Alert,
  Button,
  Card,
  Chip,
  Group,
  NumberInput,
  SegmentedControl,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from "@mantine/core";
import { IconFingerprint, IconInfoCircle, IconSend } from "@tabler/icons-react";
import { useRef, useState, type FormEvent, type ReactNode } from "react";
import { useLocation, useSearchParams } from "wouter";
import { TouchCancelled } from "../person/signing-window.ts";
import type { PageSide } from "../person/page-side.ts";
import { Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { ask } from "../texts/jobs.ts";
import { askForJob } from "./asking.ts";
import { liveJobs } from "./live-jobs.ts";
import { useNow } from "../shell/moment.tsx";
import { isBarred, ProofAsk, useProof } from "./proof.tsx";
import {
  edgeOf,
  faultsOf,
  mostMinutes,
  offeredMinutes,
  presetMinutes,
  type FieldName,
  type WindowFields,
} from "./request-draft.ts";
import { TargetChoice, type ChosenTargets } from "./target-choice.tsx";
import { WindowsChoice } from "./windows-choice.tsx";
import { fieldOfMoment, momentOfField } from "./moment-field.ts";

const daySeconds = 24 * 3600;
const monthSeconds = 30 * daySeconds;
const presencePollMs = 15_000;

type When = "now" | "later" | "regularly";

const whenHints: Readonly<Record<When, string | undefined>> = {
  now: ask.nowHint,
  later: undefined,
  regularly: ask.regularlyHint,
};

/** An early shift's week. */
const usualWindows = { days: [1, 2, 3, 4, 5], from: "06:00", to: "14:00" };

export default function AskPage() {
  const side = useSide();
  const [search] = useSearchParams();
  const [, navigate] = useLocation();
  const form = useRef<HTMLFormElement>(null);
  const { payload: manifest } = side.held.manifest;

  const [targets, setTargets] = useState<ChosenTargets>(() => preset(side, search));
  const [reason, setReason] = useState("");
  const [ticket, setTicket] = useState("");
  const most = mostMinutes(manifest, targets.keys());
  const [picked, setPicked] = useState<number>();
  const [isOther, setOther] = useState(false);
  const minutes = picked ?? presetMinutes(most);
  const [when, setWhen] = useState<When>("now");
  const [windows, setWindows] = useState<WindowFields>(() => ({
    ...usualWindows,
    until: fieldOfMoment(side.now() + monthSeconds).slice(0, 10),
  }));
  const [start, setStart] = useState(() => fieldOfMoment(side.now() + daySeconds));
  const [faults, setFaults] = useState<Partial<Record<FieldName | "code", string>>>({});
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();

  const edge = edgeOf(manifest, targets.keys());
  const online = useOnline(side);
  const isAway = edge !== undefined && online(edge) === false;
  const asked = [...targets].map(([id, rights]) => ({ id, rights: [...rights] }));
  const choice = useProof(side, asked);
  const provesNow = !isAway && edge !== undefined && when !== "regularly";

  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const fields = {
      targets,
      minutes,
      reason,
      ticket,
      startBeforeAt: when === "later" ? (momentOfField(start) ?? 0) : undefined,
      windows: when === "regularly" ? windows : undefined,
    };
    const found = {
      ...faultsOf(fields, manifest, side.now()),
      ...(provesNow && choice.way === "code" && !choice.isCodeWhole && { code: ask.faults.code }),
    };
    setFaults(found);
    if (Object.keys(found).length > 0) {
      // The first that is wrong takes the focus, once it is marked.
      requestAnimationFrame(() =>
        form.current?.querySelector<HTMLElement>("[aria-invalid=true], input")?.focus(),
      );
      return;
    }
    setBusy(true);
    setError(undefined);
    let given: ReturnType<typeof choice.take> | undefined;
    try {
      given = provesNow && !isBarred(choice.way) ? choice.take() : undefined;
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
      return;
    }
    askForJob(side, fields)
      .then((job) => {
        if (given !== undefined) liveJobs.open({ side, job, ...given });
        navigate(`/jobs/${job.id}`);
      })
      .catch((thrown: unknown) => {
        given?.touch?.close();
        setBusy(false);
        if (!(thrown instanceof TouchCancelled)) setError(thrown);
      });
  };

  return (
    <Page title={ask.title} about={ask.about}>
      <form ref={form} onSubmit={submit} noValidate>
        <Stack gap="lg">
          <Part title={ask.machines}>
            <TargetChoice
              side={side}
              chosen={targets}
              onChange={setTargets}
              isOnline={online}
              error={faults.targets ?? faults.rights}
            />
          </Part>
          <Part>
            <Textarea
              label={ask.reason}
              description={ask.reasonHint}
              value={reason}
              maxLength={1000}
              required
              error={faults.reason}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            <TextInput
              label={`${ask.ticket} (${ask.optional})`}
              value={ticket}
              maxLength={120}
              onChange={(event) => setTicket(event.currentTarget.value)}
            />
          </Part>
          <Part title={ask.length} about={ask.lengthHint}>
            <Chip.Group
              value={isOther ? "other" : String(minutes)}
              onChange={(value) => {
                setOther(value === "other");
                if (value !== "other") setPicked(Number(value));
              }}
            >
              <Group gap="sm" role="radiogroup" aria-label={ask.length}>
                {offeredMinutes
                  .filter((each) => each <= most)
                  .map((each) => (
                    <Chip key={each} value={String(each)} size="md">
                      {lengthLabel(each)}
                    </Chip>
                  ))}
                <Chip value="other" size="md">
                  {ask.otherLength}
                </Chip>
              </Group>
            </Chip.Group>
            {(isOther || faults.minutes !== undefined) && (
              <NumberInput
                label={ask.otherMinutes}
                description={ask.atMost(most)}
                value={minutes}
                min={1}
                max={most}
                allowDecimal={false}
                error={faults.minutes}
                onChange={(value) => setPicked(Number(value))}
              />
            )}
          </Part>
          <Part title={ask.when} about={whenHints[when]}>
            <Group>
              <SegmentedControl
                size="md"
                aria-label={ask.when}
                value={when}
                data={[
                  { value: "now", label: ask.now },
                  { value: "later", label: ask.later },
                  { value: "regularly", label: ask.regularly },
                ]}
                onChange={setWhen}
              />
            </Group>
            {when === "later" && (
              <TextInput
                type="datetime-local"
                label={ask.startBefore}
                description={ask.startBeforeHint}
                value={start}
                error={faults.start}
                onChange={(event) => setStart(event.currentTarget.value)}
              />
            )}
            {when === "regularly" && (
              <WindowsChoice fields={windows} onChange={setWindows} error={faults.windows} />
            )}
          </Part>
          {edge !== undefined &&
            when !== "regularly" &&
            (isAway ? (
              <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} role="status">
                {ask.offline(side.edgeName(edge))}
              </Alert>
            ) : (
              <Stack gap="sm">
                {choice.way === "touch" && <Text c="dimmed">{ask.oneTouch}</Text>}
                <ProofAsk choice={choice} error={faults.code} />
              </Stack>
            ))}
          <Trouble error={error} />
          <Group>
            <Button
              type="submit"
              size="lg"
              loading={isBusy}
              disabled={provesNow && isBarred(choice.way)}
              leftSection={
                provesNow && choice.way === "touch" ? (
                  <IconFingerprint aria-hidden />
                ) : (
                  <IconSend aria-hidden />
                )
              }
            >
              {ask.ask}
            </Button>
          </Group>
        </Stack>
      </form>
    </Page>
  );
}

function Part({
  title,
  about,
  children,
}: {
  readonly title?: string;
  readonly about?: string | undefined;
  readonly children: ReactNode;
}) {
  return (
    <Card withBorder padding="lg">
      <Stack gap="md">
        {title !== undefined && (
          <Stack gap={0}>
            <Title order={2} size="h3">
              {title}
            </Title>
            {about !== undefined && <Text c="dimmed">{about}</Text>}
          </Stack>
        )}
        {children}
      </Stack>
    </Card>
  );
}

// Presence is the relay's word; it only decides when to ask for the proof.
function useOnline(side: PageSide): (edge: string) => boolean | undefined {
  const turn = useNow(presencePollMs);
  const { value } = useLoaded(() => side.edges(), [side, turn]);
  return (edge) => value?.find((each) => each.edge === edge)?.online;
}

function preset(side: PageSide, search: URLSearchParams): ChosenTargets {
  const { targets } = side.held.manifest.payload;
  const wanted = search.getAll("target");
  const found = targets.filter(({ id }) => wanted.includes(id));
  const [only, ...others] = targets;
  if (found.length === 0 && only !== undefined && others.length === 0) found.push(only);
  const [first] = found;
  return new Map(
    found.filter(({ edge }) => edge === first?.edge).map(({ id, rights }) => [id, rights]),
  );
}

function lengthLabel(minutes: number): string {
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
