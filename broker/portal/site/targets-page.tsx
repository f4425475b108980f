// Machines of the site: the list as it will be, with what is not signed yet marked; and what integrators have prepared.
import { Badge, Button, Card, Group, Stack, Text } from "@mantine/core";
import { IconPlus, IconTable } from "@tabler/icons-react";
import { Link } from "wouter";
import { Empty, Page } from "../shell/page.tsx";
import { useSide } from "../shell/person-context.tsx";
import { changes as changeTexts, rules } from "../texts/site.ts";
import { targets as texts } from "../texts/targets.ts";
import { ChangesBar } from "./changes-bar.tsx";
import { targetsWith } from "./changes.ts";
import { rightsWords } from "./difference.ts";
import { useChanges } from "./draft-store.ts";
import { HandedDrafts } from "./handed-drafts.tsx";
import { RemoveButton } from "./remove-button.tsx";
import { useSecretVersions } from "./use-site-work.ts";

export default function TargetsPage() {
  const side = useSide();
  const { edges } = side.held.manifest.payload;
  const changes = useChanges(side.id);
  const all = targetsWith(side.held.manifest.payload, changes);
  const secretVersions = useSecretVersions().value;
  const hasEdge = edges.length > 0;
  const isOwner = side.hasRole("owner");
  return (
    <Page
      title={texts.title}
      about={texts.about}
      actions={
        hasEdge && (
          <>
            <Button
              component={Link}
              href="/targets/import"
              variant="default"
              leftSection={<IconTable size={20} aria-hidden />}
            >
              {isOwner ? texts.import : texts.prepare}
            </Button>
            {isOwner && (
              <Button
                component={Link}
                href="/targets/new"
                leftSection={<IconPlus size={20} aria-hidden />}
              >
                {texts.add}
              </Button>
            )}
          </>
        )
      }
    >
      <ChangesBar />
      <HandedDrafts />
      <Stack gap="sm" aria-live="polite">
        {all.map(({ target, change }) => {
          const isGone = change?.kind === "target-removed";
          const version = secretVersions?.get(target.id) ?? 0;
          return (
            <Card withBorder key={target.id} padding="md">
              <Stack gap="xs">
                <Group justify="space-between" gap="sm">
                  <Group gap="xs">
                    <Text fw={600} size="lg" td={isGone ? "line-through" : undefined}>
                      {target.name}
                    </Text>
                    {change?.kind === "target" && <Badge>{texts.unsigned}</Badge>}
                    {change?.kind === "target" && change.tested !== null && (
                      <Badge color={change.tested.ok ? undefined : "yellow"}>
                        {change.tested.ok ? changeTexts.tested : changeTexts.testFailed}
                      </Badge>
                    )}
                    {isGone && <Badge color="red">{texts.removed}</Badge>}
                    {target.deviceVersion === 0 && change === undefined && (
                      <Badge color="yellow">{texts.noAddress}</Badge>
                    )}
                  </Group>
                  <Text c="dimmed" size="sm">
                    {target.id}
                  </Text>
                </Group>
                <Text size="sm">
                  {[
                    texts.behind(side.edgeName(target.edge)),
                    rightsWords(target.rights, target.kind).join(", "),
                    texts.rules(rules.name(target.policy)),
                    ...(version > 0 ? [texts.secretVersion(version)] : []),
                  ].join(" · ")}
                </Text>
                {isOwner && (
                  <Group gap="sm">
                    <Button
                      variant="default"
                      component={Link}
                      href={`/targets/${target.id}`}
                      aria-label={texts.edit(target.name)}
                    >
                      {texts.change}
                    </Button>
                    <RemoveButton
                      label={texts.remove}
                      ask={texts.removeAsk(target.name)}
                      about={texts.removeAbout}
                      isGone={isGone}
                      change={{ kind: "target-removed", id: target.id }}
                    />
                  </Group>
                )}
              </Stack>
            </Card>
          );
        })}
      </Stack>
      {!hasEdge ? (
        <Empty title={texts.noEdge}>
          <Text>{texts.noEdgeHint}</Text>
          <Button component={Link} href="/edges/new">
            {texts.toEdges}
          </Button>
        </Empty>
      ) : (
        all.length === 0 && (
          <Empty title={texts.empty}>
            <Text>{texts.emptyHint}</Text>
          </Empty>
        )
      )}
    </Page>
  );
}
