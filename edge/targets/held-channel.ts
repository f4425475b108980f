// A channel whose consumer is not there yet: its kind is being loaded, its device dialled. What arrives meanwhile waits in order and unsettled,
// so that the vendor's side stops at the channel's own bound.
import type { Channel, CloseKind } from "../../shared/channel/channel.ts";
import type { ControlMessage } from "../../shared/channel/messages.ts";

/** Who takes what the vendor sends. */
export interface ChannelConsumer {
  onData(bytes: Uint8Array, settled: () => void): void;
  onEnd(): void;
  onDrain(): void;
  onControl(message: ControlMessage): void;
}

export interface HeldChannel {
  readonly channel: Channel;
  /** Aborted when the channel has closed; its reason is how. */
  readonly gone: AbortSignal;
  readonly closed: Promise<CloseKind>;
  /** Hands over what waited, then everything that comes; once. */
  attach(consumer: ChannelConsumer): void;
}

/** Takes over all callbacks of `channel` at once; to be called in the turn in which the channel was handed over. */
export function holdChannel(channel: Channel): HeldChannel {
  const waiting: (() => void)[] = [];
  const gone = new AbortController();
  const { promise: closed, resolve } = Promise.withResolvers<CloseKind>();
  channel.onData = (bytes, settled) => waiting.push(() => channel.onData(bytes, settled));
  channel.onEnd = () => waiting.push(() => channel.onEnd());
  channel.onControl = (message) => waiting.push(() => channel.onControl(message));
  channel.onDrain = () => waiting.push(() => channel.onDrain());
  channel.onAway = () => undefined;
  channel.onBack = () => undefined;
  channel.onClose = (how) => {
    resolve(how);
    gone.abort(how);
  };
  return {
    channel,
    gone: gone.signal,
    closed,
    attach(consumer) {
      channel.onData = (bytes, settled) => consumer.onData(bytes, settled);
      channel.onEnd = () => consumer.onEnd();
      channel.onControl = (message) => consumer.onControl(message);
      channel.onDrain = () => consumer.onDrain();
      for (const handOver of waiting.splice(0)) handOver();
    },
  };
}
