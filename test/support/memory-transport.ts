// FrameTransports in memory, and the network between them: it can hold, drop, change, replay and mix messages, and cut. Messages move one per
// turn of the event loop, or one per `step`, so that a test owns their order.
import { concatBytes } from "../../shared/bytes.ts";
import type { FrameTransport } from "../../shared/transport.ts";

/** What the network makes of one message: the messages that arrive instead. */
export type Tamper = (message: Uint8Array) => readonly Uint8Array[];

export class MemoryTransport implements FrameTransport {
  onMessage: (message: Uint8Array) => void = () => undefined;
  onDrain: () => void = () => undefined;
  onClose: (error?: Error) => void = () => undefined;
  /** Applied to what this end sends. */
  tamper: Tamper = (message) => [message];
  /** Everything that this end sent, before tampering. */
  readonly sent: Uint8Array[] = [];
  readonly #arrived: Uint8Array[] = [];
  readonly #highWaterMessages: number;
  #peer: MemoryTransport | undefined;
  #isPaused = false;
  #isClosed = false;
  #isClosing = false;
  #isScheduled = false;
  #needsDrain = false;

  constructor(highWaterMessages: number) {
    this.#highWaterMessages = highWaterMessages;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  send(parts: readonly Uint8Array[]): boolean {
    if (this.#isClosed || this.#isClosing) return true;
    const message = concatBytes(...parts);
    this.sent.push(message);
    const peer = this.#other;
    for (const arriving of this.tamper(message)) peer.inject(arriving);
    const isFull = peer.#arrived.length > this.#highWaterMessages;
    // As Node's streams: whoever was once told to wait is told to go on.
    this.#needsDrain ||= isFull;
    return !isFull;
  }

  /** Lets a message arrive at this end, whoever sent it. */
  inject(message: Uint8Array): void {
    this.#arrived.push(message);
    this.#schedule();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  close(): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#isClosing = true;
    setImmediate(() => this.#end());
    this.#other.#isClosing = true;
    this.#other.#schedule();
  }

  destroy(): void {
    this.cut();
  }

  /** The network fails: what is on its way is lost, both ends hear of it. */
  cut(): void {
    for (const end of [this, this.#other]) {
      end.#arrived.splice(0);
      setImmediate(() => end.#end(new Error("cut")));
    }
  }

  get #other(): MemoryTransport {
    if (this.#peer === undefined) throw new Error("transport without its pair");
    return this.#peer;
  }

  #end(error?: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose(error);
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    if (this.#isClosed || this.#isPaused) return;
    const message = this.#arrived.shift();
    if (message !== undefined) {
      const reused = message.slice();
      this.onMessage(reused);
      // The buffer is valid during the call only.
      reused.fill(0xee);
    }
    const peer = this.#other;
    if (peer.#needsDrain && this.#arrived.length <= this.#highWaterMessages / 2) {
      peer.#needsDrain = false;
      if (!peer.#isClosed) peer.onDrain();
    }
    if (this.#arrived.length > 0) this.#schedule();
    else if (this.#isClosing) this.#end();
  }

  /** Two ends of one connection. */
  static pair(highWaterMessages = 16): [MemoryTransport, MemoryTransport] {
    const one = new MemoryTransport(highWaterMessages);
    const other = new MemoryTransport(highWaterMessages);
    one.#peer = other;
    other.#peer = one;
    return [one, other];
  }
}
