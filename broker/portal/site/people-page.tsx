// People of the site: who waits to be accepted, who belongs to it and what they may do, and the companies whose technicians may come. What is changed here is
// collected and signed in one go.
import {
  Accordion,
  ActionIcon,
  Alert,
  Badge,
  Button,
  Card,
  Checkbox,
  Code,
  Group,
  Stack,
  Text,
  Title,
} from "@mantine/core";
import { IconCheck, IconTrash, IconUserPlus } from "@tabler/icons-react";
import { Link } from "wouter";
import { rosterOf } from "../../../shared/document/held.ts";
import { keyIdOf, keyMaterial, type PublicKey } from "../../../shared/document/keys.ts";
import type { Company, Person, Role } from "../../../shared/document/manifest.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import { exactWords } from "../shell/moment.tsx";
import { Page, Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { people as texts, roles as roleNames, rolesHints } from "../texts/site.ts";
import { ChangesBar } from "./changes-bar.tsx";
import { draftOf, useChanges } from "./draft-store.ts";
import { acceptanceOf, NewcomerAction, NewcomerCard } from "./newcomers.tsx";
import { RemoveButton } from "./remove-button.tsx";
import { useWaiting } from "./use-site-work.ts";

const allRoles: readonly Role[] = ["owner", "approver", "auditor", "vendor"];

export default function PeoplePage() {
  const side = useSide();
  const { persons, companies } = side.held.manifest.payload;
  return (
    <Page
      title={texts.title}
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
      <ChangesBar />
      <Newcomers />
      <Accordion variant="separated" order={3}>
        {persons.map((person) => (
          <PersonItem key={person.id} person={person} />
        ))}
      </Accordion>
      <Stack gap="sm">
        <Title order={2} size="h3">
          {texts.companies}
        </Title>
        <Text c="dimmed">
          {companies.length === 0 ? texts.companiesEmpty : texts.companiesAbout}
        </Text>
        {companies.map((company) => (
          <CompanyCard key={company.id} company={company} />
        ))}
      </Stack>
    </Page>
  );
}

function Newcomers() {
  const side = useSide();
  const waiting = useWaiting();
  const changes = useChanges(side.id);
  const draft = draftOf(side.id);
  const all = (waiting.value?.newcomers ?? []).filter(
    ({ subject }) => subject.kind !== "technician",
  );
  const isTaken = (invitation: string): boolean =>
    changes.some((each) => each.kind === "newcomer" && each.id === invitation);
  const rest = all.filter(({ introduction }) => !isTaken(introduction.invitation));
  const accept = (newcomers: typeof all): void => {
    void draft.add(...newcomers.map(acceptanceOf));
  };
  const open = waiting.value?.open.filter(({ payload }) => payload.subject.kind !== "technician");
  return (
    <Stack gap="sm" aria-live="polite">
      <Trouble error={waiting.error} retry={waiting.reload} />
      {waiting.value?.warnings.map((warning) => (
        <Alert key={warning} color="yellow">
          {warning}
        </Alert>
      ))}
      {all.length > 0 && (
        <>
          <Group justify="space-between">
            <Title order={2} size="h3">
              {texts.waiting}
            </Title>
            {rest.length > 0 && (
              <Button leftSection={<IconCheck aria-hidden />} onClick={() => accept(rest)}>
                {texts.acceptAll(rest.length)}
              </Button>
            )}
          </Group>
          <Text c="dimmed">{texts.waitingAbout}</Text>
          {all.map((newcomer) => {
            const { invitation } = newcomer.introduction;
            return (
              <NewcomerCard
                key={invitation}
                newcomer={newcomer}
                action={<NewcomerAction newcomer={newcomer} />}
              />
            );
          })}
        </>
      )}
      {open !== undefined && open.length > 0 && (
        <Card withBorder padding="md">
          <Stack gap="xs">
            <Text fw={600}>{texts.invited}</Text>
            <Text c="dimmed" size="sm">
              {texts.invitedAbout}
            </Text>
            {open.map(({ hash, payload }) => (
              <Group key={hash} gap="xs">
                <Text>{payload.subject.name}</Text>
                {payload.subject.kind === "edge" && <Badge variant="light">{texts.edge}</Badge>}
                <Text c="dimmed" size="sm" title={exactWords(payload.untilAt)}>
                  {texts.until(dayWords(payload.untilAt))}
                </Text>
              </Group>
            ))}
          </Stack>
        </Card>
      )}
    </Stack>
  );
}

function PersonItem({ person }: { readonly person: Person }) {
  const side = useSide();
  const changes = useChanges(side.id);
  const draft = draftOf(side.id);
  const { persons } = side.held.manifest.payload;
  const change = changes.find((each) => each.kind === "roles" && each.id === person.id);
  const roles = change?.kind === "roles" ? change.roles : person.roles;
  const isGone = changes.some(({ kind, id }) => kind === "person-removed" && id === person.id);
  const isLastOwner =
    person.roles.includes("owner") &&
    persons.filter((each) => each.roles.includes("owner")).length === 1;
  const setRoles = (next: readonly Role[]): void => {
    if (next.length === 0 || (isLastOwner && !next.includes("owner"))) return;
    const same =
      next.length === person.roles.length && next.every((role) => person.roles.includes(role));
    const wish = { kind: "roles", id: person.id, roles: next } as const;
    void (same ? draft.drop(wish) : draft.add(wish));
  };
  return (
    <Accordion.Item value={person.id}>
      <Accordion.Control>
        <Group gap="xs">
          <Text fw={600} td={isGone ? "line-through" : undefined}>
            {person.name}
          </Text>
          {person.id === side.me && <Text c="dimmed">({texts.you})</Text>}
          {roles.map((role) => (
            <Badge key={role} variant="light">
              {roleNames[role]}
            </Badge>
          ))}
        </Group>
      </Accordion.Control>
      <Accordion.Panel>
        <Stack gap="md">
          <Checkbox.Group
            label={texts.rolesTitle}
            description={isLastOwner ? texts.lastOwner : undefined}
            value={[...roles]}
            onChange={(value) => setRoles(value as Role[])}
          >
            <Stack gap="sm" mt="xs">
              {allRoles.map((role) => (
                <Checkbox
                  key={role}
                  value={role}
                  label={roleNames[role]}
                  description={rolesHints[role]}
                />
              ))}
            </Stack>
          </Checkbox.Group>
          <Keys id={person.id} keys={person.keys} />
          <Group gap="sm">
            <Button
              variant="default"
              component={Link}
              href={`/people/invite?person=${encodeURIComponent(person.id)}`}
            >
              {texts.newDevice}
            </Button>
            {!isLastOwner && (
              <RemoveButton
                label={texts.remove}
                ask={texts.removeAsk(person.name)}
                isGone={isGone}
                change={{ kind: "person-removed", id: person.id }}
              />
            )}
          </Group>
          <Text c="dimmed" size="sm">
            {texts.newDeviceAbout}
          </Text>
        </Stack>
      </Accordion.Panel>
    </Accordion.Item>
  );
}

function Keys({ id, keys }: { readonly id: Person["id"]; readonly keys: readonly PublicKey[] }) {
  const side = useSide();
  const changes = useChanges(side.id);
  const draft = draftOf(side.id);
  const { value: names } = useLoaded(
    () => Promise.all(keys.map((key) => keyIdOf(side.suite, key))),
    [keys],
  );
  const changeOf = (key: PublicKey) =>
    ({ kind: "key-removed", id: keyMaterial(key), person: id }) as const;
  const isGone = (key: PublicKey): boolean =>
    changes.some((each) => each.kind === "key-removed" && each.id === keyMaterial(key));
  const left = keys.filter((key) => !isGone(key));
  return (
    <Stack gap="xs">
      <Text fw={500}>{texts.keys}</Text>
      {keys.map((key, at) => {
        const label = key.kind === "passkey" ? texts.passkey : texts.browserKey;
        const name = names?.[at];
        return (
          <Group key={keyMaterial(key)} justify="space-between" wrap="nowrap">
            <Text size="sm" td={isGone(key) ? "line-through" : undefined}>
              {label} {name !== undefined && <Code>{spoken(name.slice(0, 16))} …</Code>}
            </Text>
            {isGone(key) ? (
              <Button variant="subtle" onClick={() => void draft.drop(changeOf(key))}>
                {texts.undo}
              </Button>
            ) : (
              <ActionIcon
                color="red"
                aria-label={texts.removeKey(`${label} ${name?.slice(0, 8) ?? ""}`)}
                disabled={left.length === 1}
                title={left.length === 1 ? texts.lastKey : undefined}
                onClick={() => void draft.add(changeOf(key))}
              >
                <IconTrash size={18} aria-hidden />
              </ActionIcon>
            )}
          </Group>
        );
      })}
    </Stack>
  );
}

function CompanyCard({ company }: { readonly company: Company }) {
  const side = useSide();
  const changes = useChanges(side.id);
  const isGone = changes.some(({ kind, id }) => kind === "company-removed" && id === company.id);
  const roster = rosterOf(side.held, company.id)?.payload;
  const isStale = roster !== undefined && roster.freshUntilAt < side.now();
  return (
    <Card withBorder padding="md">
      <Stack gap="sm">
        <Group justify="space-between">
          <Text fw={600} td={isGone ? "line-through" : undefined}>
            {company.name}
          </Text>
          <RemoveButton
            label={texts.removeCompany}
            ask={texts.removeAsk(company.name)}
            isGone={isGone}
            change={{ kind: "company-removed", id: company.id }}
          />
        </Group>
        <Text size="sm" c={isStale ? undefined : "dimmed"}>
          {texts.technicians(roster?.technicians.length ?? 0)}
          {roster !== undefined && (
            <>
              {" · "}
              {isStale ? texts.stale : texts.freshUntil(dayWords(roster.freshUntilAt))}
            </>
          )}
        </Text>
        {company.administrators.map(({ id, name, keys }) => (
          <Stack key={id} gap="xs">
            <Group justify="space-between">
              <Text>
                {name} · {texts.administrators}
              </Text>
              <Button
                variant="default"
                component={Link}
                href={`/people/invite?person=${encodeURIComponent(id)}`}
              >
                {texts.newDevice}
              </Button>
            </Group>
            <Keys id={id} keys={keys} />
          </Stack>
        ))}
      </Stack>
    </Card>
  );
}

function dayWords(at: number): string {
  return new Date(at * 1000).toLocaleDateString(undefined, { dateStyle: "medium" });
}
