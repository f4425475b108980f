// Who is on a machine now, the edges' journals, and what the edges have signed that they carried out.
import { Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { IconBook2 } from "@tabler/icons-react";
import { useEffect } from "react";
import { Link } from "wouter";
import { verifyReceipt, type Receipt } from "../../../shared/document/denial.ts";
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import { parseDocumentHash, parseEdgeId, parsePersonId } from "../../../shared/ids.ts";
import { jobId } from "../../../shared/site/jobs.ts";
import { personWords } from "../../../shared/site/people.ts";
import type { DocumentType, RelayedSession } from "../../../shared/site/relay-client.ts";
import type { Side } from "../../../shared/site/side.ts";
import { Moment } from "../shell/moment.tsx";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { records } from "../texts/records.ts";
import { PagedList } from "./paged-list.tsx";

const texts = records.sessions;
/** Sessions come and go without a document that would be news. */
const lookEveryMs = 5_000;
const answered: readonly DocumentType[] = [
  "receipt",
  "revocation",
  "lockdown",
  "lift",
  "grant",
  "manifest",
  "roster",
];

export default function SessionsPage() {
  const side = useSide();
  const { value, error, reload } = useLoaded(
    async () => ({ sessions: await side.relay.sessions(), edges: await side.edges() }),
    [side.id],
  );
  useEffect(() => {
    const timer = setInterval(() => document.hidden || reload(), lookEveryMs);
    return () => clearInterval(timer);
  }, [reload]);
  return (
    <Page title={texts.title} about={texts.about}>
      <Trouble error={error} retry={reload} />
      {value === undefined ? (
        error === undefined && <Loading />
      ) : (
        <>
          <Running sessions={value.sessions} />
          <Stack gap="sm">
            <Title order={2}>{texts.journals}</Title>
            <Text c="dimmed">{texts.journalsAbout}</Text>
            {side.held.manifest.payload.edges.length === 0 && <Empty title={texts.noEdges} />}
            <Stack gap="sm" component="ul" className="plain-list">
              {side.held.manifest.payload.edges.map(({ id, name }) => {
                const isOnline = value.edges.some(({ edge, online }) => edge === id && online);
                return (
                  <li key={id}>
                    <Card withBorder padding="md">
                      <Group justify="space-between">
                        <Group gap="sm">
                          <Text fw={600}>{name}</Text>
                          <Badge variant="dot" color={isOnline ? "green" : "gray"}>
                            {isOnline ? texts.online : texts.offline}
                          </Badge>
                        </Group>
                        <Button
                          component={Link}
                          href={`/journal/${id}`}
                          variant="default"
                          leftSection={<IconBook2 size={18} aria-hidden />}
                        >
                          {texts.openJournal(name)}
                        </Button>
                      </Group>
                    </Card>
                  </li>
                );
              })}
            </Stack>
          </Stack>
          <Receipts />
        </>
      )}
    </Page>
  );
}

function Running({ sessions }: { readonly sessions: readonly RelayedSession[] }) {
  if (sessions.length === 0) {
    return (
      <Empty title={texts.none}>
        <Text>{texts.noneHint}</Text>
      </Empty>
    );
  }
  return (
    <Stack gap="sm" aria-live="polite">
      <Stack gap="sm" component="ul" className="plain-list">
        {sessions.map((session) => (
          <li key={`${session.edge}/${session.session}`}>
            <SessionCard session={session} />
          </li>
        ))}
      </Stack>
      <Text c="dimmed" size="sm">
        {texts.relayWord}
      </Text>
    </Stack>
  );
}

function SessionCard({ session }: { readonly session: RelayedSession }) {
  const side = useSide();
  const { edge, person, request, startedAt } = session;
  const job = request === null ? undefined : jobId(parseDocumentHash(request));
  return (
    <Card withBorder padding="md">
      <Group justify="space-between">
        <Stack gap={2}>
          <Text fw={600}>
            {person === null ? "?" : personWords(side.held, parsePersonId(person))}
          </Text>
          <Text c="dimmed">
            {side.edgeName(parseEdgeId(edge))} ·{" "}
            {job === undefined ? texts.reading : texts.job(job)} · <Moment at={startedAt} />
          </Text>
        </Stack>
        {job !== undefined && side.hasRole("approver", "owner") && (
          <Button component={Link} href={`/requests/${job}`} variant="default">
            {texts.toJob}
          </Button>
        )}
      </Group>
    </Card>
  );
}

function Receipts() {
  const side = useSide();
  const { value, error, reload } = useLoaded(() => receiptsOf(side), [side.id]);
  return (
    <Stack gap="sm">
      <Title order={2}>{texts.receipts}</Title>
      <Text c="dimmed">{texts.receiptsAbout}</Text>
      <Trouble error={error} retry={reload} />
      {value?.length === 0 && (
        <Empty title={texts.noReceipts}>
          <Text>{texts.noReceiptsHint}</Text>
        </Empty>
      )}
      {value !== undefined && value.length > 0 && (
        <Card withBorder padding="md">
          <PagedList
            label={texts.receipts}
            items={value}
            textOf={({ what, receipt }) => `${what} ${side.edgeName(receipt.edge)}`}
            render={({ what, receipt }) => (
              <Group gap="xs">
                <Badge variant="dot" color={receipt.outcome === "done" ? "green" : "red"}>
                  {texts.outcome[receipt.outcome]}
                </Badge>
                <Text>{texts.receiptOf(what, side.edgeName(receipt.edge))}</Text>
                <Text c="dimmed">
                  {texts.entryNumber(receipt.entry.index)} · <Moment at={receipt.at} />
                  {receipt.reason !== null && ` · ${receipt.reason}`}
                </Text>
              </Group>
            )}
          />
        </Card>
      )}
    </Stack>
  );
}

interface ReadReceipt {
  readonly receipt: Receipt;
  readonly what: string;
}

/** Newest first; what no edge of this site has signed is left out. */
async function receiptsOf(side: Side): Promise<ReadReceipt[]> {
  const stored = await side.relay.documents(answered);
  const kinds = new Map<string, string>();
  for (const { envelope } of stored) kinds.set(await hashEnvelope(envelope), envelope.type);
  const found: ReadReceipt[] = [];
  for (const { envelope } of stored.filter(({ type }) => type === "receipt")) {
    const verified = await verifyReceipt(envelope, side.held).catch(() => undefined);
    if (verified === undefined) continue;
    const kind = kinds.get(verified.payload.document) ?? "";
    found.push({ receipt: verified.payload, what: texts.documents[kind] ?? texts.anyDocument });
  }
  return found.toSorted((left, right) => right.receipt.at - left.receipt.at);
}
