// A recording of bytes as a timeline: when, which way, how many, as hexadecimal digits and as text.
import { Badge, Box, Card, Group, Stack, Text } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconFlag } from "@tabler/icons-react";
import { useMemo } from "react";
import { records } from "../texts/records.ts";
import type { ByteRecording } from "./cast.ts";
import { readableRecords, type ReadableRecord } from "./hex-lines.ts";
import { PagedList } from "./paged-list.tsx";

const texts = records.recording;
const words: Readonly<Record<string, string>> = {
  "to-device": texts.toDevice,
  "from-device": texts.fromDevice,
  "device-error": texts.deviceError,
};

export function ByteTimeline({
  recording,
  startAt,
}: {
  readonly recording: ByteRecording;
  readonly startAt: number;
}) {
  const items = useMemo(() => readableRecords(recording), [recording]);
  const first = items.findIndex(({ at }) => at >= startAt);
  return (
    <Card withBorder padding="md">
      <PagedList
        items={items}
        startAt={Math.max(0, first)}
        textOf={({ text, event, hex }) => `${event} ${text} ${hex}`}
        render={(item) => <TimelineEntry item={item} />}
      />
    </Card>
  );
}

function TimelineEntry({ item }: { readonly item: ReadableRecord }) {
  const { at, direction, count, lines, isCut, event } = item;
  const isSent = direction === "to-device";
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text ff="monospace">{records.seconds(at)}</Text>
        {direction === undefined ? (
          <Badge color="gray" leftSection={<IconFlag size={14} aria-hidden />}>
            {texts.mark(`${event} ${item.text}`)}
          </Badge>
        ) : (
          <>
            <Badge
              variant="light"
              color={isSent ? "blue" : "gray"}
              leftSection={
                isSent ? (
                  <IconArrowUp size={14} aria-hidden />
                ) : (
                  <IconArrowDown size={14} aria-hidden />
                )
              }
            >
              {words[direction] ?? direction}
            </Badge>
            <Text size="sm" c="dimmed">
              {texts.bytes(count)}
            </Text>
          </>
        )}
      </Group>
      {lines.length > 0 && (
        <Box component="pre" className="byte-lines" tabIndex={0}>
          {lines.join("\n")}
        </Box>
      )}
      {isCut && <Text size="sm">{texts.more}</Text>}
    </Stack>
  );
}
