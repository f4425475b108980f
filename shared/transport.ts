// What carries sealed records: one binary WebSocket message each (shared/protocol.md, "Control and tunnels").
// A transport is ordered and unauthenticated; everything that matters is under the channel's own seal.

/** A transport refuses longer messages: a record of 64 KiB of plaintext with its seal, type and padding. */
export const maxMessageBytes = 64 * 1024 + 512;

/**
 * An ordered, message-oriented carrier with one consumer. The consumer sets the three callbacks in the very tick in which it gets the
 * transport; messages that arrived earlier are delivered from the next tick on.
 */
export interface FrameTransport {
  /**
   * Sends the concatenation of `parts` as ONE message of at most `maxMessageBytes` (throws `frame_too_large`). The parts belong to the
   * transport until they are written: never reuse them. False = above the high-water mark: go on after `onDrain`. After the end: ignored.
   * `isAnswered` false: the other side owes nothing for it, so its silence tells nothing.
   */
  send(parts: readonly Uint8Array[], isAnswered?: boolean): boolean;
  /** Stops delivery at once: no message is delivered between `pause()` and `resume()`, also not one that came in the same read. */
  pause(): void;
  resume(): void;
  /** Ends politely: what was sent is still written, then a WebSocket close and the end of the socket. `onClose` follows. */
  close(): void;
  /** Ends at once, unwritten messages are lost. `onClose` follows. */
  destroy(): void;
  /** The bytes are only valid during the call (a reused read buffer): copy what is kept. */
  onMessage: (message: Uint8Array) => void;
  onDrain: () => void;
  /** Exactly once; with an error unless this side or the peer closed politely. No other callback follows. */
  onClose: (error?: Error) => void;
}
