// A channel as a stream that looks like a connected socket, for the inner SSH server. The channel's acknowledgements follow the reader: bytes that
// nobody has read yet are not settled.
import { Duplex } from "node:stream";
import type { HeldChannel } from "./held-channel.ts";

/** Owns the channel's callbacks from now on. The end of one side closes the other; destroying aborts the channel unless both have ended. */
export class ChannelSocket extends Duplex {
  readonly #held: HeldChannel;
  #unread: (() => void)[] = [];
  #afterDrain: (() => void) | undefined;

  constructor(held: HeldChannel) {
    super({ allowHalfOpen: false });
    this.#held = held;
    held.gone.addEventListener("abort", () => this.destroy());
    held.attach({
      onData: (bytes, settled) => {
        if (this.push(bytes)) settled();
        else this.#unread.push(settled);
      },
      onEnd: () => void this.push(null),
      onDrain: () => {
        const next = this.#afterDrain;
        this.#afterDrain = undefined;
        next?.();
      },
      onControl: () => undefined,
    });
  }

  override _read(): void {
    for (const settled of this.#unread.splice(0)) settled();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    if (this.#held.channel.write(bytes)) done();
    else this.#afterDrain = done;
  }

  override _final(done: () => void): void {
    this.#held.channel.end();
    done();
  }
}
