// The reading side of recordings: list, play, follow and search (shared/protocol.md, "Recording: playing"). Who may read is the gate's decision, made before.
// Invariant: everything read comes out of the sealed file, live or not; there is no second, unsealed way.
import { open, type FileHandle } from "node:fs/promises";
import { scheduler } from "node:timers/promises";
import type { PersonId, TargetId } from "../../shared/ids.ts";
import { playLines } from "../../shared/record/play-lines.ts";
import {
  openRecording,
  readFrames,
  type OpenedChunk,
  type OpenedRecording,
  type RecordingHeader,
  type RecordingId,
} from "../../shared/record/recording-file.ts";
import { screenKind, segmentEvent } from "../../shared/record/screen-words.ts";
import { searchLines, type Found } from "../../shared/record/search-lines.ts";
import { SallyportError } from "../../shared/errors.ts";
import { errnoOf, fileError } from "../durable-file.ts";
import type { Recordings } from "../recording.ts";
import type { ChunkFile, SegmentPlace } from "./chunk-file.ts";
import { untilEither } from "./until-either.ts";

const pieceBytes = 64 * 1024;
/** How often, and after how long, a file that is being moved is looked for again. */
const maxTries = 200;
const triesMs = 10;

export type RecordingSummary = Omit<RecordingHeader, "keys" | "cipher"> & {
  readonly state: "open" | "closed";
  /** Of the sealed file. */
  readonly bytes: number;
};

