// The first run as one list: what is done, what comes next, who does it and why. It can be left at any step; where a site stands is read from the site.
import {
  Alert,
  Badge,
  Button,
  Card,
  Group,
  Modal,
  Progress,
  Stack,
  Text,
  ThemeIcon,
  Title,
} from "@mantine/core";
import { IconCheck, IconCircle, IconHourglass } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import type { InvitationSubject } from "../../../shared/document/invitation.ts";
import { jobsOf } from "../../../shared/site/jobs.ts";
import { useAct } from "../shell/use-act.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { ChangesBar } from "../site/changes-bar.tsx";
import { makeLink } from "../site/inviting.ts";
import { LinkCard } from "../site/link-card.tsx";
import { useEvery } from "../site/use-every.ts";
import { loadWaiting } from "../site/use-site-work.ts";
import { checklist as texts } from "../texts/first-run.ts";
import { invite } from "../texts/site.ts";
import { dismiss, isDismissed } from "./dismissal.ts";
import { GlossaryWord, type Word } from "./glossary-word.tsx";
import {
  nextStep,
  progressOf,
  steps,
  type Expected,
  type StepName,
  type StepState,
} from "./progress.ts";

const lookAgainMs = 5_000;

const actions: Readonly<Partial<Record<StepName, string>>> = {
  second: "/people/invite?as=owner&back=/start",
  box: "/edges/new",
  vendor: "/people/invite?as=vendor&back=/start",
  accept: "/people",
  online: "/edges",
  device: "/targets/new",
  rehearsal: "/requests",
};
const wordOf: Readonly<Partial<Record<StepName, Word>>> = {
  key: "passkey",
  sheet: "sheet",
  second: "owner",
  box: "box",
  vendor: "vendor",
  device: "machine",
  rehearsal: "request",
};

export default function ChecklistPage() {
  const side = useSide();
  const turn = useEvery(lookAgainMs);
  const { value: progress, error, reload } = useLoaded(() => lookAround(side), [side, turn]);
  const [isHidden, setHidden] = useState(() => isDismissed(side.id));
  if (isHidden)
    return (
      <Page title={texts.title}>
        <Empty title={texts.dismissed}>
          <Button
            onClick={() => {
              dismiss(side.id, false);
              setHidden(false);
            }}
          >
            {texts.show}
          </Button>
        </Empty>
      </Page>
    );
  const done =
    progress === undefined ? 0 : steps.filter((name) => progress[name] === "done").length;
  const next = progress && nextStep(progress);
  return (
    <Page
      title={texts.title}
      about={texts.about}
      actions={
        <Button
          variant={done === steps.length ? "filled" : "subtle"}
          onClick={() => {
            dismiss(side.id, true);
            setHidden(true);
          }}
        >
          {texts.dismiss}
        </Button>
      }
    >
      <ChangesBar />
      <Trouble error={error} retry={reload} />
      {progress === undefined ? (
        error === undefined && <Loading />
      ) : (
        <>
          <Stack gap="xs" role="status">
            <Text fw={600}>{texts.progress(done, steps.length)}</Text>
            <Progress
              value={(100 * done) / steps.length}
              aria-label={texts.progress(done, steps.length)}
            />
          </Stack>
          {done === steps.length && (
            <Alert color="green" title={texts.allDone} icon={<IconCheck aria-hidden />}>
              {texts.allDoneAbout}
            </Alert>
          )}
          <Stack gap="sm" role="list">
            {steps.map((name) => (
              <Step key={name} name={name} state={progress[name]} isNext={name === next} />
            ))}
          </Stack>
        </>
      )}
    </Page>
  );
}

