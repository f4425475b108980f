// Streams to the plant's sink over a session that a test holds: what was said and heard, and how the stream ended.
import { createHash } from "node:crypto";
import type { Channel, CloseKind } from "../../shared/channel/channel.ts";
import type { SessionChannel } from "../../shared/channel/session.ts";
import type { TargetId } from "../../shared/ids.ts";
import { bulkHash } from "../plant/sink.ts";
import type { World } from "./world.ts";

export interface SinkStream {
  readonly channel: Channel;
  readonly text: string;
  readonly hasEnded: boolean;
  /** Resolves once so many bytes have come. */
  until(bytes: number): Promise<void>;
  /** Sends words to a sink that echoes, and waits until they are back. */
  said(words: string): Promise<void>;
  readonly away: Promise<void>;
  readonly closed: Promise<CloseKind>;
  readonly hash: string;
}

/** Opens a stream to the sink and gives its order. */
export async function openSink(
  { plant }: World,
  session: SessionChannel,
  order: string,
): Promise<SinkStream> {
  const target = "press-sink" as TargetId;
  const channel = await session.further({
    type: "opening",
    mode: "tcp",
    target,
    port: plant.sink.port,
  });
  const hash = createHash("sha256");
  const [away, closed] = [Promise.withResolvers<void>(), Promise.withResolvers<CloseKind>()];
  let text = "";
  let count = 0;
  let hasEnded = false;
  let wake = Promise.withResolvers<void>();
  channel.onData = (bytes, settled) => {
    hash.update(bytes);
    count += bytes.length;
    if (count < 4096) text += Buffer.from(bytes).toString();
    settled();
    wake.resolve();
    wake = Promise.withResolvers<void>();
  };
  channel.onEnd = () => {
    hasEnded = true;
    channel.end();
  };
  channel.onAway = () => away.resolve();
  channel.onClose = (how) => closed.resolve(how);
  const until = async (bytes: number): Promise<void> => {
    while (count < bytes) await wake.promise;
  };
  channel.write(Buffer.from(order));
  return {
    channel,
    get text() {
      return text;
    },
    get hasEnded() {
      return hasEnded;
    },
    get hash() {
      return hash.copy().digest("hex");
    },
    until,
    async said(words) {
      const before = count;
      channel.write(Buffer.from(words));
      await until(before + words.length);
    },
    away: away.promise,
    closed: closed.promise,
  };
}

/** Whether so many bytes that the sink gives arrive whole and unchanged, and end in order. */
export async function given(
  world: World,
  session: SessionChannel,
  bytes: number,
): Promise<boolean> {
  const stream = await openSink(world, session, `give ${bytes}\n`);
  return (await stream.closed) === "ended" && stream.hash === bulkHash(bytes);
}

/** What comes back of some words. */
export async function echoed(
  world: World,
  session: SessionChannel,
  words: string,
): Promise<string> {
  const stream = await openSink(world, session, "echo\n");
  await stream.said(words);
  stream.channel.end();
  await stream.closed;
  return stream.text;
}
