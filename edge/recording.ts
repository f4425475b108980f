// Recordings of this edge: opened and closed in the journal, sealed while they are written, flushed each second (shared/protocol.md, "Recording").
// Invariant: fail closed. A stream whose recording or journal cannot be written says so in `failed`, and its session must end.
import { open, readdir, rename, rm, stat, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { toBase64Url } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import type { CryptoSuite, XWingKeyPair } from "../shared/crypto/suite.ts";
import { SallyportError } from "../shared/errors.ts";
import type { DocumentHash, EdgeId, PersonId, SiteId, TargetId } from "../shared/ids.ts";
import {
  entryIdsOf,
  maxTitleLength,
  startRecording,
  type RecordingFacts,
  type RecordingHeader,
  type RecordingId,
  type StartedRecording,
} from "../shared/record/recording-file.ts";
import { ChunkBuffer, encodeEvent, type Direction } from "../shared/record/recording-records.ts";
import { screenKind, segmentEvent } from "../shared/record/screen-words.ts";
import { fileError, makeFolder, syncFolder } from "./durable-file.ts";
import type { Journal } from "./journal.ts";
import { ChunkFile, type Space } from "./record/chunk-file.ts";
import { closeTorn } from "./record/torn-recordings.ts";

const flushMs = 1000;
/** While someone watches, so that they see what happens and not what happened. */
const followedFlushMs = 50;
const fileEnding = ".recording";
const idPattern = /^[A-Za-z0-9_-]{22}$/;
const defaultReserveBytes = 32 * 1024 * 1024;

/** What a stream's recording is about. */
export interface RecordingSubject {
  readonly session: string;
  readonly target: TargetId;
  readonly person: PersonId;
  readonly grant: DocumentHash;
  /** A slug: `terminal` plays as asciicast; `exec`, `sftp`, `tcp` and others as a log of bytes. */
  readonly kind: string;
  /** A command line, a port: what a list shows beside the kind. */
  readonly title?: string;
  readonly columns?: number;
  readonly rows?: number;
}

/** Plaintext bytes recorded per direction. */
export type DirectionTotals = Readonly<Record<Direction, number>>;

export interface RecordingTotals {
  readonly recording: RecordingId;
  readonly chunks: number;
  /** Of the sealed file. */
  readonly bytes: number;
  /** Unpadded base64url of SHA-256 of the file. */
  readonly hash: string;
  /** True if the end is missing: the recorder failed or the process died. */
  readonly torn: boolean;
}

export interface RecordingsOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly suite: CryptoSuite;
  readonly journal: Journal;
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly edgeKeys: XWingKeyPair;
  /** The site's public audit key. */
  readonly auditKey: Uint8Array | undefined;
  /** All recordings together may have this many bytes; beyond it nothing is recorded, so nothing opens. */
  readonly quotaBytes: number;
  /** Part of the quota at which `onSpaceLow` is called once, and the journal told. */
  readonly warnPercent: number;
  readonly onSpaceLow: (usedBytes: number, quotaBytes: number) => void;
  /** Free bytes of the disk that recordings leave to the journal and the vault, whatever their quota: a full edge must still be reachable. */
  readonly reserveBytes?: number;
}

/** Opens the folder of recordings; those that a crash left open are closed as torn first, up to their last sound chunk. */
export async function openRecordings(options: RecordingsOptions): Promise<Recordings> {
  const openFolder = join(options.folder, "open");
  const closedFolder = join(options.folder, "closed");
  await makeFolder(openFolder);
  await makeFolder(closedFolder);
  await closeTorn({ ...options, openFolder, closedFolder });
  return new Recordings(options, await usedIn(closedFolder));
}

/** All recordings of this edge; one process holds them. */
export class Recordings {
  readonly options: RecordingsOptions;
  readonly #live = new Map<RecordingId, ChunkFile>();
  #usedBytes: number;
  /** What recordings may still take from the disk, as measured when the last one was opened, and each second while something is recorded. */
  #roomBytes = 0;
  #measuredMs = 0;
  #warned = false;

