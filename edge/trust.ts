// What the edge believes: the chain of manifests from the pinned site id, rosters, revocations, lockdowns and lifts (shared/protocol.md, "Succession").
// Invariants: a document is archived and journaled, and both are on the disk, before it counts; two owners' words against each other (siblings)
// change nothing and are reported; nothing that was revoked comes back.
import { hashEnvelope, type Envelope } from "../shared/document/envelope.ts";
import type { Held } from "../shared/document/held.ts";
import {
  parseLift,
  verifyLift,
  verifyLockdown,
  type LockdownScope,
} from "../shared/document/lockdown.ts";
import { findTarget } from "../shared/document/manifest.ts";
import { verifyRevocation, type Revocation } from "../shared/document/revocation.ts";
import { parseRoster, verifyRoster } from "../shared/document/roster.ts";
import { acceptFirst, acceptNext, type ManifestChain } from "../shared/document/succession.ts";
import { SallyportError } from "../shared/errors.ts";
import type { DocumentHash, EdgeId, KeyId } from "../shared/ids.ts";
import type { Acceptance } from "./acceptance.ts";
import {
  firstHeld,
  gatesView,
  loadHeld,
  revokes,
  verifiersView,
  type ArchivedDocuments,
  type HeldDocuments,
} from "./held-documents.ts";
import type { Journal } from "./journal.ts";
import { beginRecovery, isWaitOver, noteWaited } from "./recovery.ts";
import { isOwnFailure, type Refusals } from "./refusals.ts";
import type { TrustedSituation } from "./situation.ts";
import {
  readTrustIndex,
  writeTrustIndex,
  type EntryReference,
  type TrustIndex,
} from "./trust-file.ts";

export interface TrustOptions extends ArchivedDocuments {
  readonly path: string;
  readonly edge: EdgeId;
  readonly journal: Journal;
  readonly refusals: Refusals;
  /** Scope of a running unsigned stop by its journal entry, which a lift may name too. */
  readonly scopeOfStop: (entry: string) => LockdownScope | undefined;
}

/** One edge's trust. Documents are taken one after the other, in the order of the calls. */
export class Trust {
  readonly #options: TrustOptions;
  #index: TrustIndex;
  /** Undefined before the first manifest. */
  #documents: HeldDocuments | undefined;
  #situation: TrustedSituation | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Called after every change, when it counts. */
  onChange: () => void = () => undefined;

  private constructor(
    options: TrustOptions,
    index: TrustIndex,
    documents: HeldDocuments | undefined,
  ) {
    this.#options = options;
    this.#index = index;
    this.#documents = documents;
  }

  /** Takes up what was held. The chain is verified again from the pinned site id; throws if that, or a document of it, is not there. */
  static async open(options: TrustOptions): Promise<Trust> {
    const index = await readTrustIndex(options.path);
    const trust = new Trust(options, index, await loadHeld(options, index));
    await trust.#changed();
    return trust;
  }

  /** The verifier's view at this moment; undefined before the first manifest. */
  held(): Held | undefined {
    const { suite, time } = this.#options;
    return this.#documents && verifiersView(this.#documents, suite, time.reading());
  }

  /** The same for what counts once it is taken: who is revoked signs none of it. What the gate judges again needs no more than `held`. */
  heldNow(): Held | undefined {
    const held = this.held();
    // Asked anew each time: who is revoked while a signature is looked at counts no more, either.
    const isRevoked = (person: string, key: KeyId): boolean =>
      this.#documents !== undefined && revokes(this.#documents, person, key);
    return held && { ...held, isRevoked };
  }

  /** The gate's view; undefined before the first manifest. */
  situation(): TrustedSituation | undefined {
    return this.#situation;
  }

  /** What was held of stops, for receipts that a kill may have cut off. */
  answered(): readonly { readonly hash: DocumentHash; readonly entry: EntryReference }[] {
    const { revocations, lockdowns, lifts } = this.#index;
    return [...revocations, ...lockdowns, ...lifts];
  }

