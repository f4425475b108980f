// What goes to and from a machine, as it happens: one line for each piece, the newest last.
import { ScrollArea, Stack, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import * as v from "valibot";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import { fromBase64 } from "../../../shared/bytes.ts";
import { Trouble } from "../shell/page.tsx";
import { approvals } from "../texts/approvals.ts";
import { useFollowed } from "./use-followed.ts";

const texts = approvals.watch;
const keptPieces = 300;
const shownBytes = 24;

const piece = v.object({
  t: v.number(),
  dir: v.optional(v.string()),
  b64: v.optional(v.string()),
  event: v.optional(v.string()),
});

interface Piece {
  readonly number: number;
  readonly text: string;
}

export function WatchedBytes({ recording }: { readonly recording: ListedRecording }) {
  const [pieces, setPieces] = useState<readonly Piece[]>([]);
  const bottom = useRef<HTMLDivElement>(null);
  const count = useRef(0);
  const { isOver, error } = useFollowed(recording, (line) => {
    const value: unknown = JSON.parse(line);
    if (!v.is(piece, value)) return;
    const next = { number: (count.current += 1), text: wordsOfPiece(value) };
    setPieces((kept) => [...kept, next].slice(-keptPieces));
  });
  useEffect(() => {
    bottom.current?.scrollIntoView({ block: "nearest" });
  }, [pieces]);
  return (
    <Stack gap="xs">
      <ScrollArea h={420} tabIndex={0} aria-label={texts.log}>
        {pieces.map(({ number, text }) => (
          <Text key={number} ff="monospace" size="sm" className="breaks-words">
            {text}
          </Text>
        ))}
        <div ref={bottom} />
      </ScrollArea>
      {error !== undefined ? (
        <Trouble error={error} />
      ) : (
        isOver && <Text role="status">{texts.over}</Text>
      )}
    </Stack>
  );
}

function wordsOfPiece({ t, dir, b64, event }: v.InferOutput<typeof piece>): string {
  const at = `${t.toFixed(1)} s`;
  if (dir === undefined || b64 === undefined) return `${at}  ${event ?? ""}`;
  const bytes = fromBase64(b64);
  const way = dir === "to-device" ? texts.toDevice : texts.fromDevice;
  const digits = bytes
    .subarray(0, shownBytes)
    .toHex()
    .replace(/..(?=.)/g, "$& ");
  return `${at}  ${way}, ${texts.bytes(bytes.length)}: ${digits}${bytes.length > shownBytes ? " …" : ""}`;
}
