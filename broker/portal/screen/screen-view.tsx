// A screen in the page with what one does to it. Loaded with noVNC only when a screen is opened.
import { Alert, Badge, Box, Group, Paper, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconEye, IconPlugConnectedX } from "@tabler/icons-react";
import { useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import type { AdmittedTarget } from "../../../shared/channel/messages.ts";
import { personWords } from "../../../shared/site/people.ts";
import type { LiveJob, ScreenTab } from "../jobs/live-job.ts";
import { useFullScreen } from "../shell/use-full-screen.ts";
import { isFocusLost } from "../shell/use-kept-focus.ts";
import { PaneEnding } from "../shell/pane-ending.tsx";
import { screen } from "../texts/screen.ts";
import { ScreenKeys } from "./screen-keys.tsx";
import { ScreenPane, type PaneState } from "./screen-pane.ts";
import { ScreenTools } from "./screen-tools.tsx";
import { TypeText } from "./type-text.tsx";
import { WatchedNotice } from "./watched-notice.tsx";

const touched = "(pointer: coarse)";

export interface ScreenViewProps {
  readonly live: LiveJob;
  readonly tab: ScreenTab;
  readonly target: AdmittedTarget;
  /** Of the job's time and connection: what a full screen must not hide. */
  readonly clock: ReactNode;
  readonly notices: ReactNode;
  readonly onAgain: () => void;
  readonly onClose: () => void;
}

export default function ScreenView(props: ScreenViewProps) {
  const { live, tab, target } = props;
  const label = target.rights.includes("control") ? screen.label : screen.labelOnlyWatching;
  const pane = (tab.pane ??= new ScreenPane(live, target, label(target.name)));
  const state = useSyncExternalStore(
    (changed) => pane.watch(changed),
    () => pane.state,
  );
  const place = useRef<HTMLDivElement>(null);
  const leaving = useRef<HTMLDivElement>(null);
  const [isFull, setFull] = useFullScreen();
  const isTouched = useMediaQuery(touched, matchMedia(touched).matches, {
    getInitialValueInEffect: false,
  });
  const [showsKeys, setShowsKeys] = useState(isTouched === true);
  const [isTyping, setTyping] = useState(false);
  const isOpen = state.phase === "open";

  useEffect(() => {
    const shown = place.current;
    if (shown === null) return undefined;
    const hide = pane.show(shown);
    pane.onLeave = () => leaving.current?.querySelector("button")?.focus();
    return hide;
  }, [pane]);
  // Keys go to the machine from the first picture on, as they do in a terminal.
  useEffect(() => {
    if (!isOpen) return;
    if ((pane.rights.mayControl && isTouched !== true) || isFocusLost()) pane.focus();
  }, [pane, isOpen, isTouched]);
  // On a phone what stands above it would leave a strip of the picture.
  const wasOpen = useRef(isOpen);
  useEffect(() => {
    if (isOpen && !wasOpen.current && isTouched === true) leaving.current?.scrollIntoView();
    wasOpen.current = isOpen;
  }, [isOpen, isTouched]);

  const { width, height } = state.size;
  return (
    <Paper withBorder className={isFull ? "terminal-frame terminal-full" : "terminal-frame"}>
      <Group justify="space-between" gap="xs" px="xs" py="xs" ref={leaving} className="linked">
        <Group gap="xs" flex="1 1 120px" wrap="nowrap" className="screen-title">
          <Text size="sm" c="dimmed" truncate>
            {state.name || target.name}
            {width > 0 && `, ${screen.size(width, height)}`}
          </Text>
          {!pane.rights.mayControl && state.phase !== "ended" && (
            <Badge
              color="gray"
              tt="none"
              variant="light"
              className="keeps-size"
              leftSection={<IconEye size={14} aria-hidden />}
            >
              {screen.onlyWatching}
            </Badge>
          )}
        </Group>
        {isFull && props.clock}
        <ScreenTools
          pane={pane}
          state={state}
          isFull={isFull}
          setFull={(isWanted) => {
            setFull(isWanted);
            pane.focus();
          }}
          showsKeys={showsKeys}
          setShowsKeys={setShowsKeys}
          onType={() => setTyping(true)}
          onClose={props.onClose}
        />
      </Group>
      {isFull && props.notices}
      <Notices live={live} state={state} />
      <div className="screen-frame">
        <StandingStill state={state} />
        <Box
          ref={place}
          className="screen-place"
          data-away={state.isAway || state.isStalled || undefined}
          hidden={state.phase === "ended"}
        />
      </div>
      {showsKeys && isOpen && pane.rights.mayControl && (
        <ScreenKeys pane={pane} state={state} isTouched={isTouched === true} />
      )}
      <PaneEnding
        phase={state.phase}
        fault={state.fault}
        words={{
          opening: screen.opening(target.name),
          ended: screen.closed,
          again: screen.again,
        }}
        onAgain={props.onAgain}
      />
      {state.phase !== "ended" && (
        <Text size="xs" c="dimmed" px="xs" py="xs">
          {!pane.rights.mayControl
            ? screen.onlyWatchingHint
            : isTouched === true
              ? screen.helpTouch
              : screen.help}
        </Text>
      )}
      <TypeText pane={pane} isOpen={isTyping && isOpen} onClose={() => setTyping(false)} />
    </Paper>
  );
}

function Notices({ live, state }: { readonly live: LiveJob; readonly state: PaneState }) {
  const { isWatched, phase, present } = state;
  return (
    <>
      <div aria-live="polite">
        {present.length > 0 && (
          <Text size="sm" px="xs">
            {screen.present(
              present.map((person) => personWords(live.side.held, person)).join(", "),
            )}
          </Text>
        )}
      </div>
      <WatchedNotice isWatched={phase === "ended" ? undefined : isWatched} />
    </>
  );
}

// Over the picture, which must not move: whoever is about to press would press something else when it comes and goes.
function StandingStill({ state: { isAway, isStalled } }: { readonly state: PaneState }) {
  const notice = (text: string) => (
    <Alert color="yellow" role="presentation" icon={<IconPlugConnectedX aria-hidden />} m="xs">
      {text}
    </Alert>
  );
  return (
    <div className="screen-still">
      {/* The page above has announced it already. */}
      {isAway && notice(screen.away)}
      <div role="status">{isStalled && !isAway && notice(screen.stalled)}</div>
    </div>
  );
}
