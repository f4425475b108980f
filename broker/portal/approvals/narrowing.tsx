// What an approver may give less of: minutes, machines, rights on them. Never more than was asked.
import { Card, Checkbox, Chip, Fieldset, Group, Stack, Switch, Text } from "@mantine/core";
import type { TargetId } from "../../../shared/ids.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { chosenRights, offeredRights } from "../../../shared/site/right-choice.ts";
import { minutesWords } from "../shell/moment.tsx";
import { useSide } from "../shell/person-context.tsx";
import { approvals } from "../texts/approvals.ts";
import type { Given } from "./answers.ts";
import { rightOn, rightsOn, targetName } from "./words.ts";

const texts = approvals.question;
const usualMinutes = [15, 30, 60, 120, 240, 480];

export function Narrowing({
  job,
  given,
  onChange,
}: {
  readonly job: Job;
  readonly given: Given;
  readonly onChange: (given: Given) => void;
}) {
  const side = useSide();
  const asked = job.request.payload;
  const choices = [...usualMinutes.filter((each) => each < asked.minutes), asked.minutes];
  const rightsOf = (id: TargetId): readonly string[] =>
    given.targets.find((each) => each.id === id)?.rights ?? [];
  // In the order and with the words of the request, so that nothing but what is left out differs.
  const withRights = (id: TargetId, rights: readonly string[]): void => {
    const targets = asked.targets.flatMap((each) => {
      const kept = each.id === id ? rights : rightsOf(each.id);
      const inOrder = each.rights.filter((right) => kept.includes(right));
      return inOrder.length === 0 ? [] : [{ id: each.id, rights: inOrder }];
    });
    onChange({ ...given, targets });
  };
  return (
    <Card withBorder padding="lg">
      <Stack gap="lg">
        <Fieldset legend={texts.minutes} variant="unstyled">
          <Chip.Group
            value={String(given.minutes)}
            onChange={(value: string) => onChange({ ...given, minutes: Number(value) })}
          >
            <Group gap="xs">
              {choices.map((each) => (
                <Chip key={each} value={String(each)} size="lg" variant="outline">
                  {minutesWords(each)}
                  {each === asked.minutes && `, ${texts.asAsked}`}
                </Chip>
              ))}
            </Group>
          </Chip.Group>
        </Fieldset>
        {asked.targets.map(({ id, rights }) => {
          const name = targetName(side.held, id);
          const kept = rightsOf(id);
          return (
            <Fieldset key={id} legend={texts.rights(name)} variant="unstyled">
              <Stack gap="sm">
                {asked.targets.length > 1 && (
                  <Switch
                    size="lg"
                    label={texts.withTarget(name)}
                    checked={kept.length > 0}
                    onChange={(event) => withRights(id, event.currentTarget.checked ? rights : [])}
                  />
                )}
                {rights.length > 1 &&
                  offeredRights(rights, kept).map((right) => (
                    <Checkbox
                      key={right}
                      size="md"
                      label={rightOn(side.held, id, right)}
                      checked={kept.includes(right)}
                      onChange={(event) =>
                        withRights(
                          id,
                          chosenRights(rights, kept, right, event.currentTarget.checked),
                        )
                      }
                    />
                  ))}
                {rights.length === 1 && asked.targets.length === 1 && (
                  <Text c="dimmed">{rightsOn(side.held, { id, rights })}</Text>
                )}
              </Stack>
            </Fieldset>
          );
        })}
      </Stack>
    </Card>
  );
}
