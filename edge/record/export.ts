// The evidence of this edge as one ustar stream (shared/protocol.md, "Evidence"): documents, journal, recordings still sealed, index, signature.
// Invariant: the journal in it ends exactly at the checkpoint in it, and every recording closed by then is in it or named as left out.
import { utf8, toBase64Url } from "../../shared/bytes.ts";
import { wallSeconds } from "../../shared/clock.ts";
import { startSha256 } from "../../shared/crypto/node-hash.ts";
import { encodeEnvelope, signEnvelope, type SignPae } from "../../shared/document/envelope.ts";
import { embed } from "../../shared/document/fields.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { DocumentHash } from "../../shared/ids.ts";
import {
  documentName,
  indexName,
  recordingName,
  sealName,
  segmentName,
  type EvidenceIndex,
} from "../../shared/record/evidence-index.ts";
import { encodeEntry, type JournalEntry } from "../../shared/record/journal-entry.ts";
import type { RecordingId } from "../../shared/record/recording-file.ts";
import { tarEnd, tarHeader, tarPadding } from "../../shared/record/tar.ts";
import { makeCheckpoint } from "../journal.ts";
import type { Recordings } from "../recording.ts";
import type { Archive } from "./archive.ts";
import { fits, recordedBytes, sealedBytes, type RecordingFilter } from "./reading.ts";

/** Entries of one journal file in a bundle. */
const entriesPerFile = 1000;

export interface ExportOptions {
  readonly recordings: Recordings;
  readonly archive: Archive;
  /** Hash of the manifest in force. */
  readonly manifest: DocumentHash;
  /** Signs as the edge. */
  readonly sign: SignPae;
  /** Which recordings to take; documents and journal are always whole. */
  readonly filter?: RecordingFilter;
}

type File = EvidenceIndex["files"][number];

/** The bundle's bytes, in pieces. Throws `journal_damaged` or `recording_failed` rather than giving out less than it says. */
export async function* exportEvidence(options: ExportOptions): AsyncGenerator<Uint8Array> {
  const { recordings, archive, manifest, sign, filter = {} } = options;
  const { journal, clock, site, edge } = recordings.options;
  const { length } = journal;
  const checkpoint = await makeCheckpoint({ journal, site, edge, manifest, clock, sign });
  const files: File[] = [];
  for await (const { type, hash, text } of archive.all()) {
    files.push(yield* wholeFile(documentName(type, hash), text));
  }
  const closed = new ClosedRecordings(filter);
  let lines: string[] = [];
  for await (const entry of entriesUpTo(journal.entriesFrom(0), length)) {
    closed.note(entry);
    lines.push(`${encodeEntry(entry)}\n`);
    const after = entry.header.n + 1;
    if (lines.length < entriesPerFile && after < length) continue;
    files.push(yield* wholeFile(segmentName(after - lines.length), utf8(lines.join(""))));
    lines = [];
  }
  for (const id of closed.wanted) {
    const bytes = await recordedBytes(recordings, id);
    // A file that is gone is neither taken nor called left out, so that whoever verifies the bundle finds it missing.
    if (bytes === undefined) continue;
    files.push(yield* streamedFile(recordingName(id), bytes, sealedBytes(recordings, id)));
  }
  const { leftOut } = closed;
  const index = utf8(JSON.stringify({ files, leftOut }));
  const { hash } = yield* wholeFile(indexName, index);
  const seal = {
    site,
    edge,
    index: { length: index.length, hash },
    checkpoint: embed(checkpoint),
    at: wallSeconds(clock),
  };
  const signed = await signEnvelope("evidence", seal, [sign]);
  yield* wholeFile(sealName, utf8(encodeEnvelope(signed)));
  yield tarEnd;
}

/** Sorts the recordings that the journal closed by what was asked for. */
class ClosedRecordings {
  readonly wanted: RecordingId[] = [];
  readonly leftOut: RecordingId[] = [];
  readonly #filter: RecordingFilter;
  readonly #startedMs = new Map<string, number>();
  readonly #seen = new Set<string>();

  constructor(filter: RecordingFilter) {
    this.#filter = filter;
  }

  note({ header: { event, ids, wallMs } }: JournalEntry): void {
    const { recording = "", target = "", person = "", session = "" } = ids;
    if (event === "recording-opened") this.#startedMs.set(recording, wallMs);
    if (event !== "recording-closed" || this.#seen.has(recording)) return;
    this.#seen.add(recording);
    const startedMs = this.#startedMs.get(recording) ?? wallMs;
    const isWanted = fits({ target, person, session, startedMs }, this.#filter);
    (isWanted ? this.wanted : this.leftOut).push(recording as RecordingId);
  }
}

async function* entriesUpTo(
  entries: AsyncIterable<JournalEntry>,
  length: number,
): AsyncGenerator<JournalEntry> {
  for await (const entry of entries) {
    if (entry.header.n >= length) return;
    yield entry;
  }
}

async function* wholeFile(name: string, bytes: Uint8Array): AsyncGenerator<Uint8Array, File> {
  return yield* streamedFile(name, bytes.length, [bytes]);
}

async function* streamedFile(
  name: string,
  length: number,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, File> {
  yield tarHeader(name, length);
  const hash = startSha256();
  let given = 0;
  for await (const piece of content) {
    hash.update(piece);
    given += piece.length;
    yield piece;
  }
  if (given !== length) {
    throw new SallyportError("recording_failed", `"${name}" has ${given} bytes, not ${length}`);
  }
  yield tarPadding(length);
  return { name, length, hash: toBase64Url(hash.digest()) };
}
