// Reads a device's first messages, whose lengths are told as they come. Invariant: nothing is waited for longer than the sign-in may take, and nothing
// beyond what was asked for is taken out of the stream.
import type { Duplex } from "node:stream";
import { DeviceError, addressOf } from "../device-error.ts";
import { lost, type DeviceAddress } from "../device-socket.ts";

export class DeviceReader {
  readonly #stream: Duplex;
  readonly #address: DeviceAddress;
  readonly #ended: AbortSignal;

  /** `ended` is aborted with the error that ends the attempt. Somebody else must listen for the stream's errors. */
  constructor(stream: Duplex, address: DeviceAddress, ended: AbortSignal) {
    this.#stream = stream;
    this.#address = address;
    this.#ended = ended;
  }

  /** The next bytes; `what` names them for the journal. Rejects with a DeviceError, or with the reason of the attempt's end. */
  async read(count: number, what: string): Promise<Buffer> {
    const stream = this.#stream;
    for (;;) {
      this.#ended.throwIfAborted();
      if (stream.errored !== null) throw lost(this.#address, stream.errored);
      const bytes: Buffer | null = count === 0 ? Buffer.alloc(0) : (stream.read(count) as Buffer);
      if (bytes?.length === count) return bytes;
      // At its end a stream gives what is left.
      if (bytes !== null || stream.readableEnded || stream.destroyed) throw this.#closed(what);
      await this.#change();
    }
  }

  async readU8(what: string): Promise<number> {
    return (await this.read(1, what)).readUInt8();
  }

  async readU32(what: string): Promise<number> {
    return (await this.read(4, what)).readUInt32BE();
  }

  #closed(what: string): DeviceError {
    const { host, port, name } = this.#address;
    return new DeviceError(
      "device_unreachable",
      `device ${addressOf(host, port)} closed the connection before ${what}`,
      `"${name}" closed the connection before its screen was there`,
      { retryable: true },
    );
  }

  async #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stream = this.#stream;
    const events = ["readable", "end", "close", "error"];
    for (const event of events) stream.on(event, resolve);
    this.#ended.addEventListener("abort", () => resolve(), { once: true });
    try {
      await promise;
    } finally {
      for (const event of events) stream.off(event, resolve);
    }
  }
}
