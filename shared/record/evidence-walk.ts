// Walks a journal from its first entry and judges what it admitted by the documents of its own time (shared/protocol.md, "Evidence: the walk").
// Invariant: each entry is judged under the manifest and the rosters that the entries before it brought into force, never under later ones.
import { verifyAttestation } from "../document/attestation.ts";
import { verifyDeny, verifyReceipt } from "../document/denial.ts";
import type { Envelope } from "../document/envelope.ts";
import { parseGrant, verifyGrant, type VerifiedGrant } from "../document/grant.ts";
import { rosterOf, type Held } from "../document/held.ts";
import { parseLift, verifyLift, verifyLockdown, type LockdownScope } from "../document/lockdown.ts";
import type { RelayEntry } from "../document/manifest.ts";
import { demandsOf } from "../document/policy.ts";
import { parseProof, verifyProof } from "../document/proof.ts";
import { checkAgainstManifest, verifyRequest, type Request } from "../document/request.ts";
import { verifyRevocation } from "../document/revocation.ts";
import { parseRoster, verifyRoster, type Roster } from "../document/roster.ts";
import {
  acceptFirst,
  extendChain,
  recoveryWaitSeconds,
  type ManifestChain,
} from "../document/succession.ts";
import type { Verified } from "../document/verify.ts";
import { windowAt } from "../document/windows.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import { SallyportError } from "../errors.ts";
import { parseTargetId, type EdgeId, type KeyId, type PersonId, type SiteId } from "../ids.ts";
import type { SaidOfRecording } from "./evidence-recording.ts";
import type { JournalEntry } from "./journal-entry.ts";

/** Types whose documents an entry names by an id of the same name. */
const documentTypes = [
  "manifest",
  "roster",
  "request",
  "grant",
  "proof",
  "attestation",
  "revocation",
  "lockdown",
  "lift",
  "deny",
  "receipt",
  "introduction",
] as const;
const maxReplacements = 64;
const judgedWithinSeconds = 60;

export interface WalkOptions {
  readonly suite: CryptoSuite;
  readonly site: SiteId;
  readonly edge: EdgeId;
  /** The document of that type and hash, or undefined; throws if it is another one. */
  readonly readDocument: (type: string, hash: string) => Promise<Envelope | undefined>;
}

interface Session {
  readonly person: string;
  readonly request: Verified<Request>;
  grant: VerifiedGrant;
  ended: boolean;
}

/** A journal's point that a person, not the edge, has sworn to: an approver signed it into a grant. */
export interface Witness {
  readonly length: number;
  /** Who: `grant <hash>`. */
  readonly by: string;
}

interface Closing {
  readonly scope: LockdownScope;
  readonly signed: boolean;
  lifted: boolean;
}

type Rule = (entry: JournalEntry, held: Held) => Promise<void>;

/** One walk; entries are taken in order, their chain already checked. */
export class EvidenceWalk {
  /** What was recorded, by recording. */
  readonly recordings = new Map<string, SaidOfRecording>();
  /** The latest point that a grant bears witness to. */
  witness: Witness | undefined;
  readonly #options: WalkOptions;
  readonly #hashes: string[] = [];
  readonly #sessions = new Map<string, Session>();
  readonly #transcripts = new Map<string, string>();
  readonly #revoked = new Set<string>();
  /** What a lift may name, by the hash of its entry. */
  readonly #closings = new Map<string, Closing>();
  readonly #manifestSeenMs = new Map<string, number>();
  readonly #relays = new Map<string, RelayEntry>();
  #rosters: Verified<Roster>[] = [];
  #chain: ManifestChain | undefined;

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  /** The manifests up to the last entry taken; undefined before the first. */
  get chain(): ManifestChain | undefined {
    return this.#chain;
  }

