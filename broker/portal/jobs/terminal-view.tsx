// A terminal in the page with what one does to it: copy, paste, type size, full screen, keys that a phone does not have. Loaded with xterm.js only when
// a terminal is opened.
import { Box, Button, Group, Modal, Paper, Stack, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import {
  IconAccessible,
  IconClipboard,
  IconCopy,
  IconMaximize,
  IconMinimize,
  IconX,
  IconZoomIn,
  IconZoomOut,
} from "@tabler/icons-react";
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { personWords } from "../../../shared/site/people.ts";
import { keepFocus, Tool } from "../shell/tool.tsx";
import { useFullScreen } from "../shell/use-full-screen.ts";
import { WatchedNotice } from "../screen/watched-notice.tsx";
import { PaneEnding } from "../shell/pane-ending.tsx";
import { terminal } from "../texts/jobs.ts";
import type { LiveJob, TerminalTab } from "./live-job.ts";
import { TerminalPane, type PaneState } from "./terminal-pane.ts";
import { changeTerminalSettings, terminalSettings } from "./terminal-settings.ts";
import type { ScreenKey } from "./typed-text.ts";

const screenKeys: readonly ScreenKey[] = [
  "escape",
  "tab",
  "left",
  "down",
  "up",
  "right",
  "home",
  "end",
];

const touched = "(pointer: coarse)";

export interface TerminalViewProps {
  readonly live: LiveJob;
  readonly tab: TerminalTab;
  readonly machine: string;
  /** Of the job's time and connection: what a full screen must not hide. */
  readonly clock: ReactNode;
  readonly notices: ReactNode;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

export default function TerminalView(props: TerminalViewProps) {
  const { live, tab, machine } = props;
  const pane = (tab.pane ??= new TerminalPane(live, tab.target, terminal.label(machine)));
  const state = useSyncExternalStore(
    (changed) => pane.watch(changed),
    () => pane.state,
  );
  const place = useRef<HTMLDivElement>(null);
  const leaving = useRef<HTMLDivElement>(null);
  const [isFull, setFull] = useFullScreen();
  const [question, setQuestion] = useState<PasteQuestion>();
  const isTouched = useMediaQuery(touched, matchMedia(touched).matches, {
    getInitialValueInEffect: false,
  });

  useEffect(() => {
    const shown = place.current;
    if (shown === null) return undefined;
    const hide = pane.show(shown);
    pane.mayPaste = (text, lines) => new Promise((answer) => setQuestion({ text, lines, answer }));
    pane.onLeave = () => leaving.current?.querySelector("button")?.focus();
    pane.focus();
    return hide;
  }, [pane]);

  const answer = (isAgreed: boolean): void => {
    question?.answer(isAgreed);
    setQuestion(undefined);
    pane.focus();
  };
  return (
    <Paper withBorder className={isFull ? "terminal-frame terminal-full" : "terminal-frame"}>
      <Group justify="space-between" gap="xs" px="xs" py="xs" ref={leaving}>
        <Text size="sm" c="dimmed" truncate flex="1 1 120px">
          {state.title || machine}
        </Text>
        {isFull && props.clock}
        <Tools pane={pane} isFull={isFull} setFull={setFull} onClose={props.onClose} />
      </Group>
      {state.present.length > 0 && (
        <Text size="sm" px="xs" role="status">
          {terminal.present(
            state.present.map((person) => personWords(live.side.held, person)).join(", "),
          )}
        </Text>
      )}
      {isFull && props.notices}
      <WatchedNotice isWatched={state.phase === "ended" ? undefined : state.isWatched} />
      <Box ref={place} className="terminal-place" />
      {isTouched === true && state.phase !== "ended" && <ScreenKeys pane={pane} state={state} />}
      <PaneEnding
        phase={state.phase}
        fault={state.fault}
        words={{
          opening: terminal.opening(machine),
          ended: exitWords(state),
          again: terminal.again,
        }}
        onAgain={props.onAgain}
      />
      <Text size="xs" c="dimmed" px="xs" py="xs" hidden={isTouched === true}>
        {terminal.keys}
      </Text>
      <Modal
        opened={question !== undefined}
        onClose={() => answer(false)}
        title={terminal.pasteQuestion(question?.lines ?? 0)}
      >
        <Stack gap="md">
          <Text>{terminal.pasteHint}</Text>
          <Paper withBorder p="xs" className="pasted" tabIndex={0} aria-label={terminal.paste}>
            {question?.text}
          </Paper>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => answer(false)}>
              {terminal.pasteNo}
            </Button>
            <Button data-autofocus onClick={() => answer(true)}>
              {terminal.pasteYes}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Paper>
  );
}

interface PasteQuestion {
  readonly text: string;
  readonly lines: number;
  readonly answer: (isAgreed: boolean) => void;
}

function Tools({
  pane,
  isFull,
  setFull,
  onClose,
}: {
  readonly pane: TerminalPane;
  readonly isFull: boolean;
  readonly setFull: (isFull: boolean) => void;
  readonly onClose: () => void;
}) {
  const [{ isSpoken }, setSettings] = useState(terminalSettings);
  const change = (next: Parameters<typeof changeTerminalSettings>[0]): void => {
    const kept = changeTerminalSettings(next);
    setSettings(kept);
    pane.apply(kept);
  };
  const resize = (by: number): void => change({ fontSize: terminalSettings().fontSize + by });
  const paste = (): void => {
    navigator.clipboard
      .readText()
      .then((text) => pane.paste(text))
      .catch(() => notifications.show({ message: terminal.pasteBlocked, color: "yellow" }));
  };
  return (
    <Group gap={4} role="toolbar" aria-label={terminal.tools}>
      <Tool icon={IconCopy} label={terminal.copy} onClick={() => void pane.copy()} />
      <Tool icon={IconClipboard} label={terminal.paste} onClick={paste} />
      <Tool icon={IconZoomOut} label={terminal.smaller} onClick={() => resize(-1)} />
      <Tool icon={IconZoomIn} label={terminal.larger} onClick={() => resize(1)} />
      <Tool
        icon={IconAccessible}
        label={terminal.spoken}
        isPressed={isSpoken}
        onClick={() => change({ isSpoken: !isSpoken })}
      />
      <Tool
        icon={isFull ? IconMinimize : IconMaximize}
        label={isFull ? terminal.leaveFull : terminal.full}
        onClick={() => {
          setFull(!isFull);
          pane.focus();
        }}
      />
      <Tool icon={IconX} label={terminal.close} onClick={onClose} />
    </Group>
  );
}

function ScreenKeys({ pane, state }: { readonly pane: TerminalPane; readonly state: PaneState }) {
  return (
    <Group gap="xs" p="xs" role="toolbar" aria-label={terminal.screenKeys}>
      <Button
        size="sm"
        variant={state.isControlHeld ? "filled" : "default"}
        aria-pressed={state.isControlHeld}
        onMouseDown={keepFocus}
        onClick={() => pane.holdControl()}
      >
        {terminal.keyNames.control}
      </Button>
      {screenKeys.map((key) => (
        <Button key={key} variant="default" onMouseDown={keepFocus} onClick={() => pane.press(key)}>
          {terminal.keyNames[key]}
        </Button>
      ))}
    </Group>
  );
}

function exitWords({ exit }: PaneState): string {
  if (exit?.signal) return terminal.signalled(exit.signal);
  if (exit?.code !== undefined && exit.code !== null) return terminal.exited(exit.code);
  return terminal.closed;
}
