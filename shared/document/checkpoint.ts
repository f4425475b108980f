// The checkpoint: the edge's word on how long its journal is (shared/protocol.md, "checkpoint"). In a grant it is the anchor against rollback.
import * as v from "valibot";
import type { VerifyingSuite } from "../crypto/suite.ts";
import { SallyportError } from "../errors.ts";
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
import { keyMaterial } from "./keys.ts";
import type { ManifestEdge, RelayEntry } from "./manifest.ts";
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
  suite: VerifyingSuite,
  envelope: Envelope,
  site: SiteId,
  edge: Pick<ManifestEdge, "id" | "signingKey">,
): Promise<Verified<Checkpoint>> {
  const payload = parseOwnCheckpoint(envelope, site, edge);
  return verifyDocument(suite, envelope, payload, [edgeCandidate(edge)], plainRules);
}

/** A checkpoint and who beside the edge has signed it. */
export interface WitnessedCheckpoint {
  readonly checkpoint: Verified<Checkpoint>;
  /** Names of relays: each signs only what goes on from all that it saw of this edge before. */
  readonly relays: readonly string[];
}

/** The checkpoint, if this edge signed it and every further signature is by a relay of `relays`; throws otherwise. */
export async function verifyWitnessed(
  suite: VerifyingSuite,
  envelope: Envelope,
  site: SiteId,
  edge: Pick<ManifestEdge, "id" | "signingKey">,
  relays: readonly Pick<RelayEntry, "name" | "attestationKey">[],
): Promise<WitnessedCheckpoint> {
  const payload = parseOwnCheckpoint(envelope, site, edge);
  const own = edgeCandidate(edge);
  const others = relays.map((relay): Candidate => {
    return { name: relay.name, key: { kind: "ed25519", public: relay.attestationKey } };
  });
  const candidates = [...others, own];
  const checkpoint = await verifyDocument(suite, envelope, payload, candidates, plainRules);
  const isOwn = ({ key }: Candidate) => keyMaterial(key) === edge.signingKey;
  // Attack: a relay alone swears to a journal that the edge never had.
  if (!checkpoint.signers.some(isOwn)) {
    throw new SallyportError("threshold_missed", "checkpoint is not signed by its edge");
  }
  return {
    checkpoint,
    relays: checkpoint.signers.filter((signer) => !isOwn(signer)).map(({ name }) => name),
  };
}

// Attack: a checkpoint of another site or edge as an anchor that nothing contradicts.
function parseOwnCheckpoint(
  envelope: Envelope,
  site: SiteId,
  edge: Pick<ManifestEdge, "id">,
): Checkpoint {
  const payload = parseCheckpoint(envelope);
  if (payload.site !== site || payload.edge !== edge.id) {
    throw documentInvalid(`checkpoint is of edge "${payload.edge}", expected "${edge.id}"`);
  }
  return payload;
}

/** The one key that signs an edge's documents. */
export function edgeCandidate(edge: Pick<ManifestEdge, "id" | "signingKey">): Candidate {
  return { name: edge.id, key: { kind: "ed25519", public: edge.signingKey } };
}
