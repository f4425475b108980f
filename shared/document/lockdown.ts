// Lockdown and lift (shared/protocol.md, "lockdown", "lift"): one person closes, as many as the policies ask open again.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  bytes,
  digest,
  edgeId,
  parsePayload,
  reason,
  record,
  secondsAt,
  siteId,
  targetId,
} from "./fields.ts";

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
