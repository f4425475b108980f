// The checkpoint: the edge's word on how long its journal is (shared/protocol.md, "checkpoint"). In a grant it is the anchor against rollback.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  digest,
  documentHash,
  edgeId,
  parsePayload,
  record,
  secondsAt,
  siteId,
  whole,
} from "./fields.ts";

const schema = record({
  site: siteId,
  edge: edgeId,
  /** The kernel's id of the present boot. */
  bootId: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)),
  /** Number of journal entries. */
  length: whole(0, Number.MAX_SAFE_INTEGER),
  /** Hash of the last entry. */
  head: digest,
  /** The manifest that the edge holds. */
  manifest: documentHash,
  at: secondsAt,
});
export type Checkpoint = v.InferOutput<typeof schema>;

/** Reads a checkpoint's payload; throws `document_invalid`. Checks no signature. */
export function parseCheckpoint(envelope: Envelope): Checkpoint {
  return parsePayload(envelope, "checkpoint", schema);
}
