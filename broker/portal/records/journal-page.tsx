// One edge's journal as sentences, newest first, checked as it is read.
import { Alert, Button, Card, Code, Group, Select, Stack, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconArrowLeft, IconLink, IconShieldCheck } from "@tabler/icons-react";
import { useMemo, useState } from "react";
import { Link, useParams } from "wouter";
import { parsePersonId, type EdgeId } from "../../../shared/ids.ts";
import type { JournalEntry } from "../../../shared/record/journal-entry.ts";
import { personWords } from "../../../shared/site/people.ts";
import type { Side } from "../../../shared/site/side.ts";
import { exactWords } from "../shell/moment.tsx";
import { Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import {
  journalSentences,
  otherSentence,
  type JournalKind,
  type JournalNames,
} from "../texts/journal.ts";
import { records } from "../texts/records.ts";
import { readJournal, type ReadJournal } from "./journal-reading.ts";
import { PagedList } from "./paged-list.tsx";
import { targetName } from "./recording-words.ts";
import { useReading } from "../shell/use-reading.ts";

const texts = records.journal;
/** Read at first; all before them on demand. */
const firstEntries = 1000;

export default function JournalPage() {
  const { edge } = useParams<{ edge: string }>();
  const side = useSide();
  const listed = side.held.manifest.payload.edges.find(({ id }) => id === edge);
  if (listed === undefined) return <Page title={records.unknownEdge} actions={<Back />} />;
  return <OneJournal key={edge} edge={listed.id} name={listed.name} />;
}

function OneJournal({ edge, name }: { readonly edge: EdgeId; readonly name: string }) {
  const side = useSide();
  const [isWhole, setWhole] = useState(false);
  const [follows, setFollows] = useState(false);
  const [kind, setKind] = useState<JournalKind | "all">("all");
  const { value, error, isReading, again } = useReading(
    async (reader, tell: (soFar: ReadJournal) => void) => {
      const known = isWhole ? 0 : ((await reader.checkpoint(edge))?.payload.length ?? 0);
      return readJournal(reader, edge, Math.max(0, known - firstEntries), follows, tell);
    },
    [edge, isWhole, follows],
  );
  const names = useMemo(() => namesOf(side), [side]);
  const shown = useMemo(() => sentencesOf(value?.entries ?? [], kind, names), [value, kind, names]);
  return (
    <Page title={texts.title(name)} about={texts.about} actions={<Back />}>
      <Trouble error={error} retry={again} />
      {value !== undefined && <Checked journal={value} />}
      <Group gap="md" align="flex-end">
        <Select
          label={texts.kind}
          value={kind}
          data={Object.entries(texts.kinds).map(([each, label]) => ({ value: each, label }))}
          onChange={(chosen) => setKind((chosen ?? "all") as JournalKind | "all")}
        />
        <Switch
          size="md"
          label={texts.follow}
          description={texts.following}
          checked={follows}
          onChange={(event) => setFollows(event.currentTarget.checked)}
        />
      </Group>
      {value === undefined ? (
        isReading && <Loading label={records.reading} />
      ) : (
        <Card withBorder padding="md">
          <PagedList
            label={texts.newest}
            items={shown}
            textOf={({ sentence }) => sentence}
            render={(item) => <Entry {...item} />}
          />
        </Card>
      )}
      {(value?.entries[0]?.header.n ?? 0) > 0 && (
        <Button variant="default" loading={isReading && isWhole} onClick={() => setWhole(true)}>
          {texts.older}
        </Button>
      )}
    </Page>
  );
}

/** What the fingerprints prove of what is shown, and no more. */
function Checked({
  journal: { entries, witnessed, isRewritten },
}: {
  readonly journal: ReadJournal;
}) {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return null;
  if (isRewritten) {
    return (
      <Alert color="red" role="alert" title={texts.rewritten}>
        {texts.rewrittenHint}
      </Alert>
    );
  }
  return (
    <Group gap="xs" wrap="nowrap">
      {witnessed === undefined ? <IconLink aria-hidden /> : <IconShieldCheck aria-hidden />}
      <Text>
        {texts.fits(first.header.n, last.header.n)}{" "}
        {witnessed === undefined ? texts.unwitnessed : texts.witnessed(witnessed)}
      </Text>
    </Group>
  );
}

interface SentenceOfEntry {
  readonly entry: JournalEntry;
  readonly sentence: string;
}

function Entry({ entry: { header, details }, sentence }: SentenceOfEntry) {
  const [isShown, shown] = useDisclosure(false);
  return (
    <Stack gap={4}>
      <Group justify="space-between" align="flex-start" gap="xs">
        <Stack gap={0} flex="1 1 240px">
          <Text className="breaks-anywhere">{sentence}</Text>
          <Text size="sm" c="dimmed">
            {texts.entry(header.n)} · {exactWords(header.wallMs / 1000)}
          </Text>
        </Stack>
        <Button
          variant="subtle"
          aria-expanded={isShown}
          aria-label={`${texts.details}: ${texts.entry(header.n)}`}
          onClick={shown.toggle}
        >
          {texts.details}
        </Button>
      </Group>
      {isShown && (
        <Code block className="breaks-anywhere keeps-lines">
          {JSON.stringify({ ...header, details: details?.value ?? null }, null, 2)}
        </Code>
      )}
    </Stack>
  );
}

function Back() {
  return (
    <Button
      component={Link}
      href="/sessions"
      variant="subtle"
      leftSection={<IconArrowLeft size={18} aria-hidden />}
    >
      {texts.back}
    </Button>
  );
}

function sentencesOf(
  entries: readonly JournalEntry[],
  kind: JournalKind | "all",
  names: JournalNames,
): SentenceOfEntry[] {
  const found = entries.flatMap((entry) => {
    const { event, ids } = entry.header;
    const known = journalSentences[event];
    if (kind !== "all" && known?.kind !== kind) return [];
    const sentence = known?.sentence(ids, entry.details?.value ?? {}, names);
    return [{ entry, sentence: sentence ?? otherSentence(event) }];
  });
  return found.toReversed();
}

function namesOf(side: Side): JournalNames {
  return {
    person: (id) => orItself(id, () => personWords(side.held, parsePersonId(id))),
    target: (id) => orItself(id, () => targetName(side, id)),
  };
}

// An edge's word is shown even where it is no id of this site.
function orItself(id: string, name: () => string): string {
  try {
    return name();
  } catch {
    return id;
  }
}
