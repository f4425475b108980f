// What a screen's recording holds (shared/protocol.md, "Recording: screens"): the bytes that the vendor gets, in segments that each play by themselves,
// and a log of the vendor's input. Invariant: keys are in it only where policy records them.
import { createHash } from "node:crypto";
import type { Clock } from "../../../shared/clock.ts";
import { segmentEvent } from "../../../shared/record/screen-words.ts";
import type { Recording } from "../target.ts";

export { screenKind } from "../../../shared/record/screen-words.ts";

/** A segment may begin so long after the last, if playing it from its start would cost as much as its keyframe. */
const segmentMs = 60_000;
/** Later than that it begins in any case, if there was anything since. */
const longSegmentMs = 600_000;
/** A device that changes its size all the time does not fill the disk with keyframes. */
const resizedSegmentMs = 5_000;
/** Noise on the largest screen is more than a recorder takes at once; then the segment before goes on. */
const maxKeyframeBytes = 8 * 1024 * 1024;
const moveMs = 100;
const clippedCharacters = 1000;
const message = { key: 4, pointer: 5 } as const;

export interface ScreenRecordingOptions {
  readonly recording: Recording;
  readonly clock: Clock;
  readonly recordKeys: boolean;
  /** The stream's, with its present size. */
  readonly screen: {
    readonly width: number;
    readonly height: number;
    keyframe(): Uint8Array | undefined;
  };
}

interface Segment {
  readonly width: number;
  readonly height: number;
  readonly keyframeBytes: number;
  readonly beganMs: number;
}

/** Answers are those of `Recording.write`: false means to wait for `recording.drained`. */
export class ScreenRecording {
  readonly #options: ScreenRecordingOptions;
  #segment: Segment | undefined;
  #bytesSince = 0;
  #buttons = 0;
  #movedMs = -Infinity;

  constructor(options: ScreenRecordingOptions) {
    this.#options = options;
  }

  /** Begins the first segment; call it once, before any byte. */
  begin(): boolean {
    return this.#beginSegment();
  }

  /** Bytes that the vendor is about to get. */
  passed(bytes: Uint8Array): boolean {
    this.#bytesSince += bytes.length;
    return this.#options.recording.write("from-device", bytes);
  }

  /** At an end of a message: begins a new segment where one is due. */
  messageEnded(): boolean {
    return this.#isDue ? this.#beginSegment() : true;
  }

  /** A message, whole, that is about to reach the device. Only pointer and keys are recorded here; moves are thinned out. */
  input(event: Uint8Array): boolean {
    const { recording, recordKeys } = this.#options;
    const [type] = event;
    const isRecorded = type === message.pointer ? this.#isTelling(event) : type === message.key;
    if (!isRecorded || (type === message.key && !recordKeys)) return true;
    return recording.write("to-device", event);
  }

  /** Clipboard text that goes to the device or came from it. */
  clipboard(direction: "to-device" | "from-device", text: string): void {
    const bytes = Buffer.from(text);
    this.#options.recording.event("clipboard", {
      direction,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      text: text.slice(0, clippedCharacters).toWellFormed(),
    });
  }

  /** Clipboard text of the device that the vendor may not have: no word of it is kept. */
  clipboardWithheld(text: string): void {
    this.#options.recording.event("clipboard-withheld", { bytes: Buffer.byteLength(text) });
  }

  /** The vendor asked for another size. */
  resize(width: number, height: number): void {
    this.#options.recording.event("resize", { width, height });
  }

  /** Input begins or ceases to reach the device, because somebody or nobody watches. */
  watched(isWatched: boolean): void {
    this.#options.recording.event("watched", { isWatched });
  }

  get #isDue(): boolean {
    const { clock, screen } = this.#options;
    if (this.#segment === undefined || this.#bytesSince === 0) return false;
    const { width, height, keyframeBytes, beganMs } = this.#segment;
    const ageMs = clock.monotonicMs() - beganMs;
    if (screen.width !== width || screen.height !== height) return ageMs >= resizedSegmentMs;
    return ageMs >= (this.#bytesSince > keyframeBytes ? segmentMs : longSegmentMs);
  }

  #beginSegment(): boolean {
    const { recording, clock, screen } = this.#options;
    const keyframe = screen.keyframe();
    if (keyframe === undefined) return true;
    const { width, height } = screen;
    const keyframeBytes = keyframe.length;
    this.#segment = { width, height, keyframeBytes, beganMs: clock.monotonicMs() };
    this.#bytesSince = 0;
    if (keyframeBytes > maxKeyframeBytes) return true;
    recording.event(segmentEvent, { width, height, bytes: keyframeBytes });
    return recording.write("from-device", keyframe);
  }

  // A press tells where it was, so moves before it can be left out.
  #isTelling(event: Uint8Array): boolean {
    const buttons = (event[1] ?? 0) + (event[6] ?? 0) * 0x100;
    const nowMs = this.#options.clock.monotonicMs();
    if (buttons === this.#buttons && nowMs - this.#movedMs < moveMs) return false;
    this.#buttons = buttons;
    this.#movedMs = nowMs;
    return true;
  }
}
