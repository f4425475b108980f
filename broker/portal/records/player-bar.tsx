// The bar under whatever plays: the line of time, to the beginning, ten seconds back and on, play and pause, and the pace.
import { ActionIcon, Box, Button, Group, SegmentedControl, Slider, Text } from "@mantine/core";
import {
  IconPlayerPauseFilled,
  IconPlayerPlayFilled,
  IconPlayerSkipBack,
  IconRewindBackward10,
  IconRewindForward10,
} from "@tabler/icons-react";
import type { ReactNode } from "react";
import { records } from "../texts/records.ts";

const texts = records.recording;
/** What a step back or on is. */
export const stepSeconds = 10;

export interface PlayerBarProps {
  /** Of all that is played. */
  readonly seconds: number;
  readonly at: number;
  readonly isPlaying: boolean;
  readonly speeds: readonly number[];
  readonly speed: number;
  readonly onSpeed: (speed: number) => void;
  readonly onSeek: (at: number) => void;
  readonly onToggle: () => void;
  /** Under the line of time, in its width. */
  readonly ticks?: ReactNode;
  /** Beside the pace. */
  readonly more?: ReactNode;
}

export function PlayerBar(props: PlayerBarProps) {
  const { seconds, at, isPlaying, speeds, speed, onSpeed, onSeek, onToggle, ticks, more } = props;
  const all = records.seconds(seconds);
  const last = Math.max(seconds, 0.1);
  return (
    <>
      <Box>
        <Slider
          min={0}
          max={last}
          step={0.1}
          value={Math.min(at, last)}
          label={records.seconds}
          thumbLabel={texts.position}
          thumbProps={{ "aria-valuetext": texts.positionOf(records.seconds(at), all) }}
          onChange={onSeek}
        />
        {ticks}
      </Box>
      <Group justify="space-between" gap="sm">
        <Group gap="xs">
          <ActionIcon
            size="xl"
            aria-label={texts.restart}
            title={texts.restart}
            onClick={() => onSeek(0)}
          >
            <IconPlayerSkipBack aria-hidden />
          </ActionIcon>
          <ActionIcon
            size="xl"
            aria-label={texts.back10}
            title={texts.back10}
            onClick={() => onSeek(at - stepSeconds)}
          >
            <IconRewindBackward10 aria-hidden />
          </ActionIcon>
          <Button
            leftSection={
              isPlaying ? (
                <IconPlayerPauseFilled size={18} aria-hidden />
              ) : (
                <IconPlayerPlayFilled size={18} aria-hidden />
              )
            }
            onClick={onToggle}
          >
            {isPlaying ? texts.pause : texts.play}
          </Button>
          <ActionIcon
            size="xl"
            aria-label={texts.forward10}
            title={texts.forward10}
            onClick={() => onSeek(at + stepSeconds)}
          >
            <IconRewindForward10 aria-hidden />
          </ActionIcon>
          <Text ff="monospace">
            {records.seconds(at)} / {all}
          </Text>
        </Group>
        <Group gap="md">
          <SegmentedControl
            size="md"
            aria-label={texts.speed}
            value={String(speed)}
            data={speeds.map((each) => ({ value: String(each), label: texts.times(each) }))}
            onChange={(value) => onSpeed(Number(value))}
          />
          {more}
        </Group>
      </Group>
    </>
  );
}
