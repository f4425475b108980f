// The journal: what happened at this edge, in order, hash-chained, on the disk before it takes effect (shared/protocol.md, "Journal").
// Invariants: `append` resolves after fsync; entries have the order of the calls; after one failed write nothing is appended any more until it is opened anew.
import { constants, open, type FileHandle } from "node:fs/promises";
import { wallSeconds, type Clock } from "../shared/clock.ts";
import type { CryptoSuite } from "../shared/crypto/suite.ts";
import { signEnvelope, type Envelope, type SignPae } from "../shared/document/envelope.ts";
import { SallyportError } from "../shared/errors.ts";
import type { DocumentHash, EdgeId, SiteId } from "../shared/ids.ts";
import {
  emptyHead,
  encodeEntry,
  headerText,
  nextEntry,
  prepareEntry,
  type EntryDetails,
  type EntryHash,
  type EntryIds,
  type JournalEntry,
  type JournalPoint,
} from "../shared/record/journal-entry.ts";
import { fileError, makeFolder, syncFolder } from "./durable-file.ts";
import { untilEither } from "./record/until-either.ts";
import {
  listSegments,
  readEntries,
  readSegment,
  segmentAt,
  type Segment,
} from "./record/journal-segments.ts";

const defaultSegmentBytes = 256 * 1024;
/** Entries that one write and one fsync take together. */
const batchEntries = 128;
/** Newest entries kept in memory, so that whoever follows does not read files. */
const recentEntries = 256;

export interface JournalOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly bootId: string;
  readonly suite: CryptoSuite;
  /** A segment that would grow beyond this is closed. */
  readonly segmentBytes?: number;
}

interface Waiting {
  readonly event: string;
  readonly ids: EntryIds;
  readonly details: EntryDetails | undefined;
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly settled: PromiseWithResolvers<JournalEntry>;
}

interface Tail {
  readonly segment: Segment;
  readonly file: FileHandle;
  bytes: number;
}

/**
 * Opens the journal in `folder`, or begins one. The last two segments are checked, `verify` checks all. An unfinished last line is cut off and
 * journaled; throws `journal_damaged` with the entry's number for any other change.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { folder, suite } = options;
  await makeFolder(folder);
  const segments = await listSegments(folder);
  let point: JournalPoint | undefined =
    segments.length <= 2 ? { length: 0, head: emptyHead } : undefined;
  let bytes = 0;
  let tornBytes = 0;
  for (const segment of segments.slice(-2)) {
    const content = await readSegment(suite, segment, point);
    ({ point, tornBytes } = content);
    bytes = content.soundBytes;
    if (tornBytes > 0 && segment !== segments.at(-1)) {
      throw new SallyportError(
        "journal_damaged",
        `journal entry ${point.length}: its line is cut, and others come after it`,
      );
    }
  }
  const segment = segments.at(-1) ?? segmentAt(folder, 0);
  const file = await openTail(segment, bytes, tornBytes, folder);
  const journal = new Journal(options, point ?? { length: 0, head: emptyHead }, {
    segment,
    file,
    bytes,
  });
  if (journal.length === 0) await journal.append("journal-started", {});
  if (tornBytes > 0) await journal.append("journal-repaired", {}, { tornBytes });
  return journal;
}

async function openTail(
  segment: Segment,
  soundBytes: number,
  tornBytes: number,
  folder: string,
): Promise<FileHandle> {
  try {
    const file = await open(segment.path, constants.O_RDWR | constants.O_CREAT, 0o600);
    if (tornBytes > 0) {
      await file.truncate(soundBytes);
      await file.sync();
    }
    await syncFolder(folder);
    return file;
  } catch (cause) {
    throw fileError(cause, segment.path);
  }
}

/** An open journal; one process holds it. */
export class Journal implements AsyncDisposable {
  readonly #options: JournalOptions;
  readonly #failure = new AbortController();
  #point: JournalPoint;
  #tail: Tail;
  #recent: JournalEntry[] = [];
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #appended = Promise.withResolvers<void>();

  /** Only `openJournal` makes one. */
  constructor(options: JournalOptions, point: JournalPoint, tail: Tail) {
    this.#options = options;
    this.#point = point;
    this.#tail = tail;
  }

  /** Number of entries that are on the disk. */
  get length(): number {
    return this.#point.length;
  }

  /** Hash of the last of them. */
  get head(): EntryHash {
    return this.#point.head as EntryHash;
  }

  get bootId(): string {
    return this.#options.bootId;
  }

  /** Aborted with the reason when an entry could not be written. What needs a journal must end then. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  /**
   * Writes one entry; resolves when it is on the disk. Rejects with `message_invalid` for an entry that cannot be said, and with `disk_full` or
   * `file_invalid` when it cannot be written: nothing of it is left then, and every later call rejects likewise.
   */
  append(event: string, ids: EntryIds, details?: EntryDetails): Promise<JournalEntry> {
    if (this.failed.aborted) return Promise.reject(this.failed.reason as SallyportError);
    const { clock } = this.#options;
    const settled = Promise.withResolvers<JournalEntry>();
    const at = { wallMs: Math.round(clock.wallMs()), monotonicMs: Math.round(clock.monotonicMs()) };
    this.#queue.push({ event, ids, details, ...at, settled });
    this.#writing ??= this.#writeQueue();
    return settled.promise;
  }

