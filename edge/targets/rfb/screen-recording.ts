// What a screen's recording holds (shared/protocol.md, "Recording: screens"): the bytes that the vendor gets, in segments that each play by themselves,
// and a log of the vendor's input. Keys only where policy records them.
import type { Clock } from "../../../shared/clock.ts";
import type { Recording } from "../target.ts";

/** The subject's `kind`. */
export const screenKind = "screen";

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

/** Answers are those of `Recording.write`: false means to wait for `recording.drained`. */
export class ScreenRecording {
  constructor(_options: ScreenRecordingOptions) {}

  /** Begins the first segment; call it once, before any byte. */
  begin(): boolean {
    return true;
  }

  /** Bytes that the vendor is about to get. */
  passed(_bytes: Uint8Array): boolean {
    return true;
  }

  /** At each end of a message: begins a new segment where one is due. */
  messageEnded(): boolean {
    return true;
  }

  /** A PointerEvent or KeyEvent, whole, that is about to reach the device. Moves are thinned out; keys are left out unless they are recorded. */
  input(_event: Uint8Array): boolean {
    return true;
  }

  /** Clipboard text that went to the device or came from it. */
  clipboard(_direction: "to-device" | "from-device", _text: string): void {}

  /** The vendor asked for another size. */
  resize(_width: number, _height: number): void {}

  /** Input begins or ceases to reach the device, because somebody or nobody watches. */
  watched(_isWatched: boolean): void {}
}
