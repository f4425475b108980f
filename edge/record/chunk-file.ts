// Writes one recording's file: sealed chunks in order, one write at a time, bounded in memory (shared/protocol.md, "Recording").
// Invariants: count and hash cover exactly the whole chunks that are in the file; after one failed write nothing is written any more.
import type { FileHandle } from "node:fs/promises";
import { startSha256 } from "../../shared/crypto/node-hash.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { ChunkSealer, FramePlace } from "../../shared/record/recording-file.ts";
import { fileError } from "../durable-file.ts";

/** Sealed bytes that may wait for the disk before the source is asked to wait too. */
const highWaterBytes = 1024 * 1024;
/** A source that did not wait is cut off here: memory is bounded, and nothing goes by unrecorded. */
const maxWaitingBytes = 16 * 1024 * 1024;
/** Frames that one write takes: a write costs as much as copying many of them. */
const batchFrames = 32;

/** Counts the bytes of all recordings against the quota. */
export interface Space {
  /** Throws `disk_full` if the quota would be exceeded. */
  take(bytes: number): void;
  give(bytes: number): void;
}

/** What is in a finished file. */
export interface FileTotals {
  readonly chunks: number;
  readonly bytes: number;
  /** SHA-256 of the file. */
  readonly hash: Uint8Array;
}

/** Where a screen's segment begins. */
export interface SegmentPlace extends FramePlace {
  /** Of the record in its chunk. */
  readonly index: number;
  /** Bytes before the file's first chunk. */
  readonly headerBytes: number;
}

interface Frame {
  readonly parts: readonly Uint8Array[];
  readonly bytes: number;
}

export class ChunkFile {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #sealer: ChunkSealer;
  readonly #space: Space;
  readonly #headerBytes: number;
  readonly #hash = startSha256();
  readonly #failure = new AbortController();
  #waiting: Frame[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #changed = Promise.withResolvers<void>();
  #added = 0;
  #chunks = 0;
  #bytes: number;
  /** The last one that is in the file, and those after it. */
  #segments: readonly SegmentPlace[] = [];
  #ended = false;
  #followers = 0;

  /** Takes over `file`, which holds `preamble` already. */
  constructor(
    path: string,
    file: FileHandle,
    preamble: Uint8Array,
    sealer: ChunkSealer,
    space: Space,
  ) {
    this.path = path;
    this.#file = file;
    this.#sealer = sealer;
    this.#space = space;
    this.#hash.update(preamble);
    this.#headerBytes = preamble.length;
    this.#bytes = preamble.length;
  }

  /** Aborted with the reason when a chunk could not be written. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /** Bytes of the file that hold whole chunks. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when nothing will be added to the file any more. */
  get ended(): boolean {
    return this.#ended;
  }

  get isBehind(): boolean {
    return this.#waitingBytes > highWaterBytes;
  }

  get isFollowed(): boolean {
    return this.#followers > 0;
  }

  /** Where the last segment begins that is in the file; undefined before the first, and of what is no screen. */
  get lastSegment(): SegmentPlace | undefined {
    return this.#segments.findLast(({ number }) => number < this.#chunks);
  }

  /** A segment begins with the record of this index in the chunk that is added next. */
  beginSegment(index: number): void {
    const last = this.lastSegment;
    const place = {
      number: this.#added,
      startsAt: this.#bytes + this.#waitingBytes,
      index,
      headerBytes: this.#headerBytes,
    };
    const waiting = this.#segments.filter(({ number }) => number >= this.#chunks);
    this.#segments = [...(last ? [last] : []), ...waiting, place];
  }

  /** Seals a chunk and hands it to the disk; failures show in `failed`. */
  add(plaintext: Uint8Array, final: boolean): void {
    if (this.failed.aborted) return;
    try {
      const parts = this.#sealer.seal(plaintext, final);
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      this.#space.take(bytes);
      this.#added += 1;
      this.#waiting.push({ parts, bytes });
      this.#waitingBytes += bytes;
      if (this.#waitingBytes > maxWaitingBytes) {
        throw new SallyportError(
          "recording_failed",
          `the disk is ${this.#waitingBytes} bytes behind, expected at most ${maxWaitingBytes}`,
        );
      }
    } catch (cause) {
      this.#fail(cause);
      return;
    }
    this.#writing ??= this.#writeWaiting();
  }

  /** Resolves when the disk has caught up; rejects with the failure. */
  async drained(): Promise<void> {
    while (this.isBehind && !this.failed.aborted) await this.#changed.promise;
    this.failed.throwIfAborted();
  }

  /** Resolves when the file has grown or ended since the call. */
  changed(): Promise<void> {
    return this.#changed.promise;
  }

  /** Says that someone reads along; until disposed. */
  follow(): Disposable {
    this.#followers += 1;
    return { [Symbol.dispose]: () => void (this.#followers -= 1) };
  }

  /** Brings what was written so far to the disk; beside the writing, not before it. A failure shows in `failed`. */
  async sync(): Promise<void> {
    const target = this.#bytes + this.#waitingBytes;
    try {
      while (this.#bytes < target && !this.failed.aborted) await this.#changed.promise;
      if (!this.#ended && !this.failed.aborted) await this.#file.datasync();
    } catch (cause) {
      this.#fail(cause);
    }
  }

  /** Writes what waits, cuts off a chunk that was not written whole, syncs and closes. Throws if the file cannot be left sound. */
  async finish(): Promise<FileTotals> {
    try {
      await this.#writing;
      if (this.failed.aborted) await this.#file.truncate(this.#bytes);
      await this.#file.sync();
      return { chunks: this.#chunks, bytes: this.#bytes, hash: this.#hash.digest() };
    } catch (cause) {
      throw this.#fail(cause);
    } finally {
      this.#ended = true;
      this.#wake();
      await this.#file.close();
    }
  }

  async #writeWaiting(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#writeBatch(this.#waiting.slice(0, batchFrames));
    } catch (cause) {
      this.#fail(cause);
    }
    this.#writing = undefined;
  }

  // A full disk takes a part: the frames that are whole in it count, the rest is cut off by `finish`.
  async #writeBatch(frames: readonly Frame[]): Promise<void> {
    const startsAt = this.#bytes;
    let parts = frames.flatMap((frame) => frame.parts);
    let written = 0;
    try {
      while (parts.length > 0) {
        const { bytesWritten } = await this.#file.writev(parts, startsAt + written);
        written += bytesWritten;
        parts = without(parts, bytesWritten);
      }
    } finally {
      for (const frame of frames) {
        if (this.failed.aborted || this.#bytes + frame.bytes > startsAt + written) break;
        this.#waiting.shift();
        this.#waitingBytes -= frame.bytes;
        for (const part of frame.parts) this.#hash.update(part);
        this.#bytes += frame.bytes;
        this.#chunks += 1;
      }
      this.#wake();
    }
  }

  #fail(cause: unknown): SallyportError {
    const told = fileError(cause, this.path);
    const error =
      told.code === "file_invalid"
        ? new SallyportError("recording_failed", told.message, { cause })
        : told;
    if (!this.failed.aborted) {
      this.#space.give(this.#waitingBytes);
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#failure.abort(error);
    }
    this.#wake();
    return error;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}

/** The parts that are left after their first `bytes` bytes. */
function without(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = [];
  let skip = bytes;
  for (const part of parts) {
    if (skip < part.length) left.push(part.subarray(skip));
    skip = Math.max(0, skip - part.length);
  }
  return left;
}
