// The journal's files: NDJSON segments named by the number of their first entry, read and checked one at a time (shared/protocol.md, "Journal").
// Invariant: nothing is given out that was not checked against the entry before it. Never writes.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import {
  damaged,
  emptyHead,
  readEntry,
  type JournalEntry,
  type JournalPoint,
} from "../../shared/record/journal-entry.ts";
import { errnoOf, fileError } from "../durable-file.ts";

const namePattern = /^(\d{12})\.ndjson$/;
const lineFeed = 0x0a;

/** One file of the journal; it ends where the next begins. */
export interface Segment {
  readonly path: string;
  /** Number of its first entry. */
  readonly first: number;
}

export interface SegmentContent {
  readonly entries: readonly JournalEntry[];
  /** The journal's point after the last whole entry. */
  readonly point: JournalPoint;
  /** Bytes up to and with the last line feed. */
  readonly soundBytes: number;
  /** Bytes of a last line that was never finished. */
  readonly tornBytes: number;
}

export function segmentAt(folder: string, first: number): Segment {
  return { first, path: join(folder, `${String(first).padStart(12, "0")}.ndjson`) };
}

/** All segments in order; none if the folder is missing. Throws `journal_damaged` if the first one is. */
export async function listSegments(folder: string): Promise<Segment[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return [];
    throw fileError(cause, folder);
  }
  const firsts = names
    .map((name) => namePattern.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((left, right) => left - right);
  if (firsts.length > 0 && firsts[0] !== 0) damaged(0, "its segment is missing");
  return firsts.map((first) => segmentAt(folder, first));
}

/**
 * Reads and checks one segment. Its first entry must continue `before`; if that is undefined, it may continue anything.
 * Throws `journal_damaged` with the entry's number. `limit` stops before that entry, so that a writer's unfinished tail is not looked at.
 */
export async function readSegment(
  suite: CryptoSuite,
  segment: Segment,
  before: JournalPoint | undefined,
  limit: number = Number.POSITIVE_INFINITY,
): Promise<SegmentContent> {
  if (before !== undefined && before.length !== segment.first) {
    damaged(before.length, "it and those up to the next segment are missing");
  }
  const bytes = await readFile(segment.path).catch((cause: unknown) => {
    throw fileError(cause, segment.path);
  });
  const soundBytes = bytes.lastIndexOf(lineFeed) + 1;
  const lines = bytes.toString("utf8", 0, soundBytes).split("\n").slice(0, -1);
  const entries: JournalEntry[] = [];
  let point = before ?? { length: segment.first, head: previousIn(lines[0]) };
  for (const line of lines) {
    if (point.length >= limit) break;
    const { entry, next } = await readEntry(suite, line, point);
    entries.push(entry);
    point = next;
  }
  return { entries, point, soundBytes, tornBytes: bytes.length - soundBytes };
}

/**
 * The entries from number `n` up to `limit`, read from the files of a journal that may be in use; an unfinished last line is passed over.
 * Throws `journal_damaged` with the number of the first entry that was changed.
 */
export async function* readEntries(
  suite: CryptoSuite,
  folder: string,
  n: number,
  limit: number = Number.POSITIVE_INFINITY,
): AsyncGenerator<JournalEntry> {
  const segments = await listSegments(folder);
  const start = segments.findLastIndex((segment) => segment.first <= n);
  let point: JournalPoint | undefined = start <= 0 ? { length: 0, head: emptyHead } : undefined;
  for (const segment of segments.slice(Math.max(0, start))) {
    if (segment.first >= limit) break;
    const content = await readSegment(suite, segment, point, limit);
    for (const entry of content.entries) if (entry.header.n >= n) yield entry;
    point = content.point;
  }
  if (point !== undefined && point.length < limit && Number.isFinite(limit)) {
    damaged(point.length, "it and those after it are missing");
  }
}

// What a segment's first line says that it continues; if that is a lie, the line itself does not hold.
function previousIn(line: string | undefined): string {
  return /"previous":"([A-Za-z0-9_-]{43})"\}/.exec(line ?? "")?.[1] ?? emptyHead;
}
