// What an evidence bundle says of itself (shared/protocol.md, "Evidence"): an index of every file, and a document in which the edge signs it with its last checkpoint.
// Invariant: no file can be changed, cut or added without the index, and the index not without the edge's key.
import * as v from "valibot";
import { fromUtf8 } from "../bytes.ts";
import type { Envelope } from "../document/envelope.ts";
import {
  digest,
  edgeId,
  embedded,
  list,
  parseFields,
  parsePayload,
  record,
  secondsAt,
  siteId,
  whole,
} from "../document/fields.ts";
import { parseStrictJson } from "../document/strict-json.ts";

/** Names of the two files that are not in the index. */
export const indexName = "index.json";
export const sealName = "evidence.json";
const maxFiles = 2 ** 24;

const length = whole(0, Number.MAX_SAFE_INTEGER);
const name = v.pipe(v.string(), v.regex(/^(documents|journal|recordings)\/[A-Za-z0-9._/-]+$/));

const indexSchema = record({
  files: list(record({ name, length, hash: digest }), 0, maxFiles),
  /** Closed recordings that were not asked for; each other one that the journal closed has its file. */
  leftOut: list(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/)), 0, maxFiles),
});
export type EvidenceIndex = v.InferOutput<typeof indexSchema>;

const sealSchema = record({
  site: siteId,
  edge: edgeId,
  index: record({ length, hash: digest }),
  /** The edge's checkpoint over exactly the journal in the bundle. */
  checkpoint: embedded,
  at: secondsAt,
});
export type EvidenceSeal = v.InferOutput<typeof sealSchema>;

/** Reads an index; throws `document_invalid` or `json_invalid`. */
export function parseIndex(bytes: Uint8Array): EvidenceIndex {
  return parseFields(parseStrictJson(fromUtf8(bytes)), "index", indexSchema);
}

/** Reads the payload of an `evidence` document; throws `document_invalid`. Checks no signature. */
export function parseSeal(envelope: Envelope): EvidenceSeal {
  return parsePayload(envelope, "evidence", sealSchema);
}

/** Where a document lies in a bundle. */
export function documentName(type: string, hash: string): string {
  return `documents/${type}/${hash}.json`;
}

/** Where a recording lies in a bundle. */
export function recordingName(recording: string): string {
  return `recordings/${recording}.recording`;
}

/** Where a segment of the journal lies in a bundle; the names sort as the segments follow. */
export function segmentName(first: number): string {
  return `journal/${String(first).padStart(12, "0")}.ndjson`;
}
