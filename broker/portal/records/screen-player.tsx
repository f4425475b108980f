// Plays a screen's recording by noVNC, out of memory, with where the vendor's pointer was and marks for what he did.
import { Alert, Badge, Box, Button, Card, Group, Stack, Text } from "@mantine/core";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Empty } from "../shell/page.tsx";
import { records } from "../texts/records.ts";
import { screen } from "../texts/screen.ts";
import type { ScreenRecording } from "./cast.ts";
import { PlayerBar, stepSeconds } from "./player-bar.tsx";
import { ScreenPlayback } from "./screen-playback.ts";
import { trackOf, typedLines, type ScreenTrack } from "./screen-track.ts";

const speeds = [1, 2, 4, 8, 16] as const;
const smallStepSeconds = 1;
const tickMs = 50;
/** More marks than these are no list any more. */
const mostMarks = 100;

export default function ScreenPlayer({
  recording,
  startAt,
}: {
  readonly recording: ScreenRecording;
  readonly startAt: number;
}) {
  const track = useMemo(() => trackOf(recording.records, recording.seconds), [recording]);
  const [speed, setSpeed] = useState(1);
  const player = usePlayback(track, speed, startAt);
  const { at, isPlaying, seek, toggle } = player;
  if (track.segments.length === 0) return <Empty title={screen.player.empty} />;
  const isPressed = (event: React.KeyboardEvent): void => {
    const act = {
      " ": toggle,
      k: toggle,
      j: () => seek(at - stepSeconds),
      l: () => seek(at + stepSeconds),
      ArrowLeft: () => seek(at - smallStepSeconds),
      ArrowRight: () => seek(at + smallStepSeconds),
      Home: () => seek(0),
      End: () => seek(track.seconds),
    }[event.key];
    if (act === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    act();
  };
  return (
    <Stack gap="md">
      <Picture player={player} onKeyDown={isPressed} />
      {player.isBroken && <Alert color="yellow">{screen.player.damaged}</Alert>}
      <Card withBorder padding="md">
        <Stack gap="md">
          <PlayerBar
            seconds={track.seconds}
            at={at}
            isPlaying={isPlaying}
            speeds={speeds}
            speed={speed}
            onSpeed={setSpeed}
            onSeek={seek}
            onToggle={toggle}
            ticks={<Ticks track={track} />}
          />
          <Text size="xs" c="dimmed" visibleFrom="sm">
            {screen.player.help}
          </Text>
          <Marks track={track} onOpen={seek} />
        </Stack>
      </Card>
      <Typed track={track} onOpen={seek} />
    </Stack>
  );
}

type Playing = ReturnType<typeof usePlayback>;

function Picture({
  player,
  onKeyDown,
}: {
  readonly player: Playing;
  readonly onKeyDown: (event: React.KeyboardEvent) => void;
}) {
  return (
    <Box
      ref={player.place}
      className="player-screen"
      role="group"
      aria-label={screen.player.label}
      tabIndex={0}
      onKeyDown={onKeyDown}
      data-settled={player.isSettled || undefined}
    />
  );
}

// Where something happened, under the line of time.
function Ticks({ track }: { readonly track: ScreenTrack }) {
  const { seconds, clicks, marks } = track;
  const tick = (at: number, kind: "click" | "mark", number: number) => {
    const x = `${(100 * at) / Math.max(seconds, 0.1)}%`;
    return <line key={`${kind}${number}`} className={kind} x1={x} x2={x} y1="0" y2="100%" />;
  };
  return (
    <svg className="ticks" aria-hidden>
      {clicks.map((at, number) => tick(at, "click", number))}
      {marks.map(({ at }, number) => tick(at, "mark", number))}
    </svg>
  );
}

function Marks({
  track,
  onOpen,
}: {
  readonly track: ScreenTrack;
  readonly onOpen: (at: number) => void;
}) {
  const { clicks, marks } = track;
  if (clicks.length + marks.length === 0) return null;
  return (
    <Stack gap={4}>
      <Group gap="xs">
        <Text fw={600}>{screen.player.marks}</Text>
        {clicks.length > 0 && <Text c="dimmed">{screen.player.clicks(clicks.length)}</Text>}
      </Group>
      <Group gap="xs">
        {marks.slice(0, mostMarks).map(({ at, event, details }, number) => (
          <Button
            key={number}
            variant="default"
            maw="100%"
            rightSection={<Badge variant="light">{records.seconds(at)}</Badge>}
            onClick={() => onOpen(at)}
          >
            {screen.player.mark(event, details)}
          </Button>
        ))}
      </Group>
      <More count={marks.length - mostMarks} />
    </Stack>
  );
}

function Typed({
  track,
  onOpen,
}: {
  readonly track: ScreenTrack;
  readonly onOpen: (at: number) => void;
}) {
  const lines = useMemo(() => typedLines(track.keys), [track]);
  if (lines.length === 0) return null;
  return (
    <Card withBorder padding="md">
      <Stack gap="xs">
        <Text fw={600}>{screen.player.keysRecorded}</Text>
        {lines.slice(0, mostMarks).map(({ at, text }, number) => (
          <Button
            key={number}
            variant="subtle"
            justify="flex-start"
            leftSection={<Badge variant="light">{records.seconds(at)}</Badge>}
            onClick={() => onOpen(at)}
          >
            <Text ff="monospace" className="breaks-anywhere">
              {text}
            </Text>
          </Button>
        ))}
        <More count={lines.length - mostMarks} />
      </Stack>
    </Card>
  );
}

function More({ count }: { readonly count: number }) {
  return count > 0 && <Text c="dimmed">{screen.player.more(count)}</Text>;
}

function usePlayback(track: ScreenTrack, speed: number, startAt: number) {
  const place = useRef<HTMLDivElement>(null);
  const playback = useRef<ScreenPlayback>(undefined);
  const [at, setAt] = useState(Math.min(startAt, track.seconds));
  const [isPlaying, setPlaying] = useState(false);
  const [isBroken, setBroken] = useState(false);
  const [isSettled, setSettled] = useState(false);
  const now = useRef(at);

  const show = useCallback(async (wanted: number): Promise<boolean> => {
    now.current = wanted;
    setAt(wanted);
    setSettled(false);
    const isShown = (await playback.current?.show(wanted)) ?? false;
    if (isShown) setSettled(true);
    return isShown;
  }, []);

  useEffect(() => {
    if (place.current === null) return undefined;
    const made = new ScreenPlayback(place.current, track, () => setBroken(true));
    playback.current = made;
    void show(now.current);
    return () => made.dispose();
  }, [track, show]);

  useEffect(() => {
    if (!isPlaying) return undefined;
    let lastMs = performance.now();
    let isBusy = false;
    const timer = setInterval(() => {
      const nowMs = performance.now();
      const to = Math.min(track.seconds, now.current + ((nowMs - lastMs) / 1000) * speed);
      // A page that cannot keep up plays slower; it leaves nothing out.
      lastMs = nowMs;
      if (isBusy) return;
      isBusy = true;
      void show(to).finally(() => {
        isBusy = false;
        if (to >= track.seconds) setPlaying(false);
      });
    }, tickMs);
    return () => clearInterval(timer);
  }, [isPlaying, speed, track, show]);

  const seek = useCallback(
    (wanted: number): void => void show(Math.max(0, Math.min(track.seconds, wanted))),
    [track, show],
  );
  const toggle = (): void => {
    if (!isPlaying && now.current >= track.seconds) seek(0);
    setPlaying(!isPlaying);
  };
  return { place, at, isPlaying, isBroken, isSettled, seek, toggle };
}
