// Every reason for which the gate says no, and what the far side may see of it.
// Invariant: whoever is not known, or may not, is told the same; only someone whose proof stood is told what he can act on.

/** The journal's word for why something was refused or ended: one per mismatch. */
export type RefusalReason =
  // The proof.
  | "foreign-site"
  | "foreign-edge"
  | "other-purpose"
  | "other-transcript"
  | "person-unknown"
  | "key-unknown"
  | "person-revoked"
  | "roster-missing"
  | "roster-stale"
  | "role-missing"
  // The second factor.
  | "second-factor-missing"
  | "attestation-of-other-person"
  | "attestation-of-other-transcript"
  | "attestation-by-unknown-relay"
  | "attestation-reused"
  | "passkey-needed"
  | "device-bound-key-needed"
  // The site's state.
  | "manifest-ended"
  | "manifest-unknown"
  | "locked-down"
  | "stopped"
  | "interlocked"
  // The request.
  | "request-missing"
  | "request-of-other-person"
  | "request-of-other-key"
  | "request-revoked"
  | "request-over"
  | "request-waits-too-long"
  // The grant.
  | "grant-of-other-request"
  | "grant-of-other-vendor"
  | "grant-exceeds-request"
  | "grant-exceeds-policy"
  | "grant-exceeds-predecessor"
  | "grant-is-sibling"
  | "approvers-missing"
  | "grant-from-future"
  | "start-missed"
  | "grant-ended"
  | "minutes-spent"
  | "anchor-foreign"
  | "anchor-lost"
  | "anchor-of-other-boot"
  // The opening.
  | "target-unknown"
  | "target-revoked"
  | "right-missing"
  | "target-in-use"
  // What the edge itself lacks.
  | "edge-failing";

/** The far side's word. Its text is the far side's own business. */
export type ShownReason =
  | "not-permitted"
  | "second-factor-needed"
  | "passkey-needed"
  | "manifest-needed"
  | "access-ended"
  | "locked-down"
  | "stopped"
  | "over"
  | "not-yet-valid"
  | "fresh-approval-needed"
  | "in-use"
  | "unavailable";

const shown: Partial<Record<RefusalReason, ShownReason>> = {
  "roster-stale": "access-ended",
  "second-factor-missing": "second-factor-needed",
  "attestation-of-other-person": "second-factor-needed",
  "attestation-of-other-transcript": "second-factor-needed",
  "attestation-by-unknown-relay": "second-factor-needed",
  "attestation-reused": "second-factor-needed",
  "passkey-needed": "passkey-needed",
  "device-bound-key-needed": "passkey-needed",
  "manifest-ended": "access-ended",
  "manifest-unknown": "manifest-needed",
  "locked-down": "locked-down",
  stopped: "stopped",
  interlocked: "stopped",
  "request-revoked": "stopped",
  "target-revoked": "stopped",
  "request-over": "over",
  "grant-from-future": "not-yet-valid",
  "start-missed": "over",
  "grant-ended": "over",
  "minutes-spent": "over",
  "anchor-lost": "fresh-approval-needed",
  "anchor-of-other-boot": "fresh-approval-needed",
  "target-in-use": "in-use",
  "edge-failing": "unavailable",
};

/** What the far side may see of a reason. */
export function shownReason(reason: RefusalReason): ShownReason {
  return shown[reason] ?? "not-permitted";
}
