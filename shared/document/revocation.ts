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
import { decidedByRoles, requireEdge, verifyByRoles, type Held } from "./held.ts";
import type { Verified } from "./verify.ts";

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

/**
 * The revocation, if an approver or owner signed it; a veto needs an owner, a revoked one too (attack: the thief of the recovery sheet, or an
 * approver with him, has the owner revoked who would veto). Throws otherwise.
 */
export async function verifyRevocation(
  envelope: Envelope,
  held: Held,
): Promise<Verified<Revocation>> {
  const payload = parseRevocation(envelope);
  if (payload.edge !== null) requireEdge(payload.edge, held);
  const { isRevoked: _isRevoked, ...withEveryOwner } = held;
  // The end of one job must be quick; what takes persons, keys or targets out for good is decided.
  if (payload.scope.kind === "request")
    return verifyByRoles(envelope, payload, held, "owner", "approver");
  return payload.scope.kind === "manifest"
    ? decidedByRoles(envelope, payload, withEveryOwner, "owner")
    : decidedByRoles(envelope, payload, held, "owner", "approver");
}
