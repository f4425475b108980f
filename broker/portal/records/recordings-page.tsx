// The recordings of the site: a list to filter, and a search that runs on the edges.
import {
  Badge,
  Button,
  Card,
  Group,
  Select,
  Stack,
  Text,
  TextInput,
  VisuallyHidden,
} from "@mantine/core";
import { IconRefresh, IconSearch } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { Link, useSearchParams } from "wouter";
import { personWords } from "../../../shared/site/people.ts";
import { parsePersonId } from "../../../shared/ids.ts";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { records } from "../texts/records.ts";
import { exactWords } from "../shell/moment.tsx";
import { recordingTitle, targetName } from "./recording-words.ts";
import { SearchResults } from "./search-results.tsx";
import { SilentEdges } from "./silent-edges.tsx";
import { siteRecordings } from "./site-recordings.ts";
import { useReading } from "../shell/use-reading.ts";

const texts = records.recordings;

export default function RecordingsPage() {
  const side = useSide();
  const [inAddress, setInAddress] = useSearchParams();
  const wanted = inAddress.get("find") ?? "";
  const { value, error, isReading, again } = useReading(siteRecordings, []);
  const search = (text: string): void =>
    setInAddress(text === "" ? {} : { find: text }, { replace: false });
  return (
    <Page
      title={texts.title}
      about={texts.about}
      actions={
        <Button
          variant="default"
          leftSection={<IconRefresh size={18} aria-hidden />}
          loading={isReading}
          onClick={again}
        >
          {records.readAgain}
        </Button>
      }
    >
      <SearchForm key={wanted} wanted={wanted} onSearch={search} />
      {wanted === "" ? (
        <>
          <Trouble error={error} retry={again} />
          <SilentEdges silent={value?.silent ?? []} />
          {isReading && (value === undefined || value.recordings.length === 0) ? (
            <Loading label={records.reading} />
          ) : (
            value !== undefined && <Filtered recordings={value.recordings} side={side} />
          )}
        </>
      ) : (
        <SearchResults
          text={wanted}
          recordings={value?.recordings ?? []}
          onEnd={() => search("")}
        />
      )}
    </Page>
  );
}

function SearchForm({
  wanted,
  onSearch,
}: {
  readonly wanted: string;
  readonly onSearch: (text: string) => void;
}) {
  const [text, setText] = useState(wanted);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSearch(text.trim());
  };
  return (
    <form onSubmit={submit} role="search">
      <Group align="flex-end" gap="sm">
        <TextInput
          flex="1 1 240px"
          type="search"
          label={texts.find}
          description={texts.findHint}
          maxLength={200}
          value={text}
          leftSection={<IconSearch size={18} aria-hidden />}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit">{texts.search}</Button>
      </Group>
    </form>
  );
}

function Filtered({
  recordings,
  side,
}: {
  readonly recordings: readonly ListedRecording[];
  readonly side: PageSide;
}) {
  const [person, setPerson] = useState("");
  const [target, setTarget] = useState("");
  const [day, setDay] = useState("");
  if (recordings.length === 0) {
    return (
      <Empty title={texts.none}>
        <Text>{texts.noneHint}</Text>
      </Empty>
    );
  }
  const shown = recordings.filter(
    (each) =>
      (person === "" || each.person === person) &&
      (target === "" || each.target === target) &&
      (day === "" || dayOf(each.startedMs) === day),
  );
  const clear = (): void => {
    setPerson("");
    setTarget("");
    setDay("");
  };
  const isFiltered = person !== "" || target !== "" || day !== "";
  return (
    <Stack gap="md">
      <Group gap="sm" align="flex-end">
        <Select
          flex="1 1 9rem"
          label={records.person}
          value={person}
          data={choices(recordings.map((each) => [each.person, personName(side, each.person)]))}
          onChange={(value) => setPerson(value ?? "")}
        />
        <Select
          flex="1 1 9rem"
          label={records.target}
          value={target}
          data={choices(recordings.map((each) => [each.target, targetName(side, each.target)]))}
          onChange={(value) => setTarget(value ?? "")}
        />
        <TextInput
          flex="1 1 9rem"
          type="date"
          label={texts.day}
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
      </Group>
      <Group justify="space-between">
        <Text c="dimmed" aria-live="polite">
          {texts.count(shown.length, recordings.length)}
        </Text>
        {isFiltered && (
          <Button variant="subtle" onClick={clear}>
            {texts.clear}
          </Button>
        )}
      </Group>
      {shown.length === 0 && <Empty title={texts.noneFit} />}
      <Stack gap="sm" component="ul" className="plain-list">
        {shown.map((recording) => (
          <li key={recording.recording}>
            <RecordingCard recording={recording} side={side} />
          </li>
        ))}
      </Stack>
    </Stack>
  );
}

function RecordingCard({
  recording,
  side,
}: {
  readonly recording: ListedRecording;
  readonly side: PageSide;
}) {
  const { edge, startedMs, state, bytes, kind, title } = recording;
  const heading = recordingTitle(side, recording);
  return (
    <Card
      withBorder
      padding="md"
      component={Link}
      href={`/recordings/${edge}/${recording.recording}`}
    >
      <Group justify="space-between" align="flex-start" gap="xs">
        <Stack gap={2} flex="1 1 240px">
          <Text fw={600}>{heading}</Text>
          <Text c="dimmed">
            {exactWords(startedMs / 1000)} · {side.edgeName(edge)} · {records.size(bytes)}
          </Text>
          {title !== null && (
            <Text ff="monospace" truncate>
              {title}
            </Text>
          )}
        </Stack>
        <Group gap="xs">
          <Badge variant="light" color="gray">
            {texts.kinds[kind] ?? kind}
          </Badge>
          {state === "open" ? (
            <Badge color="red">{texts.running}</Badge>
          ) : (
            <VisuallyHidden>{texts.closed}</VisuallyHidden>
          )}
        </Group>
      </Group>
    </Card>
  );
}

function personName(side: PageSide, person: string): string {
  return personWords(side.held, parsePersonId(person));
}

function choices(
  pairs: readonly (readonly [string, string])[],
): { value: string; label: string }[] {
  const found = [...new Map(pairs)].map(([value, label]) => ({ value, label }));
  return [
    { value: "", label: records.all },
    ...found.toSorted((left, right) => left.label.localeCompare(right.label)),
  ];
}

/** The day of this browser's calendar, as a date field has it. */
function dayOf(ms: number): string {
  const at = new Date(ms);
  const two = (number: number): string => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
