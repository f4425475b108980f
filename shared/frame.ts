// RFC 6455 §5 frames, binary messages alone, without any extension: a pure codec (shared/protocol.md, "Control and tunnels").
// Invariants: nothing is buffered beyond one message of the stated bound; whatever the RFC or this page forbids ends the stream, for good.
import { copyOf } from "./bytes.ts";
import { SallyportError } from "./errors.ts";

/** The WebSocket role that this end plays: a client masks what it sends and takes unmasked frames, a server the other way round. */
export type FrameRole = "client" | "server";

export const opcodes = { continuation: 0, binary: 2, close: 8, ping: 9, pong: 10 } as const;
/** What a decoder hands out: continuations are already joined. */
export type FrameOpcode = 2 | 8 | 9 | 10;

/** RFC 6455 §5.5. */
export const maxControlPayloadBytes = 125;
/** Two bytes, eight of length, four of mask. */
export const maxHeaderBytes = 14;

const finalBit = 0x80;
const maskBit = 0x80;
const empty = new Uint8Array(0);

/**
 * Writes the header of one final frame at the start of `target` (at least `maxHeaderBytes` long) and returns its length. A client's
 * mask is the zero key: inside TLS, and over sealed payload, a random one protects nothing and costs a pass over every byte.
 */
export function encodeFrameHeader(
  target: Uint8Array,
  opcode: FrameOpcode,
  payloadBytes: number,
  role: FrameRole,
): number {
  const mask = role === "client" ? maskBit : 0;
  target[0] = finalBit | opcode;
  let length = 2;
  if (payloadBytes < 126) {
    target[1] = mask | payloadBytes;
  } else if (payloadBytes < 0x10000) {
    target[1] = mask | 126;
    target[2] = payloadBytes >>> 8;
    target[3] = payloadBytes & 0xff;
    length = 4;
  } else {
    target[1] = mask | 127;
    target.fill(0, 2, 6);
    target[6] = payloadBytes >>> 24;
    target[7] = (payloadBytes >>> 16) & 0xff;
    target[8] = (payloadBytes >>> 8) & 0xff;
    target[9] = payloadBytes & 0xff;
    length = 10;
  }
  if (mask === 0) return length;
  target.fill(0, length, length + 4);
  return length + 4;
}

/** One small frame in one piece. */
export function encodeFrame(opcode: FrameOpcode, payload: Uint8Array, role: FrameRole): Uint8Array {
  const frame = new Uint8Array(maxHeaderBytes + payload.length);
  const headerBytes = encodeFrameHeader(frame, opcode, payload.length, role);
  frame.set(payload, headerBytes);
  return frame.subarray(0, headerBytes + payload.length);
}

/**
 * Takes chunks of a byte stream and gives its messages and control frames one by one. Chunks become the decoder's own: it unmasks in
 * place, and what it gives may lie in the chunk. The first fault is thrown by `next()`, and by every `next()` after it.
 */
export class FrameDecoder {
  /** The payload of the frame that `next()` has just returned; valid until the following call of `next()` or `feed()`. */
  payload: Uint8Array = empty;

  readonly #masked: boolean;
  readonly #maxMessageBytes: number;
  #chunk: Uint8Array = empty;
  #offset = 0;

  readonly #header = new Uint8Array(maxHeaderBytes);
  #headerHave = 0;
  #headerNeed = 2;
  #inPayload = false;
  #length = 0;
  #taken = 0;

  /** Bytes of the message under assembly; its frames may be interrupted by control frames, which have a buffer of their own. */
  #message: Uint8Array = empty;
  #messageHave = 0;
  #inMessage = false;
  #control: Uint8Array = empty;
  #fault: SallyportError | undefined;