/** Narrows a list or a search. */
export interface RecordingFilter {
  readonly target?: TargetId;
  readonly person?: PersonId;
  readonly session?: string;
  /** Wall time of the start, inclusive. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** Recordings that fit the filter, newest first. A file that cannot be read is passed over; `export` and `verify` name it. */
export async function listRecordings(
  recordings: Recordings,
  filter: RecordingFilter = {},
): Promise<RecordingSummary[]> {
  const found: RecordingSummary[] = [];
  for (const id of await recordings.ids()) {
    const summary = await summaryOf(recordings, id);
    if (summary !== undefined && fits(summary, filter)) found.push(summary);
  }
  return found.sort((left, right) => right.startedMs - left.startedMs);
}

/** The lines of a recording as far as it is written; `playLines` says in which format. Throws `not_found` or `recording_damaged`. */
export async function* play(recordings: Recordings, id: RecordingId): AsyncGenerator<string> {
  yield* playLines(await openStored(recordings, id));
}

/**
 * Like `play`, and goes on while the recording is written, until it ends or `signal` is aborted. Being watched makes the recorder flush faster. Of a screen
 * it gives what there is from the beginning of its last segment.
 */
export async function* follow(
  recordings: Recordings,
  id: RecordingId,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const { live } = recordings.locate(id);
  const start = live === undefined ? await lastSegment(recordings, id) : live.lastSegment;
  const opened = await openStored(recordings, id, signal, start);
  yield* playLines(
    start === undefined ? opened : { ...opened, chunks: from(start, opened.chunks) },
  );
}

/** Lines that hold `text`, recording by recording, newest first. */
export async function* search(
  recordings: Recordings,
  text: string,
  filter: RecordingFilter = {},
): AsyncGenerator<Found & { readonly recording: RecordingId }> {
  for (const { recording } of await listRecordings(recordings, filter)) {
    const { chunks } = await openStored(recordings, recording);
    for await (const found of searchLines(chunks, text)) yield { recording, ...found };
  }
}

/**
 * A recording's file as it is, still sealed, up to its last whole chunk. With `follow` it goes on while the file grows; with `start` what lies between
 * the header and that chunk is left out.
 */
export async function* sealedBytes(
  recordings: Recordings,
  id: RecordingId,
  follow?: AbortSignal,
  start?: SegmentPlace,
): AsyncGenerator<Uint8Array> {
  const { file, live } = await openFile(recordings, id);
  const following = follow && live?.follow();
  try {
    for (let at = 0; ;) {
      const isLast = live === undefined || live.ended;
      const changed = live?.changed();
      const limit = isLast ? (await file.stat()).size : live.bytes;
      while (at < limit) {
        const endsAt = start !== undefined && at < start.headerBytes ? start.headerBytes : limit;
        const { bytesRead, buffer } = await file.read(
          Buffer.allocUnsafe(Math.min(pieceBytes, endsAt - at)),
          { position: at },
        );
        if (bytesRead === 0) return;
        at += bytesRead;
        if (at === start?.headerBytes) at = start.startsAt;
        yield buffer.subarray(0, bytesRead);
      }
      if (isLast || changed === undefined || follow === undefined || follow.aborted) return;
      await untilEither(changed, follow);
    }
  } finally {
    following?.[Symbol.dispose]();
    await file.close();
  }
}

/** Bytes of a recording's file so far; undefined if there is none. */
export async function recordedBytes(
  recordings: Recordings,
  id: RecordingId,
): Promise<number | undefined> {
  try {
    const { file, live } = await openFile(recordings, id);
    try {
      return live?.bytes ?? (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof SallyportError && cause.code === "not_found") return undefined;
    throw cause;
  }
}

// Of a closed recording, whose writer is gone: the whole of it is opened. Undefined for what is no screen.
async function lastSegment(
  recordings: Recordings,
  id: RecordingId,
): Promise<SegmentPlace | undefined> {
  let last: SegmentPlace | undefined;
  const { header, preamble, chunks } = await openStored(recordings, id);
  const { length: headerBytes } = preamble;
  let startsAt = headerBytes;
  for await (const { number, records, endsAt } of chunks) {
    if (header.kind !== screenKind) return undefined;
    let index = 0;
    for (const record of records) {
      if ("event" in record && record.event === segmentEvent) {
        last = { number, startsAt, index, headerBytes };
      }
      index += 1;
    }
    startsAt = endsAt;
  }
  return last;
}

async function* from(
  { number, index }: SegmentPlace,
  chunks: AsyncGenerator<OpenedChunk>,
): AsyncGenerator<OpenedChunk> {
  for await (const chunk of chunks) {
    const isFirst = chunk.number === number;
    yield isFirst ? { ...chunk, records: Iterator.from(chunk.records).drop(index) } : chunk;
  }
}

async function openStored(
  recordings: Recordings,
  id: RecordingId,
  follow?: AbortSignal,
  start?: SegmentPlace,
): Promise<OpenedRecording> {
  const { suite, edgeKeys } = recordings.options;
  const source = sealedBytes(recordings, id, follow, start);
  return openRecording(suite, source, "edge", edgeKeys.privateKey, "allowed", start);
}

// A recording that is being closed moves to another folder, and is said to be live until that is on the disk: its path is looked up again.
async function openFile(
  recordings: Recordings,
  id: RecordingId,
): Promise<{ file: FileHandle; live: ChunkFile | undefined }> {
  for (let tries = 1; ; tries += 1) {
    const { path, live } = recordings.locate(id);
    try {
      return { file: await open(path, "r"), live };
    } catch (cause) {
      if (errnoOf(cause) !== "ENOENT") throw fileError(cause, path);
      if (live === undefined || tries === maxTries) {
        throw new SallyportError("not_found", `no recording "${id}"`);
      }
    }
    await scheduler.wait(triesMs);
  }
}

async function summaryOf(
  recordings: Recordings,
  id: RecordingId,
): Promise<RecordingSummary | undefined> {
  const { file, live } = await openFile(recordings, id);
  try {
    const bytes = live?.bytes ?? (await file.stat()).size;
    const { header, frames } = await readFrames(
      file.createReadStream({ autoClose: false }),
      "allowed",
    );
    await frames.return(undefined);
    const { keys: _keys, cipher: _cipher, ...facts } = header;
    return { ...facts, state: live === undefined ? "closed" : "open", bytes };
  } catch (cause) {
    if (cause instanceof SallyportError) return undefined;
    throw cause;
  } finally {
    await file.close();
  }
}

/** True if a recording of these facts is asked for. */
export function fits(
  summary: { target: string; person: string; session: string; startedMs: number },
  filter: RecordingFilter,
): boolean {
  const { target, person, session, fromMs = -Infinity, toMs = Infinity } = filter;
  return (
    (target === undefined || summary.target === target) &&
    (person === undefined || summary.person === person) &&
    (session === undefined || summary.session === session) &&
    summary.startedMs >= fromMs &&
    summary.startedMs <= toMs
  );
}
