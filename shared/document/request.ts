// The request: a vendor asks for one job on one edge (shared/protocol.md, "request"). Grants, waiting and consumption are keyed by its hash.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  bytes,
  documentInvalid,
  edgeId,
  keyId,
  list,
  name,
  parsePayload,
  personId,
  reason,
  record,
  secondsAt,
  siteId,
  targetId,
  whole,
} from "./fields.ts";
import { maxJobMinutes, rights } from "./manifest.ts";

/** A job is what one approver can judge in one look. */
export const maxTargetsOfJob = 8;
/** A channel is held waiting at most a day. */
export const maxWaitSeconds = 24 * 3600;
/** A job may be planned ahead for the next shutdown, not for next year. */
export const maxStartSeconds = 90 * 24 * 3600;

/** Targets of a job with the rights asked for or given on each. */
export const jobTargets = v.pipe(
  list(record({ id: targetId, rights }), 1, maxTargetsOfJob),
  v.check(
    (items) => new Set(items.map((item) => item.id)).size === items.length,
    "a target stands twice",
  ),
);
export type JobTargets = v.InferOutput<typeof jobTargets>;

const schema = record({
  site: siteId,
  edge: edgeId,
  vendor: personId,
  /** The key that signs this request. */
  key: keyId,
  targets: jobTargets,
  minutes: whole(1, maxJobMinutes),
  startBeforeAt: secondsAt,
  waitUntilAt: secondsAt,
  /** What is to be done, and why. */
  reason,
  ticket: v.nullable(name),
  issuedAt: secondsAt,
  /** Makes two equal requests two jobs. */
  nonce: bytes(16),
});
export type Request = v.InferOutput<typeof schema>;

/** Reads a request's payload; throws `document_invalid`. Checks no signature. */
export function parseRequest(envelope: Envelope): Request {
  const request = parsePayload(envelope, "request", schema);
  const { issuedAt, startBeforeAt, waitUntilAt } = request;
  if (startBeforeAt <= issuedAt || startBeforeAt > issuedAt + maxStartSeconds) {
    throw documentInvalid(`request is to start before ${startBeforeAt}, not within 90 days`);
  }
  if (waitUntilAt < issuedAt || waitUntilAt > issuedAt + maxWaitSeconds) {
    throw documentInvalid(`request waits until ${waitUntilAt}, not within 24 hours of its issue`);
  }
  return request;
}
