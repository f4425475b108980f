// The append-only log of documents, one per site; and what follows from it for look-ups: whose key stands where.
// Invariants: an entry and everything that follows from it are written in one transaction; entries are never changed or deleted; numbers rise,
// and keep up with the time in milliseconds, so that a store restored from a backup never gives a number again that an edge has read past.
import { SallyportError } from "../../../shared/errors.ts";
import type {
  CompanyId,
  DocumentHash,
  EdgeId,
  KeyId,
  PersonId,
  SiteId,
} from "../../../shared/ids.ts";
import type { Row, Sql } from "./sql.ts";

/**
 * `partial`: its signatures verify, and there are not yet enough persons among them. `recovering`: a manifest by the recovery key, which
 * waits for an owner's veto.
 */
export type EntryState = "complete" | "partial" | "recovering";

export interface NewEntry {
  readonly hash: DocumentHash;
  /** SHA-256 of the whole envelope's text: the same document with other signatures is another entry. */
  readonly fingerprint: string;
  readonly type: string;
  readonly state: EntryState;
  /** What the document is about, so that the newest about it can be found: a company, a request's hash, a target and name. */
  readonly subject: string;
  /** The one edge that it is for; undefined = for every edge of the site, or for none. */
  readonly edge: EdgeId | undefined;
  /** The vendor whose request it belongs to. */
  readonly vendor: PersonId | undefined;
  readonly company: CompanyId | undefined;
  readonly at: number;
  /** The envelope's one text. */
  readonly envelope: string;
}

export interface Entry extends NewEntry {
  readonly seq: number;
}

export interface KeyHolder {
  readonly key: KeyId;
  readonly person: PersonId;
}

/** An edge as a document names it. */
export interface NamedEdge {
  readonly edge: EdgeId;
  /** Raw Ed25519 key, base64url. */
  readonly publicKey: string;
  readonly name: string;
}

/** What an entry changes beside the log. */
export interface Consequences {
  /** All keys of the site's persons, in place of those before. */
  readonly keys?: readonly KeyHolder[];
  /** All edges that the newest manifest names, in place of those before. An edge of another site stays there. */
  readonly admitted?: readonly NamedEdge[];
  /** A newcomer, which no manifest names yet. */
  readonly introduced?: NamedEdge;
}

const columns = "seq, hash, fingerprint, type, state, subject, edge, vendor, company, at, envelope";

