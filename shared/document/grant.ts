// The grant: signed, time-boxed permission for one job: one vendor, one edge, one clock (shared/protocol.md, "grant").
// Invariant: it never gives more than was asked and never more than the manifest has; what replaces may only lengthen or shorten.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  documentHash,
  documentInvalid,
  edgeId,
  embedded,
  parsePayload,
  personId,
  record,
  secondsAt,
  siteId,
  whole,
} from "./fields.ts";
import { maxJobMinutes } from "./manifest.ts";
import { jobTargets } from "./request.ts";

const schema = record({
  site: siteId,
  edge: edgeId,
  request: documentHash,
  vendor: personId,
  targets: jobTargets,
  startBeforeAt: secondsAt,
  /** From the first admitted opening; in a replacing grant the new total. */
  minutes: whole(1, maxJobMinutes),
  /** The latest end, whenever the job was started. */
  endsAt: secondsAt,
  /** The manifest that the first signer held. */
  manifest: documentHash,
  /** The edge's newest checkpoint that the first signer saw, whole. */
  anchor: embedded,
  replaces: v.nullable(documentHash),
  issuedAt: secondsAt,
});
export type Grant = v.InferOutput<typeof schema>;

/** Reads a grant's payload; throws `document_invalid`. Checks no signature. */
export function parseGrant(envelope: Envelope): Grant {
  const grant = parsePayload(envelope, "grant", schema);
  const { issuedAt, startBeforeAt, minutes, endsAt } = grant;
  if (endsAt <= issuedAt) throw documentInvalid(`grant ends at ${endsAt}, before it was issued`);
  // A later end would show the approver a longer permission than the minutes can ever give.
  if (endsAt > startBeforeAt + minutes * 60) {
    throw documentInvalid(
      `grant ends at ${endsAt}, later than ${minutes} minutes after its latest start`,
    );
  }
  return grant;
}
