// One stream to one target, whoever holds its session: a channel of this process's own session, or one joined through a held session's socket.
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { Channel } from "../../shared/channel/channel.ts";

/** What the verbs use of a channel; the contracts are `Channel`'s. */
export type TargetStream = Pick<
  Channel,
  | "write"
  | "end"
  | "abort"
  | "sendControl"
  | "onControl"
  | "onData"
  | "onDrain"
  | "onEnd"
  | "onAway"
  | "onBack"
  | "onClose"
>;

/** Sends what can be read until its end or `signal`, holding back at the stream's bound; then ends the stream's direction. */
export async function pumpInto(
  stream: TargetStream,
  source: Readable,
  signal: AbortSignal,
): Promise<void> {
  let resume = (): void => undefined;
  stream.onDrain = () => resume();
  signal.addEventListener("abort", () => resume(), { once: true });
  try {
    for await (const chunk of source.iterator({
      destroyOnReturn: false,
    }) as AsyncIterable<Uint8Array>) {
      if (signal.aborted) return;
      if (!stream.write(chunk)) await new Promise<void>((resolve) => (resume = resolve));
      if (signal.aborted) return;
    }
    stream.end();
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}

/** Writes what the stream brings; each piece is acknowledged when its write has settled. */
export function pumpOut(
  stream: TargetStream,
  sinkFor: (bytes: Uint8Array, settled: () => void) => void,
): void {
  stream.onData = sinkFor;
}

/** Writes to a sink and calls `settled` when that is done, also when the sink is gone: then nobody waits for it. */
export function writeSettled(sink: Writable, bytes: Uint8Array, settled: () => void): void {
  if (!sink.writable) settled();
  else sink.write(bytes, () => settled());
}

/** Resolves when all that was written to the sink so far has left the process. */
export async function flushed(sink: Writable): Promise<void> {
  if (sink.writableLength > 0 && sink.writable) await once(sink, "drain");
}
