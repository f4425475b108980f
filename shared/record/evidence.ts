// Verifies an evidence bundle, offline, from the pinned site id alone (shared/protocol.md, "Evidence").
// Invariant: every byte of the bundle is covered by the edge's signature, and what an edge could have kept back is said, not hidden.
import { concatBytes, fromUtf8, toBase64Url } from "../bytes.ts";
import type { HashStream } from "../crypto/node-hash.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import {
  edgeCandidate,
  parseCheckpoint,
  verifyCheckpoint,
  verifyWitnessed,
  type Checkpoint,
} from "../document/checkpoint.ts";
import { hashEnvelope, parseEnvelope, type Envelope } from "../document/envelope.ts";
import { unembed } from "../document/fields.ts";
import { findEdge } from "../document/manifest.ts";
import { plainRules, verifyDocument } from "../document/verify.ts";
import { messageOf, SallyportError } from "../errors.ts";
import type { EdgeId, SiteId } from "../ids.ts";
import {
  documentName,
  indexName,
  parseIndex,
  parseSeal,
  recordingName,
  sealName,
  segmentName,
  type EvidenceIndex,
  type EvidenceSeal,
} from "./evidence-index.ts";
import { checkRecording, closedDetails } from "./evidence-recording.ts";
import { EvidenceWalk, type Witness } from "./evidence-walk.ts";
import { emptyHead, readEntry, type JournalEntry, type JournalPoint } from "./journal-entry.ts";

const maxIndexBytes = 256 * 1024 * 1024;
const maxJournalFileBytes = 128 * 1024 * 1024;

/** The files of a bundle, wherever they are: in a tar, in a folder, in memory. */
export interface EvidenceBundle {
  readonly names: readonly string[];
  /** The content of a listed file, anew at each call. */
  read(name: string): AsyncIterable<Uint8Array>;
}

export interface EvidenceOptions {
  readonly suite: CryptoSuite;
  readonly startHash: () => HashStream;
  /** The site's private audit key: every recording is opened and counted then. */
  readonly auditKey?: Uint8Array;
  /** Checkpoints that others than the edge have kept, with or without a relay's signature; those of other edges are passed over. */
  readonly witnesses?: readonly Envelope[];
}

export interface EvidenceFault {
  /** A file, or `journal entry N`. */
  readonly where: string;
  readonly why: string;
}

/** What can be said of a bundle. It holds if there are no faults. */
export interface EvidenceReport {
  readonly site: SiteId;
  readonly edge: EdgeId | undefined;
  /** First and last entry of the journal as far as it is whole. */
  readonly from: { readonly n: number; readonly wallMs: number } | undefined;
  readonly to: { readonly n: number; readonly wallMs: number } | undefined;
  /** The last entry that somebody other than the edge bears witness to. */
  readonly witnessed: { readonly n: number; readonly by: string } | undefined;
  /** An entry after the bundle's last: a witness saw the journal go on after the bundle was made. */
  readonly wentOnTo: number | undefined;
  readonly manifests: number;
  readonly sessions: number;
  readonly recordings: {
    readonly checked: number;
    /** Of those, opened with the audit key. */
    readonly opened: number;
    readonly torn: number;
    /** Still being written when the bundle was made. */
    readonly open: number;
    /** Closed, but not asked for. */
    readonly leftOut: number;
  };
  readonly faults: readonly EvidenceFault[];
}

/** Walks the whole bundle and reports; never throws for what stands in it. */
export async function verifyEvidence(
  bundle: EvidenceBundle,
  site: SiteId,
  options: EvidenceOptions,
): Promise<EvidenceReport> {
  return new Verification(bundle, site, options).run();
}

