// What a recording of a screen holds: segments that begin where they are due and play by themselves, the vendor's input, and no key unless policy says so.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { segmentEvent } from "../../../shared/record/screen-words.ts";
import { ScreenRecording, screenKind } from "../../../edge/targets/rfb/screen-recording.ts";
import { ServerStream } from "../../../edge/targets/rfb/server-stream.ts";
import { openNoVncViewer } from "../../naive-twin/novnc-viewer.ts";
import { group } from "../../support/group.ts";
import { MemoryRecording } from "../../support/memory-recording.ts";
import { rectangle, ScreenWriter, update } from "../../support/screen-writer.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

interface Screen {
  readonly clock: TurnedClock;
  readonly recording: MemoryRecording;
  readonly recorder: ScreenRecording;
  readonly stream: ServerStream;
  /** Gives the stream bytes, in as many turns as it wants. */
  readonly feed: (bytes: Uint8Array) => void;
  /** Bytes from the device in front of each segment's keyframe. */
  readonly segmentsAt: number[];
}

function openScreen(recordKeys = false): Screen {
  const clock = new TurnedClock();
  const recording = new MemoryRecording({ kind: screenKind });
  const segmentsAt: number[] = [];
  const events = recording.event.bind(recording);
  recording.event = (name, details) => {
    if (name === segmentEvent) segmentsAt.push(recording.bytesOf("from-device").length);
    events(name, details);
  };
  const stream = new ServerStream({
    width: 160,
    height: 140,
    name: "press",
    onPass: (bytes) => void recorder.passed(bytes),
    onMessageEnd: () => void recorder.messageEnded(),
    mayCutText: () => true,
    onCutText: () => undefined,
    onResize: () => undefined,
  });
  const recorder = new ScreenRecording({ recording, clock, recordKeys, screen: stream });
  recorder.begin();
  const feed = (bytes: Uint8Array): void => {
    let isDone = stream.feed(bytes);
    while (!isDone) isDone = stream.goOn();
  };
  return { clock, recording, recorder, stream, feed, segmentsAt };
}

const noise = (): ScreenWriter => new ScreenWriter((limit) => Math.floor(Math.random() * limit));
const small = update([rectangle([0, 0, 9, 9], 7, Uint8Array.of(0x80, 1, 2, 3))]);
const pointer = (mask: number, x: number): Uint8Array => Uint8Array.of(5, mask, 0, x, 0, 9);
const key = Uint8Array.of(4, 1, 0, 0, 0, 0, 0, 0x61);

