// The toolbar of a screen: how large it is shown, its keys, its clipboard. What the job's rights do not cover is not offered.
import { Group, Indicator } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import {
  IconAspectRatio,
  IconClipboardCopy,
  IconClipboardPlus,
  IconCursorText,
  IconHandMove,
  IconKeyboard,
  IconMaximize,
  IconMinimize,
  IconRulerMeasure,
  IconX,
  IconZoomIn,
  IconZoomOut,
  IconZoomScan,
} from "@tabler/icons-react";
import { Tool } from "../shell/tool.tsx";
import { screen } from "../texts/screen.ts";
import type { PaneState, ScreenPane } from "./screen-pane.ts";

/** A panel's clipboard is a field or a line; a longer text is a file. */
const maxClipboardCharacters = 100_000;

export function ScreenTools({
  pane,
  state,
  isFull,
  setFull,
  showsKeys,
  setShowsKeys,
  onType,
  onClose,
}: {
  readonly pane: ScreenPane;
  readonly state: PaneState;
  readonly isFull: boolean;
  readonly setFull: (isFull: boolean) => void;
  readonly showsKeys: boolean;
  readonly setShowsKeys: (isShown: boolean) => void;
  readonly onType: () => void;
  readonly onClose: () => void;
}) {
  const { mayControl, mayResize, mayPutClipboard, maySeeClipboard } = pane.rights;
  const isOpen = state.phase === "open";
  return (
    <Group gap={4} role="toolbar" aria-label={screen.tools}>
      {state.phase !== "ended" && (
        <>
          {state.scale === "fit" ? (
            <Tool
              icon={IconRulerMeasure}
              label={screen.real}
              isDisabled={!isOpen || state.isFollowing}
              onClick={() => pane.realSize()}
            />
          ) : (
            <Tool icon={IconZoomScan} label={screen.fit} onClick={() => pane.fit()} />
          )}
          <Tool
            icon={IconZoomOut}
            label={screen.smaller}
            isDisabled={!isOpen || state.isFollowing}
            onClick={() => pane.zoom(-1)}
          />
          <Tool
            icon={IconZoomIn}
            label={screen.larger}
            isDisabled={!isOpen || state.isFollowing}
            onClick={() => pane.zoom(1)}
          />
          <Tool
            icon={IconHandMove}
            label={screen.move}
            isPressed={state.isMoving}
            isDisabled={!state.isLarger && !state.isMoving}
            onClick={() => pane.move(!state.isMoving)}
          />
          {mayResize && (
            <Tool
              icon={IconAspectRatio}
              label={screen.follow}
              isPressed={state.isFollowing}
              isDisabled={!isOpen}
              onClick={() => pane.follow(!state.isFollowing)}
            />
          )}
          {mayControl && (
            <>
              <Tool
                icon={IconKeyboard}
                label={screen.keys}
                isPressed={showsKeys}
                isDisabled={!isOpen}
                onClick={() => setShowsKeys(!showsKeys)}
              />
              <Tool
                icon={IconCursorText}
                label={screen.typeText}
                isDisabled={!isOpen}
                onClick={onType}
              />
            </>
          )}
          {mayPutClipboard && (
            <Tool
              icon={IconClipboardPlus}
              label={screen.putClipboard}
              isDisabled={!isOpen}
              onClick={() => void putClipboard(pane)}
            />
          )}
          {maySeeClipboard && (
            <Indicator disabled={state.cutText === undefined} offset={8} color="petrol">
              <Tool
                icon={IconClipboardCopy}
                label={screen.takeClipboard}
                isDisabled={state.cutText === undefined}
                onClick={() => void takeClipboard(state.cutText ?? "")}
              />
            </Indicator>
          )}
        </>
      )}
      <Tool
        icon={isFull ? IconMinimize : IconMaximize}
        label={isFull ? screen.leaveFull : screen.full}
        onClick={() => setFull(!isFull)}
      />
      <Tool icon={IconX} label={screen.close} onClick={onClose} />
    </Group>
  );
}

async function putClipboard(pane: ScreenPane): Promise<void> {
  const texts = screen.clipboard;
  let text: string;
  try {
    text = await navigator.clipboard.readText();
  } catch {
    notifications.show({ message: texts.blocked, color: "yellow" });
    return;
  }
  const { length } = Array.from(text);
  if (length === 0) notifications.show({ message: texts.empty, color: "yellow" });
  else if (length > maxClipboardCharacters)
    notifications.show({ message: texts.tooLong(maxClipboardCharacters), color: "yellow" });
  else if (!pane.putClipboard(text)) notifications.show({ message: texts.notNow, color: "yellow" });
  else {
    notifications.show({ message: texts.put(length), color: "green" });
    if (/[^\0-\u00ff]/.test(text)) notifications.show({ message: texts.lossy, color: "yellow" });
  }
  pane.focus();
}

async function takeClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    const message = screen.clipboard.copied(Array.from(text).length);
    notifications.show({ message, color: "green" });
  } catch {
    notifications.show({ message: screen.clipboard.blocked, color: "yellow" });
  }
}