/** The report's one sentence, and one line per fault. */
export function describeEvidence(report: EvidenceReport): string {
  const { from, to, witnessed, wentOnTo, faults } = report;
  const time = (wallMs: number): string => new Date(wallMs).toISOString();
  const span =
    from === undefined || to === undefined
      ? "no journal"
      : `complete from entry ${from.n} (${time(from.wallMs)}) to ${to.n} (${time(to.wallMs)})`;
  const witness =
    witnessed === undefined
      ? "no witness: the edge's word alone"
      : `witnessed to entry ${witnessed.n}; after ${witnessed.n} the edge's word alone`;
  const since =
    wentOnTo === undefined
      ? ""
      : `; the journal has gone on since, to entry ${wentOnTo} or further`;
  const lines = faults.map(({ where, why }) => `${where}: ${why}`);
  return [`${faults.length === 0 ? "" : "NOT "}${span}, ${witness}${since}`, ...lines].join("\n");
}

class Verification {
  readonly #bundle: EvidenceBundle;
  readonly #site: SiteId;
  readonly #options: EvidenceOptions;
  readonly #names: ReadonlySet<string>;
  readonly #faults: EvidenceFault[] = [];
  #index: EvidenceIndex = { files: [], leftOut: [] };
  #first: JournalEntry | undefined;
  #last: JournalEntry | undefined;
  /** The edge's own word on when it closed the bundle. */
  #sealedAt: number | undefined;
  #wentOnTo: number | undefined;
  #checked = 0;
  #torn = 0;
  #open = 0;

  constructor(bundle: EvidenceBundle, site: SiteId, options: EvidenceOptions) {
    this.#bundle = bundle;
    this.#names = new Set(bundle.names);
    this.#site = site;
    this.#options = options;
  }

  async run(): Promise<EvidenceReport> {
    const { suite, auditKey } = this.#options;
    const opened = await this.#try(sealName, () => this.#openSeal());
    if (opened === undefined) return this.#report(undefined, undefined);
    const { envelope, seal } = opened;
    await this.#try(indexName, () => this.#openIndex(seal));
    await this.#checkFiles();
    const walk = new EvidenceWalk({
      suite,
      site: this.#site,
      edge: seal.edge,
      readDocument: (type, hash) => this.#document(type, hash),
    });
    const point = await this.#walkJournal(walk);
    await this.#try(sealName, () => this.#checkSeal(envelope, seal, walk, point));
    await this.#checkRecordings(walk);
    const witness = await this.#witness(walk, seal.edge);
    return this.#report(seal.edge, walk, witness, auditKey === undefined ? 0 : this.#checked);
  }

  async #openSeal(): Promise<{ envelope: Envelope; seal: EvidenceSeal }> {
    const envelope = parseEnvelope(await this.#whole(sealName, maxIndexBytes));
    const seal = parseSeal(envelope);
    if (seal.site !== this.#site) fault(`it is of site "${seal.site}", not "${this.#site}"`);
    return { envelope, seal };
  }

  async #openIndex(seal: EvidenceSeal): Promise<void> {
    const bytes = await this.#whole(indexName, maxIndexBytes);
    const hash = toBase64Url(await this.#options.suite.sha256(bytes));
    if (hash !== seal.index.hash || bytes.length !== seal.index.length) {
      fault("it is not the index that the edge signed");
    }
    this.#index = parseIndex(bytes);
  }

  async #checkFiles(): Promise<void> {
    const listed = new Map(this.#index.files.map((file) => [file.name, file]));
    if (listed.size !== this.#index.files.length) this.#fault(indexName, "it lists a file twice");
    for (const name of this.#bundle.names) {
      if (name === indexName || name === sealName) continue;
      const file = listed.get(name);
      if (file === undefined) this.#fault(name, "it is not in the index");
      else await this.#try(name, () => this.#checkFile(file));
      listed.delete(name);
    }
    for (const name of listed.keys()) this.#fault(name, "it is missing");
  }

  async #checkFile({ name, length, hash }: EvidenceIndex["files"][number]): Promise<void> {
    const hashing = this.#options.startHash();
    let bytes = 0;
    for await (const piece of this.#bundle.read(name)) {
      hashing.update(piece);
      bytes += piece.length;
    }
    if (bytes !== length) fault(`it has ${bytes} bytes, the index says ${length}`);
    if (toBase64Url(hashing.digest()) !== hash) fault("its content was changed");
    const [, type, document] = /^documents\/([a-z-]+)\/(.+)\.json$/.exec(name) ?? [];
    if (type !== undefined && document !== undefined) await this.#document(type, document);
  }

  async #walkJournal(walk: EvidenceWalk): Promise<JournalPoint> {
    let point: JournalPoint = { length: 0, head: emptyHead };
    const names = this.#bundle.names.filter((name) => name.startsWith("journal/")).toSorted();
    for (const name of names) {
      const next = await this.#try(name, () => this.#walkFile(name, point, walk));
      // Nothing after a break in the chain can be believed.
      if (next === undefined) return point;
      point = next;
    }
    return point;
  }

