// How something that runs in the page begins and ends, under its picture: on its way, over with why, and once more.
import { Alert, Box, Button, Group, Stack, Text } from "@mantine/core";
import { useRef } from "react";
import { Trouble } from "./page.tsx";
import { useKeptFocus } from "./use-kept-focus.ts";

export interface PaneEndingProps {
  readonly phase: "opening" | "open" | "ended";
  /** Why it ended, if not in order. */
  readonly fault: Error | undefined;
  readonly words: { readonly opening: string; readonly ended: string; readonly again: string };
  readonly onAgain: () => void;
}

export function PaneEnding({ phase, fault, words, onAgain }: PaneEndingProps) {
  const place = useRef<HTMLDivElement>(null);
  useKeptFocus(place, phase);
  const again = (
    <Button size="sm" variant="light" onClick={onAgain}>
      {words.again}
    </Button>
  );
  return (
    <div aria-live="polite" ref={place}>
      {phase === "opening" && (
        <Text size="sm" px="xs">
          {words.opening}
        </Text>
      )}
      {phase === "ended" && (
        <Box p="xs">
          {fault === undefined ? (
            <Alert color="gray" role="presentation">
              <Group justify="space-between">
                <Text>{words.ended}</Text>
                {again}
              </Group>
            </Alert>
          ) : (
            <Stack gap="xs" align="flex-start">
              <Trouble error={fault} />
              {again}
            </Stack>
          )}
        </Box>
      )}
    </div>
  );
}
