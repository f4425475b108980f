// Which machines of one box, and what is needed on each, in words.
import { Badge, Checkbox, Fieldset, Group, Input, Stack, Text } from "@mantine/core";
import type { ManifestTarget } from "../../../shared/document/manifest.ts";
import type { EdgeId, TargetId } from "../../../shared/ids.ts";
import { chosenRights, offeredRights } from "../../../shared/site/right-choice.ts";
import type { PageSide } from "../person/page-side.ts";
import { Empty } from "../shell/page.tsx";
import { ask } from "../texts/jobs.ts";

export type ChosenTargets = ReadonlyMap<TargetId, readonly string[]>;

export interface TargetChoiceProps {
  readonly side: PageSide;
  readonly chosen: ChosenTargets;
  readonly onChange: (chosen: ChosenTargets) => void;
  /** Whether the box of a target is connected; undefined while that is not known. */
  readonly isOnline: (edge: EdgeId) => boolean | undefined;
  readonly error: string | undefined;
}

export function TargetChoice({ side, chosen, onChange, isOnline, error }: TargetChoiceProps) {
  const { targets } = side.held.manifest.payload;
  if (targets.length === 0) return <Empty title={ask.noMachines}>{ask.noMachinesHint}</Empty>;
  const edge = targets.find(({ id }) => chosen.has(id))?.edge;
  const edges = [...Map.groupBy(targets, (target) => target.edge)];
  const choose = (target: ManifestTarget, isChosen: boolean): void => {
    const next = new Map(chosen);
    if (isChosen) next.set(target.id, target.rights);
    else next.delete(target.id);
    onChange(next);
  };
  const allow = (target: ManifestTarget, right: string, isAllowed: boolean): void => {
    const kept = chosen.get(target.id) ?? [];
    const rights = chosenRights(target.rights, kept, right, isAllowed);
    onChange(new Map(chosen).set(target.id, rights));
  };
  return (
    <Stack gap="md">
      {error !== undefined && (
        <Input.Error size="md" role="alert">
          {error}
        </Input.Error>
      )}
      {edge !== undefined && edges.length > 1 && (
        <Text c="dimmed" size="sm" aria-live="polite">
          {ask.oneBox(side.edgeName(edge))}
        </Text>
      )}
      {edges.map(([id, ofEdge]) => (
        <Fieldset
          key={id}
          disabled={edge !== undefined && edge !== id}
          legend={
            <Group gap="xs">
              <Text span fw={600}>
                {side.edgeName(id)}
              </Text>
              <Presence isOnline={isOnline(id)} />
            </Group>
          }
        >
          <Stack gap="md">
            {ofEdge.map((target) => (
              <Stack key={target.id} gap="xs">
                <Checkbox
                  size="md"
                  label={<Text fw={600}>{target.name}</Text>}
                  description={ask.kindWords[target.kind] ?? target.kind}
                  checked={chosen.has(target.id)}
                  onChange={(event) => choose(target, event.currentTarget.checked)}
                />
                {chosen.has(target.id) && target.rights.length > 1 && (
                  <Stack gap="xs" pl="xl" role="group" aria-label={ask.rights}>
                    {offeredRights(target.rights, chosen.get(target.id) ?? []).map((right) => (
                      <Checkbox
                        key={right}
                        size="sm"
                        label={
                          ask.rightWords[`${target.kind} ${right}`] ??
                          ask.rightWords[right] ??
                          right
                        }
                        checked={chosen.get(target.id)?.includes(right) ?? false}
                        onChange={(event) => allow(target, right, event.currentTarget.checked)}
                      />
                    ))}
                  </Stack>
                )}
              </Stack>
            ))}
          </Stack>
        </Fieldset>
      ))}
    </Stack>
  );
}

function Presence({ isOnline }: { readonly isOnline: boolean | undefined }) {
  if (isOnline === undefined) return null;
  return (
    <Badge variant="dot" tt="none" color={isOnline ? "green" : "yellow"}>
      {isOnline ? ask.online : ask.away}
    </Badge>
  );
}