  constructor(role: FrameRole, maxMessageBytes: number) {
    this.#masked = role === "server";
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes that were fed and not yet looked at. */
  get unread(): number {
    return this.#chunk.length - this.#offset;
  }

  /** The unread bytes, which this decoder gives up: where the stream changes hands. */
  takeRest(): Uint8Array {
    const rest = this.#chunk.subarray(this.#offset);
    this.#chunk = empty;
    this.#offset = 0;
    return rest;
  }

  /** True between two messages: no frame has begun, no message is half assembled. */
  get idle(): boolean {
    return this.#headerHave === 0 && !this.#inMessage;
  }

  /** Adds bytes behind the unread ones. */
  feed(chunk: Uint8Array): void {
    if (this.unread === 0) {
      this.#chunk = chunk;
    } else {
      const joined = new Uint8Array(this.unread + chunk.length);
      joined.set(this.#chunk.subarray(this.#offset));
      joined.set(chunk, this.unread);
      this.#chunk = joined;
    }
    this.#offset = 0;
  }

  /** Copies the unread bytes away from the chunk that was fed, whose memory the caller is about to use again. */
  hold(): void {
    if (this.unread > 0) this.#chunk = copyOf(this.#chunk.subarray(this.#offset));
    else this.#chunk = empty;
    this.#offset = 0;
  }

  /** The opcode of the next whole frame or message, whose bytes are in `payload`; undefined when more bytes are needed. */
  next(): FrameOpcode | undefined {
    if (this.#fault !== undefined) throw this.#fault;
    while (this.#inPayload || this.#readHeader()) {
      const opcode = (this.#header[0] ?? 0) & 0x0f;
      const whole = opcode >= opcodes.close ? this.#readControl() : this.#readData();
      if (whole === undefined) return undefined;
      this.#inPayload = false;
      this.#headerHave = 0;
      this.#headerNeed = 2;
      if (opcode >= opcodes.close) {
        this.payload = whole;
        return opcode as FrameOpcode;
      }
      if (this.#inMessage) continue;
      this.payload = whole;
      return opcodes.binary;
    }
    return undefined;
  }

  #readHeader(): boolean {
    const header = this.#header;
    while (this.#headerHave < this.#headerNeed) {
      if (this.#offset === this.#chunk.length) return false;
      header[this.#headerHave] = this.#chunk[this.#offset] ?? 0;
      this.#headerHave += 1;
      this.#offset += 1;
      if (this.#headerHave === 1) this.#checkStart(header[0] ?? 0);
      if (this.#headerHave === 2) this.#headerNeed = this.#checkSecond(header[1] ?? 0);
    }
    this.#length = this.#payloadLength();
    this.#inPayload = true;
    this.#taken = 0;
    return true;
  }

  #checkStart(first: number): void {
    const opcode = first & 0x0f;
    const final = (first & finalBit) !== 0;
    if ((first & 0x70) !== 0) this.#refuse("frame has reserved bits set, expected no extension");
    if (opcode === opcodes.continuation) {
      if (!this.#inMessage) this.#refuse("continuation frame without a message to continue");
    } else if (opcode === opcodes.binary) {
      if (this.#inMessage) this.#refuse("binary frame inside an unfinished message");
    } else if (opcode < opcodes.close || opcode > opcodes.pong) {
      this.#refuse(`frame of opcode ${opcode}, expected binary, close, ping or pong`);
    } else if (!final) {
      this.#refuse("control frame is fragmented");
    }
  }

  // Returns the header's whole length.
  #checkSecond(second: number): number {
    const first = this.#header[0] ?? 0;
    const length = second & 0x7f;
    const masked = (second & maskBit) !== 0;
    if (masked !== this.#masked) {
      this.#refuse(
        masked
          ? "frame is masked, expected a server's"
          : "frame is not masked, expected a client's",
      );
    }
    if ((first & 0x0f) >= opcodes.close && length > maxControlPayloadBytes) {
      this.#refuse(`control frame exceeds ${maxControlPayloadBytes} bytes`);
    }
    // Otherwise a peer could send such frames for ever, and no message would ever come of it.
    if (length === 0 && (first & finalBit) === 0) this.#refuse("unfinished frame is empty");
    return (length === 127 ? 10 : length === 126 ? 4 : 2) + (masked ? 4 : 0);
  }

  #payloadLength(): number {
    const view = new DataView(this.#header.buffer);
    const short = view.getUint8(1) & 0x7f;
    if (short < 126) return this.#bounded(short);
    const length =
      short === 126 ? view.getUint16(2) : view.getUint32(2) * 2 ** 32 + view.getUint32(6);
    if (length < (short === 126 ? 126 : 0x10000))
      this.#refuse(`length ${length} is not in its shortest form`);
    return this.#bounded(length);
  }

  #bounded(length: number): number {
    const whole = this.#messageHave + length;
    const isControl = ((this.#header[0] ?? 0) & 0x0f) >= opcodes.close;
    if (!isControl && whole > this.#maxMessageBytes) {
      const text = `frame of ${whole} bytes exceeds ${this.#maxMessageBytes}`;
      this.#fault = new SallyportError("frame_too_large", text);
      throw this.#fault;
    }
    return length;
  }

  #readControl(): Uint8Array | undefined {
    if (this.#taken === 0 && this.unread >= this.#length) return this.#unmask(this.#takeView());
    if (this.#control.length === 0) this.#control = new Uint8Array(maxControlPayloadBytes);
    if (!this.#copyInto(this.#control, 0)) return undefined;
    return this.#unmask(this.#control.subarray(0, this.#length));
  }

  #readData(): Uint8Array | undefined {
    const final = ((this.#header[0] ?? 0) & finalBit) !== 0;
    if (final && !this.#inMessage && this.#taken === 0 && this.unread >= this.#length) {
      return this.#unmask(this.#takeView());
    }
    if (this.#message.length === 0) this.#message = new Uint8Array(this.#maxMessageBytes);
    if (!this.#copyInto(this.#message, this.#messageHave)) return undefined;
    const end = this.#messageHave + this.#length;
    this.#unmask(this.#message.subarray(this.#messageHave, end));
    this.#inMessage = !final;
    this.#messageHave = final ? 0 : end;
    return this.#message.subarray(0, end);
  }

  #takeView(): Uint8Array {
    const start = this.#offset;
    this.#offset += this.#length;
    return this.#chunk.subarray(start, this.#offset);
  }

  // True once the frame's payload is whole.
  #copyInto(target: Uint8Array, start: number): boolean {
    const step = Math.min(this.#length - this.#taken, this.unread);
    target.set(this.#chunk.subarray(this.#offset, this.#offset + step), start + this.#taken);
    this.#offset += step;
    this.#taken += step;
    return this.#taken === this.#length;
  }

  #unmask(payload: Uint8Array): Uint8Array {
    if (this.#masked)
      applyMask(payload, this.#header.subarray(this.#headerNeed - 4, this.#headerNeed));
    return payload;
  }

  #refuse(message: string): never {
    this.#fault = new SallyportError("frame_invalid", message);
    throw this.#fault;
  }
}

/** RFC 6455 §5.3, in place: four bytes at a time where the memory is aligned. */
export function applyMask(bytes: Uint8Array, key: Uint8Array): void {
  if (key.every((byte) => byte === 0)) return;
  const head = Math.min(bytes.length, -bytes.byteOffset & 3);
  const wordCount = (bytes.length - head) >>> 2;
  maskBytes(bytes, key, 0, head);
  if (wordCount > 0) {
    const rotated = Uint8Array.from(key, (_, index) => key[(head + index) & 3] ?? 0);
    const wordKey = new Uint32Array(rotated.buffer)[0] ?? 0;
    const words = new Uint32Array(bytes.buffer, bytes.byteOffset + head, wordCount);
    for (let index = 0; index < wordCount; index += 1) words[index] = (words[index] ?? 0) ^ wordKey;
  }
  maskBytes(bytes, key, head + wordCount * 4, bytes.length);
}

function maskBytes(bytes: Uint8Array, key: Uint8Array, start: number, end: number): void {
  for (let index = start; index < end; index += 1) {
    bytes[index] = (bytes[index] ?? 0) ^ (key[index & 3] ?? 0);
  }
}
