// All sessions and readers of this edge: the gate as the sealed channel sees it. Documents that a far side brings are verified here, before the gate.
// Invariant: whatever changes what the gate judges by, every session and reader is judged again.
import type {
  AskedOpen,
  AskedOpening,
  ChannelGate,
  EdgeChannel,
  OpeningVerdict,
  Verdict,
} from "../shared/channel/admission.ts";
import { toBase64Url } from "../shared/bytes.ts";
import { verifyAttestation } from "../shared/document/attestation.ts";
import { parseEnvelope } from "../shared/document/envelope.ts";
import type { Held } from "../shared/document/held.ts";
import { verifyProof } from "../shared/document/proof.ts";
import { SallyportError } from "../shared/errors.ts";
import type { ChannelId, DocumentHash, PersonId } from "../shared/ids.ts";
import type { SessionCaller } from "./admission-record.ts";
import { isReading } from "./gate.ts";
import type { Jobs } from "./jobs.ts";
import { Pace } from "./pace.ts";
import { Reader, type ReaderWorld } from "./reader.ts";
import { toldReason, type RefusalReason } from "./refusal.ts";
import { isOwnFailure, type Refusals } from "./refusals.ts";
import { Session } from "./session.ts";
import type { SessionSummary, SessionWorld } from "./session-world.ts";
import type { Occupation } from "./situation.ts";
import type { Trust } from "./trust.ts";

export interface SessionsWorld extends Omit<SessionWorld, "onOccupation" | "job">, ReaderWorld {
  readonly trust: Trust;
  readonly jobs: Jobs;
  readonly refusals: Refusals;
}

/** Of one person: each coming costs a proof on file and entries in the journal. */
const comings = { atOnce: 256, oneEveryMs: 10_000 };

/** A reason of ours for what a verification threw. */
class Refusal extends Error {
  readonly reason: RefusalReason;

