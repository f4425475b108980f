// One recording of a bundle against what the journal says of it (shared/protocol.md, "Evidence: recordings").
// Without a key: its header, chunks and end. With the audit key: every chunk opened, every byte counted.
import * as v from "valibot";
import { toBase64Url } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import { digest, parseFields, record, whole } from "../document/fields.ts";
import { SallyportError } from "../errors.ts";
import type { JournalEntry } from "./journal-entry.ts";
import { entryIdsOf, openRecording, readFrames, type RecordingHeader } from "./recording-file.ts";

const count = whole(0, Number.MAX_SAFE_INTEGER);

const openedSchema = v.object({ header: digest });
const closedSchema = v.object({
  chunks: count,
  bytes: count,
  hash: digest,
  torn: v.boolean(),
  plaintext: v.optional(
    record({ "to-device": count, "from-device": count, "device-error": count }),
  ),
});

/** What the journal says of a recording. */
export interface SaidOfRecording {
  readonly opened: JournalEntry;
  readonly closed?: JournalEntry;
}

/** What `recording-closed` says; throws `document_invalid`. */
export function closedDetails(entry: JournalEntry) {
  return parseFields(entry.details?.value, "recording-closed", closedSchema);
}

/** Throws `evidence_invalid` or `recording_damaged` unless the file is the recording that the journal opened and closed. */
export async function checkRecording(
  suite: CryptoSuite,
  read: () => AsyncIterable<Uint8Array>,
  said: Required<SaidOfRecording>,
  auditKey: Uint8Array | undefined,
): Promise<void> {
  const closed = closedDetails(said.closed);
  const opened = parseFields(said.opened.details?.value, "recording-opened", openedSchema);
  const torn = closed.torn ? "allowed" : "refused";
  const { header, preamble, frames } = await readFrames(read(), torn);
  checkIds(header, said);
  if (toBase64Url(await suite.sha256(preamble)) !== opened.header) {
    mismatch("its header is not the one that it was opened with");
  }
  let chunks = 0;
  let bytes = preamble.length;
  for await (const frame of frames) {
    chunks += 1;
    bytes = frame.endsAt;
  }
  if (chunks !== closed.chunks || bytes !== closed.bytes) {
    mismatch(
      `it has ${chunks} chunks and ${bytes} bytes, the journal says ${closed.chunks} and ${closed.bytes}`,
    );
  }
  if (auditKey === undefined) return;
  const plaintext = { "to-device": 0, "from-device": 0, "device-error": 0 };
  const recording = await openRecording(suite, read(), "audit", auditKey, torn);
  for await (const { records } of recording.chunks) {
    for (const item of records) {
      if ("direction" in item) plaintext[item.direction] += item.bytes.length;
    }
  }
  const expected = closed.plaintext ?? plaintext;
  for (const direction of ["to-device", "from-device", "device-error"] as const) {
    if (plaintext[direction] === expected[direction]) continue;
    mismatch(`${plaintext[direction]} bytes ${direction}, the journal says ${expected[direction]}`);
  }
}

function checkIds(header: RecordingHeader, { opened, closed }: Required<SaidOfRecording>): void {
  for (const [key, value] of Object.entries(entryIdsOf(header))) {
    for (const { header: entry } of [opened, closed]) {
      if (entry.ids[key] !== value) mismatch(`its ${key} is not the one of entry ${entry.n}`);
    }
  }
}

function mismatch(why: string): never {
  throw new SallyportError("evidence_invalid", `recording: ${why}`);
}
