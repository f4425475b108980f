// The boxes of the site: whether they are connected, what they run and how much of the site they know, when the site's signature ends; and those that wait.
import { Alert, Badge, Button, Card, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useState, type FormEvent } from "react";
import { Link } from "wouter";
import type { ManifestEdge } from "../../../shared/document/manifest.ts";
import { isTargetKind } from "../../../shared/document/rights.ts";
import type { ListedEdge } from "../../../shared/site/relay-client.ts";
import { useAct } from "../shell/use-act.ts";
import { exactWords, Moment } from "../shell/moment.tsx";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { edges as texts } from "../texts/site.ts";
import { kinds } from "../texts/targets.ts";
import { ChangesBar } from "./changes-bar.tsx";
import { draftOf, useChanges } from "./draft-store.ts";
import { dayOf } from "./days.ts";
import { readEdgeFacts } from "./edge-facts.ts";
import type { EdgeFacts } from "./edge-words.ts";
import { NewcomerAction, NewcomerCard } from "./newcomers.tsx";
import { RemoveButton } from "./remove-button.tsx";
import { useEvery } from "./use-every.ts";
import { useWaiting } from "./use-site-work.ts";

const lookAgainMs = 5_000;
const soonSeconds = 60 * 24 * 3600;

export default function EdgesPage() {
  const side = useSide();
  const { edges, endsAt } = side.held.manifest.payload;
  const turn = useEvery(lookAgainMs);
  const listed = useLoaded(() => side.edges(), [side, turn]);
  const waiting = useWaiting();
  const newcomers = (waiting.value?.newcomers ?? []).filter(
    ({ subject }) => subject.kind === "edge",
  );
  const open = (waiting.value?.open ?? []).filter(({ payload }) => payload.subject.kind === "edge");
  const isSoon = endsAt - side.now() < soonSeconds;
  return (
    <Page
      title={texts.title}
      about={texts.about}
      actions={
        <Button component={Link} href="/edges/new" leftSection={<IconPlus size={20} aria-hidden />}>
          {texts.add}
        </Button>
      }
    >
      <ChangesBar />
      {isSoon && <Alert color="yellow">{texts.endsSoon}</Alert>}
      <Trouble error={listed.error} retry={listed.reload} />
      <Stack gap="sm" aria-live="polite">
        {newcomers.map((newcomer) => (
          <NewcomerCard
            key={newcomer.introduction.invitation}
            newcomer={newcomer}
            about={texts.waiting}
            action={<NewcomerAction newcomer={newcomer} />}
          />
        ))}
        {open.map(({ hash, payload }) => (
          <Card withBorder key={hash} padding="md">
            <Group gap="xs">
              <Text fw={600}>{payload.subject.name}</Text>
              <Text c="dimmed">{texts.prepared}</Text>
            </Group>
          </Card>
        ))}
        {listed.value === undefined && listed.error === undefined && edges.length > 0 && (
          <Loading />
        )}
        {listed.value !== undefined &&
          edges.map((edge) => (
            <EdgeCard
              key={edge.id}
              edge={edge}
              listed={listed.value?.find((each) => each.edge === edge.id)}
            />
          ))}
      </Stack>
      {edges.length + newcomers.length + open.length === 0 && (
        <Empty title={texts.empty}>
          <Text>{texts.emptyHint}</Text>
        </Empty>
      )}
    </Page>
  );
}

function EdgeCard({
  edge,
  listed,
}: {
  readonly edge: ManifestEdge;
  readonly listed: ListedEdge | undefined;
}) {
  const side = useSide();
  const changes = useChanges(side.id);
  const { targets, endsAt } = side.held.manifest.payload;
  const [facts, setFacts] = useState<EdgeFacts>();
  const { isBusy, error, run } = useAct();
  const isGone = changes.some(({ kind, id }) => kind === "edge-removed" && id === edge.id);
  const isOnline = listed?.online === true;
  const own = targets.filter((target) => target.edge === edge.id);
  return (
    <Card withBorder padding="lg">
      <Stack gap="sm">
        <Group justify="space-between">
          <Group gap="xs">
            <Text fw={600} size="lg" td={isGone ? "line-through" : undefined}>
              {edge.name}
            </Text>
            <Badge color={isOnline ? undefined : "gray"} variant={isOnline ? "filled" : "light"}>
              {isOnline ? texts.online : texts.offline}
            </Badge>
            {typeof listed?.since === "number" && (
              <Text c="dimmed" size="sm">
                <Moment at={listed.since} />
              </Text>
            )}
          </Group>
          <Text c="dimmed" size="sm">
            {texts.machines(own.length)}
          </Text>
        </Group>
        <Text size="sm" title={exactWords(endsAt)}>
          {texts.ends} {dayOf(endsAt)}
        </Text>
        {facts !== undefined && <Facts facts={facts} />}
        <Trouble error={error} />
        <Group gap="sm">
          <Button
            variant="default"
            loading={isBusy}
            disabled={!isOnline}
            onClick={() => void run(async () => setFacts(await readEdgeFacts(side, edge.id)))}
          >
            {texts.askStatus}
          </Button>
          <RenameButton edge={edge} />
          <RemoveButton
            label={texts.remove}
            ask={texts.removeAsk(edge.name)}
            about={texts.removeAbout}
            isGone={isGone}
            change={{ kind: "edge-removed", id: edge.id }}
          />
        </Group>
      </Stack>
    </Card>
  );
}

function Facts({ facts }: { readonly facts: EdgeFacts }) {
  const side = useSide();
  const isBehind = facts.manifest < side.held.manifest.payload.version;
  return (
    <Stack gap={2} role="status">
      <Text size="sm">
        {texts.version} {facts.version}
      </Text>
      <Text size="sm">
        {texts.manifest} {facts.manifest}
      </Text>
      {isBehind && <Text size="sm">{texts.behind}</Text>}
      <Text size="sm">
        {texts.recordings}: {texts.megabytes(Math.round(facts.recordingBytes / 1e6))}
      </Text>
      {facts.kinds.length > 0 && (
        <Text size="sm">
          {texts.kinds}:{" "}
          {facts.kinds
            .filter(({ isReady }) => isReady)
            .map(({ kind }) => kindLabel(kind))
            .join(", ")}
        </Text>
      )}
      {facts.kinds
        .filter(({ isReady }) => !isReady)
        .map(({ kind, missing }) => (
          <Alert key={kind} color="yellow">
            {missing.length > 0
              ? texts.kindMissing(kindLabel(kind), missing.join(" "))
              : texts.kindNotReady(kindLabel(kind))}
          </Alert>
        ))}
    </Stack>
  );
}

function kindLabel(kind: string): string {
  return isTargetKind(kind) ? kinds[kind].label : kind;
}

function RenameButton({ edge }: { readonly edge: ManifestEdge }) {
  const side = useSide();
  const [isOpen, setOpen] = useState(false);
  const [name, setName] = useState(edge.name);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setOpen(false);
    void draftOf(side.id).add({ kind: "edge", id: edge.id, name: name.trim() });
  };
  return (
    <>
      <Button variant="default" onClick={() => setOpen(true)}>
        {texts.rename}
      </Button>
      <Modal opened={isOpen} onClose={() => setOpen(false)} title={texts.rename}>
        <form onSubmit={submit}>
          <Stack>
            <TextInput
              label={texts.name}
              description={texts.nameHint}
              value={name}
              required
              maxLength={120}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <Button type="submit">{texts.collect}</Button>
          </Stack>
        </form>
      </Modal>
    </>
  );
}
