// A transport before it has keys: whole messages of the handshake, one at a time, within a bound of bytes and of time.
// Invariant: while the next step is being computed the transport is paused, so nothing is lost before its keys are there.
import { copyOf } from "../bytes.ts";
import type { Clock } from "../clock.ts";
import { SallyportError } from "../errors.ts";
import type { FrameTransport } from "../transport.ts";

export class Preamble implements Disposable {
  readonly transport: FrameTransport;
  readonly #clock: Clock;
  #timer: Disposable;
  #failure: SallyportError | undefined;
  #waiting: PromiseWithResolvers<Uint8Array> | undefined;
  #allowedBytes: number;
  #hasEnded = false;

  /** Takes the transport in the turn in which it was made. After `limitMs` it is destroyed. */
  constructor(transport: FrameTransport, clock: Clock, allowedBytes: number, limitMs: number) {
    this.transport = transport;
    this.#clock = clock;
    this.#allowedBytes = allowedBytes;
    transport.pause();
    transport.onMessage = (message) => this.#take(message);
    transport.onDrain = () => undefined;
    transport.onClose = (error) =>
      this.#fail(
        new SallyportError("transport_lost", "transport closed during the handshake", {
          cause: error,
          retryable: true,
        }),
      );
    this.#timer = this.#limit(limitMs);
  }

  /** Bytes that the other side may still send before it is admitted. */
  get allowedBytes(): number {
    return this.#allowedBytes;
  }

  /** The next message, in memory of its own. Rejects when the transport is lost, the bound passed or the time over. */
  receive(): Promise<Uint8Array> {
    const waiting = Promise.withResolvers<Uint8Array>();
    if (this.#failure !== undefined) waiting.reject(this.#failure);
    else this.#waiting = waiting;
    this.transport.resume();
    return waiting.promise;
  }

  /** Throws what has meanwhile befallen the transport. To be called right before its callbacks are taken over. */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Gives the other side so long from now on, in place of the former limit. */
  restartLimit(limitMs: number): void {
    this.#timer[Symbol.dispose]();
    this.#timer = this.#limit(limitMs);
  }

  /** Stops the time limit; the transport stays as it is. */
  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
  }

  #limit(limitMs: number): Disposable {
    return this.#clock.setTimer(limitMs, () =>
      this.#end(
        new SallyportError("timeout", `no handshake within ${limitMs} ms`, { retryable: true }),
      ),
    );
  }

  #take(message: Uint8Array): void {
    this.transport.pause();
    this.#allowedBytes -= message.length;
    if (this.#allowedBytes < 0) {
      this.#end(new SallyportError("channel_bound", "too much was sent before admission"));
      return;
    }
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) {
      this.#end(new SallyportError("handshake_failed", "message out of turn"));
      return;
    }
    waiting.resolve(copyOf(message));
  }

  #end(failure: SallyportError): void {
    this.#fail(failure);
    if (!this.#hasEnded) this.transport.destroy();
    this.#hasEnded = true;
  }

  #fail(failure: SallyportError): void {
    this.#failure ??= failure;
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
  }
}
