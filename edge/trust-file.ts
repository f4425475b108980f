// Which documents this edge holds, by hash, in one file beside the archive that keeps the documents themselves.
// Invariant: a document is in here only after it was archived and journaled; what is not in here does not count.
import * as v from "valibot";
import { fromUtf8 } from "../shared/bytes.ts";
import { digest, documentHash, whole } from "../shared/document/fields.ts";
import type { Envelope } from "../shared/document/envelope.ts";
import { SallyportError } from "../shared/errors.ts";
import type { DocumentHash } from "../shared/ids.ts";
import { readIfPresent, writeDurably } from "./durable-file.ts";
import type { Archive } from "./record/archive.ts";
import { recoveringSchema } from "./recovery.ts";

const count = whole(0, Number.MAX_SAFE_INTEGER);

/** The journal's entry about a document: what a receipt names. */
const entrySchema = v.strictObject({ index: count, hash: digest, wallMs: v.number() });
export type EntryReference = v.InferOutput<typeof entrySchema>;

const heldSchema = v.strictObject({ hash: documentHash, entry: entrySchema });

const trustSchema = v.strictObject({
  /** The whole chain, first to held. */
  manifests: v.array(documentHash),
  /** The newest of each company. */
  rosters: v.array(documentHash),
  revocations: v.array(heldSchema),
  lockdowns: v.array(v.strictObject({ ...heldSchema.entries, isLifted: v.boolean() })),
  lifts: v.array(heldSchema),
  /** A manifest by the recovery key, waiting for its 72 hours. */
  recovering: v.nullable(recoveringSchema),
});
export type TrustIndex = v.InferOutput<typeof trustSchema>;

const nothing: TrustIndex = {
  manifests: [],
  rosters: [],
  revocations: [],
  lockdowns: [],
  lifts: [],
  recovering: null,
};

/** The index in `path`; an empty one if there is none. Throws if it cannot be read: an edge without its trust admits nobody. */
export async function readTrustIndex(path: string): Promise<TrustIndex> {
  const content = await readIfPresent(path);
  return content === undefined ? nothing : v.parse(trustSchema, JSON.parse(fromUtf8(content)));
}

/** Replaces the index; on the disk when it resolves. */
export async function writeTrustIndex(path: string, index: TrustIndex): Promise<void> {
  await writeDurably(path, `${JSON.stringify(index)}\n`);
}

/** Documents that the index names, out of the archive; throws `file_invalid` if one is missing. */
export async function documentsOf(
  archive: Archive,
  type: string,
  hashes: readonly DocumentHash[],
): Promise<Envelope[]> {
  const found: Envelope[] = [];
  for (const hash of hashes) {
    const envelope = await archive.get(type, hash);
    if (envelope === undefined) {
      throw new SallyportError("file_invalid", `${type} "${hash}" is missing in the archive`);
    }
    found.push(envelope);
  }
  return found;
}
