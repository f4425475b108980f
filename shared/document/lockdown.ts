// Lockdown and lift (shared/protocol.md, "lockdown", "lift"): one person closes, as many as the policies ask open again.
import * as v from "valibot";
import type { EdgeId } from "../ids.ts";
import type { Envelope } from "./envelope.ts";
import {
  bytes,
  digest,
  documentInvalid,
  edgeId,
  parsePayload,
  reason,
  record,
  secondsAt,
  siteId,
  targetId,
} from "./fields.ts";
import { decidersWith, requireSite, signatureRules, verifyByRoles, type Held } from "./held.ts";
import { findEdge, findTarget, policyOf, type Manifest, type Policy } from "./manifest.ts";
import { demandsOf, requireApprovers } from "./policy.ts";
import { verifyDocument, type Verified } from "./verify.ts";

const scope = v.variant("kind", [
  record({ kind: v.literal("site") }),
  record({ kind: v.literal("edge"), id: edgeId }),
  record({ kind: v.literal("target"), id: targetId }),
]);
export type LockdownScope = v.InferOutput<typeof scope>;

const lockdownSchema = record({
  site: siteId,
  scope,
  reason,
  issuedAt: secondsAt,
  /** Makes a second lockdown of one scope another document, so that the first one's lift does not lift it. */
  nonce: bytes(16),
});
export type Lockdown = v.InferOutput<typeof lockdownSchema>;

const liftSchema = record({
  site: siteId,
  /** Whose journal holds the entry; a site's lockdown has one entry on each edge. */
  edge: edgeId,
  /** Hash of the journal entry of the lockdown or unsigned stop. */
  lockdown: digest,
  reason,
  issuedAt: secondsAt,
});
export type Lift = v.InferOutput<typeof liftSchema>;

/** Reads a lockdown's payload; throws `document_invalid`. Checks no signature. */
export function parseLockdown(envelope: Envelope): Lockdown {
  return parsePayload(envelope, "lockdown", lockdownSchema);
}

/** Reads a lift's payload; throws `document_invalid`. Checks no signature. */
export function parseLift(envelope: Envelope): Lift {
  return parsePayload(envelope, "lift", liftSchema);
}

/** The lockdown, if an approver or owner signed it; throws otherwise. */
export async function verifyLockdown(envelope: Envelope, held: Held): Promise<Verified<Lockdown>> {
  const payload = parseLockdown(envelope);
  requireScope(payload.scope, held.manifest);
  return verifyByRoles(envelope, payload, held, "owner", "approver");
}

/** What the edge's journal says of the entry that a lift names. */
export interface LockedDown {
  readonly edge: EdgeId;
  /** Hash of the journal entry. */
  readonly entry: string;
  readonly scope: LockdownScope;
}

/**
 * The lift, if it names this very entry and every policy concerned has its approvers (where no target is concerned: an owner); throws
 * otherwise.
 */
export async function verifyLift(
  envelope: Envelope,
  held: Held,
  locked: LockedDown,
): Promise<Verified<Lift>> {
  const payload = parseLift(envelope);
  requireSite(payload.site, held);
  // Attack: the lift of an earlier lockdown, or of another edge's, used again.
  if (payload.edge !== locked.edge || payload.lockdown !== locked.entry) {
    throw documentInvalid(`lift is for entry "${payload.lockdown}" of edge "${payload.edge}"`);
  }
  const policies = concernedPolicies(locked, held);
  const rules = { ...signatureRules(held), ...demandsOf(policies) };
  const role = policies.length === 0 ? "owner" : "approver";
  const candidates = decidersWith(held, role);
  const lift = await verifyDocument(held.suite, envelope, payload, candidates, rules);
  requireApprovers(lift.signers, policies, candidates);
  return lift;
}

// A target or edge that the manifest no longer lists concerns no policy any more.
function concernedPolicies({ edge, scope: locked }: LockedDown, held: Held): Policy[] {
  const { payload: manifest } = held.manifest;
  const targets = manifest.targets.filter(
    (target) => target.edge === edge && (locked.kind !== "target" || target.id === locked.id),
  );
  return [...new Set(targets.map((target) => policyOf(manifest, target)))];
}

function requireScope(locked: LockdownScope, { payload: manifest }: Verified<Manifest>): void {
  const isListed =
    locked.kind === "site" ||
    (locked.kind === "edge" && findEdge(manifest, locked.id) !== undefined) ||
    (locked.kind === "target" && findTarget(manifest, locked.id) !== undefined);
  if (!isListed) throw documentInvalid(`${locked.kind} "${locked.id}" is not in the manifest`);
}
