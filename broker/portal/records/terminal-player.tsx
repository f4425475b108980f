// Plays a terminal's recording by asciinema-player, out of memory. The buttons are the portal's own: the player's bar is too small for a thumb and
// counts the time with its pauses left out, and an auditor needs the time at which something happened.
import "asciinema-player/dist/bundle/asciinema-player.css";
import { Badge, Box, Button, Card, Group, Stack, Switch, Text } from "@mantine/core";
import { create, type Player } from "asciinema-player";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { records } from "../texts/records.ts";
import { paceOf, type Pace, type TerminalRecording } from "./cast.ts";
import { PlayerBar } from "./player-bar.tsx";
import { Transcript } from "./transcript.tsx";

const texts = records.recording;
const speeds = [1, 2, 4, 8] as const;
const longestPauseSeconds = 2;
const tickMs = 200;

export default function TerminalPlayer({
  recording,
  startAt,
}: {
  readonly recording: TerminalRecording;
  readonly startAt: number;
}) {
  const [speed, setSpeed] = useState(1);
  const [skipsPauses, setSkipsPauses] = useState(true);
  const pace = useMemo(
    () =>
      paceOf(
        recording.events.map(({ at }) => at),
        skipsPauses ? longestPauseSeconds : Number.POSITIVE_INFINITY,
      ),
    [recording, skipsPauses],
  );
  const { place, at, isPlaying, toggle, seek } = usePlayer(recording, pace, speed, startAt);
  const marks = recording.events.filter(({ code }) => code === "m");
  return (
    <Stack gap="md">
      <Box ref={place} className="player-place" role="img" aria-label={texts.screen} />
      <Card withBorder padding="md">
        <Stack gap="md">
          <PlayerBar
            seconds={recording.seconds}
            at={at}
            isPlaying={isPlaying}
            speeds={speeds}
            speed={speed}
            onSpeed={setSpeed}
            onSeek={seek}
            onToggle={toggle}
            more={
              <Switch
                size="md"
                label={texts.skipPauses}
                title={texts.skipPausesHint}
                checked={skipsPauses}
                onChange={(event) => setSkipsPauses(event.currentTarget.checked)}
              />
            }
          />
          {marks.length > 0 && (
            <Stack gap={4}>
              <Text fw={600}>{texts.marks}</Text>
              <Group gap="xs">
                {marks.map((mark, number) => (
                  <Button
                    key={number}
                    variant="default"
                    rightSection={<Badge variant="light">{records.seconds(mark.at)}</Badge>}
                    onClick={() => seek(mark.at)}
                  >
                    {texts.mark(mark.text)}
                  </Button>
                ))}
              </Group>
            </Stack>
          )}
        </Stack>
      </Card>
      <Transcript recording={recording} onOpen={seek} />
    </Stack>
  );
}

/** A player in `place`, whose times are the recording's own: `at` and `seek` count real seconds, whatever pauses are shown. */
function usePlayer(recording: TerminalRecording, pace: Pace, speed: number, startAt: number) {
  const place = useRef<HTMLDivElement>(null);
  const player = useRef<Player>(undefined);
  const [at, setAt] = useState(startAt);
  const [isPlaying, setPlaying] = useState(false);
  const before = useRef({ at: startAt, isPlaying: false });
  before.current = { at, isPlaying };

  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    const former = before.current;
    const from = pace.shown(former.at);
    const made = create({ data: castOf(recording, pace) }, element, {
      controls: false,
      fit: "both",
      speed,
      startAt: from,
      poster: `npt:${from}`,
      preload: true,
      autoPlay: former.isPlaying,
      theme: "asciinema",
    });
    player.current = made;
    let isOver = false;
    const look = (): void => {
      if (!isOver) setAt(pace.real(made.getCurrentTime()));
    };
    let ticking: ReturnType<typeof setInterval> | undefined;
    const stop = (): void => {
      clearInterval(ticking);
      if (!isOver) setPlaying(false);
    };
    made.addEventListener("playing", () => {
      setPlaying(true);
      clearInterval(ticking);
      ticking = setInterval(look, tickMs);
    });
    made.addEventListener("pause", stop);
    made.addEventListener("ended", () => {
      stop();
      look();
    });
    return () => {
      isOver = true;
      stop();
      made.dispose();
    };
  }, [recording, pace, speed]);

  const seek = useCallback(
    (wanted: number): void => {
      const to = Math.max(0, Math.min(recording.seconds, wanted));
      setAt(to);
      void player.current?.seek(pace.shown(to));
    },
    [recording, pace],
  );
  const toggle = (): void => {
    if (isPlaying) void player.current?.pause();
    else if (at >= recording.seconds) {
      seek(0);
      void player.current?.play();
    } else void player.current?.play();
  };
  return { place, at, isPlaying, toggle, seek };
}

/** The recording as asciicast v2 with the times that are to be shown. What was typed shows in what the machine answered. */
function castOf({ columns, rows, events }: TerminalRecording, { times }: Pace): string {
  const header = JSON.stringify({ version: 2, width: columns, height: rows });
  const lines = events.flatMap(({ code, text }, at) =>
    code === "i" ? [] : [JSON.stringify([times[at], code, text])],
  );
  return [header, ...lines].join("\n");
}
