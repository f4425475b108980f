// Where a text occurs in the recordings of all edges; each line opens its recording at that second.
import { Badge, Button, Card, Group, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import { Empty, Loading, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { records } from "../texts/records.ts";
import { exactWords } from "../shell/moment.tsx";
import { recordingTitle } from "./recording-words.ts";
import { SilentEdges } from "./silent-edges.tsx";
import { searchSite, type FoundLine } from "./site-recordings.ts";
import { useReading } from "../shell/use-reading.ts";

const texts = records.recordings;

export function SearchResults({
  text,
  recordings,
  onEnd,
}: {
  readonly text: string;
  readonly recordings: readonly ListedRecording[];
  readonly onEnd: () => void;
}) {
  const { value, error, isReading, again } = useReading(
    (side, tell: Parameters<typeof searchSite>[2]) => searchSite(side, text, tell),
    [text],
  );
  const lines = value?.lines ?? [];
  return (
    <Stack gap="md">
      <Trouble error={error} retry={again} />
      <SilentEdges silent={value?.silent ?? []} />
      <Group justify="space-between">
        <Text aria-live="polite" fw={600}>
          {isReading ? texts.searching : texts.found(lines.length, text)}
        </Text>
        <Button variant="subtle" onClick={onEnd}>
          {texts.stopSearch}
        </Button>
      </Group>
      {isReading && lines.length === 0 && <Loading label={texts.searching} />}
      {!isReading && lines.length === 0 && error === undefined && (
        <Empty title={texts.found(0, text)}>
          <Text>{texts.foundNothingHint}</Text>
        </Empty>
      )}
      <Stack gap="xs" component="ul" className="plain-list">
        {lines.map((line, at) => (
          <li key={`${line.recording}/${at}`}>
            <FoundCard
              line={line}
              recording={recordings.find((each) => each.recording === line.recording)}
            />
          </li>
        ))}
      </Stack>
      {(value?.cut.length ?? 0) > 0 && <Text c="dimmed">{texts.cut}</Text>}
    </Stack>
  );
}

function FoundCard({
  line: { edge, recording: id, t, dir, line },
  recording,
}: {
  readonly line: FoundLine;
  readonly recording: ListedRecording | undefined;
}) {
  const side = useSide();
  return (
    <Card
      withBorder
      padding="sm"
      component={Link}
      href={`/recordings/${edge}/${id}?at=${t.toFixed(3)}`}
    >
      <Stack gap={4}>
        <Text ff="monospace" lineClamp={2} className="breaks-anywhere">
          {line}
        </Text>
        <Group gap="xs">
          <Badge variant="light">{texts.at(records.seconds(t))}</Badge>
          <Text size="sm" c="dimmed">
            {dir === "to-device" ? texts.typed : texts.shown}
            {recording !== undefined &&
              ` · ${recordingTitle(side, recording)} · ${exactWords(recording.startedMs / 1000)}`}
          </Text>
        </Group>
      </Stack>
    </Card>
  );
}
