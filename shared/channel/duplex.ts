// A channel as a stream of Node, for ssh2 and pipes. Bulk TCP goes through pump.ts, which copies and allocates less.
// Invariant: bytes are acknowledged only when the stream's reader has taken them, so a slow reader slows the other side.
import { Duplex } from "node:stream";
import { SallyportError } from "../errors.ts";
import type { Channel } from "./channel.ts";

/**
 * Takes over the channel's data, drain, end and close; control messages stay with the caller. The stream's end is the channel's end; destroying it
 * aborts the channel. A channel that is aborted or cut destroys the stream with the error.
 */
export function channelDuplex(channel: Channel): Duplex {
  /** Of what the reader has not taken yet. */
  const unsettled: (() => void)[] = [];
  let written: (() => void) | undefined;
  let isClosed = false;
  const stream = new Duplex({
    // Nothing is read ahead: `read` is called when the reader has taken everything, which is what the acks mean.
    readableHighWaterMark: 0,
    allowHalfOpen: true,
    read: () => {
      for (const settled of unsettled.splice(0)) settled();
    },
    write: (chunk: Uint8Array, _encoding, done) => {
      if (channel.write(chunk)) done();
      else written = done;
    },
    final: (done) => {
      channel.end();
      done();
    },
    destroy: (error, done) => {
      if (!isClosed && (error !== null || !stream.readableEnded || !stream.writableFinished)) {
        channel.abort("stream closed");
      }
      done(error);
    },
  });
  channel.onData = (bytes, settled) => {
    unsettled.push(settled);
    stream.push(bytes);
  };
  channel.onDrain = () => {
    const done = written;
    written = undefined;
    done?.();
  };
  channel.onEnd = () => {
    stream.push(null);
  };
  channel.onClose = (how, error) => {
    isClosed = true;
    if (how === "ended") return;
    stream.destroy(error ?? new SallyportError("channel_aborted", `channel was ${how}`));
  };
  return stream;
}
