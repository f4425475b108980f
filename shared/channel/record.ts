// Records: sealed, numbered messages of one direction of one epoch (shared/protocol.md, "Records"). Plaintext is content ‖ type ‖ zeros, as
// in TLS 1.3 (RFC 8446 §5.2, §5.4), so that what is typed by hand has no length of its own on the wire.
// Invariants: the nonce is the record's number, so no record opens twice, out of order or in another place; the first failure is the last.
import { concatBytes } from "../bytes.ts";
import type { RecordCipher } from "../crypto/suite.ts";
import { recordNonceBytes, recordTagBytes } from "../crypto/suite.ts";
import { SallyportError } from "../errors.ts";
import {
  maxContentBytes,
  maxRecordBytes,
  maxRecordsPerKey,
  paddedBelowBytes,
  paddingBytes,
} from "./bounds.ts";

/** What a record is. Items (numbered over all epochs, sent again after a loss) are data, control parts and end; the rest speak of one epoch. */
export const recordTypes = {
  data: 1,
  ack: 2,
  have: 3,
  end: 4,
  abort: 5,
  control: 6,
  controlPart: 7,
} as const;
export type RecordType = (typeof recordTypes)[keyof typeof recordTypes];

const highestType = 7;

export interface OpenedRecord {
  readonly type: RecordType;
  readonly content: Uint8Array;
}

/** A record as it was sent, kept until it is acknowledged instead of a second copy of its plaintext. */
export interface SealedRecord {
  readonly sealer: RecordSealer;
  readonly number: number;
  /** Ciphertext and tag, in order: one message of the transport. */
  readonly parts: readonly Uint8Array[];
}

/** Seals the records of one direction of one epoch. */
export class RecordSealer {
  readonly #cipher: RecordCipher;
  readonly #nonce = new Uint8Array(recordNonceBytes);
  #number = 0;

  constructor(cipher: RecordCipher) {
    this.#cipher = cipher;
  }

  /** True when this key may seal nothing more. */
  get isSpent(): boolean {
    return this.#number >= maxRecordsPerKey;
  }

  /** The next record. The bytes of `content` are free for reuse afterwards. */
  seal(type: RecordType, content: Uint8Array): SealedRecord {
    if (content.length > maxContentBytes) {
      throw new SallyportError(
        "frame_too_large",
        `record content of ${content.length} bytes exceeds ${maxContentBytes}`,
      );
    }
    const tail = tailOf(type, content.length);
    // A short record is joined before sealing: one call of the cipher costs more than the copy.
    return this.#sealParts(
      content.length < paddedBelowBytes ? [concatBytes(content, tail)] : [content, tail],
    );
  }

  /** The same record once more under this key: opened under the key that it was sent with, and sealed anew. */
  sealAgain(record: SealedRecord): SealedRecord {
    return this.#sealParts([record.sealer.#reopen(record)]);
  }

  #sealParts(parts: readonly Uint8Array[]): SealedRecord {
    if (this.isSpent) throw new SallyportError("record_invalid", "record key is spent");
    const number = this.#number;
    this.#number += 1;
    setNumber(this.#nonce, number);
    return { sealer: this, number, parts: this.#cipher.seal(this.#nonce, parts) };
  }

  #reopen(record: SealedRecord): Uint8Array {
    const nonce = new Uint8Array(recordNonceBytes);
    setNumber(nonce, record.number);
    return this.#cipher.open(nonce, concatBytes(...record.parts));
  }
}

/** Opens the records of one direction of one epoch, in their order. */
export class RecordOpener {
  readonly #cipher: RecordCipher;
  readonly #nonce = new Uint8Array(recordNonceBytes);
  #number = 0;
  #failure: SallyportError | undefined;

  constructor(cipher: RecordCipher) {
    this.#cipher = cipher;
  }

  /** The next record, in memory of its own; throws `record_invalid` for any other message, and from then on for every one. */
  open(message: Uint8Array): OpenedRecord {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return this.#open(message);
    } catch (cause) {
      this.#failure =
        cause instanceof SallyportError
          ? cause
          : new SallyportError("record_invalid", "record does not open", { cause });
      throw this.#failure;
    }
  }

  #open(message: Uint8Array): OpenedRecord {
    const { length } = message;
    if (length <= recordTagBytes || length > maxRecordBytes) {
      throw new SallyportError(
        "record_invalid",
        `record of ${length} bytes, expected ${recordTagBytes + 1} to ${maxRecordBytes}`,
      );
    }
    if (this.#number >= maxRecordsPerKey) {
      throw new SallyportError("record_invalid", "record key is spent");
    }
    setNumber(this.#nonce, this.#number);
    const plaintext = this.#cipher.open(this.#nonce, message);
    this.#number += 1;
    let end = plaintext.length - 1;
    while (end >= 0 && plaintext[end] === 0) end -= 1;
    const type = plaintext[end];
    if (type === undefined || type > highestType) {
      throw new SallyportError("record_invalid", `record has unknown type ${type ?? 0}`);
    }
    return { type: type as RecordType, content: plaintext.subarray(0, end) };
  }
}

const tails: readonly Uint8Array[] = Array.from({ length: highestType + 1 }, (_, type) => {
  const tail = new Uint8Array(paddingBytes);
  tail[0] = type;
  return tail;
});

/** Type and padding that follow a content of that length. */
function tailOf(type: RecordType, contentBytes: number): Uint8Array {
  const length = contentBytes < paddedBelowBytes ? paddingBytes - (contentBytes % paddingBytes) : 1;
  return (tails[type] as Uint8Array).subarray(0, length);
}

// Four zero bytes, then the number as u64. Numbers stay below 2^32 (`maxRecordsPerKey`), so the last four bytes hold them.
function setNumber(nonce: Uint8Array, number: number): void {
  nonce[8] = number >>> 24;
  nonce[9] = number >>> 16;
  nonce[10] = number >>> 8;
  nonce[11] = number;
}
