// Judging what closes and opens targets, and what is sealed for them: lockdown, lift, secret, device.
import { parseEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import {
  decidersWith,
  requireEdge,
  requireSite,
  signatureRules,
} from "../../shared/document/held.ts";
import { parseLift, verifyLockdown, type LockdownScope } from "../../shared/document/lockdown.ts";
import { findTarget, type Manifest } from "../../shared/document/manifest.ts";
import { parseDeviceDocument, verifyDevice } from "../../shared/document/device.ts";
import { parseSecretDocument, verifySecret } from "../../shared/document/secret.ts";
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
  const candidates = decidersWith(held, "approver", "owner");
  await verifyDocument(held.suite, envelope, payload, candidates, signatureRules(held));
  return { state: "complete", subject: payload.lockdown, edge: payload.edge };
}

/** A secret of a higher version than the one on file. */
export async function judgeSecret(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { edge, target, name } = parseSecretDocument(envelope);
  const subject = `${edge} ${target} ${name}`;
  const onFile = await newestVersion("secret", subject, context, parseSecretDocument);
  await verifySecret(envelope, context.held, onFile);
  return { state: "complete", subject, edge };
}

/** The device of the version that the manifest asks for; the first of a version stays. */
export async function judgeDevice(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { payload } = await verifyDevice(envelope, context.held);
  const { edge, target, version } = payload;
  const subject = `${edge} ${target}`;
  const onFile = await newestVersion("device", subject, context, parseDeviceDocument);
  if (version <= onFile) {
    throw new SallyportError(
      "conflict",
      `device of version ${version} for "${target}" is on file, list the next in the manifest`,
    );
  }
  return { state: "complete", subject, edge };
}

async function newestVersion(
  type: string,
  subject: string,
  { site, rows }: JudgingContext,
  parse: (envelope: Envelope) => { readonly version: number },
): Promise<number> {
  const newest = (await rows.about(site, type, subject)).at(-1);
  return newest === undefined ? 0 : parse(parseEnvelope(newest.envelope)).version;
}