export class DocumentRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Makes a site with its first entry, manifest 1; false if it is there already. */
  async register(site: SiteId, manifest: NewEntry, consequences: Consequences): Promise<boolean> {
    return this.#sql.transaction(() => {
      const insert = "INSERT OR IGNORE INTO sites (site, registered_at) VALUES (?, ?)";
      if (this.#sql.run(insert, site, manifest.at) === 0) return false;
      this.#append(site, manifest, consequences);
      return true;
    });
  }

  async isRegistered(site: SiteId): Promise<boolean> {
    return this.#sql.get("SELECT 1 FROM sites WHERE site = ?", site) !== undefined;
  }

  /** Appends an entry with its consequences and returns its seq; throws `conflict` if this very envelope is there. */
  async append(site: SiteId, entry: NewEntry, consequences: Consequences = {}): Promise<number> {
    return this.#sql.transaction(() => this.#append(site, entry, consequences));
  }

  /** The newest entry of a document, which carries all its signatures so far. */
  async newest(site: SiteId, hash: DocumentHash): Promise<Entry | undefined> {
    return entryOf(
      this.#sql.get(
        `SELECT ${columns} FROM documents WHERE site = ? AND hash = ? ORDER BY seq DESC LIMIT 1`,
        site,
        hash,
      ),
    );
  }

  /** Entries with a seq above `after`, ascending; of some types only, if given. */
  async after(
    site: SiteId,
    after: number,
    limit: number,
    types?: readonly string[],
  ): Promise<Entry[]> {
    return this.#entries(
      `site = ? AND seq > ? AND (?3 IS NULL OR type IN (SELECT value FROM json_each(?3)))
       ORDER BY seq LIMIT ?4`,
      site,
      after,
      types ? JSON.stringify(types) : null,
      limit,
    );
  }

  /** Every complete entry of a type, ascending. */
  async complete(site: SiteId, type: string): Promise<Entry[]> {
    return this.#entries("site = ? AND type = ? AND state = 'complete' ORDER BY seq", site, type);
  }

  /** The complete entries of a type from place `from` (0 is the first) on, ascending, at most `limit`. */
  async completeFrom(site: SiteId, type: string, from: number, limit: number): Promise<Entry[]> {
    return this.#entries(
      "site = ? AND type = ? AND state = 'complete' ORDER BY seq LIMIT ? OFFSET ?",
      site,
      type,
      limit,
      from,
    );
  }

  /** How many complete entries of a type there are. */
  async countComplete(site: SiteId, type: string): Promise<number> {
    const count = `SELECT count(*) AS count FROM documents
      WHERE site = ? AND type = ? AND state = 'complete'`;
    return Number(this.#sql.get(count, site, type)?.["count"]);
  }

  /** The number of the newest complete entry of these types; 0 if there is none. While it stays, so does all that such entries say. */
  async newestSeq(site: SiteId, types: readonly string[]): Promise<number> {
    const row = this.#sql.get(
      `SELECT coalesce(max(seq), 0) AS seq FROM documents WHERE site = ? AND state = 'complete'
       AND type IN (SELECT value FROM json_each(?))`,
      site,
      JSON.stringify(types),
    );
    return Number(row?.["seq"]);
  }

  /** Every complete entry of a type about one subject, ascending. */
  async about(site: SiteId, type: string, subject: string): Promise<Entry[]> {
    return this.#entries(
      "site = ? AND type = ? AND state = 'complete' AND subject = ? ORDER BY seq",
      site,
      type,
      subject,
    );
  }

  /** The newest complete entry about each subject of a type. */
  async current(site: SiteId, type: string): Promise<Entry[]> {
    return this.#entries(
      `site = ?1 AND type = ?2 AND seq IN (SELECT max(seq) FROM documents
       WHERE site = ?1 AND type = ?2 AND state = 'complete' GROUP BY subject) ORDER BY seq`,
      site,
      type,
    );
  }

  /**
   * Entries of `types`, except partial ones, for an edge or for every edge, above `after`, ascending. Of `replacedTypes` only the newest about each
   * subject: an older roster or secret would be refused as rolled back.
   */
  async forEdge(
    site: SiteId,
    edge: EdgeId,
    after: number,
    limit: number,
    types: readonly string[],
    replacedTypes: readonly string[],
  ): Promise<Entry[]> {
    return this.#entries(
      `site = ?1 AND seq > ?3 AND state <> 'partial' AND (edge IS NULL OR edge = ?2)
       AND type IN (SELECT value FROM json_each(?5))
       AND (type NOT IN (SELECT value FROM json_each(?6)) OR NOT EXISTS (
         SELECT 1 FROM documents AS newer WHERE newer.site = documents.site
         AND newer.type = documents.type AND newer.state = 'complete'
         AND newer.subject = documents.subject AND newer.seq > documents.seq))
       ORDER BY seq LIMIT ?4`,
      site,
      edge,
      after,
      limit,
      JSON.stringify(types),
      JSON.stringify(replacedTypes),
    );
  }

  /** Where a key stands: at most one person of each site. */
  async holdersOf(key: KeyId): Promise<{ site: SiteId; person: PersonId }[]> {
    return this.#sql
      .all("SELECT site, person FROM keys WHERE key = ? ORDER BY site", key)
      .map((row) => ({ site: row["site"] as SiteId, person: row["person"] as PersonId }));
  }

  /** Whose key it is in one site. */
  async holderAt(site: SiteId, key: KeyId): Promise<PersonId | undefined> {
    const row = this.#sql.get("SELECT person FROM keys WHERE key = ? AND site = ?", key, site);
    return row?.["person"] as PersonId | undefined;
  }

  #append(site: SiteId, entry: NewEntry, consequences: Consequences): number {
    const next = this.#sql.get(
      "SELECT max(coalesce(max(seq), 0) + 1, ? * 1000) AS seq FROM documents WHERE site = ?",
      entry.at,
      site,
    );
    const seq = Number(next?.["seq"]);
    const added = this.#sql.run(
      `INSERT OR IGNORE INTO documents (site, ${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      site,
      seq,
      entry.hash,
      entry.fingerprint,
      entry.type,
      entry.state,
      entry.subject,
      entry.edge ?? null,
      entry.vendor ?? null,
      entry.company ?? null,
      entry.at,
      entry.envelope,
    );
    if (added === 0) {
      throw new SallyportError("conflict", `document "${entry.hash}" was added at the same time`);
    }
    this.#follow(site, consequences);
    return seq;
  }

  #follow(site: SiteId, { keys, admitted, introduced }: Consequences): void {
    if (keys) {
      this.#sql.run("DELETE FROM keys WHERE site = ?", site);
      for (const { key, person } of keys) {
        this.#sql.run("INSERT INTO keys (key, site, person) VALUES (?, ?, ?)", key, site, person);
      }
    }
    const insert =
      "INSERT INTO edges (edge, site, public_key, name, admitted) VALUES (?, ?, ?, ?, ?)";
    if (admitted) {
      this.#sql.run("UPDATE edges SET admitted = 0 WHERE site = ?", site);
      const upsert = `${insert} ON CONFLICT (edge) DO UPDATE SET name = excluded.name, admitted = 1
        WHERE site = excluded.site`;
      for (const { edge, publicKey, name } of admitted) {
        this.#sql.run(upsert, edge, site, publicKey, name, 1);
      }
    }
    if (introduced) {
      const { edge, publicKey, name } = introduced;
      this.#sql.run(`${insert} ON CONFLICT DO NOTHING`, edge, site, publicKey, name, 0);
    }
  }

  #entries(where: string, ...values: readonly (string | number | null)[]): Entry[] {
    const rows = this.#sql.all(`SELECT ${columns} FROM documents WHERE ${where}`, ...values);
    return rows.map((row) => entryOf(row)).filter((entry) => entry !== undefined);
  }
}

function entryOf(row: Row | undefined): Entry | undefined {
  if (row === undefined) return undefined;
  return {
    seq: Number(row["seq"]),
    hash: row["hash"] as DocumentHash,
    fingerprint: String(row["fingerprint"]),
    type: String(row["type"]),
    state: row["state"] as EntryState,
    subject: String(row["subject"]),
    edge: (row["edge"] ?? undefined) as EdgeId | undefined,
    vendor: (row["vendor"] ?? undefined) as PersonId | undefined,
    company: (row["company"] ?? undefined) as CompanyId | undefined,
    at: Number(row["at"]),
    envelope: String(row["envelope"]),
  };
}
