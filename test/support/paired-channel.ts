// Two ends of one channel in memory, by the contract of shared/channel/channel.ts: ordered, bounded, acknowledged when settled, half-closed.
// For tests of what stands on a channel; the sealed one has tests of its own.
import type { Channel, CloseKind } from "../../shared/channel/channel.ts";
import { itemOverheadBytes, windowBytes } from "../../shared/channel/bounds.ts";
import { encodeControl, parseControl, type ControlMessage } from "../../shared/channel/messages.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { ChannelId } from "../../shared/ids.ts";

/** A connected pair; delivery starts in the next turn. */
export function pairedChannels(): [edge: PairedChannel, vendor: PairedChannel] {
  const edge = new PairedChannel();
  const vendor = new PairedChannel();
  edge.join(vendor);
  vendor.join(edge);
  return [edge, vendor];
}

export class PairedChannel implements Channel {
  readonly id = "AAAAAAAAAAAAAAAAAAAAAA" as ChannelId;
  readonly purpose = "session";
  readonly cipher = "aes-256-gcm";
  readonly transcriptHash = new Uint8Array(32);
  readonly epoch = 0;
  onControl: Channel["onControl"] = () => undefined;
  onData: Channel["onData"] = (_bytes, settled) => settled();
  onDrain: Channel["onDrain"] = () => undefined;
  onEnd: Channel["onEnd"] = () => undefined;
  onAway: Channel["onAway"] = () => undefined;
  onBack: Channel["onBack"] = () => undefined;
  onClose: Channel["onClose"] = () => undefined;
  unacknowledgedBytes = 0;
  #other: PairedChannel | undefined;
  #items: (() => void)[] = [];
  #isScheduled = false;
  #isFull = false;
  #hasEnded = false;
  #isEndHeard = false;
  #isClosed = false;

  join(other: PairedChannel): void {
    this.#other = other;
  }

  sendControl(message: ControlMessage): void {
    const bytes = encodeControl(message);
    this.#post(() => this.#other?.onControl(parseControl(bytes)));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed) return true;
    if (this.#hasEnded) throw new SallyportError("internal", "write after the end");
    const copy = Uint8Array.from(bytes);
    const weight = copy.length + itemOverheadBytes;
    this.unacknowledgedBytes += weight;
    if (this.unacknowledgedBytes > 2 * windowBytes) {
      throw new SallyportError("channel_bound", "the bound was ignored for a whole window");
    }
    this.#post(() => this.#other?.onData(copy, () => this.#acknowledge(weight)));
    this.#isFull ||= this.unacknowledgedBytes >= windowBytes;
    return !this.#isFull;
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#post(() => {
      this.#isEndHeard = true;
      this.#other?.onEnd();
      this.#closeIfOver();
    });
  }

  abort(reason: string): void {
    this.#closeBoth("aborted", reason);
  }

  /** The other side learns that the line is away; it comes back when somebody calls its `onBack`. */
  loseLine(): void {
    this.#other?.onAway();
  }

  /** Loses the channel for good, as after the grace time. */
  cut(): void {
    this.#closeBoth("cut");
  }

  #post(deliver: () => void): void {
    this.#items.push(deliver);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      for (const item of this.#items.splice(0)) {
        if (!this.#isClosed) item();
      }
    });
  }

  #acknowledge(weight: number): void {
    this.unacknowledgedBytes -= weight;
    if (this.#isFull && this.unacknowledgedBytes < windowBytes / 2) {
      this.#isFull = false;
      if (!this.#isClosed) this.onDrain();
    }
    this.#closeIfOver();
  }

  get isOver(): boolean {
    return this.#isEndHeard && this.unacknowledgedBytes === 0;
  }

  #closeIfOver(): void {
    if (this.isOver && this.#other?.isOver === true) this.#closeBoth("ended");
  }

  #closeBoth(how: CloseKind, reason?: string): void {
    this.close(how, reason);
    this.#other?.close(how, reason);
  }

  /** Called by the other end. */
  close(how: CloseKind, reason?: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    queueMicrotask(() => this.onClose(how, undefined, reason));
  }
}
