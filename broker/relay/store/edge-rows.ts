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

/** What a journal header says of a session. */
export interface SessionChange {
  readonly event: string;
  readonly session: string;
  readonly person: string | undefined;
  readonly request: string | undefined;
  readonly at: number;
}

export interface SessionRow {
  readonly edge: EdgeId;
  readonly session: string;
  readonly person: string | null;
  readonly request: string | null;
  readonly startedAt: number;
  /** Null while it runs. */
  readonly endedAt: number | null;
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

  /**
   * Stores consecutive headers, with what they say of sessions, and returns the new length; throws `conflict` for a gap or for other headers
   * in places already filled.
   */
  async appendJournal(
    edge: EdgeId,
    from: number,
    headers: readonly string[],
    sessions: readonly SessionChange[],
  ): Promise<number> {
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
      for (const change of sessions) this.#changeSession(edge, change);
      return Math.max(length, from + headers.length);
    });
  }

  /** The newest sessions of a site's edges, as their journals say; of one person only, if given. */
  async sessions(site: SiteId, person: PersonId | undefined, limit: number): Promise<SessionRow[]> {
    const rows = this.#sql.all(
      `SELECT sessions.* FROM sessions JOIN edges USING (edge)
       WHERE site = ?1 AND (?2 IS NULL OR person = ?2) ORDER BY started_at DESC LIMIT ?3`,
      site,
      person ?? null,
      limit,
    );
    return rows.map((row) => ({
      edge: row["edge"] as EdgeId,
      session: String(row["session"]),
      person: row["person"] as string | null,
      request: row["request"] as string | null,
      startedAt: Number(row["started_at"]),
      endedAt: row["ended_at"] as number | null,
    }));
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

  #changeSession(edge: EdgeId, { event, session, person, request, at }: SessionChange): void {
    if (event === "session-admitted") {
      const insert = `INSERT OR IGNORE INTO sessions (edge, session, person, request, started_at)
        VALUES (?, ?, ?, ?, ?)`;
      this.#sql.run(insert, edge, session, person ?? null, request ?? null, at);
    } else if (event === "session-ended") {
      const update = "UPDATE sessions SET ended_at = ? WHERE edge = ? AND session = ?";
      this.#sql.run(update, at, edge, session);
    }
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