  /** Only `openRecordings` makes one. */
  constructor(options: RecordingsOptions, usedBytes: number) {
    this.options = options;
    this.#usedBytes = usedBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Begins a recording: file and journal entry are on the disk when this resolves. Rejects with `disk_full` or `recording_failed`; nothing is left then. */
  async open(subject: RecordingSubject): Promise<StreamRecording> {
    const { suite, edgeKeys, auditKey, clock, journal } = this.options;
    await this.#measureRoom();
    const started = await startRecording(suite, this.#factsOf(subject), {
      edge: edgeKeys.publicKey,
      ...(auditKey && { audit: auditKey }),
    });
    const { recording } = started.header;
    const file = await this.#makeFile(started);
    const { kind, title } = started.header;
    const header = toBase64Url(await suite.sha256(started.preamble));
    try {
      await journal.append("recording-opened", entryIdsOf(started.header), { kind, title, header });
    } catch (cause) {
      await file.finish();
      await rm(file.path);
      throw cause;
    }
    this.#live.set(recording, file);
    return new StreamRecording(started.header, file, clock, journal, async () => {
      await rename(file.path, this.#pathOf("closed", recording));
      await syncFolder(join(this.options.folder, "closed"));
      this.#live.delete(recording);
    });
  }

  /** Ids of all recordings, those still open too; in no order. */
  async ids(): Promise<RecordingId[]> {
    const closed = await namesIn(join(this.options.folder, "closed"));
    return [...this.#live.keys(), ...closed.filter((id) => !this.#live.has(id))];
  }

  /** Where a recording's file is, with its writer if it is still open. Throws `not_found` for what cannot be an id. */
  locate(recording: RecordingId): { path: string; live: ChunkFile | undefined } {
    // Attack: an id from a reader's message that climbs out of the folder.
    if (!idPattern.test(recording)) {
      throw new SallyportError("not_found", `no recording "${recording}"`);
    }
    const live = this.#live.get(recording);
    return { path: live?.path ?? this.#pathOf("closed", recording), live };
  }

  #factsOf(subject: RecordingSubject): RecordingFacts {
    const { suite, clock, journal, site, edge } = this.options;
    const { session, target, person, grant, kind } = subject;
    const { columns = null, rows = null } = subject;
    const title = subject.title?.slice(0, maxTitleLength).toWellFormed() ?? null;
    const startedMs = Math.round(clock.wallMs());
    const journalLength = journal.length;
    const [cipher = "aes-256-gcm"] = suite.ciphersByPreference();
    const who = { site, edge, session, target, person, grant };
    return { ...who, kind, title, columns, rows, startedMs, journalLength, cipher };
  }

  async #makeFile({ header, preamble, sealer }: StartedRecording): Promise<ChunkFile> {
    const path = this.#pathOf("open", header.recording);
    const space: Space = {
      take: (bytes) => this.#take(bytes),
      give: (bytes) => {
        this.#usedBytes -= bytes;
        this.#roomBytes += bytes;
      },
    };
    space.take(preamble.length);
    let file: FileHandle | undefined;
    try {
      file = await open(path, "wx", 0o600);
      await file.writeFile(preamble);
      await file.sync();
      await syncFolder(join(this.options.folder, "open"));
      return new ChunkFile(path, file, preamble, sealer, space);
    } catch (cause) {
      space.give(preamble.length);
      await file?.close();
      await rm(path, { force: true });
      throw fileError(cause, path);
    }
  }

  #pathOf(state: "open" | "closed", recording: RecordingId): string {
    return join(this.options.folder, state, `${recording}${fileEnding}`);
  }

  async #measureRoom(): Promise<void> {
    const { folder, clock, reserveBytes = defaultReserveBytes } = this.options;
    this.#measuredMs = clock.monotonicMs();
    const { bavail, bsize } = await statfs(folder);
    this.#roomBytes = bavail * bsize - reserveBytes;
  }

  #take(bytes: number): void {
    const { quotaBytes, warnPercent, onSpaceLow, journal, clock } = this.options;
    // Others fill the disk too. What cannot be measured shows when it is written.
    if (clock.monotonicMs() - this.#measuredMs >= flushMs) {
      this.#measureRoom().catch(() => undefined);
    }
    const used = this.#usedBytes + bytes;
    if (used > quotaBytes) {
      throw new SallyportError(
        "disk_full",
        `recordings of ${used} bytes exceed their quota of ${quotaBytes}`,
      );
    }
    if (bytes > this.#roomBytes) {
      throw new SallyportError(
        "disk_full",
        "the disk has only what recordings must leave to the journal",
      );
    }
    this.#usedBytes = used;
    this.#roomBytes -= bytes;
    if (this.#warned || used < (quotaBytes * warnPercent) / 100) return;
    this.#warned = true;
    onSpaceLow(used, quotaBytes);
    // A journal that cannot take this fails by itself, and with it every recording.
    journal.append("recording-space-low", {}, { used, quotaBytes }).catch(() => undefined);
  }
}

