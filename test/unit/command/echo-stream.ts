// A target that gives back what it gets, half-close included: what the command's tests put in a session's place.
import type { Opening } from "../../../shared/channel/messages.ts";
import type { TargetStream } from "../../../broker/command/target-stream.ts";

export class EchoStream implements TargetStream {
  onControl: TargetStream["onControl"] = () => undefined;
  onData: TargetStream["onData"] = (_bytes, settled) => settled();
  onDrain: TargetStream["onDrain"] = () => undefined;
  onEnd: TargetStream["onEnd"] = () => undefined;
  onAway: TargetStream["onAway"] = () => undefined;
  onBack: TargetStream["onBack"] = () => undefined;
  onClose: TargetStream["onClose"] = () => undefined;
  readonly controls: unknown[] = [];
  #isClosed = false;

  sendControl(message: Parameters<TargetStream["sendControl"]>[0]): void {
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

  #close(...closing: Parameters<TargetStream["onClose"]>): void {
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