function Step({
  name,
  state,
  isNext,
}: {
  readonly name: StepName;
  readonly state: StepState;
  readonly isNext: boolean;
}) {
  const text = texts.steps[name];
  const path = actions[name];
  const word = wordOf[name];
  const label = state === "done" ? texts.done : state === "waiting" ? texts.waiting : undefined;
  return (
    <Card withBorder padding="md" role="listitem" aria-current={isNext ? "step" : undefined}>
      <Group wrap="nowrap" align="flex-start" gap="md">
        <ThemeIcon
          variant={state === "done" ? "filled" : "light"}
          color={state === "done" ? "green" : isNext ? undefined : "gray"}
          radius="xl"
          size="lg"
          aria-hidden
        >
          {state === "done" ? (
            <IconCheck size={20} />
          ) : state === "waiting" ? (
            <IconHourglass size={20} />
          ) : (
            <IconCircle size={20} />
          )}
        </ThemeIcon>
        <Stack gap={4} flex={1} align="flex-start">
          <Group gap="xs">
            <Title order={2} size="h4">
              {text.title}
            </Title>
            {label !== undefined && (
              <Badge color={state === "done" ? undefined : "gray"}>{label}</Badge>
            )}
            {isNext && <Badge>{texts.next}</Badge>}
          </Group>
          {state !== "done" && (
            <>
              <Text>{text.why}</Text>
              <Text c="dimmed" size="sm">
                {texts.who} {text.who}
              </Text>
              {"todo" in text && <Text>{text.todo}</Text>}
              {name === "accept" && <Text>{texts.batch}</Text>}
              <Group gap="sm">
                {name === "phone" ? (
                  <PhoneButton isNext={isNext} />
                ) : (
                  path !== undefined &&
                  "act" in text && (
                    <Button component={Link} href={path} variant={isNext ? "filled" : "default"}>
                      {text.act}
                    </Button>
                  )
                )}
                {word !== undefined && <GlossaryWord word={word} />}
              </Group>
            </>
          )}
        </Stack>
      </Group>
    </Card>
  );
}

// One's own phone is a second device of the same person: its keys are learned as anybody's are.
function PhoneButton({ isNext }: { readonly isNext: boolean }) {
  const side = useSide();
  const [link, setLink] = useState<string>();
  const { isBusy, error, run } = useAct();
  const known = side.held.manifest.payload.persons.find(({ id }) => id === side.me);
  const make = (): void => {
    if (known === undefined) return;
    const { name, roles } = known;
    const subject = { kind: "person", id: side.me, name, roles } as const;
    void run(async () => setLink(await makeLink(side, subject)));
  };
  return (
    <>
      <Button variant={isNext ? "filled" : "default"} loading={isBusy} onClick={make}>
        {texts.steps.phone.act}
      </Button>
      <Trouble error={error} />
      <Modal
        opened={link !== undefined}
        onClose={() => setLink(undefined)}
        title={invite.forMe}
        closeButtonProps={{ "aria-label": invite.done }}
      >
        {link !== undefined && (
          <LinkCard link={link} title={invite.scan} hint={invite.forMeAbout} />
        )}
      </Modal>
    </>
  );
}

async function lookAround(side: PageSide) {
  const [waiting, edges, jobs] = await Promise.all([loadWaiting(side), side.edges(), jobsOf(side)]);
  const { payload } = side.held.manifest;
  return progressOf({
    me: side.me,
    manifest: payload,
    hasTechnicians: side.held.rosters.some((roster) => roster.payload.technicians.length > 0),
    invited: waiting.open.map((invitation) => expected(invitation.payload.subject, side)),
    newcomers: waiting.newcomers
      .filter(({ subject }) => subject.kind !== "technician")
      .map(({ subject }) => expected(subject, side)),
    isEdgeOnline: edges.some(
      ({ edge, online }) => online && payload.edges.some(({ id }) => id === edge),
    ),
    hasAnsweredRequest: jobs.some(
      ({ grant, denial }) => grant !== undefined || denial !== undefined,
    ),
  });
}

function expected(subject: InvitationSubject, side: PageSide): Expected {
  if (subject.kind === "edge") return { kind: "edge" };
  if (subject.kind !== "person") return { kind: "vendor" };
  if (subject.id === side.me) return { kind: "me" };
  if (subject.roles.includes("owner")) return { kind: "owner" };
  return { kind: subject.roles.includes("vendor") ? "vendor" : "other" };
}
