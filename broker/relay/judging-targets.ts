// Judging what closes and opens targets, and what is sealed for them: lockdown, lift, secret, device.
import { parseEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import {
  candidatesWith,
  requireEdge,
  requireSite,
  signatureRules,
} from "../../shared/document/held.ts";
import { parseLift, verifyLockdown, type LockdownScope } from "../../shared/document/lockdown.ts";
import { findTarget, type Manifest } from "../../shared/document/manifest.ts";
import {
  parseDeviceDocument,
  parseSecretDocument,
  verifyDevice,
  verifySecret,
} from "../../shared/document/sealed.ts";
import { verifyDocument } from "../../shared/document/verify.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import type { Judged, JudgingContext } from "./judging.ts";

/** A lockdown, for the edges that it names. */
export async function judgeLockdown(envelope: Envelope, { held }: JudgingContext): Promise<Judged> {
  const { payload, hash } = await verifyLockdown(envelope, held);
  const edge = edgeOf(payload.scope, held.manifest.payload);
  return { state: "complete", subject: hash, ...(edge && { edge }) };
}

function edgeOf(scope: LockdownScope, manifest: Manifest): EdgeId | undefined {
  switch (scope.kind) {
    case "site":
      return undefined;
    case "edge":
      return scope.id;
    case "target":
      return findTarget(manifest, scope.id)?.edge;
  }
}

/**
 * A lift. How many must sign depends on a journal entry that only the edge has, so every version with good signatures is complete here, and
 * the edge waits for one with enough.
 */
export async function judgeLift(envelope: Envelope, { held }: JudgingContext): Promise<Judged> {
  const payload = parseLift(envelope);
  requireSite(payload.site, held);
  requireEdge(payload.edge, held);
  const candidates = candidatesWith(held, "approver", "owner");
  await verifyDocument(held.suite, envelope, payload, candidates, signatureRules(held));
  return { state: "complete", subject: payload.lockdown, edge: payload.edge };
}

/** A secret of a higher version than the one before. */
export async function judgeSecret(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { payload } = await verifySecret(envelope, context.held);
  const subject = `${payload.edge} ${payload.target} ${payload.name}`;
  await requireRise(payload.version, "secret", subject, context, parseSecretDocument);
  return { state: "complete", subject, edge: payload.edge };
}

/** A device of a higher version than the one before. */
export async function judgeDevice(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { payload } = await verifyDevice(envelope, context.held);
  const subject = `${payload.edge} ${payload.target}`;
  await requireRise(payload.version, "device", subject, context, parseDeviceDocument);
  return { state: "complete", subject, edge: payload.edge };
}

async function requireRise(
  version: number,
  type: string,
  subject: string,
  { site, rows }: JudgingContext,
  parse: (envelope: Envelope) => { readonly version: number },
): Promise<void> {
  const newest = (await rows.about(site, type, subject)).at(-1);
  if (newest === undefined) return;
  const held = parse(parseEnvelope(newest.envelope)).version;
  if (version <= held) {
    throw new SallyportError("conflict", `${type} of version ${version}, ${held} is on file`);
  }
}
