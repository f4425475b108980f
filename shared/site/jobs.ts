// Jobs as this person may see them: each verified request with what became of it. All of it is verified under the held manifest; what does not
// verify is left out. A cut stands as "end asked" until the edge's own receipt makes it "ended".
import { fromBase64Url } from "../bytes.ts";
import { verifyDeny, verifyReceipt, type Deny, type Receipt } from "../document/denial.ts";
import type { Envelope } from "../document/envelope.ts";
import { parseGrant, verifyGrant, type VerifiedGrant } from "../document/grant.ts";
import type { Held } from "../document/held.ts";
import { verifyRequest, type Request } from "../document/request.ts";
import { verifyRevocation, type Revocation } from "../document/revocation.ts";
import type { Verified } from "../document/verify.ts";
import { SallyportError } from "../errors.ts";
import type { DocumentHash } from "../ids.ts";
import type { DocumentType, StoredDocument } from "./relay-client.ts";
import type { Side } from "./side.ts";

export const jobDocuments: readonly DocumentType[] = [
  "request",
  "grant",
  "deny",
  "revocation",
  "receipt",
];

export type JobState =
  | "waiting"
  | "partly approved"
  | "granted"
  | "denied"
  | "end asked"
  | "ended"
  | "expired";

export interface Job {
  /** The first ten hexadecimal digits of the request's hash: what people type. */
  readonly id: string;
  readonly request: Verified<Request>;
  /** The newest grant of the request's line. */
  readonly grant: VerifiedGrant | undefined;
  /** A grant that further approvers must sign: the first signer's exact bytes. */
  readonly partial: Envelope | undefined;
  readonly denial: Verified<Deny> | undefined;
  readonly revocation: Verified<Revocation> | undefined;
  readonly endedBy: Verified<Receipt> | undefined;
  readonly state: JobState;
}

/** What people call a job. */
export function jobId(request: DocumentHash): string {
  return fromBase64Url(request).toHex().slice(0, 10);
}

/** All jobs, newest first. */
export async function jobsOf(side: Side): Promise<Job[]> {
  return jobsAmong(await side.relay.documents(jobDocuments), side.held);
}

/** The jobs that some documents speak of, newest first. */
export async function jobsAmong(stored: readonly StoredDocument[], held: Held): Promise<Job[]> {
  const byType = Map.groupBy(stored, ({ type }) => type);
  const verified = async <Document>(
    type: string,
    verify: (envelope: Envelope) => Promise<Document>,
  ): Promise<Document[]> => {
    const found = await Promise.all(
      (byType.get(type) ?? []).map(({ envelope }) => orNothing(() => verify(envelope))),
    );
    return found.filter((document) => document !== undefined);
  };
  const requests = await verified("request", (envelope) => verifyRequest(envelope, held));
  const denials = await verified("deny", (envelope) => verifyDeny(envelope, held));
  const revocations = await verified("revocation", (envelope) => verifyRevocation(envelope, held));
  const receipts = await verified("receipt", (envelope) => verifyReceipt(envelope, held));
  const grants = (byType.get("grant") ?? []).map(({ envelope }) => envelope);
  const jobs = [...new Map(requests.map((request) => [request.hash, request])).values()].map(
    async (request): Promise<Job> => {
      const { grant, partial } = await lineOf(request, grants, held);
      const denial = denials.find((each) => each.payload.request === request.hash);
      const revocation = revocations.find(
        ({ payload: { scope, edge } }) =>
          scope.kind === "request" &&
          scope.id === request.hash &&
          (edge === null || edge === request.payload.edge),
      );
      const endedBy =
        revocation &&
        receipts.find(
          // Attack: another edge of the site, taken over, says that a session has ended which goes on here.
          ({ payload }) =>
            payload.edge === request.payload.edge &&
            payload.document === revocation.hash &&
            payload.outcome === "done",
        );
      const known = {
        id: jobId(request.hash),
        request,
        grant,
        partial,
        denial,
        revocation,
        endedBy,
      };
      return { ...known, state: stateOf(known, held.nowAt) };
    },
  );
  return (await Promise.all(jobs)).toSorted(
    (left, right) => right.request.payload.issuedAt - left.request.payload.issuedAt,
  );
}

// The first valid grant founds the line; each further one replaces the newest.
async function lineOf(
  request: Verified<Request>,
  grants: readonly Envelope[],
  held: Held,
): Promise<{ grant: VerifiedGrant | undefined; partial: Envelope | undefined }> {
  let grant: VerifiedGrant | undefined;
  let partial: Envelope | undefined;
  for (const envelope of grants) {
    const payload = await orNothing(async () => parseGrant(envelope));
    if (payload?.request !== request.hash || payload.replaces !== (grant?.hash ?? null)) continue;
    try {
      grant = await verifyGrant(envelope, held, { request, ...(grant && { replaced: grant }) });
      partial = undefined;
    } catch (thrown) {
      // All of it fits, only signatures are missing: the quorum's others sign these very bytes.
      if (thrown instanceof SallyportError && thrown.code === "threshold_missed")
        partial = envelope;
    }
  }
  return { grant, partial };
}

function stateOf(job: Omit<Job, "state">, nowAt: number): JobState {
  if (job.endedBy !== undefined) return "ended";
  if (job.revocation !== undefined) return "end asked";
  if (job.grant !== undefined) return job.grant.payload.endsAt < nowAt ? "expired" : "granted";
  if (job.denial !== undefined) return "denied";
  if (job.request.payload.startBeforeAt < nowAt) return "expired";
  return job.partial === undefined ? "waiting" : "partly approved";
}

// A relay may add anything to its answers; what does not verify is as good as not there.
async function orNothing<Value>(make: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await make();
  } catch (thrown) {
    if (thrown instanceof SallyportError) return undefined;
    throw thrown;
  }
}
