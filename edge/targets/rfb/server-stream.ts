// The device's half of RFB after ServerInit (RFC 6143 §7.6), walked byte by byte with default deny: what is not known to the last byte ends the stream.
// Pieces of messages go on as they come; beside that the edge draws the same picture, so that a keyframe can be made of it at any message's end.
// Invariant: nothing of a header goes on before it was judged.

/** Framebuffers that one session may make the edge hold: four bytes each. */
export const maxPixels = 16 * 1024 * 1024;

export interface ServerStreamOptions {
  /** As ServerInit said; the stream follows resizes. */
  readonly width: number;
  readonly height: number;
  readonly name: string;
  /** What the vendor gets, in order: pieces of judged messages. The bytes are free for reuse afterwards. */
  readonly onPass: (bytes: Uint8Array) => void;
  /** Between two messages, after all before it was passed on: the moment at which `keyframe` may be called. At most once for each `feed`. */
  readonly onMessageEnd: () => void;
  /** Whether the device's clipboard goes on; asked at the head of each text. One that does not is taken out of the stream. */
  readonly mayCutText: () => boolean;
  /** A whole text of the device's clipboard, and whether it went on. */
  readonly onCutText: (text: string, isPassed: boolean) => void;
  readonly onResize: (width: number, height: number) => void;
}

/** Throws `device_refused` in the constructor for a framebuffer without or with too many pixels. */
export class ServerStream {
  constructor(_options: ServerStreamOptions) {}

  get width(): number {
    return 0;
  }

  get height(): number {
    return 0;
  }

  get name(): string {
    return "";
  }

  /** Takes the device's next bytes. Throws a DeviceError for anything malformed, unknown or beyond a bound; the stream is dead then. */
  feed(_bytes: Uint8Array): void {}

  /**
   * A whole server's stream, from its version on, after which a fresh noVNC shows the present picture and follows the device's next bytes. Undefined in
   * the middle of a message, and while a device's compression cannot be taken up from outside.
   */
  keyframe(): Uint8Array | undefined {
    return undefined;
  }
}
