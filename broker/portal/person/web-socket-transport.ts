// A FrameTransport over a browser's WebSocket (shared/transport.ts): one binary message per record, to an edge through the relay's `/channel/<edge>`.
// Browsers cannot ping and do not show pongs, so a connection that swallows what is sent is noticed by the acknowledgement that does not come.
import { concatBytes } from "../../../shared/bytes.ts";
import { dialTimeoutMs } from "../../../shared/dial.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { highWaterBytes } from "../../../shared/socket-transport.ts";
import { maxMessageBytes, type FrameTransport } from "../../../shared/transport.ts";

const subprotocol = "sallyport.v1";
const drainPollMs = 10;
/** Everything that matters is acknowledged within a round trip and 20 ms; a minute-long stall of a phone's network is better dialled anew. */
const silenceMs = 12_000;

/** A transport to the edge; rejects with `unreachable` (try again) if the relay does not upgrade: browsers do not tell why. */
export function dialEdge(edge: EdgeId): Promise<FrameTransport> {
  const url = new URL(`/channel/${edge}`, location.href);
  url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
  const socket = new WebSocket(url, [subprotocol]);
  socket.binaryType = "arraybuffer";
  return new Promise((resolve, reject) => {
    const fail = (): void => {
      socket.close();
      reject(
        new SallyportError("unreachable", "relay gives no way to the edge now", {
          retryable: true,
        }),
      );
    };
    const limit = setTimeout(fail, dialTimeoutMs);
    socket.onerror = socket.onclose = () => {
      clearTimeout(limit);
      fail();
    };
    socket.onopen = () => {
      clearTimeout(limit);
      resolve(new WebSocketTransport(socket));
    };
  });
}

class WebSocketTransport implements FrameTransport {
  onMessage: (message: Uint8Array) => void = () => undefined;
  onDrain: () => void = () => undefined;
  onClose: (error?: Error) => void = () => undefined;

  readonly #socket: WebSocket;
  readonly #held: Uint8Array[] = [];
  readonly #lost = (): void => this.destroy();
  #isPaused = true;
  #isOver = false;
  #drain: ReturnType<typeof setInterval> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onerror = null;
    socket.onmessage = ({ data }: MessageEvent<unknown>) => this.#take(data);
    socket.onclose = ({ wasClean }) => this.#over(wasClean ? undefined : lost());
    // The network that carried it is gone: nothing would tell for minutes.
    addEventListener("offline", this.#lost);
    // The consumer sets its callbacks in this very tick.
    setTimeout(() => this.resume(), 0);
  }

  send(parts: readonly Uint8Array[], isAnswered = true): boolean {
    const message = concatBytes(...parts);
    if (message.length > maxMessageBytes)
      throw new SallyportError(
        "frame_too_large",
        `message of ${message.length} bytes exceeds ${maxMessageBytes}`,
      );
    if (this.#isOver || this.#socket.readyState !== WebSocket.OPEN) return true;
    this.#socket.send(message as Uint8Array<ArrayBuffer>);
    if (isAnswered) this.#silence ??= setTimeout(this.#lost, silenceMs);
    if (this.#socket.bufferedAmount < highWaterBytes) return true;
    this.#drain ??= setInterval(() => this.#lookAtBuffer(), drainPollMs);
    return false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused && !this.#isOver) {
      const message = this.#held.shift();
      if (message === undefined) return;
      this.onMessage(message);
    }
  }

  close(): void {
    this.#socket.close(1000);
  }

  destroy(): void {
    this.#socket.close();
    this.#over(lost());
  }

  #take(data: unknown): void {
    clearTimeout(this.#silence);
    this.#silence = undefined;
    if (this.#isOver) return;
    if (!(data instanceof ArrayBuffer)) return this.destroy();
    const message = new Uint8Array(data);
    // What is held while paused is bounded by the channel's own window.
    if (this.#isPaused || this.#held.length > 0) this.#held.push(message);
    else this.onMessage(message);
  }

  #lookAtBuffer(): void {
    if (this.#socket.bufferedAmount >= highWaterBytes) return;
    clearInterval(this.#drain);
    this.#drain = undefined;
    if (!this.#isOver) this.onDrain();
  }

  #over(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#drain);
    clearTimeout(this.#silence);
    removeEventListener("offline", this.#lost);
    this.onClose(error);
  }
}

function lost(): SallyportError {
  return new SallyportError("transport_lost", "connection to the relay is lost", {
    retryable: true,
  });
}
