// A screen's recording as its player reads it.
import * as assert from "uvu/assert";
import { parseRecording } from "../../../broker/portal/records/cast.ts";
import {
  inputOf,
  lastAt,
  trackOf,
  typedLines,
} from "../../../broker/portal/records/screen-track.ts";
import { toBase64 } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";

const pointer = (mask: number, x: number, y: number): number[] => [5, mask, 0, x, 0, y];
const key = (isDown: number, keysym: number): number[] => [
  4,
  isDown,
  0,
  0,
  0,
  0,
  keysym >> 8,
  keysym & 0xff,
];
const sent = (t: number, ...bytes: number[]): object => ({
  t,
  dir: "to-device",
  b64: toBase64(Uint8Array.from(bytes)),
});
const shown = (t: number, length: number): object => ({
  t,
  dir: "from-device",
  b64: toBase64(new Uint8Array(length)),
});

const recorded: readonly object[] = [
  { version: 1, kind: "screen", columns: 800, rows: 600 },
  { t: 0.1, event: "segment", details: { width: 800, height: 600, bytes: 150 } },
  shown(0.2, 100),
  shown(0.3, 50),
  sent(
    1,
    ...pointer(0, 10, 20),
    ...pointer(1, 11, 21),
    ...pointer(1, 12, 21),
    ...pointer(0, 12, 21),
  ),
  sent(2, 5, 0x81, 0, 30, 0, 40, 1, ...key(1, 0x68), ...key(0, 0x68), ...key(1, 0x69)),
  sent(3, ...key(1, 0xff0d)),
  sent(4, ...key(1, 0x7a)),
  {
    t: 5,
    event: "clipboard",
    details: { direction: "to-device", bytes: 3, sha256: "", text: "abc" },
  },
  {
    t: 5.5,
    event: "file",
    details: { action: "put", name: "recipe.csv", bytes: 4, sha256: "" },
  },
  { t: 6, event: "watched", details: { isWatched: false } },
  { t: 7, event: "segment", details: { width: 640, height: 480, bytes: 10 } },
  shown(7, 10),
];

await group("screen track", { timeoutMs: 10_000 }, (test) => {
  const parsed = parseRecording(recorded.map((line) => JSON.stringify(line)));
  if (parsed.kind !== "screen") throw new Error("not read as a screen");
  const track = trackOf(parsed.records, parsed.seconds);
  test("segments, clicks and marks stand where they happened", () => {
    assert.equal(track.segments, [0, 10]);
    assert.equal(track.clicks, [1, 2]);
    assert.equal(track.marks, [
      { at: 5, event: "clipboard to-device", details: "abc" },
      { at: 5.5, event: "file put", details: "recipe.csv" },
      { at: 6, event: "unwatched", details: "" },
    ]);
    assert.is(track.seconds, 7);
  });
  test("nothing is to be seen before the first keyframe is whole", () => {
    assert.is(track.opensAt, 0.3);
  });
  test("the pointer is where it was last", () => {
    assert.is(lastAt(track.pointers, 0.9), undefined);
    assert.equal(lastAt(track.pointers, 1), { at: 1, x: 12, y: 21, isPressed: false });
    assert.equal(lastAt(track.pointers, 99), { at: 2, x: 30, y: 40, isPressed: true });
  });
  test("recorded keys become lines, by Enter", () => {
    assert.equal(typedLines(track.keys), [
      { at: 2, text: "hi⏎" },
      { at: 4, text: "z" },
    ]);
  });
  test("a message cut short, or of another kind, is not read on", () => {
    assert.equal(inputOf(Uint8Array.of(...pointer(0, 1, 2), 5, 0, 0)).pointers.length, 1);
    assert.equal(inputOf(Uint8Array.of(6, 0, 0, 0, ...pointer(0, 1, 2))).pointers, []);
  });
  test("another kind's log of bytes stays one", () => {
    const log = parseRecording([JSON.stringify({ version: 1, kind: "tcp" })]);
    assert.is(log.kind, "bytes");
  });
});
