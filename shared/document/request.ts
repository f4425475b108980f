// The request: a vendor asks for one job on one edge (shared/protocol.md, "request"). Grants, waiting and consumption are keyed by its hash.
import * as v from "valibot";
import type { EdgeId } from "../ids.ts";
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
import {
  candidatesOf,
  requireEdge,
  requireRole,
  requireSite,
  requireTarget,
  signatureRules,
  type Held,
} from "./held.ts";
import { policyOf, rights, type Policy } from "./manifest.ts";
import { maxJobMinutes } from "./policy.ts";
import { verifyDocument, type Verified } from "./verify.ts";
import { jobWindows, maxStandingSeconds } from "./windows.ts";

/** A job is what one approver can judge in one look. */
export const maxTargetsOfJob = 8;
/** A channel is held waiting at most a day. */
export const maxWaitSeconds = 24 * 3600;
/** A job may be planned ahead for the next shutdown, or stand, but not until next year. */
export const maxStartSeconds = maxStandingSeconds;

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
  /** Null: one job. Else a standing one, which may be begun in each window anew. */
  windows: v.nullable(jobWindows),
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
  requireLastMoment(request, "request");
  if (waitUntilAt < issuedAt || waitUntilAt > issuedAt + maxWaitSeconds) {
    throw documentInvalid(`request waits until ${waitUntilAt}, not within 24 hours of its issue`);
  }
  return request;
}

/** Throws `document_invalid` unless a standing job may be started until its windows are over, no later and no earlier. */
export function requireLastMoment(
  { windows, startBeforeAt }: Pick<Request, "windows" | "startBeforeAt">,
  what: string,
): void {
  if (windows !== null && windows.untilAt !== startBeforeAt) {
    throw documentInvalid(`${what} is to start before ${startBeforeAt}, not until its windows end`);
  }
}

/** The request, if a vendor known now signed it and the manifest has all it asks for; throws otherwise. */
export async function verifyRequest(envelope: Envelope, held: Held): Promise<Verified<Request>> {
  const payload = parseRequest(envelope);
  requireSite(payload.site, held);
  requireEdge(payload.edge, held);
  const vendor = requireRole(payload.vendor, ["vendor"], held);
  const policies = checkAgainstManifest(payload.targets, payload.edge, held);
  checkMinutes(payload.minutes, policies);
  const rules = signatureRules(held);
  const candidates = candidatesOf(vendor);
  const request = await verifyDocument(held.suite, envelope, payload, candidates, rules);
  // The named key is what approvers are shown, so it must be the one that signed.
  if (request.signers.length !== 1 || request.signers[0]?.keyId !== payload.key) {
    throw documentInvalid(`request is not signed by its key "${payload.key}"`);
  }
  return request;
}

/** The policies of a job's targets; throws `document_invalid` unless all stand on that edge with those rights. */
export function checkAgainstManifest(targets: JobTargets, edge: EdgeId, held: Held): Policy[] {
  const { payload: manifest } = held.manifest;
  const policies = targets.map((item) => {
    const listed = requireTarget(item.id, edge, held);
    requireRights(item, listed.rights, "the manifest");
    return policyOf(manifest, listed);
  });
  return [...new Set(policies)];
}

/** Throws `document_invalid` unless every right of the target is among those that `whose` gives. */
export function requireRights(
  { id, rights: asked }: JobTargets[number],
  given: readonly string[],
  whose: string,
): void {
  const extra = asked.find((right) => !given.includes(right));
  if (extra !== undefined) {
    throw documentInvalid(`right "${extra}" on target "${id}" is not in ${whose}`);
  }
}

/** Throws `document_invalid` if a policy allows fewer minutes. */
export function checkMinutes(minutes: number, policies: readonly Policy[]): void {
  const tightest = policies.find((policy) => policy.maxMinutes < minutes);
  if (tightest !== undefined) {
    throw documentInvalid(
      `${minutes} minutes exceed the ${tightest.maxMinutes} of policy "${tightest.id}"`,
    );
  }
}
