// Reading and writing of fixed layouts (hello, answer, record bodies): exact lengths, nothing left over.
import { copyOf } from "../bytes.ts";
import { SallyportError } from "../errors.ts";

/** Takes fields off a message in order. Every method throws `handshake_failed` when the message is too short. */
export class FieldReader {
  readonly #what: string;
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(what: string, bytes: Uint8Array) {
    this.#what = what;
    this.#bytes = bytes;
  }

  byte(): number {
    return this.bytes(1)[0] ?? 0;
  }

  uint32(): number {
    const field = this.bytes(4);
    return new DataView(field.buffer, field.byteOffset).getUint32(0);
  }

  /** A copy of the next `length` bytes. */
  bytes(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw this.fault(`ends after ${this.#bytes.length} bytes`);
    const field = copyOf(this.#bytes.subarray(this.#offset, end));
    this.#offset = end;
    return field;
  }

  /** Throws unless every byte was taken. */
  finish(): void {
    const left = this.#bytes.length - this.#offset;
    if (left > 0) throw this.fault(`has ${left} bytes too many`);
  }

  fault(why: string): SallyportError {
    return new SallyportError("handshake_failed", `${this.#what} ${why}`);
  }
}

export function uint32(value: number): Uint8Array {
  const field = new Uint8Array(4);
  new DataView(field.buffer).setUint32(0, value);
  return field;
}

/** A count as u64, big-endian. */
export function uint64(value: number): Uint8Array {
  const field = new Uint8Array(8);
  new DataView(field.buffer).setBigUint64(0, BigInt(value));
  return field;
}

/** The count of an 8-byte field; undefined if it is no count that a program can hold. */
export function countOf(field: Uint8Array): number | undefined {
  if (field.length !== 8) return undefined;
  const count = Number(new DataView(field.buffer, field.byteOffset).getBigUint64(0));
  return Number.isSafeInteger(count) ? count : undefined;
}
