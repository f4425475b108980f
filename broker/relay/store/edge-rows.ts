// What the relay keeps of edges: whose they are, their journal's headers, their checkpoints with the relay's witness, stops not yet sent.
// Invariant: a journal header or checkpoint that was stored is never replaced; a second, other one for its place is a `conflict`.
import { SallyportError } from "../../../shared/errors.ts";
import type { EdgeId, PersonId, SiteId } from "../../../shared/ids.ts";
import type { Row, Sql } from "./sql.ts";

export interface EdgeRow {
  readonly edge: EdgeId;
  readonly site: SiteId;
  /** Raw Ed25519 key, base64url. */
  readonly publicKey: string;
  readonly name: string;
  /** False: introduced, or named by an older manifest only. */
  readonly admitted: boolean;
}

export interface CheckpointRow {
  readonly length: number;
  readonly head: string;
  /** As the edge signed it. */
  readonly envelope: string;
  /** The same document with the relay's signature added. */
  readonly witness: string;
  readonly at: number;
}

export type StopScope = "grant" | "target" | "edge";

export interface StopRow {
  readonly id: string;
  readonly edge: EdgeId;
  readonly scope: StopScope;
  /** A request's hash or a target's id; undefined for the whole edge. */
  readonly subject: string | undefined;
  readonly person: PersonId;
  readonly endsAt: number;
}

export class EdgeRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async get(edge: EdgeId): Promise<EdgeRow | undefined> {
    const row = this.#sql.get("SELECT * FROM edges WHERE edge = ?", edge);
    return row && edgeOf(row);
  }

  async ofSite(site: SiteId): Promise<EdgeRow[]> {
    return this.#sql.all("SELECT * FROM edges WHERE site = ? ORDER BY name", site).map(edgeOf);
  }

  /** How many headers of the edge's journal are here: all from 0 up to this. */
  async journalLength(edge: EdgeId): Promise<number> {
    return this.#journalLength(edge);
  }

  /** Stores consecutive headers and returns the new length; throws `conflict` for a gap or for other headers in places already filled. */
  async appendJournal(edge: EdgeId, from: number, headers: readonly string[]): Promise<number> {
    return this.#sql.transaction(() => {
      const length = this.#journalLength(edge);
      if (from > length) {
        throw new SallyportError("conflict", `journal from ${from}, expected at most ${length}`);
      }
      for (const [index, header] of headers.entries()) {
        const n = from + index;
        if (n >= length) {
          this.#sql.run("INSERT INTO journal (edge, n, header) VALUES (?, ?, ?)", edge, n, header);
        } else if (this.#header(edge, n) !== header) {
          throw new SallyportError("conflict", `journal entry ${n} is another one than before`);
        }
      }
      return Math.max(length, from + headers.length);
    });
  }

  async journal(edge: EdgeId, from: number, limit: number): Promise<string[]> {
    return this.#sql
      .all(
        "SELECT header FROM journal WHERE edge = ? AND n >= ? ORDER BY n LIMIT ?",
        edge,
        from,
        limit,
      )
      .map((row) => String(row["header"]));
  }

  /** The header of one entry, if it is here. */
  async journalHeader(edge: EdgeId, n: number): Promise<string | undefined> {
    return this.#header(edge, n);
  }

  async newestCheckpoint(edge: EdgeId): Promise<CheckpointRow | undefined> {
    const row = this.#sql.get(
      "SELECT * FROM checkpoints WHERE edge = ? ORDER BY length DESC LIMIT 1",
      edge,
    );
    return row && checkpointOf(row);
  }

  /** Keeps a checkpoint that goes further than all before; false if it does not. */
  async addCheckpoint(edge: EdgeId, checkpoint: CheckpointRow): Promise<boolean> {
    const { length, head, envelope, witness, at } = checkpoint;
    return (
      this.#sql.run(
        `INSERT INTO checkpoints (edge, length, head, envelope, witness, at)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE edge = ?1 AND length >= ?2)`,
        edge,
        length,
        head,
        envelope,
        witness,
        at,
      ) === 1
    );
  }

  async addStop(stop: StopRow): Promise<void> {
    const { id, edge, scope, subject, person, endsAt } = stop;
    this.#sql.run(
      "INSERT INTO stops (id, edge, scope, subject, person, ends_at) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      edge,
      scope,
      subject ?? null,
      person,
      endsAt,
    );
  }

  /** Stops of an edge that last beyond `now`; those that do not are forgotten. */
  async stops(edge: EdgeId, now: number): Promise<StopRow[]> {
    this.#sql.run("DELETE FROM stops WHERE ends_at <= ?", now);
    const rows = this.#sql.all("SELECT * FROM stops WHERE edge = ? ORDER BY ends_at", edge);
    return rows.map((row) => ({
      id: String(row["id"]),
      edge,
      scope: row["scope"] as StopScope,
      subject: (row["subject"] ?? undefined) as string | undefined,
      person: row["person"] as PersonId,
      endsAt: Number(row["ends_at"]),
    }));
  }

  #journalLength(edge: EdgeId): number {
    const row = this.#sql.get(
      "SELECT coalesce(max(n) + 1, 0) AS length FROM journal WHERE edge = ?",
      edge,
    );
    return Number(row?.["length"]);
  }

  #header(edge: EdgeId, n: number): string | undefined {
    const row = this.#sql.get("SELECT header FROM journal WHERE edge = ? AND n = ?", edge, n);
    return row && String(row["header"]);
  }
}

function edgeOf(row: Row): EdgeRow {
  return {
    edge: row["edge"] as EdgeId,
    site: row["site"] as SiteId,
    publicKey: String(row["public_key"]),
    name: String(row["name"]),
    admitted: row["admitted"] === 1,
  };
}

function checkpointOf(row: Row): CheckpointRow {
  return {
    length: Number(row["length"]),
    head: String(row["head"]),
    envelope: String(row["envelope"]),
    witness: String(row["witness"]),
    at: Number(row["at"]),
  };
}
