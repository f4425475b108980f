// One transport under the keys of one epoch: messages in, records out, and the other way round. It knows nothing of items.
// Invariant: the first message that does not open ends the transport, and nothing is delivered after it.
import type { CryptoSuite } from "../crypto/suite.ts";
import { messageOf, SallyportError } from "../errors.ts";
import type { FrameTransport } from "../transport.ts";
import type { EpochKeys } from "./handshake.ts";
import type { OpenedRecord, RecordType, SealedRecord } from "./record.ts";
import { RecordOpener, RecordSealer } from "./record.ts";

export type Side = "vendor" | "edge";

export class RecordLink {
  readonly #transport: FrameTransport;
  readonly #sealer: RecordSealer;
  readonly #opener: RecordOpener;
  #allowedBytes = Number.POSITIVE_INFINITY;
  #isFull = false;
  #isLost = false;

  onRecord: (record: OpenedRecord) => void = ignore;
  /** The transport takes more again. */
  onFree: () => void = ignore;
  /** Exactly once, unless `close` or `destroy` was called here; `why` is set when the transport did not end politely. */
  onLost: (why?: SallyportError) => void = ignore;

  /** Takes over the transport's callbacks; the caller resumes it after having set this link's own. */
  constructor(suite: CryptoSuite, side: Side, keys: EpochKeys, transport: FrameTransport) {
    const [send, receive] =
      side === "vendor"
        ? [keys.vendorToEdge, keys.edgeToVendor]
        : [keys.edgeToVendor, keys.vendorToEdge];
    this.#transport = transport;
    this.#sealer = new RecordSealer(suite.recordCipher(keys.cipher, send));
    this.#opener = new RecordOpener(suite.recordCipher(keys.cipher, receive));
    transport.onMessage = (message) => this.#open(message);
    transport.onDrain = () => {
      if (this.#sealer.isSpent) return;
      this.#isFull = false;
      this.onFree();
    };
    transport.onClose = (error) => this.#lose(error);
  }

  /** Whether items may be sent now: the transport is below its high-water mark. Short records that are no items may be sent regardless. */
  get isReady(): boolean {
    return !this.#isFull && !this.#isLost;
  }

  /** From now on the other side may send so many bytes of records, then the link is lost. */
  allow(bytes: number): void {
    this.#allowedBytes = bytes;
  }

  /** The next record of this epoch; it must be sent before the next one is sealed. */
  seal(type: RecordType, content: Uint8Array): SealedRecord {
    return this.#sealer.seal(type, content);
  }

  sealAgain(record: SealedRecord): SealedRecord {
    return this.#sealer.sealAgain(record);
  }

  /** Once the key is spent the link is lost, so that resumption brings the next epoch. */
  send(record: SealedRecord, isAnswered = true): void {
    if (this.#isLost) return;
    if (!this.#transport.send(record.parts, isAnswered)) this.#isFull = true;
    if (!this.#sealer.isSpent) return;
    this.#isFull = true;
    this.#transport.close();
  }

  /** Seals and sends a record that is no item: an acknowledgement, which nobody acknowledges. */
  say(type: RecordType, content: Uint8Array): void {
    if (!this.#isLost && !this.#sealer.isSpent) this.send(this.seal(type, content), false);
  }

  pause(): void {
    if (!this.#isLost) this.#transport.pause();
  }

  resume(): void {
    if (!this.#isLost) this.#transport.resume();
  }

  /** Ends politely: what was sent is still written. Nothing is delivered any more. */
  close(): void {
    this.#leave();
    this.#transport.close();
  }

  destroy(): void {
    this.#leave();
    this.#transport.destroy();
  }

  #open(message: Uint8Array): void {
    if (this.#isLost) return;
    this.#allowedBytes -= message.length;
    let record: OpenedRecord;
    try {
      if (this.#allowedBytes < 0) {
        throw new SallyportError("channel_bound", "too much was sent before admission");
      }
      record = this.#opener.open(message);
    } catch (thrown) {
      this.#transport.destroy();
      this.#lose(thrown);
      return;
    }
    this.onRecord(record);
  }

  #lose(thrown?: unknown): void {
    if (this.#isLost) return;
    const { onLost } = this;
    this.#leave();
    onLost(thrown === undefined ? undefined : asError(thrown));
  }

  #leave(): void {
    this.#isLost = true;
    this.onRecord = ignore;
    this.onFree = ignore;
    this.onLost = ignore;
  }
}

function asError(thrown: unknown): SallyportError {
  if (thrown instanceof SallyportError) return thrown;
  return new SallyportError("transport_lost", messageOf(thrown), {
    cause: thrown,
    retryable: true,
  });
}

function ignore(): void {}