await group("screen recording", {}, (test) => {
  test("begins with a segment, before any byte of the device", () => {
    const { recording, segmentsAt } = openScreen();
    const bytes = recording.bytesOf("from-device").length;
    assert.deepEqual(segmentsAt, [0]);
    assert.deepEqual(recording.events, [
      { name: "segment", details: { width: 160, height: 140, bytes } },
    ]);
  });

  test("a segment begins after a minute and as much stream as the last keyframe had, not sooner", () => {
    const { clock, feed, segmentsAt } = openScreen();
    const writer = noise();
    clock.advanceMs(59_000);
    feed(update([writer.tight([0, 0, 160, 140], 0, 0, false)]));
    assert.equal(segmentsAt.length, 1, "a minute has not passed");
    clock.advanceMs(2_000);
    feed(small);
    assert.equal(segmentsAt.length, 2, "a minute has passed, and enough came");
    clock.advanceMs(61_000);
    feed(small);
    assert.equal(segmentsAt.length, 2, "playing from the last costs less than a keyframe");
    clock.advanceMs(540_000);
    feed(small);
    assert.equal(segmentsAt.length, 3, "ten minutes have passed");
  });

  test("a screen on which nothing happens costs nothing, however long", () => {
    const { clock, recorder, recording, segmentsAt } = openScreen();
    const before = recording.bytesOf("from-device").length;
    for (let minutes = 0; minutes < 60; minutes += 1) {
      clock.advanceMs(60_000);
      recorder.messageEnded();
    }
    assert.equal(recording.bytesOf("from-device").length, before);
    assert.equal(segmentsAt.length, 1);
  });

  test("another size begins a segment, but not many in a row", () => {
    const { clock, feed, recording, segmentsAt } = openScreen();
    clock.advanceMs(6_000);
    feed(update([rectangle([0, 0, 50, 40], -223)]));
    assert.equal(segmentsAt.length, 2);
    for (let side = 41; side < 90; side += 1) {
      feed(update([rectangle([0, 0, 50, side], -223)]));
    }
    assert.equal(segmentsAt.length, 2);
    clock.advanceMs(6_000);
    feed(small);
    assert.deepEqual(recording.events.at(-1)?.details, {
      width: 50,
      height: 89,
      bytes: recording.bytesOf("from-device").length - (segmentsAt.at(-1) ?? 0),
    });
  });

  test("each segment plays by itself to the same picture as the whole", async () => {
    const { stream, clock, feed, recording, segmentsAt } = openScreen();
    const writer = noise();
    for (let index = 0; index < 40; index += 1) {
      clock.advanceMs(20_000);
      const rectangles = [
        writer.tight([index, index, 100, 90], index % 4, index % 3, false),
        writer.zrle([0, index, 160, 70]),
        writer.hextile([40, 40, 33, 44]),
        writer.copyRect([10, 10, 60, 60], index, 30),
      ];
      const bytes = update(rectangles);
      feed(bytes);
    }
    const all = recording.bytesOf("from-device");
    assert(segmentsAt.length > 3);
    const truth = await openNoVncViewer("fresh");
    truth.feed(stream.keyframe() ?? all);
    const lengths = recording.events
      .filter(({ name }) => name === segmentEvent)
      .map(({ details }) => (details as { bytes: number }).bytes);
    for (const [index, from] of segmentsAt.entries()) {
      const viewer = await openNoVncViewer("fresh");
      let at = from;
      for (let number = index; number < segmentsAt.length; number += 1) {
        const bytes = lengths[number] ?? 0;
        const keyframeAt = segmentsAt[number] ?? 0;
        viewer.feed(all.subarray(at, number === index ? keyframeAt + bytes : keyframeAt));
        at = keyframeAt + bytes;
      }
      viewer.feed(all.subarray(at));
      assert(Buffer.from(viewer.colours).equals(truth.colours), `from segment ${index}`);
    }
  });

  test("keys are recorded by policy alone; presses always; moves ten times in a second", () => {
    for (const recordKeys of [false, true]) {
      const { clock, recorder, recording } = openScreen(recordKeys);
      recorder.input(key);
      recorder.input(pointer(1, 1));
      recorder.input(pointer(0, 2));
      for (let x = 0; x < 100; x += 1) {
        clock.advanceMs(10);
        recorder.input(pointer(0, x));
      }
      const recorded = recording.bytesOf("to-device");
      assert.equal(recorded.indexOf(key) >= 0, recordKeys);
      assert.equal(recorded.length, (recordKeys ? 8 : 0) + 6 * (2 + 10));
    }
  });

  test("buttons beyond the seventh count as presses too", () => {
    const { recorder, recording } = openScreen();
    recorder.input(Uint8Array.of(5, 0x80, 0, 1, 0, 1, 1));
    recorder.input(Uint8Array.of(5, 0x80, 0, 1, 0, 1, 0));
    recorder.input(Uint8Array.of(5, 0x80, 0, 2, 0, 1, 0));
    assert.equal(recording.bytesOf("to-device").length, 14);
  });

  test("clipboard is told by length, hash and beginning; withheld by its length alone", () => {
    const { recorder, recording } = openScreen();
    const text = `${"x".repeat(999)}\u{1f600}tail`;
    recorder.clipboard("to-device", text);
    recorder.clipboardWithheld("secret");
    const sha256 = createHash("sha256").update(text).digest("hex");
    assert.deepEqual(recording.events.slice(1), [
      {
        name: "clipboard",
        details: { direction: "to-device", bytes: 1007, sha256, text: `${"x".repeat(999)}\ufffd` },
      },
      { name: "clipboard-withheld", details: { bytes: 6 } },
    ]);
  });

  test("a recorder that is behind says so, and a failed one too", () => {
    const { recorder, recording } = openScreen();
    recording.isBehind = true;
    assert.equal(recorder.passed(small), false);
    assert.equal(recorder.input(pointer(1, 1)), false);
    recording.catchUp();
    assert.equal(recorder.passed(small), true);
  });
});