  /** Every relay that a manifest of the walk named, by its key: one that has left since was a witness all the same. */
  get relays(): readonly RelayEntry[] {
    return [...this.#relays.values()];
  }

  /** Takes the next entry; throws `evidence_invalid` or what a document's verification throws, and can go on after it. */
  async take(entry: JournalEntry): Promise<void> {
    this.#hashes.push(entry.hash);
    const { ids, event } = entry.header;
    for (const type of documentTypes) {
      if (ids[type] !== undefined) await this.#read(type, ids[type]);
    }
    if (ids["manifest"] !== undefined) this.#seeManifest(ids["manifest"], entry.header.wallMs);
    if (event === "manifest-held") {
      await this.#holdManifest(entry);
      return;
    }
    const rule = this.#rules[event];
    if (rule !== undefined) await rule(entry, this.#held(entry));
  }

  /** True if the journal taken so far had this head at this length. */
  holds(point: { length: number; head: string }): boolean {
    return point.length > 0 && this.#hashes[point.length - 1] === point.head;
  }

  readonly #rules: Readonly<Record<string, Rule>> = {
    "roster-held": async (entry, held) => {
      const envelope = await this.#named(entry, "roster");
      const before = rosterOf(held, parseRoster(envelope).company);
      this.#rosters = [...this.#rosters, await verifyRoster(envelope, held, before)];
    },
    "revocation-held": async (entry, held) => {
      const envelope = await this.#named(entry, "revocation");
      const { payload } = await verifyRevocation(envelope, held);
      this.#revoked.add(`${payload.scope.kind} ${payload.scope.id}`);
    },
    "lockdown-held": async (entry, held) => {
      const { payload } = await verifyLockdown(await this.#named(entry, "lockdown"), held);
      this.#closings.set(entry.hash, { scope: payload.scope, signed: true, lifted: false });
    },
    "unsigned-stop-begun": async ({ hash, header }) => {
      const { scope: kind, of } = header.ids;
      const scope: LockdownScope =
        kind === "target" && of !== undefined
          ? { kind, id: parseTargetId(of) }
          : { kind: "edge", id: this.#options.edge };
      this.#closings.set(hash, { scope, signed: false, lifted: false });
    },
    "lift-held": async (entry, held) => {
      const envelope = await this.#named(entry, "lift");
      const { lockdown } = parseLift(envelope);
      const closing = this.#closings.get(lockdown) ?? fault("it lifts what was not locked down");
      const { edge } = this.#options;
      await verifyLift(envelope, held, { edge, entry: lockdown, scope: closing.scope });
      closing.lifted = true;
    },
    "grant-held": async (entry, held) => {
      const request = await verifyRequest(await this.#named(entry, "request"), held);
      await this.#grant(entry.header.ids["grant"], held, request);
    },
    "request-denied": async (entry, held) => {
      await verifyDeny(await this.#named(entry, "deny"), held);
    },
    "receipt-signed": async (entry, held) => {
      await verifyReceipt(await this.#named(entry, "receipt"), held);
    },
    "session-admitted": (entry, held) => this.#admit(entry, held),
    "session-extended": async (entry, held) => {
      const session = this.#session(entry);
      const grant = await this.#grant(entry.header.ids["grant"], held, session.request);
      session.grant = grant;
    },
    "session-ended": async (entry) => {
      this.#session(entry).ended = true;
    },
    "opening-admitted": async (entry) => {
      const { grant, ended } = this.#session(entry);
      const target = entry.header.ids["target"];
      if (ended) fault("its session has ended before");
      if (this.#revoked.has(`target ${target}`)) fault(`target "${target}" was revoked before`);
      this.#refuseClosed(target);
      if (!grant.payload.targets.some(({ id }) => id === target)) {
        fault(`target "${target}" is not in the session's grant`);
      }
    },
    "device-key-accepted": async (entry, held) => {
      const session = this.#session(entry);
      if (session.ended) fault("its session has ended before");
      const { payload } = await this.#grant(entry.header.ids["grant"], held, session.request);
      const { target } = entry.header.ids;
      const fingerprint = entry.details?.value["fingerprint"];
      const isAccepted = payload.deviceKeys.some(
        (item) => item.target === target && item.fingerprint === fingerprint,
      );
      if (!isAccepted) fault(`no grant accepts that key of "${target}"`);
    },
    "recording-opened": async (entry) => {
      const session = this.#session(entry);
      const { recording = "", person } = entry.header.ids;
      if (session.person !== person) fault(`it records "${person}", who is not in that session`);
      if (this.recordings.has(recording)) fault("it opens a recording a second time");
      this.recordings.set(recording, { opened: entry });
    },
    "recording-closed": async (entry) => {
      const recording = entry.header.ids["recording"] ?? "";
      const said = this.recordings.get(recording);
      if (said === undefined) return fault("it closes a recording that was never opened");
      // A crash after this entry lets the edge write it again, word by word.
      const before = JSON.stringify(said.closed?.details?.value);
      const isChanged = before !== JSON.stringify(entry.details?.value);
      if (said.closed !== undefined && isChanged) fault("it closes a recording in another way");
      this.recordings.set(recording, { ...said, closed: entry });
    },
  };

  async #holdManifest(entry: JournalEntry): Promise<void> {
    const { suite, site } = this.#options;
    const envelope = await this.#named(entry, "manifest");
    const waitedMs = (hash: string): number =>
      entry.header.wallMs - (this.#manifestSeenMs.get(hash) ?? entry.header.wallMs);
    this.#chain =
      this.#chain === undefined
        ? await acceptFirst(suite, envelope, site)
        : await extendChain(
            suite,
            [envelope],
            this.#chain,
            (hash) => waitedMs(hash) >= recoveryWaitSeconds * 1000,
          );
    for (const relay of this.#chain.held.payload.relays) {
      this.#relays.set(relay.attestationKey, relay);
    }
  }

  async #admit(entry: JournalEntry, held: Held): Promise<void> {
    const { session = "", person = "", grant: grantHash } = entry.header.ids;
    const request = await verifyRequest(await this.#named(entry, "request"), held);
    const grant = await this.#grant(grantHash, held, request);
    this.#sessions.set(session, { person, request, grant, ended: false });
    const { vendor, endsAt, windows } = grant.payload;
    if (vendor !== person) fault(`"${person}" was admitted by a grant for "${vendor}"`);
    if (held.nowAt > endsAt) fault(`its grant had ended at ${endsAt}`);
    // An entry is written a moment after what it reports was judged.
    const moments = [held.nowAt, held.nowAt - judgedWithinSeconds];
    if (windows !== null && !moments.some((at) => windowAt(windows, at) !== undefined)) {
      fault("it was admitted outside its grant's windows");
    }
    if (held.nowAt > held.manifest.payload.endsAt) fault("the manifest had ended");
    if (this.#revoked.has(`request ${request.hash}`)) fault("its request was revoked before");
    if (this.#revoked.has(`person ${person}`)) fault(`"${person}" was revoked before`);
    this.#refuseRevokedKey(request.payload.key);
    this.#refuseClosed(undefined);
    await this.#checkFactors(entry, held, { request, grant });
  }

  async #checkFactors(
    entry: JournalEntry,
    held: Held,
    { request, grant }: Pick<Session, "request" | "grant">,
  ): Promise<void> {
    const { edge } = this.#options;
    const { session = "", person = "" } = entry.header.ids;
    const envelope = await this.#named(entry, "proof");
    const { purpose, transcript, ...said } = parseProof(envelope);
    if (purpose !== "session" && purpose !== "waiting") fault(`its proof is for "${purpose}"`);
    if (said.person !== person || said.request !== grant.payload.request) {
      fault("its proof is of another person or request");
    }
    const usedBy = this.#transcripts.get(transcript) ?? session;
    if (usedBy !== session) fault(`its proof was used by session "${usedBy}" before`);
    this.#transcripts.set(transcript, session);
    const policies = checkAgainstManifest(grant.payload.targets, edge, held);
    const demands = demandsOf(policies);
    const proof = await verifyProof(envelope, held, { edge, purpose, transcript, demands });
    for (const { keyId, key } of proof.signers) {
      this.#refuseRevokedKey(keyId);
      if (keyId !== request.payload.key && key.kind !== "passkey") {
        fault("its proof is by another key than the request, and by no passkey");
      }
    }
    const hasOneFactor = proof.signers.every(({ key }) => key.kind !== "passkey");
    const needsCode = policies.some(({ secondFactor }) => secondFactor === "required");
    if (hasOneFactor && needsCode) {
      const attestation = await this.#named(entry, "attestation");
      await verifyAttestation(attestation, held, { person: person as PersonId, transcript });
    }
  }

  #refuseRevokedKey(key: KeyId): void {
    if (this.#revoked.has(`key ${key}`)) fault(`key "${key}" was revoked before`);
  }

  // A target's lockdown leaves the rest of a job open, so it counts where that target is opened.
  #refuseClosed(target: string | undefined): void {
    for (const { scope, signed, lifted } of this.#closings.values()) {
      const isConcerned =
        scope.kind === "site" || scope.id === (scope.kind === "edge" ? this.#options.edge : target);
      if (signed && !lifted && isConcerned) fault(`${scope.kind} was locked down`);
    }
  }

  async #grant(
    hash: string | undefined,
    held: Held,
    request: Verified<Request>,
    depth = 0,
  ): Promise<VerifiedGrant> {
    if (hash === undefined || depth > maxReplacements) fault("it names no grant");
    const envelope = await this.#read("grant", hash);
    const { replaces } = parseGrant(envelope);
    const replaced =
      replaces === null ? undefined : await this.#grant(replaces, held, request, depth + 1);
    const grant = await verifyGrant(envelope, held, { request, ...(replaced && { replaced }) });
    const { length, head } = grant.anchor.payload;
    // Attack: a journal that was rolled back, or a second one beside it.
    if (!this.holds({ length, head })) {
      fault(`grant "${hash}" bears witness to another journal at length ${length}`);
    }
    if (length > (this.witness?.length ?? 0)) this.witness = { length, by: `grant ${hash}` };
    return grant;
  }

  #session(entry: JournalEntry): Session {
    const id = entry.header.ids["session"];
    return this.#sessions.get(id ?? "") ?? fault(`session "${id}" was not admitted`);
  }

  #held(entry: JournalEntry): Held {
    const chain = this.#chain ?? fault("no manifest was held yet");
    const nowAt = Math.floor(entry.header.wallMs / 1000);
    return { suite: this.#options.suite, manifest: chain.held, rosters: this.#rosters, nowAt };
  }

  #named(entry: JournalEntry, type: string): Promise<Envelope> {
    return this.#read(type, entry.header.ids[type] ?? fault(`it names no ${type}`));
  }

  async #read(type: string, hash: string): Promise<Envelope> {
    const envelope = await this.#options.readDocument(type, hash);
    return envelope ?? fault(`${type} "${hash}" is missing`);
  }

  #seeManifest(hash: string, wallMs: number): void {
    if (!this.#manifestSeenMs.has(hash)) this.#manifestSeenMs.set(hash, wallMs);
  }
}

function fault(why: string): never {
  throw new SallyportError("evidence_invalid", why);
}
