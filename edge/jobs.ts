// The jobs that this edge knows: requests with their lines of grants, verified, anchored and accounted for.
// Invariants: a grant joins its line only after the gate's rules took it, and is archived, journaled and accounted for before it counts; an anchor
// that this edge signed and its journal lacks is a rollback, and raises the alarm.
import { hashEnvelope, type Envelope } from "../shared/document/envelope.ts";
import { parseGrant, verifyGrant, type VerifiedGrant } from "../shared/document/grant.ts";
import type { Held } from "../shared/document/held.ts";
import { parseRequest, verifyRequest, type Request } from "../shared/document/request.ts";
import type { Verified } from "../shared/document/verify.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";
import type { DocumentHash, PersonId } from "../shared/ids.ts";
import { isOwnFailure } from "./refusals.ts";
import type { Consumption } from "./consumption.ts";
import { faultOfNext, type Anchor, type AnchoredGrant, type Job } from "./grant-line.ts";
import type { Journal } from "./journal.ts";
import type { Archive } from "./record/archive.ts";
import type { RefusalReason } from "./refusal.ts";
import type { Situation } from "./situation.ts";
import type { EdgeTime } from "./time.ts";
import { documentsOf, type EntryReference } from "./trust-file.ts";

/** Requests of one vendor that nothing was granted for yet; that vendor's oldest gives way. */
const maxUngranted = 64;

export interface JobsOptions {
  readonly archive: Archive;
  readonly journal: Journal;
  readonly consumption: Consumption;
  readonly time: EdgeTime;
  readonly held: () => Held | undefined;
  readonly situation: () => Situation | undefined;
  /** A request was learned, from whomever: what waits for it may be tried again. */
  readonly onRequest: () => void;
  /** A grant joined the line of this request. */
  readonly onGrant: (grant: VerifiedGrant) => Promise<void>;
  /** A grant is anchored in a journal that this edge signed and has not. */
  readonly onRollback: (grant: DocumentHash) => void;
}

/** What became of a grant that arrived. */
export type Offer =
  | { readonly outcome: "accepted"; readonly entry: EntryReference }
  | { readonly outcome: "known" }
  | { readonly outcome: "refused"; readonly reason: RefusalReason; readonly message: string };

