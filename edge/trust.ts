// What the edge believes: the chain of manifests from the pinned site id, rosters, revocations, lockdowns and lifts (shared/protocol.md, "Succession").
// Invariants: a document is archived and journaled, and both are on the disk, before it counts; two owners' words against each other (siblings)
// change nothing and are reported; nothing that was revoked comes back.
import type { CryptoSuite } from "../shared/crypto/suite.ts";
import { hashEnvelope, type Envelope } from "../shared/document/envelope.ts";
import type { Held } from "../shared/document/held.ts";
import {
  parseLift,
  parseLockdown,
  verifyLift,
  verifyLockdown,
  type LockdownScope,
} from "../shared/document/lockdown.ts";
import {
  parseRevocation,
  verifyRevocation,
  type Revocation,
} from "../shared/document/revocation.ts";
import { parseRoster, verifyRoster, type Roster } from "../shared/document/roster.ts";
import {
  acceptFirst,
  acceptNext,
  walkChain,
  type ManifestChain,
} from "../shared/document/succession.ts";
import type { Verified } from "../shared/document/verify.ts";
import { SallyportError } from "../shared/errors.ts";
import type { CompanyId, DocumentHash, EdgeId, KeyId, SiteId } from "../shared/ids.ts";
import type { Acceptance } from "./acceptance.ts";
import type { Journal } from "./journal.ts";
import type { Archive } from "./record/archive.ts";
import { knownKeys, relayKeys, stillVerified } from "./known-keys.ts";
import { beginRecovery, isWaitOver, noteWaited } from "./recovery.ts";
import { isOwnFailure, type Refusals } from "./refusals.ts";
import type { TrustedSituation } from "./situation.ts";
import type { EdgeTime } from "./time.ts";
import {
  documentsOf,
  readTrustIndex,
  writeTrustIndex,
  type EntryReference,
  type TrustIndex,
} from "./trust-file.ts";

export interface TrustOptions {
  readonly suite: CryptoSuite;
  readonly path: string;
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly archive: Archive;
  readonly journal: Journal;
  readonly time: EdgeTime;
  readonly refusals: Refusals;
  /** Scope of a running unsigned stop by its journal entry, which a lift may name too. */
  readonly scopeOfStop: (entry: string) => LockdownScope | undefined;
}

/** One edge's trust. Documents are taken one after the other, in the order of the calls. */
export class Trust {
  readonly #options: TrustOptions;
  #index: TrustIndex;
  #chain: ManifestChain | undefined;
  #rosters: ReadonlyMap<CompanyId, Verified<Roster>> = new Map();
  #revocations: readonly Revocation[] = [];
  #lockdowns: readonly { readonly entry: string; readonly scope: LockdownScope }[] = [];
  #situation: TrustedSituation | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** Called after every change, when it counts. */
  onChange: () => void = () => undefined;

  private constructor(options: TrustOptions, index: TrustIndex) {
    this.#options = options;
    this.#index = index;
  }

  /** Takes up what was held. The chain is verified again from the pinned site id; throws if that, or a document of it, is not there. */
  static async open(options: TrustOptions): Promise<Trust> {
    const trust = new Trust(options, await readTrustIndex(options.path));
    await trust.#load();
    return trust;
  }

