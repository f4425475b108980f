// A policy: what it takes to approve a job, to open it, and how it runs (shared/protocol.md, "manifest", "policies").
// Invariant: a job on several targets has to satisfy the policy of each, so together the strictest counts.
import * as v from "valibot";
import { list, personId, policyId, record, whole } from "./fields.ts";
import { requireThreshold, type Candidate, type Signer } from "./verify.ts";

/** No policy lets one approval run longer than a week's commissioning. */
export const maxJobMinutes = 7 * 24 * 60;
/** Envelopes carry at most 16 signatures, and owners of two manifests may have to sign one succession. */
export const maxThreshold = 8;
const maxApprovers = 100;

export const policy = record({
  id: policyId,
  approversNeeded: whole(1, maxThreshold),
  /** Who alone approves under this policy; null: every person with the role. */
  approvers: v.nullable(list(personId, 1, maxApprovers)),
  /** A TOTP code beside an Ed25519 key; passkeys are two factors in one. */
  secondFactor: v.picklist(["required", "waived"]),
  /** Approvals and proofs by passkey alone. */
  passkeysOnly: v.boolean(),
  /** Passkeys that cannot leave their device (BE = 0). */
  deviceBound: v.boolean(),
  maxMinutes: whole(1, maxJobMinutes),
  concurrent: v.picklist(["one", "several"]),
  /** What a full recording store does to a session. */
  recordingFull: v.literal("end"),
  copyRecordings: v.boolean(),
  /** Input passes only while somebody of the site watches. */
  supervised: v.boolean(),
  /** Keys pressed on a screen are recorded too, with the passwords among them. */
  recordKeys: v.boolean(),
});
type Policy = v.InferOutput<typeof policy>;

/** What policies ask of the keys that sign. */
export interface KeyDemands {
  readonly passkeysOnly: boolean;
  readonly deviceBound: boolean;
}

/** What the strictest of some policies asks of keys. */
export function demandsOf(policies: readonly Policy[]): KeyDemands {
  return {
    passkeysOnly: policies.some((item) => item.passkeysOnly),
    deviceBound: policies.some((item) => item.deviceBound),
  };
}

/** Throws `threshold_missed` unless each policy has enough of its own approvers among the signers. */
export function requireApprovers(
  signers: readonly Signer[],
  policies: readonly Policy[],
  approvers: readonly Candidate[],
): void {
  const everyone = approvers.map((item) => item.name);
  for (const { id, approvers: named, approversNeeded } of policies) {
    const eligible = new Set<string>(named ?? everyone);
    requireThreshold(signers, eligible, approversNeeded, `policy "${id}"`);
  }
}