  constructor(reason: RefusalReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export class Sessions implements ChannelGate {
  readonly #world: SessionsWorld;
  readonly #sessions = new Map<ChannelId, Session>();
  readonly #readers = new Map<ChannelId, Reader>();
  readonly #paces = new Map<PersonId, Pace>();

  constructor(world: SessionsWorld) {
    this.#world = world;
  }

  async onOpen(asked: AskedOpen): Promise<Verdict> {
    try {
      return await this.#judge(asked);
    } catch (thrown) {
      if (thrown instanceof Refusal) {
        this.#world.log(`refused, ${thrown.reason}: ${thrown.message}`);
        return this.#refuse(thrown.reason);
      }
      this.#world.log(`channel not served: ${String(thrown)}`);
      return this.#refuse("edge-failing");
    }
  }

  async onOpening(asked: AskedOpening): Promise<OpeningVerdict> {
    const session = this.#sessions.get(asked.session.id);
    if (session === undefined) return { admitted: false, reason: toldReason("request-missing") };
    const verdict = await session.open(asked);
    if (!verdict.admitted) this.#world.refusals.count("opening-refused");
    return verdict;
  }

  async onResume(channel: EdgeChannel): Promise<boolean> {
    const { id } = channel.session;
    return this.#readers.has(id) || (this.#sessions.get(id)?.mayResume() ?? false);
  }

  onRejected(why: SallyportError): void {
    this.#world.refusals.count(`handshake-${why.code.replaceAll("_", "-")}`);
  }

  /** Asks the gate again for everybody. */
  rejudge(): void {
    for (const session of this.#sessions.values()) session.rejudge();
    for (const reader of this.#readers.values()) reader.rejudge();
  }

  /** Resolves when every session that the gate does not admit any more is over. */
  async settled(): Promise<void> {
    this.rejudge();
    await Promise.all(
      [...this.#sessions.values()]
        .filter((session) => session.summary().state === "ended")
        .map((session) => session.ended),
    );
  }

  occupations(): readonly Occupation[] {
    return [...this.#sessions.values()].flatMap((session) => session.occupations());
  }

  summaries(): readonly SessionSummary[] {
    return [...this.#sessions.values()].map((session) => session.summary());
  }

  /** Ends everything, because the edge goes down or cannot write any more. */
  async endAll(reason: RefusalReason): Promise<void> {
    for (const reader of this.#readers.values()) reader.end(reason);
    await Promise.all([...this.#sessions.values()].map((session) => session.end(reason)));
  }

  async #judge(asked: AskedOpen): Promise<Verdict> {
    const { trust } = this.#world;
    // Attack: other documents among them, for trust to take on a way that answers no receipt, or to fill the journal with refusals.
    for (const text of asked.manifests) {
      const envelope = await verifying("manifest-unknown", async () => parseEnvelope(text));
      if (envelope.type !== "manifest") return this.#refuse("manifest-unknown");
      const acceptance = await trust.accept(envelope);
      if (acceptance.outcome === "refused") break;
    }
    const held = trust.held();
    const situation = trust.situation();
    if (held === undefined || situation === undefined) return this.#refuse("edge-failing");
    const { manifestHash } = asked.flight;
    if (!situation.lineage.has(manifestHash)) return this.#askManifests(asked, held);
    return isReading(asked.purpose) ? this.#read(asked, held) : this.#open(asked, held);
  }

  // The far side knows a manifest that is not ours: it may bring those that we lack, once.
  #askManifests({ manifests }: AskedOpen, { manifest }: Held): Verdict {
    if (manifests.length > 0) return this.#refuse("manifest-unknown");
    const { version } = manifest.payload;
    return {
      verdict: "manifest-needed",
      message: { type: "manifest-needed", version, held: manifest.hash },
    };
  }

  async #read({ channel, purpose, flight }: AskedOpen, held: Held): Promise<Verdict> {
    const transcript = toBase64Url(channel.transcriptHash);
    const { edge } = this.#requireSituation();
    const proof = await verifying("proof-invalid", async () =>
      verifyProof(parseEnvelope(flight.proof), held, { edge, purpose, transcript }),
    );
    if (!this.#mayCome(proof.payload.person)) return this.#refuse("too-often");
    const caller = {
      purpose,
      transcript,
      proof,
      attestation: undefined,
      spentStep: undefined,
      running: false,
    };
    const reader = new Reader(this.#world, channel, caller);
    this.#readers.set(channel.id, reader);
    reader.ended.addEventListener("abort", () => this.#readers.delete(channel.id));
    const verdict = await reader.begin();
    if (!("refused" in verdict)) return verdict;
    this.#readers.delete(channel.id);
    return this.#refuse(verdict.refused);
  }

  async #open({ channel, purpose, flight, manifests }: AskedOpen, held: Held): Promise<Verdict> {
    const { jobs } = this.#world;
    const transcript = toBase64Url(channel.transcriptHash);
    const { edge } = this.#requireSituation();
    const proof = await verifying("proof-invalid", async () =>
      verifyProof(parseEnvelope(flight.proof), held, { edge, purpose, transcript }),
    );
    const { request, person } = proof.payload;
    if (!this.#mayCome(person)) throw new Refusal("too-often", `"${person}" comes without end`);
    if (request === null) throw new Refusal("request-missing", "proof names no request");
    const job = await verifying("request-invalid", async () =>
      jobs.find(flight.request === null ? request : parseEnvelope(flight.request)),
    );
    if (job.request.hash !== request) throw new Refusal("request-missing", "another request");
    if (flight.grant !== null) {
      const offer = await jobs.offer(
        await verifying("grant-invalid", async () => parseEnvelope(flight.grant ?? "")),
      );
      if (offer.outcome === "refused") {
        const isManifestMissing = offer.reason === "manifest-unknown" && manifests.length === 0;
        if (isManifestMissing)
          return this.#askManifests({ channel, purpose, flight, manifests }, held);
        throw new Refusal(offer.reason, offer.message);
      }
    }
    const { attestation: code } = flight;
    const attestation =
      code === null
        ? undefined
        : await verifying("attestation-invalid", async () =>
            verifyAttestation(parseEnvelope(code), held, { person, transcript }),
          );
    return this.#begin(channel, { channel, purpose, transcript, proof, attestation, request });
  }

  async #begin(channel: EdgeChannel, caller: SessionCaller): Promise<Verdict> {
    const world: SessionWorld = {
      ...this.#world,
      job: (request: DocumentHash) => this.#world.jobs.get(request),
      onOccupation: () => this.#tellPresence(),
    };
    const session = new Session(world, caller);
    this.#sessions.set(channel.id, session);
    session.onEnded = () => {
      this.#sessions.delete(channel.id);
      this.#tellPresence();
    };
    const verdict = await session.begin();
    if (!("refused" in verdict)) return verdict;
    this.#sessions.delete(channel.id);
    return this.#refuse(verdict.refused);
  }

  // Only persons whose proof verified have a pace, so there are no more of these than people.
  #mayCome(person: PersonId): boolean {
    const pace = this.#paces.get(person) ?? new Pace(this.#world.clock, comings);
    this.#paces.set(person, pace);
    return pace.take();
  }

  #tellPresence(): void {
    const all = this.occupations();
    for (const session of this.#sessions.values()) session.tellPresence(all);
  }

  #requireSituation() {
    const situation = this.#world.trust.situation();
    if (situation === undefined) throw new Refusal("edge-failing", "no manifest is held");
    return situation;
  }

  // Counted, not told in full: whoever knocks may knock often.
  #refuse(reason: RefusalReason): Verdict {
    this.#world.refusals.count(reason);
    return { verdict: "refused", reason: toldReason(reason) };
  }
}

async function verifying<Result>(
  reason: RefusalReason,
  verify: () => Promise<Result>,
): Promise<Result> {
  try {
    return await verify();
  } catch (thrown) {
    if (thrown instanceof SallyportError && !isOwnFailure(thrown)) {
      throw new Refusal(reason, thrown.message);
    }
    throw thrown;
  }
}
