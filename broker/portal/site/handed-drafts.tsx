// Machines that others have prepared for an owner. The link that they handed over opens them; taken over, they stand among the owner's own changes.
import { Alert, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { openDraft, parseDraftFragment } from "../../../shared/site/handed-draft.ts";
import { personWords } from "../../../shared/site/people.ts";
import { parsePersonId } from "../../../shared/ids.ts";
import { useAct } from "../approvals/use-act.ts";
import { Moment } from "../shell/moment.tsx";
import { Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { targets } from "../texts/site.ts";
import { collectRows } from "./collecting.ts";
import { deleteDraft, keptDrafts, readDraftContent } from "./kept-drafts.ts";

const texts = targets.drafts;

// Read once and taken out of the address bar, so that it is in no history.
let fragment = location.pathname === "/targets" ? location.hash : "";
if (fragment.startsWith("#draft=")) history.replaceState(null, "", "/targets");

export function HandedDrafts() {
  const side = useSide();
  const drafts = useLoaded(() => keptDrafts(side.id), [side.id]);
  const [taken, setTaken] = useState<number>();
  const { isBusy, error, run } = useAct();
  if (!side.hasRole("owner")) return null;
  const all = drafts.value ?? [];
  if (all.length === 0 && taken === undefined) return null;
  const link = linkOf(fragment);
  const take = (name: string, seed: Uint8Array): void => {
    void run(async () => {
      const content = await readDraftContent(side.id, name);
      const machines = await openDraft(side.suite, side.id, name, content, seed);
      await collectRows(
        side,
        machines.map(({ target, device, secret }) => ({
          target,
          device,
          secret: secret ?? undefined,
        })),
      );
      await deleteDraft(side.id, name);
      fragment = "";
      setTaken(machines.length);
      drafts.reload();
    });
  };
  return (
    <Stack gap="sm" aria-live="polite">
      {all.length > 0 && (
        <>
          <Title order={2} size="h3">
            {texts.title}
          </Title>
          <Text c="dimmed">{texts.about}</Text>
        </>
      )}
      {link === "cut" && <Alert color="yellow">{texts.wrong}</Alert>}
      {taken !== undefined && <Alert color="green">{texts.taken(taken)}</Alert>}
      <Trouble error={error} />
      {all.map(({ name, author, at }) => {
        const opens = typeof link === "object" && link.draft === name ? link : undefined;
        return (
          <Card withBorder key={name} padding="md">
            <Group justify="space-between" gap="sm">
              <Stack gap={2}>
                <Text fw={600}>{name}</Text>
                <Text size="sm">
                  {texts.by(personWords(side.held, parsePersonId(author)))} <Moment at={at} />
                </Text>
                {opens === undefined && <Text size="sm">{texts.sealed}</Text>}
              </Stack>
              <Group gap="sm">
                {opens !== undefined && (
                  <Button loading={isBusy} onClick={() => take(name, opens.seed)}>
                    {texts.take}
                  </Button>
                )}
                <Button
                  variant="subtle"
                  color="red"
                  aria-label={`${texts.discard}: ${name}`}
                  onClick={() =>
                    void run(async () => {
                      await deleteDraft(side.id, name);
                      drafts.reload();
                    })
                  }
                >
                  {texts.discard}
                </Button>
              </Group>
            </Group>
          </Card>
        );
      })}
    </Stack>
  );
}

function linkOf(text: string) {
  try {
    return parseDraftFragment(text);
  } catch {
    return "cut" as const;
  }
}
