// The grant: signed, time-boxed permission for one job: one vendor, one edge, one clock (shared/protocol.md, "grant").
// Invariant: it never gives more than was asked and never more than the manifest has; what replaces may only lengthen or shorten.
import * as v from "valibot";
import { SallyportError } from "../errors.ts";
import type { DocumentHash } from "../ids.ts";
import { verifyCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { deviceKeyFingerprint } from "./device-key.ts";
import type { Envelope } from "./envelope.ts";
import {
  documentHash,
  documentInvalid,
  edgeId,
  embed,
  embedded,
  list,
  parsePayload,
  personId,
  record,
  secondsAt,
  siteId,
  targetId,
  unembed,
  whole,
} from "./fields.ts";
import { decidersWith, requireEdge, requireSite, signatureRules, type Held } from "./held.ts";
import { keyMaterial } from "./keys.ts";
import type { Policy } from "./manifest.ts";
import { demandsOf, maxJobMinutes, requireApprovers } from "./policy.ts";
import {
  checkAgainstManifest,
  checkMinutes,
  jobTargets,
  requireLastMoment,
  requireRights,
  type JobTargets,
  type Request,
} from "./request.ts";
import { verifyDocument, type Verified } from "./verify.ts";
import { isWithinWindows, jobWindows } from "./windows.ts";

const maxDeviceKeys = 8;

const schema = record({
  site: siteId,
  edge: edgeId,
  request: documentHash,
  vendor: personId,
  targets: jobTargets,
  startBeforeAt: secondsAt,
  /** From the first admitted opening, in each window anew; in a replacing grant the new total. */
  minutes: whole(1, maxJobMinutes),
  /** The latest end, whenever the job was started. */
  endsAt: secondsAt,
  /** The manifest that the first signer held. */
  manifest: documentHash,
  /** The edge's newest checkpoint that the first signer saw, whole. */
  anchor: embedded,
  replaces: v.nullable(documentHash),
  /** Accepted for this job alone beside the pinned ones: what a device shows since its key was changed. */
  deviceKeys: list(
    record({ target: targetId, fingerprint: deviceKeyFingerprint }),
    0,
    maxDeviceKeys,
  ),
  /** The request's, or fewer; null if, and only if, the request has none. */
  windows: v.nullable(jobWindows),
  issuedAt: secondsAt,
});
export type Grant = v.InferOutput<typeof schema>;

/** Reads a grant's payload; throws `document_invalid`. Checks no signature. */
export function parseGrant(envelope: Envelope): Grant {
  const grant = parsePayload(envelope, "grant", schema);
  const { issuedAt, startBeforeAt, minutes, endsAt, deviceKeys, targets, windows } = grant;
  if (endsAt <= issuedAt) throw documentInvalid(`grant ends at ${endsAt}, before it was issued`);
  // A later end would show the approver a longer permission than the minutes can ever give.
  if (endsAt > startBeforeAt + minutes * 60) {
    throw documentInvalid(
      `grant ends at ${endsAt}, later than ${minutes} minutes after its latest start`,
    );
  }
  requireLastMoment(grant, "grant");
  if (windows !== null && endsAt !== windows.untilAt) {
    throw documentInvalid(`grant ends at ${endsAt}, its windows at ${windows.untilAt}`);
  }
  const stray = deviceKeys.find((item) => !targets.some(({ id }) => id === item.target));
  if (stray !== undefined) {
    throw documentInvalid(`grant accepts a key of "${stray.target}", which it does not open`);
  }
  if (
    new Set(deviceKeys.map((item) => `${item.target} ${item.fingerprint}`)).size < deviceKeys.length
  )
    throw documentInvalid("grant accepts a key twice");
  return grant;
}

/** A verified grant with its anchor verified under the edge's own key. Its signers are the approvers. */
export interface VerifiedGrant extends Verified<Grant> {
  readonly anchor: Verified<Checkpoint>;
}

/** What a grant is checked against. */
export interface GrantContext {
  readonly request: Verified<Request>;
  /** The grant that `replaces` names. */
  readonly replaced?: Pick<Verified<Grant>, "hash" | "payload">;
}

/**
 * The grant, if it stays within request and manifest and every policy of its targets has its approvers; throws otherwise. Time of day,
 * consumption, held manifest and journal are the gate's to judge.
 */
export async function verifyGrant(
  envelope: Envelope,
  held: Held,
  context: GrantContext,
): Promise<VerifiedGrant> {
  const payload = parseGrant(envelope);
  const { policies, anchor } = await checkGrant(payload, held, context);
  const grant = await verifyApprovals(envelope, payload, held, policies, context.request);
  return { ...grant, anchor };
}

/** All of `verifyGrant` but the approvals, for whoever is about to sign: the policies of its targets, and its anchor as verified. */
export async function checkGrant(
  payload: Grant,
  held: Held,
  context: GrantContext,
): Promise<{ readonly policies: readonly Policy[]; readonly anchor: Verified<Checkpoint> }> {
  requireSite(payload.site, held);
  const edge = requireEdge(payload.edge, held);
  checkAgainstRequest(payload, context.request);
  checkReplaced(payload, context.replaced);
  const policies = checkAgainstManifest(payload.targets, payload.edge, held);
  checkMinutes(payload.minutes, policies);
  const { site } = payload;
  const anchor = await verifyCheckpoint(held.suite, unembed(payload.anchor), site, edge);
  return { policies, anchor };
}

function checkAgainstRequest(grant: Grant, request: Verified<Request>): void {
  const { payload: asked } = request;
  // Attack: an approval for one job carried over to another.
  if (grant.request !== request.hash) {
    throw documentInvalid(`grant is for request "${grant.request}", not "${request.hash}"`);
  }
  if (grant.vendor !== asked.vendor || grant.edge !== asked.edge) {
    throw documentInvalid("grant names another vendor or edge than its request");
  }
  requireWithin(grant.targets, asked.targets, "the request");
  requireWindows(grant, asked, "the request");
  if (grant.startBeforeAt > asked.startBeforeAt) {
    throw documentInvalid("grant may start later than its request asked");
  }
  if (grant.replaces === null && grant.minutes > asked.minutes) {
    throw documentInvalid(`grant gives ${grant.minutes} minutes, request asked ${asked.minutes}`);
  }
}

// One line of grants per request: what replaces may change the minutes, and never widens (attack: an "extension" that adds a target).
function checkReplaced(grant: Grant, replaced: GrantContext["replaced"]): void {
  if (grant.replaces === null) return;
  if (grant.replaces !== replaced?.hash) {
    throw documentInvalid(`grant replaces "${grant.replaces}", which is not at hand`);
  }
  const { payload: before } = replaced;
  // One request has one vendor and one edge, so this one comparison holds all three.
  if (grant.request !== before.request) {
    throw documentInvalid("grant replaces one of another request");
  }
  requireWithin(grant.targets, before.targets, "the grant that it replaces");
  requireWindows(grant, before, "the grant that it replaces");
}

function requireWindows(
  { windows }: Pick<Grant, "windows">,
  given: Pick<Grant, "windows">,
  whose: string,
): void {
  if (!isWithinWindows(windows, given.windows)) {
    throw documentInvalid(`windows of the grant are not within those of ${whose}`);
  }
}

function requireWithin(targets: JobTargets, given: JobTargets, whose: string): void {
  for (const item of targets) {
    const match = given.find(({ id }) => id === item.id);
    if (match === undefined) throw documentInvalid(`target "${item.id}" is not in ${whose}`);
    requireRights(item, match.rights, whose);
  }
}

async function verifyApprovals(
  envelope: Envelope,
  payload: Grant,
  held: Held,
  policies: readonly Policy[],
  request: Verified<Request>,
): Promise<Verified<Grant>> {
  const rules = { ...signatureRules(held), ...demandsOf(policies) };
  const candidates = decidersWith(held, "approver");
  const grant = await verifyDocument(held.suite, envelope, payload, candidates, rules);
  // Attack: a vendor who is an approver too, or whose key also stands under an approver's name, approves himself.
  const asking = new Set(request.signers.map(({ key }) => keyMaterial(key)));
  for (const { name: approver, key } of grant.signers) {
    if (approver === payload.vendor || asking.has(keyMaterial(key))) {
      throw new SallyportError("forbidden", `"${approver}" approves a request of their own`);
    }
  }
  requireApprovers(grant.signers, policies, candidates);
  return grant;
}

/** What a grant is drafted from. */
export interface GrantDraft {
  readonly request: Verified<Request>;
  readonly manifest: DocumentHash;
  readonly anchor: Envelope;
  readonly issuedAt: number;
  /** The requested ones unless given. */
  readonly targets?: JobTargets;
  /** The requested ones unless given; in an extension the new total. */
  readonly minutes?: number;
  readonly replaced?: Verified<Grant>;
  /** Those of the replaced grant unless given. */
  readonly deviceKeys?: Grant["deviceKeys"];
  /** The requested ones, or those of the replaced grant, unless given. */
  readonly windows?: Grant["windows"];
}

/** A grant's payload with everything that follows from its request: the latest start as asked, the latest end as minutes allow. */
export function draftGrant(draft: GrantDraft): Grant {
  const { request, replaced, manifest, issuedAt } = draft;
  const asked = request.payload;
  const minutes = draft.minutes ?? asked.minutes;
  const targets = draft.targets ?? replaced?.payload.targets ?? asked.targets;
  const deviceKeys = (draft.deviceKeys ?? replaced?.payload.deviceKeys ?? []).filter(({ target }) =>
    targets.some(({ id }) => id === target),
  );
  const windows = draft.windows ?? (replaced?.payload ?? asked).windows;
  return {
    site: asked.site,
    edge: asked.edge,
    request: request.hash,
    vendor: asked.vendor,
    targets,
    startBeforeAt: windows?.untilAt ?? asked.startBeforeAt,
    minutes,
    endsAt: windows?.untilAt ?? asked.startBeforeAt + minutes * 60,
    manifest,
    anchor: embed(draft.anchor),
    replaces: replaced?.hash ?? null,
    deviceKeys,
    windows,
    issuedAt,
  };
}
