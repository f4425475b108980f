// The fast path between a channel and a TCP socket: records are sealed straight from the read buffer, and what is opened is written as it is.
// Invariants: the socket is not read while the channel is at its bound; an ack means that the socket's write has settled; an end on one side
// is an end on the other, and only that: a cut becomes a reset.
import type { SallyportError } from "../errors.ts";
import { messageOf } from "../errors.ts";
import type { Channel, CloseKind } from "./channel.ts";

/** What a pump needs of a connected socket; a `net.Socket` made with `allowHalfOpen` and `noDelay` is one. */
export interface PumpedSocket {
  write(bytes: Uint8Array, written: (error?: Error | null) => void): boolean;
  end(): unknown;
  destroy(error?: Error): unknown;
  resetAndDestroy(): unknown;
  pause(): unknown;
  resume(): unknown;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

export interface PumpOptions {
  /** Sees every piece before it goes on, for the recording. It must not keep the bytes, and must not throw. */
  readonly tap?: (direction: "toSocket" | "fromSocket", bytes: Uint8Array) => void;
  /** True if the socket was made with `onread`, whose callback calls `read`; then no `data` listener is attached. */
  readonly isReadByBuffer?: boolean;
}

export interface SocketPump {
  /** For `onread` callbacks: takes the bytes (the buffer is free for reuse); false stops the reading, the pump resumes it. */
  read(bytes: Uint8Array): boolean;
  /** When both are closed. `failure` is the socket's error, if it had one. */
  readonly closed: Promise<{
    readonly how: CloseKind;
    readonly error?: SallyportError;
    readonly reason?: string;
    readonly failure?: Error;
  }>;
}

/** Joins them until both are closed. Takes over all callbacks of the channel but control, away and back. */
export function pumpSocket(
  channel: Channel,
  socket: PumpedSocket,
  options: PumpOptions = {},
): SocketPump {
  const { tap } = options;
  const closed = Promise.withResolvers<Awaited<SocketPump["closed"]>>();
  const socketClosed = Promise.withResolvers<void>();
  let failure: Error | undefined;
  let hasEnded = false;
  let isClosed = false;

  const read = (bytes: Uint8Array): boolean => {
    if (isClosed) return false;
    tap?.("fromSocket", bytes);
    return channel.write(bytes);
  };
  channel.onDrain = () => socket.resume();
  channel.onData = (bytes, settled) => {
    tap?.("toSocket", bytes);
    socket.write(bytes, (error) => {
      if (error === undefined || error === null) settled();
    });
  };
  channel.onEnd = () => socket.end();
  channel.onClose = (how, error, reason) => {
    isClosed = true;
    if (how !== "ended") socket.resetAndDestroy();
    const result = { how, ...(error && { error }), ...(reason !== undefined && { reason }) };
    void socketClosed.promise.then(() =>
      closed.resolve({ ...result, ...(failure && { failure }) }),
    );
  };
  if (options.isReadByBuffer !== true) {
    socket.on("data", (bytes) => {
      if (!read(bytes)) socket.pause();
    });
  }
  socket.on("end", () => {
    hasEnded = true;
    channel.end();
  });
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("close", () => {
    // Without its end, a closed socket was reset: what it still had to say is lost.
    if (!hasEnded || failure !== undefined) {
      channel.abort(failure === undefined ? "connection closed" : messageOf(failure));
    }
    socketClosed.resolve();
  });
  return { read, closed: closed.promise };
}
