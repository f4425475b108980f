// Every reason for which the gate says no, and what the far side may see of it.
// Invariant: whoever is not known, or may not, is told the same; only someone whose proof stood is told what he can act on.

/** The journal's word for why something was refused or ended: one per mismatch. */
export type RefusalReason =
  // The proof.
  | "proof-invalid"
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
  | "attestation-invalid"
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
  | "request-invalid"
  | "request-missing"
  | "request-of-other-person"
  | "request-of-other-key"
  | "request-revoked"
  | "request-over"
  | "request-waits-too-long"
  // The grant.
  | "grant-invalid"
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
  | "outside-window"
  | "time-unproven"
  | "anchor-foreign"
  | "anchor-lost"
  | "anchor-of-other-boot"
  // The opening.
  | "target-unknown"
  | "target-revoked"
  | "right-missing"
  | "target-in-use"
  | "supervision-impossible"
  // Of a session that runs.
  | "session-idle"
  // Of a reader.
  | "reading-over"
  // Of somebody who comes without end.
  | "too-often"
  // What the edge itself lacks.
  | "device-missing"
  | "edge-failing";

/** What the far side may see, with the words that it shows. */
const texts = {
  "not-permitted": "this is not granted",
  "second-factor-needed": "a fresh code is needed beside the key",
  "passkey-needed": "the site asks for a passkey here",
  "manifest-needed": "the edge holds another manifest of the site",
  "access-ended": "the site's manifest, or the company's roster, has ended and has to be renewed",
  "locked-down": "the site has locked this down",
  stopped: "this was stopped at the site",
  over: "the time for this is over",
  "other-hours": "this is granted at other hours",
  "clock-needed": "the edge has no clock of its own, so nothing that recurs is granted there",
  "not-yet-valid": "the approval is dated in the future",
  "fresh-approval-needed": "the edge needs a fresh approval",
  "in-use": "somebody else is in",
  "supervised-only":
    "under the site's rule, only screens and terminals open here, while somebody watches",
  idle: "nothing was done for too long",
  unavailable: "the edge cannot serve this now",
} as const;

/** The far side's word. */
export type ShownReason = keyof typeof texts;

const shown: Partial<Record<RefusalReason, ShownReason>> = {
  "roster-stale": "access-ended",
  "attestation-invalid": "second-factor-needed",
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
  "outside-window": "other-hours",
  "time-unproven": "clock-needed",
  "anchor-lost": "fresh-approval-needed",
  "anchor-of-other-boot": "fresh-approval-needed",
  "target-in-use": "in-use",
  "supervision-impossible": "supervised-only",
  "session-idle": "idle",
  "reading-over": "over",
  "too-often": "unavailable",
  "device-missing": "unavailable",
  "edge-failing": "unavailable",
};

/** What the far side may see of a reason. */
export function shownReason(reason: RefusalReason): ShownReason {
  return shown[reason] ?? "not-permitted";
}

/** The one line that goes over the wire: `<word>: <text>`, with who is in where somebody is. */
export function toldReason(reason: RefusalReason, occupant?: string): string {
  const word = shownReason(reason);
  return occupant === undefined ? `${word}: ${texts[word]}` : `${word}: ${occupant} is in`;
}