interface KnownJob {
  readonly request: Verified<Request>;
  readonly line: readonly AnchoredGrant[];
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #known = new Map<DocumentHash, KnownJob>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: JobsOptions) {
    this.#options = options;
  }

  /** The job of a request that is known by now, with what is used of it at this moment. */
  get(request: DocumentHash): Job | undefined {
    const known = this.#known.get(request);
    return known && { ...known, consumed: this.#options.consumption.of(request) };
  }

  /** Takes a request, or finds the one of that hash. Throws what its verification throws, `not_found` for one that is nowhere. */
  async find(request: Envelope | DocumentHash): Promise<Job> {
    const hash = typeof request === "string" ? request : await hashEnvelope(request);
    await this.#inTurn(() => this.#learn(hash, typeof request === "string" ? undefined : request));
    const job = this.get(hash);
    if (job === undefined) throw new SallyportError("not_found", `no request "${hash}" is known`);
    return job;
  }

  /** Judges a grant, and adds it to its request's line if it is accepted. Rejects only if it could not be written down. */
  async offer(envelope: Envelope): Promise<Offer> {
    return this.#inTurn(() => this.#offer(envelope));
  }

  /** Drops accounts of jobs that can never run again: any grant for them is refused by its date. */
  async prune(): Promise<void> {
    const { consumption, time } = this.#options;
    for (const { request, line } of consumption.jobs()) {
      const overAt = await this.#overAt(request, line);
      if (overAt !== undefined && overAt * 1000 < time.reading().floorMs) {
        await consumption.forget(request);
      }
    }
  }

  // Attack: an account that is forgotten too early lets a sibling, or a grant that was replaced, found the line once more. None may start later
  // than the request asked, and none that started may end later than it says.
  async #overAt(request: DocumentHash, line: readonly DocumentHash[]): Promise<number | undefined> {
    const { archive } = this.#options;
    const asked = await archive.get("request", request);
    if (asked === undefined) return undefined;
    const grants = await documentsOf(archive, "grant", line);
    return Math.max(
      parseRequest(asked).startBeforeAt,
      ...grants.map((grant) => parseGrant(grant).endsAt),
    );
  }

  async #learn(hash: DocumentHash, brought: Envelope | undefined): Promise<void> {
    if (this.#known.has(hash)) return;
    const { archive, consumption } = this.#options;
    const envelope = brought ?? (await archive.get("request", hash));
    if (envelope === undefined) return;
    const request = await verifyRequest(envelope, this.#requireHeld());
    const line: AnchoredGrant[] = [];
    for (const stored of await documentsOf(archive, "grant", consumption.of(hash).line)) {
      line.push(await this.#verify(stored, request, line.at(-1)));
    }
    this.#known.set(hash, { request, line });
    this.#forgetOldest(request.payload.vendor);
    this.#options.onRequest();
  }

  async #offer(envelope: Envelope): Promise<Offer> {
    try {
      return await this.#judge(envelope);
    } catch (thrown) {
      if (!(thrown instanceof SallyportError) || isOwnFailure(thrown)) throw thrown;
      const reason = thrown.code === "threshold_missed" ? "approvers-missing" : "grant-invalid";
      return { outcome: "refused", reason, message: messageOf(thrown) };
    }
  }

  async #judge(envelope: Envelope): Promise<Offer> {
    const payload = parseGrant(envelope);
    const hash = await hashEnvelope(envelope);
    const situation = this.#options.situation();
    if (situation === undefined) return refused("manifest-unknown");
    // Attack: another edge's grant handed to this one. Its anchor is not in our journal, and would pass for a rollback of ours.
    if (payload.edge !== situation.edge) return refused("foreign-edge");
    // Before anything is verified: what the held manifest says of signers is not what the newer one says.
    if (!situation.lineage.has(payload.manifest)) return refused("manifest-unknown");
    await this.#learn(payload.request, undefined);
    const job = this.get(payload.request);
    if (job === undefined) return refused("request-missing");
    if (job.line.some(({ grant }) => grant.hash === hash)) return { outcome: "known" };
    const last = job.line.at(-1);
    if (payload.replaces !== (last?.grant.hash ?? null)) return refused("grant-is-sibling");
    const next = await this.#verify(envelope, job.request, last);
    if (next.anchor.kind === "lost") this.#options.onRollback(hash);
    const fault = faultOfNext(job, next, situation);
    if (fault !== undefined) return refused(fault);
    return this.#hold(job, next, envelope);
  }

  async #hold(job: Job, next: AnchoredGrant, envelope: Envelope): Promise<Offer> {
    const { archive, journal, consumption, time, onGrant } = this.#options;
    const request = await archive.keep(job.request.envelope);
    const grant = await archive.keep(envelope);
    const { header, hash } = await journal.append("grant-held", { request, grant });
    const { replaces } = next.grant.payload;
    if (!(await consumption.extendLine(request, grant, replaces)))
      return refused("grant-is-sibling");
    this.#known.set(request, { request: job.request, line: [...job.line, next] });
    await time.raise(next.grant.payload.issuedAt);
    await onGrant(next.grant as VerifiedGrant);
    const entry = { index: header.n, hash, wallMs: header.wallMs };
    return { outcome: "accepted", entry };
  }

  async #verify(
    envelope: Envelope,
    request: Verified<Request>,
    replaced: AnchoredGrant | undefined,
  ): Promise<AnchoredGrant> {
    const context = { request, ...(replaced && { replaced: replaced.grant }) };
    const grant = await verifyGrant(envelope, this.#requireHeld(), context);
    return { grant, anchor: await this.#findAnchor(grant) };
  }

  async #findAnchor({ anchor }: VerifiedGrant): Promise<Anchor> {
    const { journal } = this.#options;
    const { length, head, bootId } = anchor.payload;
    if (!(await journal.contains({ length, head }))) return { kind: "lost" };
    for await (const { header } of journal.entriesFrom(length - 1)) {
      // An anchor made after a reboot, before anything was journaled, is of its own boot; it is then older than all of it.
      return {
        kind: "held",
        bootId,
        monotonicMs: header.bootId === bootId ? header.monotonicMs : 0,
      };
    }
    return { kind: "held", bootId, monotonicMs: 0 };
  }

  #requireHeld(): Held {
    const held = this.#options.held();
    if (held !== undefined) return held;
    throw new SallyportError("refused", "the edge holds no manifest yet", { retryable: true });
  }

  // Attack: one vendor asks without end, and the others' requests, and the sessions that wait for them, are gone.
  #forgetOldest(vendor: PersonId): void {
    const ungranted = [...this.#known].filter(
      ([, { request, line }]) => line.length === 0 && request.payload.vendor === vendor,
    );
    const [oldest] = ungranted;
    if (ungranted.length > maxUngranted && oldest !== undefined) this.#known.delete(oldest[0]);
  }

  async #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

function refused(reason: RefusalReason): Offer {
  return { outcome: "refused", reason, message: reason };
}
