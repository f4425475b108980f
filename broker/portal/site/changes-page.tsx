// What an owner signs: the difference in words, what goes to the boxes with it, one touch for all. And what other owners have signed that waits for this one.
import {
  Accordion,
  Alert,
  Anchor,
  Badge,
  Button,
  Card,
  CloseButton,
  Code,
  Group,
  List,
  Modal,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAlertTriangle, IconCheck, IconFingerprint } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import { keyIdOf } from "../../../shared/document/keys.ts";
import { changesBetween } from "../../../shared/site/changes.ts";
import type { HalfSigned } from "../../../shared/site/half-signed.ts";
import { useAct } from "../shell/use-act.ts";
import type { SigningWindow } from "../person/signing-window.ts";
import { Empty, Loading, Page, Trouble } from "../shell/page.tsx";
import { usePerson, useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { changes as texts } from "../texts/site.ts";
import type { Change } from "./changes.ts";
import { changeLabel } from "./change-labels.ts";
import { differenceOf } from "./difference.ts";
import { draftOf, rememberTyped, useChanges } from "./draft-store.ts";
import {
  giveDevice,
  giveManifest,
  giveSecret,
  keepCheckpoints,
  signManifest,
} from "./signing-steps.ts";
import { useWork, type Work } from "./use-site-work.ts";

type Outcome = "complete" | "partial" | "recovering";

export default function ChangesPage() {
  const side = useSide();
  const changes = useChanges(side.id);
  const work = useWork();
  const [outcome, setOutcome] = useState<Outcome>();
  const half = work.value?.half;
  const [insists, insist] = useState(false);
  const hasSigned = useHasSigned(half);
  const showsOwn = half === undefined || hasSigned !== true || insists;
  const isEmpty = changes.length === 0 && half === undefined;
  return (
    <Page title={texts.title} about={texts.about}>
      <Stack gap="lg" aria-live="polite">
        {outcome !== undefined && (
          <Alert
            color={outcome === "complete" ? "green" : "blue"}
            icon={<IconCheck aria-hidden />}
            role="status"
          >
            <Text>{outcome === "complete" ? texts.signed : texts.partial}</Text>
            {outcome !== "complete" && changes.length > 0 && <Text>{texts.afterwards}</Text>}
          </Alert>
        )}
        <Trouble error={work.error} retry={work.reload} />
        {half !== undefined && <Waiting half={half} hasSigned={hasSigned} onDone={setOutcome} />}
        {changes.length > 0 && work.value === undefined && work.error === undefined && <Loading />}
        {changes.length > 0 && !showsOwn && (
          <Group justify="space-between">
            <Text>{texts.afterwards}</Text>
            <Button variant="subtle" onClick={() => insist(true)}>
              {texts.another}
            </Button>
          </Group>
        )}
        {changes.length > 0 && work.value !== undefined && showsOwn && (
          <Own work={work.value} changes={changes} onDone={setOutcome} />
        )}
        {isEmpty && outcome === undefined && !work.isLoading && (
          <Empty title={texts.empty}>
            <Text>{texts.emptyHint}</Text>
          </Empty>
        )}
      </Stack>
    </Page>
  );
}

function Own({
  work,
  changes,
  onDone,
}: {
  readonly work: Work;
  readonly changes: readonly Change[];
  readonly onDone: (outcome: Outcome) => void;
}) {
  const side = useSide();
  const { refresh } = usePerson();
  const { isBusy, error, isCancelled, run } = useAct();
  const [given, setGiven] = useState(0);
  const { prepared, next, lines, half } = work;
  const { devices, secrets, faults } = prepared;
  const draft = draftOf(side.id);
  const sentences = next === undefined ? [] : differenceOf(side.held.manifest.payload, next);
  const needsManifest = lines.length > 0;
  const toGive = devices.length + secrets.length;
  const isReady = next !== undefined && faults.length === 0 && (needsManifest || toGive > 0);

  const sign = (): void => {
    let touch: SigningWindow | undefined;
    void run(async () => {
      if (needsManifest) touch = side.openTouch();
      if (next === undefined) return;
      const state = needsManifest ? await signManifest(side, next, touch) : "complete";
      if (state === "complete") {
        await keepCheckpoints(side, prepared);
        await giveAll(work, changes);
      }
      // Until the others have signed, what the boxes get stays here.
      await draft.drop(...changes.filter((each) => state === "complete" || !holdsMore(each)));
      onDone(state);
      await refresh();
    });
  };

  const giveAll = async (now: Work, all: readonly Change[]): Promise<void> => {
    setGiven(0);
    let count = 0;
    for (const device of now.prepared.devices) {
      await giveDevice(side, device);
      setGiven((count += 1));
    }
    for (const secret of now.prepared.secrets) {
      const target = side.held.manifest.payload.targets.find(({ id }) => id === secret.target);
      if (target !== undefined) await giveSecret(side, secret, target);
      rememberTyped(side.id, secret.target, undefined);
      setGiven((count += 1));
    }
    await draft.drop(...all.filter(holdsMore));
  };

  return (
    <Stack gap="lg">
      {half !== undefined && <Alert color="yellow">{texts.othersFirst}</Alert>}
      {faults.length > 0 && (
        <Alert
          color="yellow"
          icon={<IconAlertTriangle aria-hidden />}
          title={texts.faultsTitle}
          role="alert"
        >
          <List>
            {faults.map(({ change, word }) => (
              <List.Item key={`${change.kind} ${change.id}`}>
                {changeLabel(change, side)}: {texts.faults[word]}{" "}
                {change.kind === "target" && (
                  <Anchor component={Link} href={`/targets/${change.id}`}>
                    {texts.edit}
                  </Anchor>
                )}
              </List.Item>
            ))}
          </List>
        </Alert>
      )}
      <Trouble error={work.fault} />
      {next !== undefined && (
        <Card withBorder padding="lg">
          <Stack gap="sm">
            <Title order={2} size="h3">
              {texts.willChange}
            </Title>
            {sentences.length === 0 ? (
              <Text>{texts.noManifest}</Text>
            ) : (
              <List spacing="xs">
                {sentences.map((sentence) => (
                  <List.Item key={sentence}>{sentence}</List.Item>
                ))}
              </List>
            )}
            {toGive > 0 && (
              <>
                <Title order={3} size="h4">
                  {texts.given}
                </Title>
                <List spacing="xs">
                  {devices.map(({ target }) => (
                    <List.Item key={target.id}>
                      {texts.device(target.name)} <TestedBadge changes={changes} id={target.id} />
                    </List.Item>
                  ))}
                  {secrets.map(({ target, version }) => (
                    <List.Item key={target}>
                      {texts.secret(nameOf(work, target), version)}
                    </List.Item>
                  ))}
                </List>
              </>
            )}
            {lines.length > 0 && (
              <Accordion variant="contained">
                <Accordion.Item value="exactly">
                  <Accordion.Control>{texts.exactly}</Accordion.Control>
                  <Accordion.Panel>
                    <Code block className="wrapped-code">
                      {lines.join("\n")}
                    </Code>
                  </Accordion.Panel>
                </Accordion.Item>
              </Accordion>
            )}
          </Stack>
        </Card>
      )}
      <Trouble error={error} />
      {isCancelled && <Alert color="gray">{texts.nothingSigned}</Alert>}
      {isBusy && toGive > 0 && <Text role="status">{texts.giving(given, toGive)}</Text>}
      <Button
        size="lg"
        loading={isBusy}
        disabled={!isReady}
        leftSection={<IconFingerprint aria-hidden />}
        onClick={sign}
      >
        {needsManifest ? texts.sign : texts.finish}
      </Button>
      <Collected changes={changes} />
    </Stack>
  );
}

// The changes one by one, so that one of them can be taken back.
function Collected({ changes }: { readonly changes: readonly Change[] }) {
  const side = useSide();
  const draft = draftOf(side.id);
  const [asks, ask] = useDisclosure(false);
  return (
    <Stack gap="xs">
      <Text c="dimmed">{texts.remembered}</Text>
      {changes.map((change) => (
        <Card withBorder key={`${change.kind} ${change.id}`} padding="sm">
          <Group justify="space-between" wrap="nowrap">
            <Text>{changeLabel(change, side)}</Text>
            <CloseButton
              size="lg"
              aria-label={`${texts.discard}: ${changeLabel(change, side)}`}
              onClick={() => void draft.drop(change)}
            />
          </Group>
        </Card>
      ))}
      <Group>
        <Button variant="subtle" color="red" onClick={ask.open}>
          {texts.discardAll}
        </Button>
      </Group>
      <Modal opened={asks} onClose={ask.close} title={texts.discardAllAsk}>
        <Group justify="flex-end">
          <Button variant="default" onClick={ask.close}>
            {texts.keep}
          </Button>
          <Button
            color="red"
            onClick={() => {
              ask.close();
              void draft.drop(...changes);
            }}
          >
            {texts.discardAll}
          </Button>
        </Group>
      </Modal>
    </Stack>
  );
}

// Whether one's own signature is among those of a half-signed manifest; undefined while it is not known.
function useHasSigned(half: HalfSigned | undefined): boolean | undefined {
  const side = useSide();
  const { value } = useLoaded(async () => {
    const keys = await Promise.all((side.known?.keys ?? []).map((key) => keyIdOf(side.suite, key)));
    return half?.envelope.signatures.some(({ keyid }) => keys.includes(keyid)) ?? false;
  }, [half?.hash]);
  return value;
}

function Waiting({
  half,
  hasSigned,
  onDone,
}: {
  readonly half: HalfSigned;
  readonly hasSigned: boolean | undefined;
  readonly onDone: (outcome: Outcome) => void;
}) {
  const side = useSide();
  const { refresh } = usePerson();
  const { isBusy, error, isCancelled, run } = useAct();
  const before = side.held.manifest.payload;
  const names = half.signers.map((id) => before.persons.find((each) => each.id === id)?.name ?? id);
  const cosign = (): void => {
    void run(async () => {
      const touch = side.openTouch();
      onDone(await giveManifest(side, await side.cosign(half.envelope, touch)));
      await refresh();
    });
  };
  return (
    <Card withBorder padding="lg">
      <Stack gap="sm">
        <Title order={2} size="h3">
          {hasSigned === true ? texts.othersMissing : texts.others}
        </Title>
        <Text c="dimmed">{texts.othersBy(names.join(", "))}</Text>
        <List spacing="xs">
          {differenceOf(before, half.manifest).map((sentence) => (
            <List.Item key={sentence}>{sentence}</List.Item>
          ))}
        </List>
        <Accordion variant="contained">
          <Accordion.Item value="exactly">
            <Accordion.Control>{texts.exactly}</Accordion.Control>
            <Accordion.Panel>
              <Code block className="wrapped-code">
                {changesBetween(before, half.manifest).join("\n")}
              </Code>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
        <Trouble error={error} />
        {isCancelled && <Alert color="gray">{texts.nothingSigned}</Alert>}
        {hasSigned === true ? (
          <Text>{texts.cosigned}</Text>
        ) : (
          <Button
            size="lg"
            loading={isBusy || hasSigned === undefined}
            leftSection={<IconFingerprint aria-hidden />}
            onClick={cosign}
          >
            {texts.cosign}
          </Button>
        )}
      </Stack>
    </Card>
  );
}

function TestedBadge({
  changes,
  id,
}: {
  readonly changes: readonly Change[];
  readonly id: string;
}) {
  const change = changes.find((each) => each.kind === "target" && each.id === id);
  if (change?.kind !== "target") return null;
  if (change.tested === null) return <Badge color="gray">{texts.untested}</Badge>;
  return change.tested.ok ? (
    <Badge>{texts.tested}</Badge>
  ) : (
    <Badge color="yellow">{texts.testFailed}</Badge>
  );
}

function holdsMore(change: Change): boolean {
  return change.kind === "target" && (change.device !== null || change.secret !== null);
}

function nameOf({ prepared }: Work, target: string): string {
  return prepared.manifest.targets.find(({ id }) => id === target)?.name ?? target;
}
