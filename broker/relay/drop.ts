// The documents drop: one append-only log per site, from which people read what concerns them and edges get what is for them.
// Invariants: a document is judged and appended in one turn per site, so two cannot both be the next manifest; signatures of one document that
// come apart are joined; whoever may not drop a type learns so before anything is parsed further.
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import {
  encodeEnvelope,
  hashEnvelope,
  maxSignatures,
  parseEnvelope,
  type Envelope,
} from "../../shared/document/envelope.ts";
import { parseManifest } from "../../shared/document/manifest.ts";
import { acceptFirst } from "../../shared/document/succession.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { DocumentHash, SiteId } from "../../shared/ids.ts";
import type { Directory, Member } from "./directory.ts";
import { judges, type Judged } from "./judging.ts";
import type { DocumentRows, Entry, EntryState, NewEntry } from "./store/document-rows.ts";
import { isDroppedType, mayDrop } from "./visibility.ts";

export interface DropParts {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly rows: DocumentRows;
  readonly directory: Directory;
  /** Called after an entry is durable. */
  readonly onAppended: (site: SiteId) => void;
}

export interface Dropped {
  readonly hash: DocumentHash;
  readonly seq: number;
  readonly state: EntryState;
  /** False: this very document with these signatures was here before. */
  readonly isNew: boolean;
}

export class Drop {
  readonly #parts: DropParts;
  readonly #turns = new Map<SiteId, Promise<unknown>>();

  constructor(parts: DropParts) {
    this.#parts = parts;
  }

  /** Makes a site of its first manifest; the same again changes nothing. Throws what is wrong with the manifest. */
  async register(envelope: Envelope): Promise<{ readonly site: SiteId; readonly isNew: boolean }> {
    const { suite, rows, directory } = this.#parts;
    parseManifest(envelope);
    const site = (await hashEnvelope(envelope)) as string as SiteId;
    const chain = await acceptFirst(suite, envelope, site);
    const consequences = await directory.consequences(await directory.viewUnder(chain));
    const judged: Judged = { state: "complete", subject: site };
    const entry = await this.#entry(envelope, chain.held.hash, judged);
    const isNew = await rows.register(site, entry, consequences);
    return { site, isNew };
  }

  /** Takes a document from a member, or an introduction from a newcomer; throws what is wrong with it. */
  async take(site: SiteId, envelope: Envelope, member: Member | undefined): Promise<Dropped> {
    const { type } = envelope;
    if (!isDroppedType(type)) {
      throw new SallyportError(
        "document_invalid",
        `a document of type "${type}" is not dropped here`,
      );
    }
    if (!mayDrop(type, member)) {
      throw new SallyportError("forbidden", `your roles do not sign documents of type "${type}"`);
    }
    return this.#inTurn(site, async () => {
      const { rows, directory } = this.#parts;
      const hash = await hashEnvelope(envelope);
      const known = await rows.newest(site, hash);
      const joined = known ? joinSignatures(parseEnvelope(known.envelope), envelope) : envelope;
      if (known && joined === undefined && known.state !== "recovering") return again(known);
      const held = await directory.held(site);
      const whole = joined ?? envelope;
      const judged = await judges[type](whole, { site, held, rows, directory });
      if (known?.state === "recovering" && judged.state === "recovering") return again(known);
      return this.#append(site, await this.#entry(whole, hash, judged), judged);
    });
  }

  /** Appends what an edge says, already judged. The same again changes nothing. */
  async append(site: SiteId, envelope: Envelope, judged: Judged): Promise<Dropped> {
    return this.#inTurn(site, async () => {
      const hash = await hashEnvelope(envelope);
      const known = await this.#parts.rows.newest(site, hash);
      if (known) return again(known);
      return this.#append(site, await this.#entry(envelope, hash, judged), judged);
    });
  }

  async #append(site: SiteId, entry: NewEntry, { consequences }: Judged): Promise<Dropped> {
    const seq = await this.#parts.rows.append(site, entry, consequences);
    this.#parts.onAppended(site);
    return { hash: entry.hash, seq, state: entry.state, isNew: true };
  }

  async #entry(envelope: Envelope, hash: DocumentHash, judged: Judged): Promise<NewEntry> {
    const { suite, clock } = this.#parts;
    const text = encodeEnvelope(envelope);
    return {
      hash,
      fingerprint: toBase64Url(await suite.sha256(utf8(text))),
      type: envelope.type,
      state: judged.state,
      subject: judged.subject,
      edge: judged.edge,
      vendor: judged.vendor,
      company: judged.company,
      at: wallSeconds(clock),
      envelope: text,
    };
  }

  async #inTurn<T>(site: SiteId, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(site) ?? Promise.resolve();
    const turn = before.then(work, work);
    this.#turns.set(site, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(site) === turn) this.#turns.delete(site);
    }
  }
}

function again({ hash, seq, state }: Entry): Dropped {
  return { hash, seq, state, isNew: false };
}

/** `held` with the signatures of `other` by further keys; undefined if there are none. Both are the same document. */
function joinSignatures(held: Envelope, other: Envelope): Envelope | undefined {
  const keys = new Set(held.signatures.map((signature) => signature.keyid));
  const further = other.signatures.filter((signature) => !keys.has(signature.keyid));
  if (further.length === 0) return undefined;
  if (held.signatures.length + further.length > maxSignatures) {
    throw new SallyportError("document_invalid", `more than ${maxSignatures} signatures`);
  }
  return { ...held, signatures: [...held.signatures, ...further] };
}
