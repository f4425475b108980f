// A vendor's screen as it is shown to them, live: noVNC draws what the box records, from its last segment on, with where the vendor's pointer is.
import { Alert, Box, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import * as v from "valibot";
import { fromBase64 } from "../../../shared/bytes.ts";
import type { ListedRecording } from "../../../shared/site/recordings.ts";
import { inputOf, segmentDetails } from "../records/screen-track.ts";
import { RecordedScreen } from "../screen/recorded-screen.ts";
import { Trouble } from "../shell/page.tsx";
import { screen } from "../texts/screen.ts";
import { useFollowed } from "./use-followed.ts";

const line = v.object({
  t: v.number(),
  dir: v.optional(v.string(), ""),
  b64: v.optional(v.string(), ""),
  event: v.optional(v.string(), ""),
  details: v.optional(v.unknown()),
});

export default function WatchedScreen({
  recording,
  machine,
}: {
  readonly recording: ListedRecording;
  readonly machine: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const shown = useRef<RecordedScreen>(undefined);
  const keyframe = useRef({ hasBegun: false, passOver: 0 });
  const [isSeen, setSeen] = useState(false);
  const [isBroken, setBroken] = useState(false);
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = new RecordedScreen(place.current, {
      resized: () => setSeen(true),
      broken: () => setBroken(true),
    });
    shown.current = made;
    keyframe.current = { hasBegun: false, passOver: 0 };
    return () => {
      shown.current = undefined;
      made.dispose();
    };
  }, [recording.recording]);

  const { isOver, error } = useFollowed(recording, (text) => {
    const value: unknown = JSON.parse(text);
    if (!v.is(line, value)) return;
    const { dir, b64 = "", event, details } = value;
    const { current } = keyframe;
    if (event === "segment") {
      // What is come to in order changes nothing: it is for those who come now.
      if (current.hasBegun)
        current.passOver = v.is(segmentDetails, details) ? (details.bytes ?? 0) : 0;
      else shown.current?.begin();
      current.hasBegun = true;
    } else if (dir === "from-device") {
      const bytes = fromBase64(b64);
      const passedOver = Math.min(current.passOver, bytes.length);
      current.passOver -= passedOver;
      if (passedOver < bytes.length) shown.current?.feed(bytes.subarray(passedOver));
      shown.current?.shown();
    } else if (dir === "to-device") {
      const last = inputOf(fromBase64(b64)).pointers.at(-1);
      if (last !== undefined) shown.current?.point(last);
    }
  });
  return (
    <>
      <Box
        ref={place}
        className="player-screen"
        role="img"
        aria-label={screen.watch.label(machine)}
      />
      {!isSeen && !isOver && <Text role="status">{screen.watch.waiting}</Text>}
      {isBroken && <Alert color="yellow">{screen.watch.damaged}</Alert>}
      {error !== undefined ? (
        <Trouble error={error} />
      ) : (
        isOver && <Text role="status">{screen.watch.over}</Text>
      )}
    </>
  );
}
