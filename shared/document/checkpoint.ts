// The checkpoint: the edge's word on how long its journal is (shared/protocol.md, "checkpoint"). In a grant it is the anchor against rollback.
import * as v from "valibot";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { SiteId } from "../ids.ts";
import type { Envelope } from "./envelope.ts";
import {
  digest,
  documentHash,
  documentInvalid,
  edgeId,
  parsePayload,
  record,
  secondsAt,
  siteId,
  whole,
} from "./fields.ts";
import type { ManifestEdge } from "./manifest.ts";
import { plainRules, verifyDocument, type Candidate, type Verified } from "./verify.ts";

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

/** The checkpoint, if this edge of this site signed it; throws otherwise. Whether the journal holds it is the edge's to know. */
export async function verifyCheckpoint(
  suite: CryptoSuite,
  envelope: Envelope,
  site: SiteId,
  edge: Pick<ManifestEdge, "id" | "signingKey">,
): Promise<Verified<Checkpoint>> {
  const payload = parseCheckpoint(envelope);
  // Attack: a checkpoint of another site or edge as an anchor that nothing contradicts.
  if (payload.site !== site || payload.edge !== edge.id) {
    throw documentInvalid(`checkpoint is of edge "${payload.edge}", expected "${edge.id}"`);
  }
  return verifyDocument(suite, envelope, payload, [edgeCandidate(edge)], plainRules);
}

/** The one key that signs an edge's documents. */
export function edgeCandidate(edge: Pick<ManifestEdge, "id" | "signingKey">): Candidate {
  return { name: edge.id, key: { kind: "ed25519", public: edge.signingKey } };
}
