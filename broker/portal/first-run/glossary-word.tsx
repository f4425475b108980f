// A word of the glossary, explained where it stands: ten words are all that an owner has to learn.
import { Button, Popover, Text } from "@mantine/core";
import { IconHelpCircle } from "@tabler/icons-react";
import { glossary } from "../texts/first-run.ts";

export type Word = keyof typeof glossary.words;

export function GlossaryWord({ word }: { readonly word: Word }) {
  const [name, meaning] = glossary.words[word];
  return (
    <Popover width={280} position="bottom" withArrow shadow="md" trapFocus={false} returnFocus>
      <Popover.Target>
        <Button
          variant="transparent"
          size="compact-md"
          leftSection={<IconHelpCircle size={18} aria-hidden />}
        >
          {glossary.what(name)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Text size="sm">{meaning}</Text>
      </Popover.Dropdown>
    </Popover>
  );
}
