// Newcomers who have introduced themselves, with their keys' fingerprints to be compared, for the one who accepts them.
import { Badge, Button, Card, Code, Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Newcomer } from "../../../shared/site/introductions.ts";
import { spoken } from "../../../shared/site/invitations.ts";
import { useSide } from "../shell/person-context.tsx";
import { people as texts, roles } from "../texts/site.ts";
import type { Change } from "./changes.ts";
import { draftOf, useChanges } from "./draft-store.ts";

export function NewcomerCard({
  newcomer,
  about,
  action,
}: {
  readonly newcomer: Newcomer;
  readonly about?: string;
  readonly action: ReactNode;
}) {
  return (
    <Card withBorder padding="md">
      <Stack gap="sm">
        <Group justify="space-between" gap="sm">
          <Group gap="xs">
            <Text fw={600}>{nameOf(newcomer)}</Text>
            {wordsOf(newcomer).map((word) => (
              <Badge key={word} variant="light">
                {word}
              </Badge>
            ))}
          </Group>
          {action}
        </Group>
        {about !== undefined && <Text c="dimmed">{about}</Text>}
        <Stack gap={2}>
          {newcomer.fingerprints.map((fingerprint, at) => (
            <Text key={fingerprint} size="sm">
              {labelOf(newcomer, at)}: <Code>{spoken(fingerprint)}</Code>
            </Text>
          ))}
        </Stack>
      </Stack>
    </Card>
  );
}

/** Accepts a newcomer into the changes that are to be signed, or takes that back. */
export function NewcomerAction({ newcomer }: { readonly newcomer: Newcomer }) {
  const side = useSide();
  const changes = useChanges(side.id);
  const draft = draftOf(side.id);
  const change = acceptanceOf(newcomer);
  if (changes.some(({ kind, id }) => kind === "newcomer" && id === change.id))
    return (
      <Group gap="xs">
        <Badge>{texts.accepted}</Badge>
        <Button
          variant="subtle"
          aria-label={`${texts.undo}: ${nameOf(newcomer)}`}
          onClick={() => void draft.drop(change)}
        >
          {texts.undo}
        </Button>
      </Group>
    );
  return (
    <Button
      variant="default"
      aria-label={texts.accept(nameOf(newcomer))}
      onClick={() => void draft.add(change)}
    >
      {texts.acceptAll(1)}
    </Button>
  );
}

export function acceptanceOf(newcomer: Newcomer): Extract<Change, { kind: "newcomer" }> {
  return { kind: "newcomer", id: newcomer.introduction.invitation, name: nameOf(newcomer) };
}

export function nameOf({ subject }: Newcomer): string {
  return subject.name;
}

function wordsOf({ subject }: Newcomer): string[] {
  if (subject.kind === "person") return subject.roles.map((role) => roles[role]);
  if (subject.kind === "edge") return [texts.edge];
  if (subject.kind === "technician") return [subject.company];
  return [`${texts.administrators}: ${subject.company}`];
}

function labelOf({ introduction }: Newcomer, at: number): string {
  const key = introduction.keys[at];
  if (key === undefined) return texts.key;
  return key.kind === "passkey" ? texts.passkey : texts.browserKey;
}