  /** The verifier's view at this moment; undefined before the first manifest. */
  held(): Held | undefined {
    const { suite, time } = this.#options;
    if (this.#chain === undefined) return undefined;
    const { proven, wallMs, floorMs } = time.reading();
    return {
      suite,
      manifest: this.#chain.held,
      rosters: [...this.#rosters.values()],
      nowAt: Math.floor((proven ? wallMs : floorMs) / 1000),
    };
  }

  /** The same for what counts once it is taken: who is revoked signs none of it. What the gate judges again needs no more than `held`. */
  heldNow(): Held | undefined {
    const held = this.held();
    const isRevoked = (person: string, key: KeyId): boolean =>
      this.#revocations.some(
        ({ scope }) =>
          (scope.kind === "person" && scope.id === person) ||
          (scope.kind === "key" && scope.id === key),
      );
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
    if (this.#chain === undefined) {
      const chain = await acceptFirst(suite, envelope, site);
      return this.#holdManifest(envelope, chain);
    }
    const step = await acceptNext(suite, envelope, this.#chain);
    switch (step.outcome) {
      case "accepted":
        return this.#holdManifest(envelope, step.chain);
      case "known":
        return { outcome: "known", hash };
      case "recovering":
        if (this.#index.recovering?.hash === hash) return { outcome: "known", hash };
        // Attack: a vetoed one sent again, or held back until its veto was forgotten.
        if (this.#revocations.some((item) => vetoes(item, hash))) {
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
    this.#chain = chain;
    await this.#options.time.raise(chain.held.payload.issuedAt);
    await this.#changed();
    return acceptance;
  }

  async #acceptRoster(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    if (this.#index.rosters.includes(hash)) return { outcome: "known", hash };
    const held = this.#requireHeld();
    const { company } = parseRoster(envelope);
    const roster = await verifyRoster(envelope, held, this.#rosters.get(company));
    const rosters = new Map([...this.#rosters, [roster.payload.company, roster]]);
    const acceptance = await this.#write(envelope, "roster-held", (index) => ({
      ...index,
      rosters: [...rosters.values()].map((item) => item.hash),
    }));
    this.#rosters = rosters;
    await this.#changed();
    return acceptance;
  }

  async #acceptRevocation(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    const known = this.#index.revocations.find((item) => item.hash === hash);
    if (known !== undefined) return { outcome: "known", hash, entry: known.entry };
    const { payload } = await verifyRevocation(envelope, this.#requireHeld());
    if (payload.edge !== null && payload.edge !== this.#options.edge) {
      return { outcome: "elsewhere", hash };
    }
    const acceptance = await this.#write(envelope, "revocation-held", (index, entry) => ({
      ...index,
      revocations: [...index.revocations, { hash, entry }],
      recovering: vetoes(payload, index.recovering?.hash) ? null : index.recovering,
    }));
    this.#revocations = [...this.#revocations, payload];
    await this.#options.time.raise(payload.issuedAt);
    await this.#changed();
    return acceptance;
  }

  async #acceptLockdown(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    const known = this.#index.lockdowns.find((item) => item.hash === hash);
    if (known !== undefined) return { outcome: "known", hash, entry: known.entry };
    const { payload } = await verifyLockdown(envelope, this.#requireHeld());
    if (!this.#concernsUs(payload.scope)) return { outcome: "elsewhere", hash };
    const acceptance = await this.#write(envelope, "lockdown-held", (index, entry) => ({
      ...index,
      lockdowns: [...index.lockdowns, { hash, entry, isLifted: false }],
    }));
    const entry = acceptance.entry.hash;
    this.#lockdowns = [...this.#lockdowns, { entry, scope: payload.scope }];
    await this.#changed();
    return acceptance;
  }

  async #acceptLift(envelope: Envelope, hash: DocumentHash): Promise<Acceptance> {
    const known = this.#index.lifts.find((item) => item.hash === hash);
    if (known !== undefined) return { outcome: "known", hash, entry: known.entry };
    const { edge, scopeOfStop } = this.#options;
    const { edge: named, lockdown: entry } = parseLift(envelope);
    if (named !== edge) return { outcome: "elsewhere", hash };
    const scope = this.#lockdowns.find((item) => item.entry === entry)?.scope ?? scopeOfStop(entry);
    if (scope === undefined) {
      throw new SallyportError("not_found", `no lockdown or stop has journal entry "${entry}"`);
    }
    await verifyLift(envelope, this.#requireHeld(), { edge, entry, scope });
    const acceptance = await this.#write(envelope, "lift-held", (index, own) => ({
      ...index,
      lifts: [...index.lifts, { hash, entry: own }],
      lockdowns: index.lockdowns.map((item) =>
        item.entry.hash === entry ? { ...item, isLifted: true } : item,
      ),
    }));
    this.#lockdowns = this.#lockdowns.filter((item) => item.entry !== entry);
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

  async #load(): Promise<void> {
    const { suite, site, archive } = this.#options;
    const { manifests, rosters, revocations, lockdowns } = this.#index;
    if (manifests.length > 0) {
      const envelopes = await documentsOf(archive, "manifest", manifests);
      this.#chain = await walkChain(suite, envelopes, site, () => true);
    }
    const held = this.held();
    if (held === undefined) return;
    const loaded = await stillVerified(await documentsOf(archive, "roster", rosters), held);
    this.#rosters = new Map(loaded.map((roster) => [roster.payload.company, roster]));
    // These were judged when they came; whoever signed them may have left since, and they stay.
    const revoking = await documentsOf(
      archive,
      "revocation",
      revocations.map(({ hash }) => hash),
    );
    this.#revocations = revoking.map(parseRevocation);
    const locking = lockdowns.filter(({ isLifted }) => !isLifted);
    const locked = await documentsOf(
      archive,
      "lockdown",
      locking.map(({ hash }) => hash),
    );
    this.#lockdowns = locked.map((envelope, index) => ({
      entry: locking[index]?.entry.hash ?? "",
      scope: parseLockdown(envelope).scope,
    }));
    await this.#changed();
  }

  async #settleRecovery(): Promise<void> {
    const { suite, archive, time, path } = this.#options;
    if (this.#index.recovering === null || this.#chain === undefined) return;
    const recovering = noteWaited(this.#index.recovering, time.moment());
    const index = { ...this.#index, recovering };
    await writeTrustIndex(path, index);
    this.#index = index;
    if (!isWaitOver(recovering)) return;
    const envelope = await archive.get("manifest", recovering.hash);
    if (envelope === undefined) return;
    const step = await acceptNext(suite, envelope, this.#chain);
    if (step.outcome === "recovering") await this.#holdManifest(envelope, step.chain);
  }

  #requireHeld(): Held {
    const held = this.heldNow();
    if (held !== undefined) return held;
    throw new SallyportError("refused", "the edge holds no manifest yet", { retryable: true });
  }

  #concernsUs(scope: LockdownScope): boolean {
    if (scope.kind === "site") return true;
    if (scope.kind === "edge") return scope.id === this.#options.edge;
    const { targets = [] } = this.#chain?.held.payload ?? {};
    return targets.some(({ id, edge }) => id === scope.id && edge === this.#options.edge);
  }

  async #changed(): Promise<void> {
    const held = this.heldNow();
    if (held === undefined || this.#chain === undefined) return;
    const { site, edge } = this.#options;
    this.#situation = {
      site,
      edge,
      manifest: held.manifest.payload,
      manifestHash: held.manifest.hash,
      lineage: new Set(this.#chain.hashes),
      keys: await knownKeys(held),
      relayKeys: await relayKeys(held),
      revocations: this.#revocations.map(({ scope }) => scope),
      lockdowns: this.#lockdowns.map(({ scope }) => scope),
    };
    this.onChange();
  }
}

function vetoes({ scope }: Revocation, manifest: DocumentHash | undefined): boolean {
  return scope.kind === "manifest" && scope.id === manifest;
}
