// What a terminal showed, as plain lines: for whoever reads aloud, searches or copies. Each line leads to its second in the player.
import { Anchor, Button, Card, Collapse, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFileText } from "@tabler/icons-react";
import { useMemo } from "react";
import { records } from "../texts/records.ts";
import type { TerminalRecording } from "./cast.ts";
import { PagedList } from "./paged-list.tsx";
import { shownLines } from "./shown-lines.ts";

const texts = records.recording;

export function Transcript({
  recording,
  onOpen,
}: {
  readonly recording: TerminalRecording;
  readonly onOpen: (seconds: number) => void;
}) {
  const [isShown, shown] = useDisclosure(false);
  const lines = useMemo(() => (isShown ? shownLines(recording) : []), [recording, isShown]);
  return (
    <Stack gap="sm" align="stretch">
      <Group>
        <Button
          variant="default"
          leftSection={<IconFileText size={18} aria-hidden />}
          aria-expanded={isShown}
          onClick={shown.toggle}
        >
          {texts.asText}
        </Button>
        <Text c="dimmed">{texts.asTextHint}</Text>
      </Group>
      <Collapse expanded={isShown}>
        <Card withBorder padding="md">
          <PagedList
            items={lines}
            textOf={({ text }) => text}
            render={({ at, text }) => (
              <Group gap="sm" wrap="nowrap" align="flex-start">
                <Anchor component="button" type="button" onClick={() => onOpen(at)}>
                  {records.seconds(at)}
                </Anchor>
                <Text ff="monospace" className="breaks-anywhere keeps-lines">
                  {text}
                </Text>
              </Group>
            )}
          />
        </Card>
      </Collapse>
    </Stack>
  );
}
