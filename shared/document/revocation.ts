// The revocation: what ends and stays ended (shared/protocol.md, "revocation").
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  documentHash,
  edgeId,
  keyId,
  parsePayload,
  personId,
  reason,
  record,
  secondsAt,
  siteId,
  targetId,
} from "./fields.ts";

const scope = v.variant("kind", [
  /** A request's whole line of grants. */
  record({ kind: v.literal("request"), id: documentHash }),
  record({ kind: v.literal("person"), id: personId }),
  record({ kind: v.literal("key"), id: keyId }),
  record({ kind: v.literal("target"), id: targetId }),
  /** An owner's veto against a manifest that the recovery key signed. */
  record({ kind: v.literal("manifest"), id: documentHash }),
]);
export type RevocationScope = v.InferOutput<typeof scope>;

const schema = record({
  site: siteId,
  /** Null: on every edge of the site. */
  edge: v.nullable(edgeId),
  scope,
  reason,
  issuedAt: secondsAt,
});
export type Revocation = v.InferOutput<typeof schema>;

/** Reads a revocation's payload; throws `document_invalid`. Checks no signature. */
export function parseRevocation(envelope: Envelope): Revocation {
  return parsePayload(envelope, "revocation", schema);
}