  /** Judges a document of `trustTypes`, and holds it if it is accepted. Rejects only if it could not be written down. */
  async accept(envelope: Envelope): Promise<Acceptance> {
    const turn = this.#turn.then(() => this.#accept(envelope));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** Lets a manifest by the recovery key count once its wait is over; called from time to time. */
  async settleRecovery(): Promise<void> {
    const turn = this.#turn.then(() => this.#settleRecovery());
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #accept(envelope: Envelope): Promise<Acceptance> {
    const hash = await hashEnvelope(envelope);
    try {
      switch (envelope.type) {
        case "manifest":
          return await this.#acceptManifest(envelope, hash);
        case "roster":
          return await this.#acceptRoster(envelope, hash);
        case "revocation":
          return await this.#acceptRevocation(envelope, hash);
        case "lockdown":
          return await this.#acceptLockdown(envelope, hash);
        case "lift":
          return await this.#acceptLift(envelope, hash);
        default:
          throw new SallyportError("document_invalid", `document of type "${envelope.type}"`);
      }
    } catch (thrown) {
      if (!(thrown instanceof SallyportError) || isOwnFailure(thrown)) throw thrown;
      return this.#refuse(envelope, hash, thrown);
    }
  }

  async #acceptManifest(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    const { suite, site, time } = this.#options;
    const documents = this.#documents;
    if (documents === undefined) {
      const chain = await acceptFirst(suite, envelope, site);
      return this.#holdManifest(envelope, chain);
    }
    const step = await acceptNext(suite, envelope, documents.chain);
    switch (step.outcome) {
      case "accepted":
        return this.#holdManifest(envelope, step.chain);
      case "known":
        return { outcome: "known", hash };
      case "recovering":
        if (this.#index.recovering?.hash === hash) return { outcome: "known", hash };
        // Attack: a vetoed one sent again, or held back until its veto was forgotten.
        if (documents.revocations.some((item) => vetoes(item, hash))) {
          throw new SallyportError("forbidden", "an owner has vetoed this manifest");
        }
        return this.#write(envelope, "recovery-announced", (index) => ({
          ...index,
          recovering: beginRecovery(hash, time.moment()),
        }));
      case "sibling":
        return this.#refuse(
          envelope,
          hash,
          new SallyportError(
            "manifest_fork",
            `owners signed two manifests of version ${step.manifest.payload.version}`,
          ),
          "fork-reported",
        );
      case "gap":
        throw new SallyportError(
          "manifest_fork",
          `manifests after version ${step.after} are missing`,
          { retryable: true },
        );
      case "refused":
        throw step.error;
    }
  }

  async #holdManifest(envelope: Envelope, chain: ManifestChain): Promise<Acceptance> {
    const acceptance = await this.#write(envelope, "manifest-held", (index) => ({
      ...index,
      manifests: [...chain.hashes],
      recovering: null,
    }));
    this.#documents = this.#documents ? { ...this.#documents, chain } : firstHeld(chain);
    await this.#options.time.raise(chain.held.payload.issuedAt);
    await this.#changed();
    return acceptance;
  }

  async #acceptRoster(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    if (this.#index.rosters.includes(hash)) return { outcome: "known", hash };
    const { documents, held } = this.#require();
    const { company } = parseRoster(envelope);
    const roster = await verifyRoster(envelope, held, documents.rosters.get(company));
    const rosters = new Map([...documents.rosters, [roster.payload.company, roster]]);
    const acceptance = await this.#write(envelope, "roster-held", (index) => ({
      ...index,
      rosters: [...rosters.values()].map((item) => item.hash),
    }));
    this.#documents = { ...documents, rosters };
    await this.#changed();
    return acceptance;
  }

  async #acceptRevocation(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    const known = this.#index.revocations.find((item) => item.hash === hash);
    if (known !== undefined) return { outcome: "known", hash, entry: known.entry };
    const { documents, held } = this.#require();
    const { payload } = await verifyRevocation(envelope, held);
    if (payload.edge !== null && payload.edge !== this.#options.edge) {
      return { outcome: "elsewhere", hash };
    }
    const acceptance = await this.#write(envelope, "revocation-held", (index, entry) => ({
      ...index,
      revocations: [...index.revocations, { hash, entry }],
      recovering: vetoes(payload, index.recovering?.hash) ? null : index.recovering,
    }));
    this.#documents = { ...documents, revocations: [...documents.revocations, payload] };
    await this.#options.time.raise(payload.issuedAt);
    await this.#changed();
    return acceptance;
  }

  async #acceptLockdown(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    const known = this.#index.lockdowns.find((item) => item.hash === hash);
    if (known !== undefined) return { outcome: "known", hash, entry: known.entry };
    const { documents, held } = this.#require();
    const { payload } = await verifyLockdown(envelope, held);
    if (!this.#concernsUs(payload.scope, held)) return { outcome: "elsewhere", hash };
    const acceptance = await this.#write(envelope, "lockdown-held", (index, entry) => ({
      ...index,
      lockdowns: [...index.lockdowns, { hash, entry, isLifted: false }],
    }));
    const entry = acceptance.entry.hash;
    const lockdowns = [...documents.lockdowns, { entry, scope: payload.scope }];
    this.#documents = { ...documents, lockdowns };
    await this.#changed();
    return acceptance;
  }

  async #acceptLift(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    const known = this.#index.lifts.find((item) => item.hash === hash);
    if (known !== undefined) return { outcome: "known", hash, entry: known.entry };
    const { edge, scopeOfStop } = this.#options;
    const { edge: named, lockdown: entry } = parseLift(envelope);
    if (named !== edge) return { outcome: "elsewhere", hash };
    const locked = this.#documents?.lockdowns.find((item) => item.entry === entry);
    const scope = locked?.scope ?? scopeOfStop(entry);
    if (scope === undefined) {
      throw new SallyportError("not_found", `no lockdown or stop has journal entry "${entry}"`);
    }
    const { documents, held } = this.#require();
    await verifyLift(envelope, held, { edge, entry, scope });
    const acceptance = await this.#write(envelope, "lift-held", (index, own) => ({
      ...index,
      lifts: [...index.lifts, { hash, entry: own }],
      lockdowns: index.lockdowns.map((item) =>
        item.entry.hash === entry ? { ...item, isLifted: true } : item,
      ),
    }));
    const lockdowns = documents.lockdowns.filter((item) => item.entry !== entry);
    this.#documents = { ...documents, lockdowns };
    await this.#changed();
    return acceptance;
  }

  // Archive, journal, index: in this order, so that a kill leaves at worst a document that is sent and taken once more.
  async #write(
    envelope: Envelope,
    event: string,
    change: (index: TrustIndex, entry: EntryReference) => TrustIndex,
  ): Promise<Acceptance & { readonly outcome: "accepted" }> {
    const { archive, journal, path } = this.#options;
    const hash = await archive.keep(envelope);
    const { header, hash: entryHash } = await journal.append(event, { [envelope.type]: hash });
    const entry = { index: header.n, hash: entryHash, wallMs: header.wallMs };
    const index = change(this.#index, entry);
    await writeTrustIndex(path, index);
    this.#index = index;
    return { outcome: "accepted", hash, entry };
  }

  async #refuse(
    envelope: Envelope,
    hash: DocumentHash,
    error: SallyportError,
    event = "document-refused",
  ): Promise<Acceptance> {
    const entry = await this.#options.refusals.report(
      event,
      { document: hash },
      { type: envelope.type, code: error.code, message: error.message },
    );
    return { outcome: "refused", hash, error, entry };
  }

  async #settleRecovery(): Promise<void> {
    const { suite, archive, time, path } = this.#options;
    if (this.#index.recovering === null || this.#documents === undefined) return;
    const recovering = noteWaited(this.#index.recovering, time.moment());
    const index = { ...this.#index, recovering };
    await writeTrustIndex(path, index);
    this.#index = index;
    if (!isWaitOver(recovering)) return;
    const envelope = await archive.get("manifest", recovering.hash);
    if (envelope === undefined) return;
    const step = await acceptNext(suite, envelope, this.#documents.chain);
    if (step.outcome === "recovering") await this.#holdManifest(envelope, step.chain);
  }

  #require(): { readonly documents: HeldDocuments; readonly held: Held } {
    const documents = this.#documents;
    const held = this.heldNow();
    if (documents !== undefined && held !== undefined) return { documents, held };
    throw new SallyportError("refused", "the edge holds no manifest yet", { retryable: true });
  }

  #concernsUs(scope: LockdownScope, { manifest }: Held): boolean {
    const { edge } = this.#options;
    if (scope.kind === "site") return true;
    if (scope.kind === "edge") return scope.id === edge;
    return findTarget(manifest.payload, scope.id)?.edge === edge;
  }

  async #changed(): Promise<void> {
    const held = this.heldNow();
    if (held === undefined || this.#documents === undefined) return;
    this.#situation = await gatesView(this.#documents, held, this.#options.edge);
    this.onChange();
  }
}

function vetoes({ scope }: Revocation, manifest: DocumentHash | undefined): boolean {
  return scope.kind === "manifest" && scope.id === manifest;
}
