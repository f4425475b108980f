// A tunnel's raw bytes as a stream, for the TLS server of web panels. Invariant: what nobody reads is not taken from the socket, and what the socket
// does not take is not read from whoever writes.
import { Duplex } from "node:stream";
import { copyOf } from "../../shared/bytes.ts";
import type { ByteConnection } from "../../shared/socket-transport.ts";

/** Owns the connection from now on; `rest` are bytes that came before. */
export class TunnelStream extends Duplex {
  readonly #connection: ByteConnection;
  #afterDrain: (() => void) | undefined;

  constructor(connection: ByteConnection, rest: Uint8Array) {
    super({ allowHalfOpen: false });
    this.#connection = connection;
    const { socket } = connection;
    const receive = (bytes: Uint8Array): void => {
      if (!this.push(copyOf(bytes))) socket.pause();
    };
    connection.receive = receive;
    socket.on("drain", () => {
      const next = this.#afterDrain;
      this.#afterDrain = undefined;
      next?.();
    });
    socket.on("end", () => void this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.on("close", () => this.destroy());
    if (rest.length > 0) receive(rest);
  }

  override _read(): void {
    this.#connection.socket.resume();
  }

  override _write(bytes: Uint8Array, _encoding: string, done: () => void): void {
    if (this.#connection.socket.write(bytes)) done();
    else this.#afterDrain = done;
  }

  override _final(done: () => void): void {
    this.#connection.socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#connection.socket.destroy();
    done(error);
  }
}
