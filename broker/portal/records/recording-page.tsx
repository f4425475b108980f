// One recording: read whole from its edge over the sealed channel, then played from this page's memory.
import { Alert, Button, Stack, Text } from "@mantine/core";
import { IconArrowLeft, IconDownload } from "@tabler/icons-react";
import { lazy, Suspense, useMemo } from "react";
import { Link, useParams, useSearchParams } from "wouter";
import { utf8 } from "../../../shared/bytes.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { readLines } from "../../../shared/site/edge-reading.ts";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { records } from "../texts/records.ts";
import { ByteTimeline } from "./byte-timeline.tsx";
import { parseRecording, type AnyRecording } from "./cast.ts";
import { exactWords } from "../shell/moment.tsx";
import { recordingTitle } from "./recording-words.ts";
import { fileName, saveFile } from "./save-file.ts";
import { recordingOf } from "./site-recordings.ts";
import { useReading } from "../shell/use-reading.ts";

const TerminalPlayer = lazy(() => import("./terminal-player.tsx"));
const ScreenPlayer = lazy(() => import("./screen-player.tsx"));
const texts = records.recording;
/** Telling more often would only cost time. */
const tellMs = 100;

interface Opened {
  /** Undefined if the edge has none of that name. */
  readonly facts: ListedRecording | undefined;
  readonly bytes: number;
  readonly lines: readonly string[];
  readonly content: AnyRecording | undefined;
}

export default function RecordingPage() {
  const { edge, recording } = useParams<{ edge: string; recording: string }>();
  const side = useSide();
  const listed = side.held.manifest.payload.edges.find(({ id }) => id === edge);
  return listed === undefined ? (
    <Page title={records.unknownEdge} actions={<Back />} />
  ) : (
    <OneRecording edge={listed.id} recording={recording} />
  );
}

function OneRecording({ edge, recording }: { readonly edge: EdgeId; readonly recording: string }) {
  const side = useSide();
  const [inAddress] = useSearchParams();
  const startAt = Number(inAddress.get("at") ?? 0) || 0;
  const { value, error, isReading, again } = useReading(
    (reader, tell: (soFar: Opened) => void) => openRecording(reader, edge, recording, tell),
    [edge, recording],
  );
  const facts = value?.facts;
  const content = isReading ? undefined : value?.content;
  if (!isReading && value !== undefined && facts === undefined) {
    return (
      <Page title={texts.missing} actions={<Back />}>
        <Empty title={texts.missingHint} />
      </Page>
    );
  }
  return (
    <Page
      title={facts === undefined ? texts.title : recordingTitle(side, facts)}
      about={
        facts && (
          <>
            {exactWords(facts.startedMs / 1000)} · {side.edgeName(edge)} ·{" "}
            {records.recordings.kinds[facts.kind] ?? facts.kind}
          </>
        )
      }
      actions={
        <>
          <Back />
          {facts !== undefined && content !== undefined && (
            <Button
              variant="default"
              leftSection={<IconDownload size={18} aria-hidden />}
              onClick={() => download(facts, value?.lines ?? [], content.kind)}
            >
              {records.download}
            </Button>
          )}
        </>
      }
    >
      {typeof facts?.title === "string" && (
        <Text ff="monospace" className="breaks-anywhere">
          {facts.title}
        </Text>
      )}
      <Trouble error={error} retry={again} />
      {isReading && (
        <Stack gap={0}>
          <Loading label={texts.loading(records.size(value?.bytes ?? 0))} />
          <Text c="dimmed" ta="center">
            {texts.loadingHint}
          </Text>
        </Stack>
      )}
      {facts?.state === "open" && <Alert color="blue">{texts.stillRunning}</Alert>}
      {content !== undefined && <Content content={content} startAt={startAt} />}
    </Page>
  );
}

function Content({
  content,
  startAt,
}: {
  readonly content: AnyRecording;
  readonly startAt: number;
}) {
  const isTorn = useMemo(() => endsTorn(content), [content]);
  return (
    <>
      {isTorn && (
        <Alert color="yellow" role="status">
          {texts.torn}
        </Alert>
      )}
      {content.kind === "bytes" ? (
        <ByteTimeline recording={content} startAt={startAt} />
      ) : content.kind === "screen" ? (
        <Suspense fallback={<Loading />}>
          <ScreenPlayer recording={content} startAt={startAt} />
        </Suspense>
      ) : content.events.length === 0 ? (
        <Empty title={texts.emptyTerminal} />
      ) : (
        <Suspense fallback={<Loading />}>
          <TerminalPlayer recording={content} startAt={startAt} />
        </Suspense>
      )}
    </>
  );
}

function Back() {
  return (
    <Button
      component={Link}
      href="/recordings"
      variant="subtle"
      leftSection={<IconArrowLeft size={18} aria-hidden />}
    >
      {texts.back}
    </Button>
  );
}

async function openRecording(
  side: PageSide,
  edge: EdgeId,
  recording: string,
  tell: (soFar: Opened) => void,
): Promise<Opened> {
  const facts = await recordingOf(side, edge, recording);
  const lines: string[] = [];
  let bytes = 0;
  if (facts === undefined) return { facts, bytes, lines, content: undefined };
  let toldMs = 0;
  for await (const line of readLines(side, edge, "play", { recording: facts.recording })) {
    lines.push(line);
    bytes += line.length + 1;
    if (performance.now() - toldMs < tellMs) continue;
    toldMs = performance.now();
    tell({ facts, bytes, lines: [], content: undefined });
  }
  return { facts, bytes, lines, content: parseRecording(lines) };
}

function download(
  { person, target, startedMs }: ListedRecording,
  lines: readonly string[],
  kind: AnyRecording["kind"],
): void {
  const started = new Date(startedMs).toISOString().slice(0, 19);
  const name = `${fileName(target, person, started)}.${kind === "terminal" ? "cast" : "ndjson"}`;
  const pieces = lines.map((line) => utf8(`${line}\n`) as Uint8Array<ArrayBuffer>);
  saveFile(name, pieces, "application/x-ndjson");
}

// The edge says so in the last line, whoever plays.
function endsTorn(content: AnyRecording): boolean {
  if (content.kind !== "terminal") return content.records.at(-1)?.event === "torn";
  const last = content.events.at(-1);
  return last?.code === "m" && last.text === "torn";
}
