// A FrameTransport over one connected byte socket, in either WebSocket role (shared/protocol.md, "Control and tunnels").
// Invariants: nothing is delivered while paused; what is held meanwhile is bounded; a silent peer is noticed; onClose comes exactly once.
import { copyOf } from "./bytes.ts";
import type { Clock } from "./clock.ts";
import { SallyportError } from "./errors.ts";
import type { FrameOpcode, FrameRole } from "./frame.ts";
import { encodeFrameHeader, FrameDecoder, maxHeaderBytes, opcodes } from "./frame.ts";
import type { FrameTransport } from "./transport.ts";
import { maxMessageBytes } from "./transport.ts";

/** Unwritten bytes at which `send` answers false. Also the sockets' own mark, where a dialler can set it. */
export const highWaterBytes = 1024 * 1024;
/** A tick without a byte sent sends a ping, so that no proxy in between sees 20 s of silence. */
export const tickMs = 10_000;
/** So many ticks without a byte received, though we were reading, and the peer is lost. */
export const silentTicks = 4;
/** How long a polite end may take. */
export const closeGraceMs = 5_000;

// A paused TLS socket still hands over what it had decrypted: at most one read of the system, and that is 64 KiB.
const maxHeldBytes = 256 * 1024;
// Below this, copying a message behind its header is cheaper than writing the two as a vector.
const maxCopiedBytes = 4096;
const slabBytes = 64 * 1024;

