// A recording in memory, by the recorder's contract, that a test can read, hold back and let fail.
import { createHash, type Hash } from "node:crypto";
import { SallyportError } from "../../shared/errors.ts";
import type { Recording, RecordingSubject } from "../../edge/targets/target.ts";

export type RecordedDirection = Parameters<Recording["write"]>[0];

export class MemoryRecording implements Recording {
  readonly subject: RecordingSubject;
  readonly events: { readonly name: string; readonly details: unknown }[] = [];
  isClosed = false;
  /** True: every write says that the disk is behind, until `catchUp`. */
  isBehind = false;
  /** False: only hashes are kept, for bulk. */
  keepsBytes = true;
  readonly #hashes = new Map<RecordedDirection, Hash>();
  readonly #failing = new AbortController();
  readonly #parts: { readonly direction: RecordedDirection; readonly bytes: Buffer }[] = [];
  #waiting: (() => void)[] = [];

  constructor(subject: RecordingSubject) {
    this.subject = subject;
  }

  get failed(): AbortSignal {
    return this.#failing.signal;
  }

  write(direction: RecordedDirection, bytes: Uint8Array): boolean {
    if (this.keepsBytes) this.#parts.push({ direction, bytes: Buffer.from(bytes) });
    const hash = this.#hashes.get(direction) ?? createHash("sha256");
    this.#hashes.set(direction, hash.update(bytes));
    return !this.isBehind;
  }

  async drained(): Promise<void> {
    if (this.isBehind) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  event(name: string, details: Readonly<Record<string, unknown>>): void {
    this.events.push({ name, details });
  }

  async close(): ReturnType<Recording["close"]> {
    this.isClosed = true;
    return { recording: "test" as never, chunks: 0, bytes: 0, hash: "", torn: false };
  }

  /** All bytes of one direction. */
  bytesOf(direction: RecordedDirection): Buffer {
    const parts = this.#parts.filter((part) => part.direction === direction);
    return Buffer.concat(parts.map(({ bytes }) => bytes));
  }

  /** SHA-256 in hex of the same. */
  hashOf(direction: RecordedDirection): string {
    return (this.#hashes.get(direction) ?? createHash("sha256")).copy().digest("hex");
  }

  catchUp(): void {
    this.isBehind = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  fail(): void {
    this.#failing.abort(new SallyportError("recording_failed", "disk is gone"));
  }
}
