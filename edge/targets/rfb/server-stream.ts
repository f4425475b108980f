// The device's half of RFB after ServerInit (RFC 6143 §7.6), walked byte by byte with default deny: what is not known to the last byte ends the stream.
// Pieces of messages go on as they come; beside that the edge draws the same picture, so that a keyframe can be made of it at any message's end.
// Invariant: what goes on was judged as far as it was read, and the rest is judged before it goes on.
import { SallyportError } from "../../../shared/errors.ts";
import type { DeviceAbilities } from "./abilities.ts";
import { brokenScreen } from "./broken-screen.ts";
import { makeKeyframe } from "./keyframe.ts";
import { ScreenState, walkRectangle } from "./rectangles.ts";
import { WalkInput, type Walk } from "./walk-input.ts";

export { maxPixels } from "./framebuffer.ts";

const message = {
  framebufferUpdate: 0,
  setColourMapEntries: 1,
  bell: 2,
  serverCutText: 3,
  endOfContinuousUpdates: 150,
  fence: 248,
} as const;
/** More than anybody copies on a panel; it is held until it is whole, for the recording. */
export const maxCutTextBytes = 1024 * 1024;
const maxFenceBytes = 64;
/** What a rectangle costs beside its pixels. Attack: 65,535 of one pixel each, which no count of pixels would notice. */
const workOfRectangle = 256;
/** A stream that never rests is looked at between two messages after so many bytes. */
const maxUnlookedBytes = 256 * 1024;

export interface ServerStreamOptions {
  /** As ServerInit said; the stream follows resizes. */
  readonly width: number;
  readonly height: number;
  readonly name: string;
  /** What the vendor gets, in order: pieces of judged messages. The bytes are free for reuse afterwards. */
  readonly onPass: (bytes: Uint8Array) => void;
  /** Between two messages, after all before it was passed on: the moment at which `keyframe` may be called. Not after every message. */
  readonly onMessageEnd: () => void;
  /** Whether the device's clipboard goes on; asked at the head of each text. One that does not is taken out of the stream. */
  readonly mayCutText: () => boolean;
  /** A whole text of the device's clipboard, and whether it went on. */
  readonly onCutText: (text: string, isPassed: boolean) => void;
  readonly onResize: (width: number, height: number) => void;
}

/** The constructor throws `device_refused` for a framebuffer without or with too many pixels. */
export class ServerStream {
  readonly #options: ServerStreamOptions;
  readonly #state: ScreenState;
  readonly #input: WalkInput;
  readonly #walk: Walk;
  #isBetween = true;
  #isResting = false;
  #unlookedBytes = 0;

  constructor(options: ServerStreamOptions) {
    const { width, height, name, onPass } = options;
    this.#options = options;
    this.#state = new ScreenState(width, height, name);
    this.#input = new WalkInput(onPass);
    this.#walk = this.#walkMessages();
  }

  get width(): number {
    return this.#state.picture.width;
  }

  get height(): number {
    return this.#state.picture.height;
  }

  get name(): string {
    return this.#state.name;
  }

  /** What the device has shown so far that it knows. */
  get abilities(): Readonly<DeviceAbilities> {
    return this.#state.abilities;
  }

  /**
   * Takes the device's next bytes. False: they cost more than one turn, so let others have the processor, and call `goOn` then; until it answers true the
   * bytes must not change, and no more be fed. Throws a DeviceError for anything malformed, unknown or beyond a bound; the stream is dead then.
   */
  feed(bytes: Uint8Array): boolean {
    if (this.#isResting) {
      throw new SallyportError("internal", "a screen's bytes before those that came first");
    }
    this.#input.open(bytes);
    this.#unlookedBytes += bytes.length;
    return this.goOn();
  }

  /** Goes on with bytes that were fed. Answers and throws as `feed` does. */
  goOn(): boolean {
    const { value, done } = this.#walk.next();
    if (done === true) throw new SallyportError("internal", "a screen's stream that has failed");
    this.#input.flush();
    this.#isResting = value === "rest";
    if (this.#isBetween && !this.#isResting) this.#look();
    return !this.#isResting;
  }

  /**
   * A whole server's stream, from its version on, after which a fresh noVNC shows the present picture and follows the device's next bytes. Undefined in
   * the middle of a message, and while a device's compression cannot be taken up from outside.
   */
  keyframe(): Uint8Array | undefined {
    return this.#isBetween ? makeKeyframe(this.#state) : undefined;
  }

  #look(): void {
    this.#unlookedBytes = 0;
    this.#options.onMessageEnd();
  }

  *#walkMessages(): Walk {
    const input = this.#input;
    for (;;) {
      this.#isBetween = true;
      if (this.#unlookedBytes > maxUnlookedBytes) {
        input.flush();
        this.#look();
      }
      const [type = 0] = yield* input.take(1);
      this.#isBetween = false;
      switch (type) {
        case message.framebufferUpdate:
          yield* this.#walkUpdate();
          break;
        case message.setColourMapEntries:
          yield* this.#dropColours();
          break;
        case message.serverCutText:
          yield* this.#walkCutText();
          break;
        case message.fence:
          this.#state.abilities.fence = true;
          yield* this.#walkFence();
          break;
        case message.endOfContinuousUpdates:
          this.#state.abilities.continuousUpdates = true;
          break;
        case message.bell:
          break;
        default:
          brokenScreen(`message ${type}`);
      }
    }
  }

  *#walkUpdate(): Walk {
    const head = yield* this.#input.take(3);
    const count = new DataView(head.buffer, head.byteOffset).getUint16(1);
    for (let index = 0; index < count; index += 1) {
      yield* this.#input.work(workOfRectangle);
      const isLast = yield* walkRectangle(this.#input, this.#state, this.#options.onResize);
      if (isLast) return;
    }
  }

  // Some servers tell their palette before they read which pixels are asked for. There is none in true colour, and noVNC ends at it.
  *#dropColours(): Walk {
    this.#input.dropFromLast();
    const head = yield* this.#input.take(5);
    const colours = new DataView(head.buffer, head.byteOffset).getUint16(3);
    for (let left = colours * 6; left > 0;) left -= (yield* this.#input.some(left)).length;
    this.#input.stopDropping();
  }

  *#walkCutText(): Walk {
    const { mayCutText, onCutText } = this.#options;
    const isPassed = mayCutText();
    if (!isPassed) this.#input.dropFromLast();
    const head = yield* this.#input.take(7);
    // Negative in an extended clipboard, which nobody asks for.
    const length = new DataView(head.buffer, head.byteOffset).getUint32(3);
    if (length > maxCutTextBytes) {
      brokenScreen(`clipboard of ${length} bytes, expected at most ${maxCutTextBytes}`);
    }
    const bytes = yield* this.#input.gather(length);
    const text = Buffer.from(bytes.buffer).toString("latin1");
    if (!isPassed) this.#input.stopDropping();
    onCutText(text, isPassed);
  }

  *#walkFence(): Walk {
    const head = yield* this.#input.take(8);
    const length = head[7] ?? 0;
    if (length > maxFenceBytes) brokenScreen(`a fence of ${length} bytes`);
    yield* this.#input.take(length);
  }
}
