// A company's list of technicians as its administrator keeps it: invited, accepted, removed, renewed. Each change signs the whole list, good for thirty days.
import { Alert, Badge, Button, Card, Group, Modal, Stack, Text, Title } from "@mantine/core";
import { IconRefresh, IconUserPlus } from "@tabler/icons-react";
import { useState } from "react";
import { Link } from "wouter";
import { rosterOf } from "../../../shared/document/held.ts";
import type { Technician } from "../../../shared/document/roster.ts";
import type { CompanyId } from "../../../shared/ids.ts";
import { withTechnicians } from "../../../shared/site/introductions.ts";
import { nextRoster, ownCompany, technicians } from "../../../shared/site/rosters.ts";
import { useAct } from "../shell/use-act.ts";
import { exactWords, Moment } from "../shell/moment.tsx";
import { Empty, Page, Trouble } from "../shell/page.tsx";
import { usePerson, useSide } from "../shell/person-context.tsx";
import { changes as changeTexts, company as texts, people } from "../texts/site.ts";
import { NewcomerCard } from "./newcomers.tsx";
import { useWaiting } from "./use-site-work.ts";

export default function CompanyPage() {
  const side = useSide();
  const company = ownCompany(side);
  return company === undefined ? null : <Roster company={company} />;
}

function Roster({ company }: { readonly company: CompanyId }) {
  const side = useSide();
  const { refresh } = usePerson();
  const { isBusy, error, isCancelled, run } = useAct();
  const [said, setSaid] = useState<string>();
  const [leaving, setLeaving] = useState<Technician>();
  const waiting = useWaiting();
  const name = side.held.manifest.payload.companies.find(({ id }) => id === company)?.name;
  const roster = rosterOf(side.held, company)?.payload;
  const listed = technicians(side, company);
  const newcomers = (waiting.value?.newcomers ?? []).filter(
    ({ subject }) => subject.kind === "technician" && subject.company === company,
  );
  const publish = (list: readonly Technician[], done: string): void => {
    setSaid(undefined);
    void run(async () => {
      const touch = side.openTouch();
      const signed = await side.decide("roster", nextRoster(side, company, list), touch);
      await side.give(signed);
      await refresh();
      setSaid(done);
    });
  };
  const isStale = roster !== undefined && roster.freshUntilAt < side.now();
  return (
    <Page
      title={texts.title(name ?? company)}
      about={texts.about}
      actions={
        <Button
          component={Link}
          href="/people/invite"
          leftSection={<IconUserPlus size={20} aria-hidden />}
        >
          {texts.invite}
        </Button>
      }
    >
      <Stack gap="md" aria-live="polite">
        {said !== undefined && <Alert color="green">{said}</Alert>}
        {isCancelled && <Alert color="gray">{changeTexts.nothingSigned}</Alert>}
        <Trouble error={error ?? waiting.error} />
        {waiting.value?.warnings.map((warning) => (
          <Alert key={warning} color="yellow">
            {warning}
          </Alert>
        ))}
        {newcomers.length > 0 && (
          <Stack gap="sm">
            <Group justify="space-between">
              <Title order={2} size="h3">
                {people.waiting}
              </Title>
              <Button
                loading={isBusy}
                onClick={() => publish(withTechnicians(listed, newcomers), texts.accepted)}
              >
                {texts.accept(newcomers.length)}
              </Button>
            </Group>
            <Text c="dimmed">{people.waitingAbout}</Text>
            {newcomers.map((newcomer) => (
              <NewcomerCard
                key={newcomer.introduction.invitation}
                newcomer={newcomer}
                action={null}
              />
            ))}
          </Stack>
        )}
        <Group justify="space-between">
          <Text fw={isStale ? 600 : undefined}>
            {roster === undefined ? (
              texts.none
            ) : isStale ? (
              texts.stale
            ) : (
              <span title={exactWords(roster.freshUntilAt)}>
                {texts.fresh} <Moment at={roster.freshUntilAt} />
              </span>
            )}
          </Text>
          <Button
            variant={isStale ? "filled" : "default"}
            loading={isBusy}
            leftSection={<IconRefresh size={20} aria-hidden />}
            onClick={() => publish(listed, texts.renewed)}
          >
            {texts.renew}
          </Button>
        </Group>
        {listed.length === 0 && newcomers.length === 0 && (
          <Empty title={texts.empty}>
            <Text>{texts.emptyHint}</Text>
          </Empty>
        )}
        {listed.map((technician) => (
          <Card withBorder key={technician.id} padding="md">
            <Group justify="space-between">
              <Group gap="xs">
                <Text fw={600}>{technician.name}</Text>
                <Badge variant="light">{texts.keys(technician.keys.length)}</Badge>
              </Group>
              <Group gap="sm">
                <Button
                  variant="default"
                  component={Link}
                  href={`/people/invite?person=${encodeURIComponent(technician.id)}&name=${encodeURIComponent(technician.name)}`}
                >
                  {people.newDevice}
                </Button>
                <Button
                  variant="subtle"
                  color="red"
                  aria-label={texts.remove(technician.name)}
                  disabled={isBusy}
                  onClick={() => setLeaving(technician)}
                >
                  {texts.removeShort}
                </Button>
              </Group>
            </Group>
          </Card>
        ))}
      </Stack>
      <Modal
        opened={leaving !== undefined}
        onClose={() => setLeaving(undefined)}
        title={texts.removeAsk(leaving?.name ?? "")}
      >
        <Stack>
          <Text>{texts.removeAbout}</Text>
          <Button
            color="red"
            loading={isBusy}
            onClick={() => {
              if (leaving === undefined) return;
              setLeaving(undefined);
              publish(
                listed.filter(({ id }) => id !== leaving.id),
                texts.removed(leaving.name),
              );
            }}
          >
            {texts.remove(leaving?.name ?? "")}
          </Button>
        </Stack>
      </Modal>
    </Page>
  );
}
