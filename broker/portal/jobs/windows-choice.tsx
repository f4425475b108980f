// Recurring windows as one fills them in: which days, from when to when, until which day, by this device's clock.
import { Chip, Group, Input, Stack, TextInput } from "@mantine/core";
import { ask } from "../texts/jobs.ts";
import type { WindowFields } from "./request-draft.ts";

const days: readonly number[] = [1, 2, 3, 4, 5, 6, 7];
/** 1970-01-05 was a Monday. */
const firstMonday = Date.UTC(1970, 0, 5);
const dayMs = 24 * 3600 * 1000;

export function WindowsChoice({
  fields,
  onChange,
  error,
}: {
  readonly fields: WindowFields;
  readonly onChange: (fields: WindowFields) => void;
  readonly error: string | undefined;
}) {
  const change = (part: Partial<WindowFields>): void => onChange({ ...fields, ...part });
  return (
    <Stack gap="md">
      <Chip.Group
        multiple
        value={fields.days.map(String)}
        onChange={(value) => change({ days: value.map(Number) })}
      >
        <Group gap="xs" role="group" aria-label={ask.days}>
          {days.map((day) => (
            <Chip key={day} value={String(day)} size="md">
              {dayName(day)}
            </Chip>
          ))}
        </Group>
      </Chip.Group>
      <Group gap="md" align="flex-end">
        <TextInput
          type="time"
          label={ask.from}
          value={fields.from}
          onChange={(event) => change({ from: event.currentTarget.value })}
        />
        <TextInput
          type="time"
          label={ask.to}
          value={fields.to}
          onChange={(event) => change({ to: event.currentTarget.value })}
        />
        <TextInput
          type="date"
          label={ask.until}
          value={fields.until}
          onChange={(event) => change({ until: event.currentTarget.value })}
        />
      </Group>
      {error !== undefined && (
        <Input.Error size="md" role="alert">
          {error}
        </Input.Error>
      )}
    </Stack>
  );
}

function dayName(day: number): string {
  const date = new Date(firstMonday + (day - 1) * dayMs);
  return date.toLocaleDateString(undefined, { weekday: "short", timeZone: "UTC" });
}
