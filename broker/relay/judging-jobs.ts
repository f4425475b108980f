// Judging the documents of a job: request, grant, denial, revocation. Each belongs to the vendor who asked and to the edge of the request.
import { verifyDeny } from "../../shared/document/denial.ts";
import { parseEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { parseGrant, verifyGrant, type Grant } from "../../shared/document/grant.ts";
import { verifyRequest, type Request } from "../../shared/document/request.ts";
import { verifyRevocation, type Revocation } from "../../shared/document/revocation.ts";
import type { Verified } from "../../shared/document/verify.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { DocumentHash, PersonId } from "../../shared/ids.ts";
import type { Judged, JudgingContext } from "./judging.ts";
import type { Entry } from "./store/document-rows.ts";

/** A job is extended a handful of times. */
const maxReplacements = 32;

/** A vendor's request, which is about itself. */
export async function judgeRequest(envelope: Envelope, { held }: JudgingContext): Promise<Judged> {
  const { hash, payload } = await verifyRequest(envelope, held);
  return { state: "complete", subject: hash, edge: payload.edge, vendor: payload.vendor };
}

/** A grant or an extension; partial while its quorum is missing. */
export async function judgeGrant(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { request: subject, edge, vendor } = parseGrant(envelope);
  try {
    await verifyGrantOf(envelope, context, maxReplacements);
    return { state: "complete", subject, edge, vendor };
  } catch (thrown) {
    if (!(thrown instanceof SallyportError) || thrown.code !== "threshold_missed") throw thrown;
    return { state: "partial", subject, edge, vendor };
  }
}

async function verifyGrantOf(
  envelope: Envelope,
  context: JudgingContext,
  replacements: number,
): Promise<Verified<Grant>> {
  const { request: asked, replaces } = parseGrant(envelope);
  const request = await requestOf(asked, context);
  if (replaces === null) return verifyGrant(envelope, context.held, { request });
  if (replacements === 0) {
    throw new SallyportError("document_invalid", `job was extended ${maxReplacements} times`);
  }
  const entry = await entryOf(replaces, "grant", context);
  const before = parseEnvelope(entry.envelope);
  const replaced = await verifyGrantOf(before, context, replacements - 1);
  return verifyGrant(envelope, context.held, { request, replaced });
}

/** An approver's no. */
export async function judgeDenial(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { payload } = await verifyDeny(envelope, context.held);
  const { edge, vendor } = (await requestOf(payload.request, context)).payload;
  return { state: "complete", subject: payload.request, edge, vendor };
}

/** A revocation, about what it ends. */
export async function judgeRevocation(
  envelope: Envelope,
  context: JudgingContext,
): Promise<Judged> {
  const { payload } = await verifyRevocation(envelope, context.held);
  const vendor = await vendorOf(payload, context);
  return {
    state: "complete",
    subject: payload.scope.id,
    ...(payload.edge !== null && { edge: payload.edge }),
    ...(vendor && { vendor }),
  };
}

// Whose access ends, so that they can see why.
async function vendorOf(
  { scope }: Revocation,
  { site, rows }: JudgingContext,
): Promise<PersonId | undefined> {
  switch (scope.kind) {
    case "request":
      return (await rows.newest(site, scope.id))?.vendor;
    case "person":
      return scope.id;
    case "key":
      return rows.holderAt(site, scope.id);
    case "target":
    case "manifest":
      return undefined;
  }
}

async function requestOf(hash: DocumentHash, context: JudgingContext): Promise<Verified<Request>> {
  const { envelope } = await entryOf(hash, "request", context);
  return verifyRequest(parseEnvelope(envelope), context.held);
}

async function entryOf(
  hash: DocumentHash,
  type: string,
  { site, rows }: JudgingContext,
): Promise<Entry> {
  const entry = await rows.newest(site, hash);
  if (entry?.type !== type)
    throw new SallyportError("not_found", `${type} "${hash}" is not on file`);
  return entry;
}
