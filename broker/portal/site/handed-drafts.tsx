// Machines that others have prepared for an owner. The link that they handed over opens them; taken over, they stand among the owner's own changes.
import { Alert, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import { openDraft, parseDraftFragment } from "../../../shared/site/handed-draft.ts";
import { personWords } from "../../../shared/site/people.ts";
import { parsePersonId } from "../../../shared/ids.ts";
import { useAct } from "../shell/use-act.ts";
import { Moment } from "../shell/moment.tsx";
import { Trouble } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { useLoaded } from "../shell/use-loaded.ts";
import { targets } from "../texts/targets.ts";
import { collectRows } from "./collecting.ts";
import { deleteDraft, keptDrafts, readDraftContent } from "./kept-drafts.ts";

const texts = targets.drafts;
const targetsPath = "/targets";

// Taken out of the address bar as soon as it is read, so that it is in no history; kept while this page is loaded.
let fragment = "";
function takeFragment(): string {
  if (location.pathname === targetsPath && location.hash.startsWith("#draft=")) {
    fragment = location.hash;
    history.replaceState(null, "", targetsPath);
  }
  return fragment;
}

export function HandedDrafts() {
  const side = useSide();
  const drafts = useLoaded(() => keptDrafts(side.id), [side.id]);
  const [taken, setTaken] = useState<number>();
  const { isBusy, error, run } = useAct();
  const [handed, setHanded] = useState(takeFragment);
  useEffect(() => {
    const read = (): void => setHanded(takeFragment());
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  if (!side.hasRole("owner")) return null;
  const link = linkOf(handed);
  const all = drafts.value ?? [];
  if (all.length === 0 && taken === undefined) return null;
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
      setHanded("");
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