  /** True if this journal once had exactly this length and head. Throws `journal_damaged` if it cannot tell. */
  async contains(point: { length: number; head: string }): Promise<boolean> {
    if (point.length > this.length || point.length < 0) return false;
    if (point.length === 0) return point.head === emptyHead;
    for await (const entry of this.entriesFrom(point.length - 1)) return entry.hash === point.head;
    return false;
  }

  /** Entries from number `n`, checked while they are read. With `follow` it goes on with new ones until that signal is aborted or the journal fails. */
  async *entriesFrom(n: number, follow?: AbortSignal): AsyncGenerator<JournalEntry> {
    const { suite, folder } = this.#options;
    let next = n;
    for (;;) {
      while (next < this.length) {
        const oldest = this.#recent[0]?.header.n ?? this.length;
        const entries =
          next < oldest
            ? readEntries(suite, folder, next, this.length)
            : this.#recent.slice(next - oldest);
        for await (const entry of entries) {
          yield entry;
          next = entry.header.n + 1;
        }
      }
      if (follow === undefined || follow.aborted || this.failed.aborted) return;
      await untilEither(this.#appended.promise, follow);
    }
  }

  /** The exact text of at most `count` headers, from entry number `n` on. */
  async headersFrom(n: number, count: number): Promise<string[]> {
    const texts: string[] = [];
    for await (const { header } of this.entriesFrom(n)) {
      texts.push(headerText(header));
      if (texts.length === count) break;
    }
    return texts;
  }

  /** Checks every entry of every segment; throws `journal_damaged` with the number of the first one that was changed. */
  async verify(): Promise<void> {
    const { suite, folder } = this.#options;
    const { length, head } = this.#point;
    let last: string = emptyHead;
    for await (const entry of readEntries(suite, folder, 0, length)) last = entry.hash;
    if (last !== head) {
      throw new SallyportError("journal_damaged", `journal entry ${length - 1}: it was replaced`);
    }
  }

  /** Waits for what was appended, then closes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
    if (this.failed.aborted) return;
    this.#fail(new SallyportError("file_invalid", "the journal is closed"));
    await this.#tail.file.close();
  }

  async #writeQueue(): Promise<void> {
    // Whatever was appended within the same turn shares the first fsync already.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, batchEntries);
      try {
        await this.#writeBatch(batch);
      } catch (cause) {
        const error = fileError(cause, this.#tail.segment.path);
        this.#fail(error);
        await this.#cutBack().catch((second: unknown) => {
          error.cause = new AggregateError([cause, second]);
        });
        for (const waiting of [...batch, ...this.#queue]) waiting.settled.reject(error);
        this.#queue = [];
      }
    }
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const written: { waiting: Waiting; entry: JournalEntry }[] = [];
    const lines: string[] = [];
    let point = this.#point;
    for (const waiting of batch) {
      const entry = await this.#entryOf(waiting, point);
      if (entry === undefined) continue;
      written.push({ waiting, entry });
      lines.push(`${encodeEntry(entry)}\n`);
      point = { length: point.length + 1, head: entry.hash };
    }
    if (written.length === 0) return;
    const bytes = Buffer.from(lines.join(""));
    await this.#makeRoom(bytes.length);
    await writeWhole(this.#tail.file, bytes, this.#tail.bytes);
    await this.#tail.file.datasync();
    this.#tail.bytes += bytes.length;
    this.#point = point;
    this.#recent.push(...written.map(({ entry }) => entry));
    this.#recent.splice(0, this.#recent.length - recentEntries);
    for (const { waiting, entry } of written) waiting.settled.resolve(entry);
    this.#wakeFollowers();
  }

  // An entry that cannot be said is its caller's fault alone and takes no number.
  async #entryOf(waiting: Waiting, point: JournalPoint): Promise<JournalEntry | undefined> {
    const { suite, bootId } = this.#options;
    const { event, ids, details, wallMs, monotonicMs } = waiting;
    try {
      const prepared = await prepareEntry(suite, event, ids, details);
      return await nextEntry(suite, point, { wallMs, monotonicMs, bootId }, prepared);
    } catch (cause) {
      waiting.settled.reject(cause);
      return undefined;
    }
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { folder, segmentBytes = defaultSegmentBytes } = this.#options;
    if (this.#tail.bytes === 0 || this.#tail.bytes + bytes <= segmentBytes) return;
    const segment = segmentAt(folder, this.length);
    const file = await open(segment.path, "wx", 0o600);
    const former = this.#tail.file;
    this.#tail = { segment, file, bytes: 0 };
    await former.close();
    await syncFolder(folder);
  }

  // What nobody was told of must not stay. Should even this fail, opening finds an unfinished line, or entries that merely were not confirmed.
  async #cutBack(): Promise<void> {
    const { file, bytes } = this.#tail;
    try {
      await file.truncate(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  #fail(error: SallyportError): void {
    this.#failure.abort(error);
    this.#wakeFollowers();
  }

  #wakeFollowers(): void {
    this.#appended.resolve();
    this.#appended = Promise.withResolvers();
  }
}

/** The edge's signed word on how long its journal is and what its head is, under manifest `manifest`. */
export async function makeCheckpoint(options: {
  readonly journal: Journal;
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly manifest: DocumentHash;
  readonly clock: Clock;
  readonly sign: SignPae;
}): Promise<Envelope> {
  const { journal, site, edge, manifest, clock, sign } = options;
  const { bootId, length, head } = journal;
  const payload = { site, edge, bootId, length, head, manifest, at: wallSeconds(clock) };
  return signEnvelope("checkpoint", payload, [sign]);
}

async function writeWhole(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
