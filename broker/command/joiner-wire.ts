// What a held session and its joiners say to each other on the local socket: frames of type u8, length u32 big-endian, payload. Both ends are
// this program under one user; the bounds are against mistakes, and the socket's mode (0600, folder 0700) against everybody else.
//   0 data   1 control (JSON, as on a channel)   2 end of this direction   3 closed (JSON {how, reason, code})
import type { Socket } from "node:net";
import * as v from "valibot";
import { encodeControl, parseControl, type ControlMessage } from "../../shared/channel/messages.ts";
import { fromUtf8, utf8 } from "../../shared/bytes.ts";
import { SallyportError } from "../../shared/errors.ts";

const headerBytes = 5;
const maxPayloadBytes = 512 * 1024;
/** The socket is not read while more than this waits to be written on. */
const maxUnsettledBytes = 1024 * 1024;

const closedSchema = v.strictObject({
  how: v.picklist(["ended", "aborted", "cut"]),
  reason: v.nullable(v.string()),
  refused: v.boolean(),
});
export type WireClosed = v.InferOutput<typeof closedSchema>;

const types = { data: 0, control: 1, end: 2, closed: 3 } as const;

/** One end of the local socket. Set the callbacks in the turn in which it is made. */
export class JoinerWire {
  onData: (bytes: Uint8Array, settled: () => void) => void = (_bytes, settled) => settled();
  onControl: (message: ControlMessage) => void = () => undefined;
  onEnd: () => void = () => undefined;
  onClosed: (closed: WireClosed) => void = () => undefined;
  onDrain: () => void = () => undefined;
  /** The socket is gone, in whatever way; exactly once. */
  onGone: () => void = () => undefined;
  readonly #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #unsettledBytes = 0;
  #isPaused = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("drain", () => this.onDrain());
    socket.on("close", () => this.onGone());
    // Ends of a direction are frames: the socket's own end means that the other side has nothing more to say or hear, or was killed.
    socket.on("end", () => socket.destroy());
    socket.on("error", () => socket.destroy());
  }

  /** False: wait for `onDrain`. `written` is called when the bytes have left this process. */
  sendData(bytes: Uint8Array, written?: () => void): boolean {
    return this.#send(types.data, bytes, written);
  }

  sendControl(message: ControlMessage): void {
    this.#send(types.control, encodeControl(message));
  }

  sendEnd(): void {
    this.#send(types.end, new Uint8Array());
  }

  /** Says how the stream closed, and closes the socket after it. */
  close(closed: WireClosed): void {
    this.#send(types.closed, utf8(JSON.stringify(closed)));
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Nothing is delivered between this and `resume`, also not what came in the same read. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#drain();
  }

  #send(type: number, payload: Uint8Array, written?: () => void): boolean {
    if (!this.#socket.writable) {
      written?.();
      return true;
    }
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(type);
    header.writeUInt32BE(payload.length, 1);
    this.#socket.cork();
    this.#socket.write(header);
    const isBelow = this.#socket.write(payload, () => written?.());
    this.#socket.uncork();
    return isBelow;
  }

  #take(chunk: Buffer): void {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    this.#drain();
  }

  #drain(): void {
    try {
      while (!this.#isPaused && this.#heedNext());
    } catch {
      this.#socket.destroy(); // A peer that is not this program: `onGone` follows.
    }
    if (this.#isPaused || this.#unsettledBytes > maxUnsettledBytes) this.#socket.pause();
    else this.#socket.resume();
  }

  /** False: no whole frame is here yet. */
  #heedNext(): boolean {
    if (this.#held.length < headerBytes) return false;
    const length = this.#held.readUInt32BE(1);
    if (length > maxPayloadBytes) {
      throw new SallyportError(
        "frame_too_large",
        `frame of ${length} bytes exceeds ${maxPayloadBytes}`,
      );
    }
    if (this.#held.length < headerBytes + length) return false;
    const payload = new Uint8Array(this.#held.subarray(headerBytes, headerBytes + length));
    const type = this.#held.readUInt8();
    this.#held = this.#held.subarray(headerBytes + length);
    this.#heed(type, payload);
    return true;
  }

  #heed(type: number, payload: Uint8Array): void {
    if (type === types.data) this.#deliver(payload);
    else if (type === types.control) this.onControl(parseControl(payload));
    else if (type === types.end) this.onEnd();
    else if (type === types.closed)
      this.onClosed(v.parse(v.pipe(v.string(), v.parseJson(), closedSchema), fromUtf8(payload)));
    else throw new SallyportError("frame_invalid", `frame of type ${type}, expected 0 to 3`);
  }

  #deliver(payload: Uint8Array): void {
    this.#unsettledBytes += payload.length;
    this.onData(payload, () => {
      this.#unsettledBytes -= payload.length;
      if (this.#socket.isPaused()) queueMicrotask(() => this.#drain());
    });
  }
}
