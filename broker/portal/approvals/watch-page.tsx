// Looking over a vendor's shoulder: what runs under a job, live, read from the box itself over a sealed channel. Nothing can be typed.
import { Alert, Button, Card, Chip, Group, Stack, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { lazy, Suspense, useState } from "react";
import { Link, useParams } from "wouter";
import type { Job } from "../../../shared/site/jobs.ts";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import type { RelayedSession } from "../../../shared/site/relay-client.ts";
import type { Side } from "../../../shared/site/side.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { approvals } from "../texts/approvals.ts";
import { EndButton } from "./end-button.tsx";
import { useJobs } from "./use-jobs.ts";
import { useReading } from "../shell/use-reading.ts";
import { WatchedBytes } from "./watched-bytes.tsx";
import { SupervisedNote } from "./supervised-note.tsx";
import { findJob, nameOf, targetName } from "./words.ts";
import { findTarget, policyOf } from "../../../shared/document/manifest.ts";
import { parseTargetId } from "../../../shared/ids.ts";

// xterm.js is loaded only by who watches a terminal, noVNC by who watches a screen.
const WatchedTerminal = lazy(() => import("./watched-terminal.tsx"));
const WatchedScreen = lazy(() => import("./watched-screen.tsx"));
/** Where something is to be seen. */
const shownKinds: readonly string[] = ["terminal", "screen"];
const texts = approvals.watch;

export default function WatchPage() {
  const { request } = useParams<{ request: string }>();
  const { value, error, reload } = useJobs();
  const job = value && findJob(value.jobs, request);
  return (
    <Page title={texts.title} about={texts.about}>
      {value === undefined ? (
        error === undefined ? (
          <Loading />
        ) : (
          <Trouble error={error} retry={reload} />
        )
      ) : job === undefined ? (
        <Empty title={approvals.notFound} />
      ) : (
        <Watching job={job} sessions={value.sessions} reload={reload} />
      )}
    </Page>
  );
}

function Watching({
  job,
  sessions,
  reload,
}: {
  readonly job: Job;
  readonly sessions: readonly RelayedSession[];
  readonly reload: () => void;
}) {
  const side = useSide();
  const { edge, vendor } = job.request.payload;
  const own = sessions.filter(({ request }) => request === job.request.hash);
  const key = own.map(({ session }) => session).join();
  const listed = useReading(
    async (reader) => {
      const { listRecordings } = await import("../../../shared/site/recordings.ts");
      const found = await listRecordings(reader, [edge], "watch");
      return found.filter(
        ({ session, person }) =>
          own.some((each) => each.session === session) || (own.length === 0 && person === vendor),
      );
    },
    [edge, key],
    side.signsQuietly,
  );
  const [chosenId, setChosen] = useState<string>();
  const running = listed.value ?? [];
  const chosen =
    running.find(({ recording }) => recording === chosenId) ??
    running.find(({ kind }) => shownKinds.includes(kind)) ??
    running[0];
  if (!side.signsQuietly) return <Alert color="yellow">{texts.noKey}</Alert>;
  return (
    <Stack gap="lg">
      <Group justify="space-between" gap="sm">
        <Text fw={600}>{nameOf(side.held, vendor)}</Text>
        <Button
          variant="default"
          loading={listed.isReading}
          leftSection={<IconRefresh size={18} aria-hidden />}
          onClick={listed.again}
        >
          {texts.refresh}
        </Button>
      </Group>
      <Trouble error={listed.error} retry={listed.again} />
      {running.length > 1 && (
        <Chip.Group value={chosen?.recording ?? ""} onChange={(value: string) => setChosen(value)}>
          <Group gap="xs" role="group" aria-label={texts.choose}>
            {running.map(({ recording, target, kind, title }) => (
              <Chip key={recording} value={recording} size="lg" variant="outline">
                {targetName(side.held, parseTargetId(target))}, {title ?? kind}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      )}
      {chosen === undefined ? (
        !listed.isReading &&
        listed.error === undefined && (
          <Empty title={texts.none}>
            <Text c="dimmed">{texts.noneHint}</Text>
          </Empty>
        )
      ) : (
        <>
          {isSupervised(side, chosen) && <SupervisedNote />}
          <Card withBorder padding="xs">
            <Suspense fallback={<Loading />}>
              {chosen.kind === "terminal" ? (
                <WatchedTerminal key={chosen.recording} recording={chosen} />
              ) : chosen.kind === "screen" ? (
                <WatchedScreen
                  key={chosen.recording}
                  recording={chosen}
                  machine={targetName(side.held, parseTargetId(chosen.target))}
                />
              ) : (
                <WatchedBytes key={chosen.recording} recording={chosen} />
              )}
            </Suspense>
          </Card>
        </>
      )}
      {(job.state === "granted" || job.state === "end asked" || job.state === "ended") && (
        <EndButton job={job} onDone={reload} />
      )}
      <Button component={Link} href={`/requests/${job.id}`} variant="subtle">
        {texts.back}
      </Button>
    </Stack>
  );
}

function isSupervised({ held }: Side, { kind, target }: ListedRecording): boolean {
  const { payload } = held.manifest;
  const listed = findTarget(payload, parseTargetId(target));
  return shownKinds.includes(kind) && listed !== undefined && policyOf(payload, listed).supervised;
}
