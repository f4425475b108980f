// A target that gives back what it gets, half-close included: what the command's tests put in a session's place.
import type { Opening } from "../../../shared/channel/messages.ts";
import type { Channel } from "../../../shared/channel/channel.ts";
import type { ChannelId } from "../../../shared/ids.ts";

export class EchoStream implements Channel {
  readonly id = "echo" as ChannelId;
  readonly purpose = "session";
  readonly cipher = "aes-256-gcm";
  readonly transcriptHash = new Uint8Array(32);
  readonly epoch = 0;
  readonly unacknowledgedBytes = 0;
  onControl: Channel["onControl"] = () => undefined;
  onData: Channel["onData"] = (_bytes, settled) => settled();
  onDrain: Channel["onDrain"] = () => undefined;
  onEnd: Channel["onEnd"] = () => undefined;
  onAway: Channel["onAway"] = () => undefined;
  onBack: Channel["onBack"] = () => undefined;
  onClose: Channel["onClose"] = () => undefined;
  readonly controls: unknown[] = [];
  #isClosed = false;

  sendControl(message: Parameters<Channel["sendControl"]>[0]): void {
    this.controls.push(message);
    this.onControl(message);
  }

  write(bytes: Uint8Array): boolean {
    const own = bytes.slice();
    setImmediate(() => this.onData(own, () => undefined));
    return true;
  }

  end(): void {
    setImmediate(() => {
      this.onEnd();
      this.#close("ended");
    });
  }

  abort(reason: string): void {
    this.#close("aborted", undefined, reason);
  }

  #close(...closing: Parameters<Channel["onClose"]>): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose(...closing);
  }
}

export const opening = (target: string): Opening => ({
  type: "opening",
  mode: "ssh",
  target: target as Opening["target"],
});