/** What is needed of a `net.Socket` or `tls.TLSSocket`. */
export interface ByteSocket {
  readonly destroyed: boolean;
  readonly writableLength: number;
  write(bytes: Uint8Array): boolean;
  cork(): void;
  uncork(): void;
  pause(): unknown;
  resume(): unknown;
  end(): unknown;
  destroy(error?: Error): unknown;
  on(event: "drain" | "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A socket and the one place where its bytes go: `onread` buffers and 'data' events are alike to what follows. */
export interface ByteConnection {
  readonly socket: ByteSocket;
  /** Set by whoever reads at present. The bytes are only valid during the call, and may be changed by it. */
  receive: (bytes: Uint8Array) => void;
}

/** Makes the transport; from now on it alone owns the connection. `head` is what was already read beyond the handshake. */
export function socketTransport(
  connection: ByteConnection,
  role: FrameRole,
  head: Uint8Array,
  clock: Clock,
): FrameTransport {
  return new SocketTransport(connection, role, head, clock);
}

class SocketTransport implements FrameTransport {
  onDrain: () => void = () => undefined;
  onClose: (error?: Error) => void = () => undefined;

  readonly #socket: ByteSocket;
  readonly #role: FrameRole;
  readonly #clock: Clock;
  readonly #decoder: FrameDecoder;
  #onMessage: ((message: Uint8Array) => void) | undefined;
  #started = false;
  #paused = false;
  /** The socket was told to stop reading, and not yet to go on. */
  #stopped = false;
  #delivering = false;
  #draining = false;
  /** No frame is sent or delivered any more; the socket may still be flushing. */
  #ended = false;
  #closed = false;
  #error: Error | undefined;
  #sent = true;
  #heard = true;
  #quietTicks = 0;
  #timer: Disposable;

  constructor(connection: ByteConnection, role: FrameRole, head: Uint8Array, clock: Clock) {
    this.#socket = connection.socket;
    this.#role = role;
    this.#clock = clock;
    this.#decoder = new FrameDecoder(role, maxMessageBytes);
    this.#decoder.feed(copyOf(head));
    this.#stop();
    connection.receive = (bytes) => this.#receive(bytes);
    this.#socket.on("drain", () => this.#drained());
    this.#socket.on("end", () => this.#fail(lost("peer ended the connection without a close")));
    this.#socket.on("error", (error) => this.#fail(lost("connection failed", error)));
    this.#socket.on("close", () => this.#socketClosed());
    this.#timer = clock.setTimer(tickMs, () => this.#tick());
    if (this.#socket.destroyed) {
      this.#error = lost("connection was already closed");
      this.#socketClosed();
    }
  }

  get onMessage(): (message: Uint8Array) => void {
    return this.#onMessage ?? (() => undefined);
  }

  // Delivery begins once there is somebody to deliver to.
  set onMessage(consume: (message: Uint8Array) => void) {
    const isFirst = this.#onMessage === undefined;
    this.#onMessage = consume;
    if (isFirst) queueMicrotask(() => this.#start());
  }

  send(parts: readonly Uint8Array[]): boolean {
    if (this.#ended) return false;
    let length = 0;
    for (const part of parts) length += part.length;
    if (length > maxMessageBytes) {
      const text = `message of ${length} bytes exceeds ${maxMessageBytes}`;
      throw new SallyportError("frame_too_large", text);
    }
    const isRoomLeft = this.#write(opcodes.binary, parts, length);
    this.#draining ||= !isRoomLeft && this.#socket.writableLength >= highWaterBytes;
    return !this.#draining;
  }

  pause(): void {
    this.#paused = true;
    this.#stop();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (!this.#started || this.#delivering) return;
    if (this.#decoder.unread === 0) this.#go();
    else queueMicrotask(() => this.#deliver());
  }

  close(): void {
    if (this.#ended) return;
    this.#write(opcodes.close, [normalClosure], normalClosure.length);
    this.#end();
  }

  destroy(): void {
    this.#ended = true;
    this.#socket.destroy();
  }

  #start(): void {
    this.#started = true;
    if (this.#closed) this.#report();
    else this.#deliver();
  }

  #receive(bytes: Uint8Array): void {
    this.#heard = true;
    if (this.#ended) return;
    this.#decoder.feed(bytes);
    if (!this.#paused && this.#started && !this.#delivering) {
      this.#deliver();
      return;
    }
    // Whoever let these bytes through (a stream that was resumed and paused in one tick) is told again.
    this.#stop();
    this.#decoder.hold();
    if (this.#decoder.unread > maxHeldBytes) {
      this.#fail(new SallyportError("internal", "paused socket goes on reading"));
    }
  }

  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (!this.#paused && !this.#ended) {
        const opcode = this.#next();
        if (opcode === undefined) break;
        if (opcode === opcodes.binary) this.#onMessage?.(this.#decoder.payload);
        else this.#obey(opcode, this.#decoder.payload);
      }
    } finally {
      this.#delivering = false;
    }
    if (this.#ended) return;
    if (this.#paused) this.#decoder.hold();
    else if (this.#stopped) this.#go();
  }

  #stop(): void {
    this.#stopped = true;
    this.#socket.pause();
  }

  #go(): void {
    this.#stopped = false;
    this.#socket.resume();
  }

  #next(): FrameOpcode | undefined {
    try {
      return this.#decoder.next();
    } catch (fault) {
      this.#fail(fault instanceof Error ? fault : lost(String(fault)));
      return undefined;
    }
  }

  #obey(opcode: FrameOpcode, payload: Uint8Array): void {
    if (opcode === opcodes.ping) {
      // A peer that pings and never reads gets no answers, so they cannot pile up.
      if (this.#socket.writableLength >= highWaterBytes) return;
      this.#write(opcodes.pong, [payload], payload.length);
    } else if (opcode === opcodes.close) {
      this.#write(opcodes.close, [payload], payload.length);
      this.#end();
    }
  }

  #write(opcode: FrameOpcode, parts: readonly Uint8Array[], length: number): boolean {
    this.#sent = true;
    const socket = this.#socket;
    if (length <= maxCopiedBytes) {
      const frame = takeSlab(maxHeaderBytes + length);
      let offset = encodeFrameHeader(frame, opcode, length, this.#role);
      for (const part of parts) {
        frame.set(part, offset);
        offset += part.length;
      }
      return socket.write(frame.subarray(0, offset));
    }
    const header = takeSlab(maxHeaderBytes);
    const headerBytes = encodeFrameHeader(header, opcode, length, this.#role);
    socket.cork();
    let isRoomLeft = socket.write(header.subarray(0, headerBytes));
    for (const part of parts) isRoomLeft = socket.write(part);
    socket.uncork();
    return isRoomLeft;
  }

  #drained(): void {
    if (!this.#draining || this.#ended) return;
    this.#draining = false;
    this.onDrain();
  }

  #end(): void {
    this.#ended = true;
    this.#socket.end();
    // Reading goes on, into the void: only then is the peer's end seen.
    this.#socket.resume();
    this.#timer[Symbol.dispose]();
    this.#timer = this.#clock.setTimer(closeGraceMs, () => this.#socket.destroy());
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#socket.destroy();
  }

  #socketClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ended = true;
    this.#timer[Symbol.dispose]();
    if (this.#started) this.#report();
  }

  #report(): void {
    this.onClose(this.#error);
  }

  #tick(): void {
    if (this.#ended) return;
    this.#timer = this.#clock.setTimer(tickMs, () => this.#tick());
    const isListening = this.#started && !this.#paused;
    this.#quietTicks = this.#heard || !isListening ? 0 : this.#quietTicks + 1;
    if (this.#quietTicks >= silentTicks) {
      this.#fail(lost(`peer was silent for ${(silentTicks * tickMs) / 1000} s`));
      return;
    }
    if (!this.#sent) this.#write(opcodes.ping, [], 0);
    this.#sent = false;
    this.#heard = false;
  }
}

const normalClosure = new Uint8Array([0x03, 0xe8]);

let slab = new Uint8Array(0);
let slabUsed = 0;

// Pieces of one allocation for many small frames. A piece is never handed out twice: it lives until its write has settled.
function takeSlab(bytes: number): Uint8Array {
  if (slabUsed + bytes > slab.length) {
    slab = new Uint8Array(slabBytes);
    slabUsed = 0;
  }
  slabUsed += bytes;
  return slab.subarray(slabUsed - bytes, slabUsed);
}

function lost(message: string, cause?: unknown): SallyportError {
  return new SallyportError("transport_lost", message, { cause, retryable: true });
}
