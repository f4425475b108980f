// What a recording says inside its chunks (shared/protocol.md, "Recording: records"): u8 type, u48 microseconds since the start, u16 length, bytes.
// Invariant: a chunk holds whole records, so each chunk can be read by itself; data longer than a record continues in the next one.
import { fromUtf8, utf8 } from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import { parseStrictJson } from "../document/strict-json.ts";

/** Plaintext of a chunk, at most. */
export const maxChunkBytes = 64 * 1024;
export const recordHeaderBytes = 9;
const maxEventBytes = 16 * 1024;

/** Which way bytes went; `device-error` is a device's second stream, such as standard error. */
export type Direction = "to-device" | "from-device" | "device-error";

const typeCodes: Readonly<Record<Direction | "event", number>> = {
  "to-device": 1,
  "from-device": 2,
  "device-error": 3,
  event: 4,
};
const directions: readonly (Direction | undefined)[] = [
  undefined,
  "to-device",
  "from-device",
  "device-error",
];

export type RecordingRecord =
  | { readonly atUs: number; readonly direction: Direction; readonly bytes: Uint8Array }
  | {
      readonly atUs: number;
      readonly event: string;
      readonly details: Readonly<Record<string, unknown>>;
    };

/** The chunk that is being filled. Its memory is used again after `take`. */
export class ChunkBuffer {
  readonly #bytes = new Uint8Array(maxChunkBytes);
  readonly #view = new DataView(this.#bytes.buffer);
  #used = 0;
  #records = 0;

  get isEmpty(): boolean {
    return this.#used === 0;
  }

  /** Records in it so far. */
  get records(): number {
    return this.#records;
  }

  /** Copies as much of `bytes` from `offset` on as has room; answers how much. 0 means: take the chunk first. */
  addData(direction: Direction, atUs: number, bytes: Uint8Array, offset: number): number {
    const room = maxChunkBytes - this.#used - recordHeaderBytes;
    const taken = Math.min(bytes.length - offset, room);
    if (taken <= 0) return 0;
    this.#add(typeCodes[direction], atUs, bytes.subarray(offset, offset + taken));
    return taken;
  }

  /** Adds an event's text (`encodeEvent`); false means: take the chunk first. */
  addEvent(atUs: number, text: Uint8Array): boolean {
    if (text.length > maxChunkBytes - this.#used - recordHeaderBytes) return false;
    this.#add(typeCodes.event, atUs, text);
    return true;
  }

  /** The plaintext so far, valid until the next call; the buffer is empty again. */
  take(): Uint8Array {
    const plaintext = this.#bytes.subarray(0, this.#used);
    this.#used = 0;
    this.#records = 0;
    return plaintext;
  }

  #add(type: number, atUs: number, bytes: Uint8Array): void {
    const at = this.#used;
    this.#view.setUint8(at, type);
    this.#view.setUint16(at + 1, Math.floor(atUs / 2 ** 32));
    this.#view.setUint32(at + 3, atUs % 2 ** 32);
    this.#view.setUint16(at + 7, bytes.length);
    this.#bytes.set(bytes, at + recordHeaderBytes);
    this.#used = at + recordHeaderBytes + bytes.length;
    this.#records += 1;
  }
}

/** An event's text; throws `message_invalid` if it is too long or has no strict JSON. */
export function encodeEvent(name: string, details: Readonly<Record<string, unknown>>): Uint8Array {
  const text = JSON.stringify({ name, details });
  const bytes = utf8(text);
  if (bytes.length > maxEventBytes) {
    throw new SallyportError(
      "message_invalid",
      `recording's event of ${bytes.length} bytes exceeds ${maxEventBytes}`,
    );
  }
  parseStrictJson(text);
  return bytes;
}

/** The records of a chunk's plaintext; throws `recording_damaged` for anything that a recorder does not write. */
export function* readRecords(plaintext: Uint8Array): Generator<RecordingRecord> {
  const view = new DataView(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  let at = 0;
  while (at < plaintext.length) {
    const bodyAt = at + recordHeaderBytes;
    const endAt = bodyAt <= plaintext.length ? bodyAt + view.getUint16(at + 7) : bodyAt;
    if (endAt > plaintext.length) malformed(`a record at ${at} is cut`);
    const type = view.getUint8(at);
    const atUs = view.getUint16(at + 1) * 2 ** 32 + view.getUint32(at + 3);
    const bytes = plaintext.subarray(bodyAt, endAt);
    const direction = directions[type];
    if (direction !== undefined) yield { atUs, direction, bytes };
    else if (type === typeCodes.event) yield { atUs, ...decodeEvent(bytes) };
    else malformed(`a record at ${at} has type ${type}`);
    at = endAt;
  }
}

function decodeEvent(bytes: Uint8Array) {
  const value = parseStrictJson(fromUtf8(bytes)) as Readonly<Record<string, unknown>>;
  const { name, details } = value;
  if (typeof name !== "string" || typeof details !== "object" || details === null) {
    return malformed("an event has no name or no details");
  }
  return { event: name, details: details as Readonly<Record<string, unknown>> };
}

function malformed(why: string): never {
  throw new SallyportError("recording_damaged", `recording's chunk: ${why}`);
}