  async #walkFile(name: string, start: JournalPoint, walk: EvidenceWalk): Promise<JournalPoint> {
    if (name !== segmentName(start.length)) fault(`entry ${start.length} does not begin it`);
    const text = fromUtf8(await this.#whole(name, maxJournalFileBytes));
    const lines = text.split("\n");
    if (lines.pop() !== "") fault("its last line is cut");
    let point = start;
    for (const line of lines) {
      const { entry, next } = await readEntry(this.#options.suite, line, point);
      point = next;
      this.#first ??= entry;
      this.#last = entry;
      await this.#try(`journal entry ${entry.header.n}`, () => walk.take(entry));
    }
    return point;
  }

  async #checkSeal(
    envelope: Envelope,
    seal: EvidenceSeal,
    walk: EvidenceWalk,
    point: JournalPoint,
  ): Promise<void> {
    const edge = this.#edgeOf(walk, seal.edge);
    const { suite } = this.#options;
    await verifyDocument(suite, envelope, seal, [edgeCandidate(edge)], plainRules);
    const { payload } = await verifyCheckpoint(suite, unembed(seal.checkpoint), this.#site, edge);
    if (payload.length !== point.length || payload.head !== point.head) {
      fault(
        `its checkpoint has ${payload.length} entries, the journal in the bundle ${point.length}, or another head`,
      );
    }
    this.#sealedAt = payload.at;
  }

  async #checkRecordings(walk: EvidenceWalk): Promise<void> {
    const files = new Map(this.#index.files.map((file) => [file.name, file]));
    const leftOut = new Set(this.#index.leftOut);
    for (const [id, { opened, closed }] of walk.recordings) {
      const name = recordingName(id);
      const file = files.get(name);
      files.delete(name);
      if (closed === undefined) {
        this.#open += 1;
        if (file !== undefined) this.#fault(name, "the journal does not close it");
      } else if (file === undefined) {
        if (!leftOut.delete(id)) this.#fault(name, "it is missing");
      } else await this.#try(name, () => this.#checkOne(file, { opened, closed }));
    }
    for (const name of files.keys()) {
      if (name.startsWith("recordings/")) this.#fault(name, "the journal does not know it");
    }
    for (const id of leftOut) {
      if (!walk.recordings.has(id))
        this.#fault(indexName, `it leaves out "${id}", which never was`);
    }
  }

  async #checkOne(
    { name, hash }: EvidenceIndex["files"][number],
    said: { opened: JournalEntry; closed: JournalEntry },
  ): Promise<void> {
    const { suite, auditKey } = this.#options;
    const details = closedDetails(said.closed);
    if (details.hash !== hash) fault("it is not the file that the journal closed");
    await checkRecording(suite, () => this.#bundle.read(name), said, auditKey);
    this.#checked += 1;
    if (details.torn) this.#torn += 1;
  }

  async #witness(walk: EvidenceWalk, edgeId: EdgeId): Promise<Witness | undefined> {
    let best = walk.witness;
    for (const envelope of this.#options.witnesses ?? []) {
      await this.#try("witness", async () => {
        const said = parseCheckpoint(envelope);
        if (said.site !== this.#site || said.edge !== edgeId) return;
        const { suite } = this.#options;
        const edge = this.#edgeOf(walk, edgeId);
        const { relays } = walk;
        const witnessed = await verifyWitnessed(suite, envelope, this.#site, edge, relays);
        const { payload } = witnessed.checkpoint;
        if (!this.#isOfBundle(walk, payload) || payload.length <= (best?.length ?? 0)) return;
        const [relay] = witnessed.relays;
        const by = relay === undefined ? "a checkpoint kept apart" : `relay "${relay}"`;
        best = { length: payload.length, by };
      });
    }
    return best;
  }

  /** False for a point after the bundle's end; throws for one that the bundle's journal contradicts. */
  #isOfBundle(walk: EvidenceWalk, { length, head, at }: Checkpoint): boolean {
    if (length === 0 || walk.holds({ length, head })) return length > 0;
    const end = (this.#last?.header.n ?? -1) + 1;
    // Attack: a journal rolled back before the bundle was made. One that went on after it is as it should be.
    if (length > end && this.#sealedAt !== undefined && at >= this.#sealedAt) {
      this.#wentOnTo = Math.max(this.#wentOnTo ?? 0, length - 1);
      return false;
    }
    fault(`the edge had signed another journal, or a longer one, at length ${length}`);
  }

  #edgeOf(walk: EvidenceWalk, id: EdgeId) {
    const { chain } = walk;
    const edge = chain && findEdge(chain.held.payload, id);
    return edge ?? fault(`edge "${id}" is not in the site's manifest`);
  }

  /** The document of that hash; undefined if the bundle does not have it. */
  async #document(type: string, hash: string): Promise<Envelope | undefined> {
    const name = documentName(type, hash);
    if (!this.#names.has(name)) return undefined;
    const envelope = parseEnvelope(await this.#whole(name, maxIndexBytes));
    if (envelope.type !== type || (await hashEnvelope(envelope)) !== hash) {
      fault(`"${name}" holds another document`);
    }
    return envelope;
  }

  async #whole(name: string, maxBytes: number): Promise<Uint8Array> {
    if (!this.#names.has(name)) fault(`"${name}" is missing`);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of this.#bundle.read(name)) {
      bytes += piece.length;
      if (bytes > maxBytes) fault(`"${name}" exceeds ${maxBytes} bytes`);
      pieces.push(piece);
    }
    return concatBytes(...pieces);
  }

  async #try<Result>(where: string, check: () => Promise<Result>): Promise<Result | undefined> {
    try {
      return await check();
    } catch (cause) {
      if (!(cause instanceof SallyportError)) throw cause;
      this.#fault(where, messageOf(cause));
      return undefined;
    }
  }

  #fault(where: string, why: string): void {
    this.#faults.push({ where, why });
  }

  #report(
    edge: EdgeId | undefined,
    walk: EvidenceWalk | undefined,
    witness?: Witness,
    opened = 0,
  ): EvidenceReport {
    const place = (entry: JournalEntry | undefined) =>
      entry && { n: entry.header.n, wallMs: entry.header.wallMs };
    return {
      site: this.#site,
      edge,
      from: place(this.#first),
      to: place(this.#last),
      witnessed: witness && { n: witness.length - 1, by: witness.by },
      wentOnTo: this.#wentOnTo,
      manifests: walk?.chain?.hashes.length ?? 0,
      sessions: walk?.sessions ?? 0,
      recordings: {
        checked: this.#checked,
        opened,
        torn: this.#torn,
        open: this.#open,
        leftOut: this.#index.leftOut.length,
      },
      faults: this.#faults,
    };
  }
}

function fault(why: string): never {
  throw new SallyportError("evidence_invalid", why);
}
