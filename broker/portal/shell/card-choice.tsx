// One of a few things that need a sentence each: cards of which one is chosen.
import { Group, Radio, Stack, Text } from "@mantine/core";

export function CardChoice<Value extends string>({
  label,
  value,
  choices,
  words,
  error,
  onChange,
}: {
  readonly label: string;
  readonly value: Value;
  readonly choices: readonly Value[];
  readonly words: Readonly<Record<Value, { readonly label: string; readonly about: string }>>;
  readonly error?: string | undefined;
  readonly onChange: (value: Value) => void;
}) {
  return (
    <Radio.Group
      label={label}
      value={value}
      error={error}
      onChange={(text) => {
        const chosen = choices.find((each) => each === text);
        if (chosen !== undefined) onChange(chosen);
      }}
    >
      <Stack gap="sm" mt="xs">
        {choices.map((each) => (
          <Radio.Card key={each} value={each} p="md">
            <Group wrap="nowrap" align="flex-start">
              <Radio.Indicator aria-hidden />
              <Stack gap={2}>
                <Text fw={600}>{words[each].label}</Text>
                <Text size="sm">{words[each].about}</Text>
              </Stack>
            </Group>
          </Radio.Card>
        ))}
      </Stack>
    </Radio.Group>
  );
}
