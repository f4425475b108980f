// An approver's answers as signed documents: the permission, its extension, the no, the end. Invariant: what gives access is signed by a touch
// where the person has a passkey; what takes it away needs none.
import { hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { draftGrant, parseGrant, type Grant } from "../../../shared/document/grant.ts";
import { keyIdOf } from "../../../shared/document/keys.ts";
import type { Held } from "../../../shared/document/held.ts";
import type { JobTargets } from "../../../shared/document/request.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { requireAnchor } from "../../../shared/site/approvals.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { awaitReceipts } from "../../../shared/site/receipts.ts";
import type { PageSide } from "../person/page-side.ts";
import type { SigningWindow } from "../person/signing-window.ts";

type Touch = SigningWindow | undefined;
type Anchor = Awaited<ReturnType<typeof requireAnchor>>;

/** What an approver gives: all that was asked, or less. */
export interface Given {
  readonly minutes: number;
  readonly targets: JobTargets;
}

/** Signs the permission; `partly` if further approvers must sign it. */
export async function approve(
  side: PageSide,
  job: Job,
  given: Given,
  touch: Touch,
  anchor: Anchor | undefined,
): Promise<"granted" | "partly"> {
  return decide(side, job, touch, anchor, given);
}

/** Adds minutes to a granted job, in place. */
export async function extend(
  side: PageSide,
  job: Job,
  byMinutes: number,
  touch: Touch,
  anchor: Anchor | undefined,
): Promise<"granted" | "partly"> {
  const minutes = (job.grant?.payload.minutes ?? 0) + byMinutes;
  return decide(side, job, touch, anchor, { minutes });
}

/** Accepts what devices show since their keys or certificates were changed, for this job alone. */
export async function acceptDeviceKeys(
  side: PageSide,
  job: Job,
  accepted: Grant["deviceKeys"],
  touch: Touch,
): Promise<"granted" | "partly"> {
  const before = job.grant?.payload;
  const deviceKeys = [...(before?.deviceKeys ?? []), ...accepted];
  return decide(side, job, touch, undefined, {
    ...(before && { minutes: before.minutes }),
    deviceKeys,
  });
}

async function decide(
  side: PageSide,
  job: Job,
  touch: Touch,
  anchor: Anchor | undefined,
  what: Partial<Given> & { readonly deviceKeys?: Grant["deviceKeys"] },
): Promise<"granted" | "partly"> {
  try {
    const { envelope } = anchor ?? (await requireAnchor(side, job.request.payload.edge));
    const grant = draftGrant({
      request: job.request,
      manifest: side.view.chain.held.hash,
      anchor: envelope,
      issuedAt: side.now(),
      ...(job.grant && { replaced: job.grant }),
      ...what,
    });
    return await give(side, await side.decide("grant", grant, touch, aboutOf(job)));
  } catch (thrown) {
    touch?.close();
    throw thrown;
  }
}

/** Signs the very bytes that another approver has signed. */
export async function approveSame(
  side: PageSide,
  job: Job,
  touch: Touch,
): Promise<"granted" | "partly"> {
  if (job.partial === undefined) throw new SiteFault("conflict", "nobody has approved this yet");
  return give(side, await side.cosign(job.partial, touch, aboutOf(job)));
}

async function give(side: PageSide, envelope: Envelope): Promise<"granted" | "partly"> {
  const { posted } = await side.give(envelope);
  return posted.state === "complete" ? "granted" : "partly";
}

// The signing page shows a permission only together with the request, and an extension with what it replaces.
function aboutOf({ request, grant }: Job): Envelope[] {
  return grant === undefined ? [request.envelope] : [request.envelope, grant.envelope];
}

/** Says no; the vendor sees the reason. */
export async function deny(side: PageSide, job: Job, reason: string, touch: Touch): Promise<void> {
  const payload = {
    site: side.id,
    request: job.request.hash,
    reason,
    issuedAt: side.now(),
  };
  await side.give(await side.decide("deny", payload, touch, [job.request.envelope]));
}

/** What an end has come to: `asked` until the edge's own receipt says `done`. */
export interface Ending {
  readonly state: "asked" | "done";
  /** From the press to the receipt. */
  readonly tookMs: number | undefined;
}

const receiptWaitSeconds = 120;

/** Ends a job for good: the unsigned stop at once, and the signed end beside it, which stays. `tell` hears each step. */
export async function end(
  side: PageSide,
  job: Job,
  touch: Touch,
  tell: (ending: Ending) => void,
): Promise<void> {
  const startedMs = performance.now();
  const { hash } = job.request;
  const { edge } = job.request.payload;
  tell({ state: "asked", tookMs: undefined });
  // It only makes the end faster, where the relay does as it should.
  const stopping = side.relay.stop(edge, "grant", hash).catch((thrown: unknown) => thrown);
  const revocation = {
    site: side.id,
    edge,
    scope: { kind: "request", id: hash },
    reason: "",
    issuedAt: side.now(),
  };
  const envelope = await side.decide("revocation", revocation, touch, [job.request.envelope]);
  await side.give(envelope);
  await stopping;
  const [carried] = await awaitReceipts(
    side,
    await hashEnvelope(envelope),
    [edge],
    receiptWaitSeconds,
  );
  if (carried?.state === "done")
    tell({ state: "done", tookMs: Math.round(performance.now() - startedMs) });
}

/** Who has signed a document that needs further signatures, by the keys that the manifest lists. */
export async function signersOf(held: Held, { signatures }: Envelope): Promise<PersonId[]> {
  const keyids = new Set(signatures.map(({ keyid }) => keyid));
  const found: PersonId[] = [];
  for (const { id, keys } of held.manifest.payload.persons) {
    const own = await Promise.all(keys.map((key) => keyIdOf(held.suite, key)));
    if (own.some((keyid) => keyids.has(keyid))) found.push(id);
  }
  return found;
}

/** What the first approver settled, if somebody has signed. */
export function settledBy({ partial }: Job): Grant | undefined {
  return partial && parseGrant(partial);
}