/** One stream's recording. Whoever opened it closes it, also after `failed`. */
export class StreamRecording {
  readonly header: RecordingHeader;
  /** Aborted with the reason when this recording or the journal can no longer be written: the session must end. */
  readonly failed: AbortSignal;
  readonly #file: ChunkFile;
  readonly #clock: Clock;
  readonly #journal: Journal;
  readonly #settle: () => Promise<void>;
  readonly #startedMs: number;
  readonly #plaintextBytes: Record<Direction, number> = {
    "to-device": 0,
    "from-device": 0,
    "device-error": 0,
  };
  #buffer = new ChunkBuffer();
  #flushing: Disposable | undefined;
  #closing: Promise<RecordingTotals> | undefined;

  /** Only `Recordings` makes one. `settle` puts the finished file in its place. */
  constructor(
    header: RecordingHeader,
    file: ChunkFile,
    clock: Clock,
    journal: Journal,
    settle: () => Promise<void>,
  ) {
    this.header = header;
    this.failed = AbortSignal.any([file.failed, journal.failed]);
    this.#file = file;
    this.#clock = clock;
    this.#journal = journal;
    this.#settle = settle;
    this.#startedMs = clock.monotonicMs();
  }

  get id(): RecordingId {
    return this.header.recording;
  }

  /** Records a copy of `bytes`. False: the disk is behind, so wait for `drained` before reading more from the source; or nothing is recorded any more. */
  write(direction: Direction, bytes: Uint8Array): boolean {
    if (this.#isOver) return false;
    const atUs = this.#elapsedUs();
    for (let offset = 0; offset < bytes.length;) {
      const taken = this.#buffer.addData(direction, atUs, bytes, offset);
      if (taken === 0) this.#seal(false);
      offset += taken;
    }
    this.#plaintextBytes[direction] += bytes.length;
    this.#flushSoon();
    return !this.#file.isBehind && !this.failed.aborted;
  }

  /** Resolves when the disk has caught up; rejects with the reason of `failed`. */
  async drained(): Promise<void> {
    await this.#file.drained();
    this.failed.throwIfAborted();
  }

  /** Records something that is not bytes: `resize {columns, rows}`, `exit {code}`, `connected`. Throws `message_invalid` for one that has no JSON. */
  event(name: string, details: Readonly<Record<string, unknown>>): void {
    const text = encodeEvent(name, details);
    if (this.#isOver) return;
    const atUs = this.#elapsedUs();
    if (!this.#buffer.addEvent(atUs, text)) {
      this.#seal(false);
      this.#buffer.addEvent(atUs, text);
    }
    if (name === segmentEvent && this.header.kind === screenKind) {
      this.#file.beginSegment(this.#buffer.records - 1);
    }
    this.#flushSoon();
  }

  /** Ends the recording and journals its totals; after `failed` it is closed as torn, as far as it is sound. Rejects if even that cannot be written. */
  close(): Promise<RecordingTotals> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<RecordingTotals> {
    this.#flushing?.[Symbol.dispose]();
    this.#seal(true);
    const { chunks, bytes, hash } = await this.#file.finish();
    const torn = this.#file.failed.aborted;
    const totals = { chunks, bytes, hash: toBase64Url(hash), torn };
    const plaintext = torn ? {} : { plaintext: this.#plaintextBytes };
    const ids = entryIdsOf(this.header);
    await this.#journal.append("recording-closed", ids, { ...totals, ...plaintext });
    await this.#settle();
    return { recording: this.id, ...totals };
  }

  get #isOver(): boolean {
    return this.#closing !== undefined || this.failed.aborted;
  }

  #elapsedUs(): number {
    return Math.round((this.#clock.monotonicMs() - this.#startedMs) * 1000);
  }

  #seal(final: boolean): void {
    this.#file.add(this.#buffer.take(), final);
  }

  #flushSoon(): void {
    this.#flushing ??= this.#clock.setTimer(
      this.#file.isFollowed ? followedFlushMs : flushMs,
      () => {
        this.#flushing = undefined;
        if (!this.#buffer.isEmpty) this.#seal(false);
        // Its failure shows in `failed`.
        void this.#file.sync();
      },
    );
  }
}

/** Ids of the recordings whose files lie in `folder`. */
async function namesIn(folder: string): Promise<RecordingId[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(fileEnding))
    .map((name) => name.slice(0, -fileEnding.length) as RecordingId);
}

async function usedIn(folder: string): Promise<number> {
  let used = 0;
  for (const name of await readdir(folder)) used += (await stat(join(folder, name))).size;
  return used;
}
