// A vendor's terminal as it is shown to him, read-only: xterm.js draws what the recording says, in the size of his window.
import { Box, Text } from "@mantine/core";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { useEffect, useRef } from "react";
import * as v from "valibot";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import { Trouble } from "../shell/page.tsx";
import { approvals } from "../texts/approvals.ts";
import { useFollowed } from "./use-followed.ts";

const keptLines = 5_000;
const [smallestFont, largestFont] = [7, 15];
/** A character is about so wide as a part of its height. */
const widthOfHeight = 0.61;

const castHeader = v.object({ version: v.literal(2), width: v.number(), height: v.number() });
const castEvent = v.tuple([v.number(), v.string(), v.string()]);

export default function WatchedTerminal({ recording }: { readonly recording: ListedRecording }) {
  const place = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal>(undefined);
  useEffect(() => {
    const { current } = place;
    if (current === null) return undefined;
    const made = new Terminal({
      disableStdin: true,
      scrollback: keptLines,
      minimumContrastRatio: 4.5,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue(
        "--mantine-font-family-monospace",
      ),
      // Attack: a device that shows a link to a page of its own.
      linkHandler: { activate: () => undefined },
    });
    // Nothing is typed here, so every key is the page's: a terminal that keeps the Tab key lets nobody out.
    made.attachCustomKeyEventHandler(() => false);
    made.open(current);
    made.textarea?.setAttribute("aria-label", approvals.watch.screen(recording.target));
    terminal.current = made;
    return () => {
      terminal.current = undefined;
      made.dispose();
    };
  }, [recording.target]);

  const resize = (columns: number, rows: number): void => {
    const { current } = place;
    if (current === null || columns < 2 || rows < 1) return;
    const fitting = Math.floor(current.clientWidth / columns / widthOfHeight);
    if (terminal.current === undefined) return;
    terminal.current.options.fontSize = Math.max(smallestFont, Math.min(largestFont, fitting));
    terminal.current.resize(columns, rows);
  };
  const { isOver, error } = useFollowed(recording, async (line) => {
    const value: unknown = JSON.parse(line);
    if (v.is(castHeader, value)) resize(value.width, value.height);
    if (!v.is(castEvent, value)) return;
    const [, code, text] = value;
    if (code === "r") {
      const [columns, rows] = text.split("x").map(Number);
      resize(columns ?? 0, rows ?? 0);
    } else if (code === "o") {
      await new Promise<void>((settled) => {
        if (terminal.current === undefined) settled();
        else terminal.current.write(text, settled);
      });
    }
  });
  return (
    <>
      <Box ref={place} className="watched-terminal" />
      {error !== undefined ? (
        <Trouble error={error} />
      ) : (
        isOver && <Text role="status">{approvals.watch.over}</Text>
      )}
    </>
  );
}
