// What notifications keep in mind: how far logs and journals were read, requests that wait, alarms, who is asked in which order, who is off duty.
// Invariant: everything that is to happen later stands here with its time, so that a restart forgets nothing.
import type { DocumentHash, EdgeId, PersonId, SiteId, TargetId } from "../../../shared/ids.ts";
import { optionalNumber, type Sql } from "./sql.ts";

/** `offline`: an edge, by its id. `ends`: a manifest, by days left. */
export type AlarmKind = "offline" | "ends";

export interface AlarmRow {
  readonly site: SiteId;
  readonly kind: AlarmKind;
  readonly subject: string;
  /** Undefined: it has gone off. */
  readonly dueAt: number | undefined;
}

export interface WaitRow {
  readonly site: SiteId;
  readonly request: DocumentHash;
}

/** Who is asked first about a target, and after how many minutes the next is. */
export interface OrderRow {
  readonly target: TargetId;
  readonly persons: readonly PersonId[];
  readonly minutes: number;
}

export interface HandOverRow {
  readonly from: PersonId;
  readonly to: PersonId;
  readonly note: string;
  readonly at: number;
}

export class WatchRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** How far a log or journal was read; 0 at the start. */
  async place(subject: string): Promise<number> {
    const row = this.#sql.get("SELECT place FROM notify_places WHERE subject = ?", subject);
    return Number(row?.["place"] ?? 0);
  }

  async setPlace(subject: string, place: number): Promise<void> {
    const upsert = `INSERT INTO notify_places (subject, place) VALUES (?, ?)
      ON CONFLICT (subject) DO UPDATE SET place = excluded.place`;
    this.#sql.run(upsert, subject, place);
  }

  /** Sites with entries that were not read yet. */
  async unreadSites(): Promise<SiteId[]> {
    const select = `SELECT site FROM documents LEFT JOIN notify_places AS p ON p.subject = 'log ' || site
      GROUP BY site HAVING max(seq) > coalesce(max(p.place), 0)`;
    return this.#sql.all(select).map((row) => row["site"] as SiteId);
  }

  /** Admitted edges that have ever reported. */
  async reportingEdges(): Promise<{ readonly edge: EdgeId; readonly site: SiteId }[]> {
    const select = `SELECT edge, site FROM edges WHERE admitted = 1
      AND edge IN (SELECT edge FROM journal UNION SELECT edge FROM checkpoints)`;
    return this.#sql
      .all(select)
      .map((row) => ({ edge: row["edge"] as EdgeId, site: row["site"] as SiteId }));
  }

  async wait(site: SiteId, request: DocumentHash, nextAt: number): Promise<void> {
    const upsert = `INSERT INTO notify_waits (site, request, next_at) VALUES (?, ?, ?)
      ON CONFLICT (site, request) DO UPDATE SET next_at = excluded.next_at`;
    this.#sql.run(upsert, site, request, nextAt);
  }

  async isWaiting(site: SiteId, request: DocumentHash): Promise<boolean> {
    const select = "SELECT 1 FROM notify_waits WHERE site = ? AND request = ?";
    return this.#sql.get(select, site, request) !== undefined;
  }

  async stopWaiting(site: SiteId, request: DocumentHash): Promise<void> {
    this.#sql.run("DELETE FROM notify_waits WHERE site = ? AND request = ?", site, request);
  }

  async waitsDue(now: number): Promise<WaitRow[]> {
    const select = "SELECT site, request FROM notify_waits WHERE next_at <= ? ORDER BY next_at";
    return this.#sql.all(select, now).map((row) => ({
      site: row["site"] as SiteId,
      request: row["request"] as DocumentHash,
    }));
  }

  /** Has every waiting request of a site looked at anew. */
  async wakeWaits(site: SiteId): Promise<void> {
    this.#sql.run("UPDATE notify_waits SET next_at = 0 WHERE site = ?", site);
  }

  /** Sets an alarm; one that is set, or has gone off, stays as it is. */
  async setAlarm({ site, kind, subject, dueAt }: AlarmRow): Promise<void> {
    const insert =
      "INSERT OR IGNORE INTO notify_alarms (site, kind, subject, due_at) VALUES (?, ?, ?, ?)";
    this.#sql.run(insert, site, kind, subject, dueAt ?? null);
  }

  /** Takes an alarm away; answers it if there was one. */
  async takeAlarm(site: SiteId, kind: AlarmKind, subject: string): Promise<AlarmRow | undefined> {
    const remove = `DELETE FROM notify_alarms WHERE site = ? AND kind = ? AND subject = ?
      RETURNING due_at`;
    const row = this.#sql.get(remove, site, kind, subject);
    if (row === undefined) return undefined;
    return {
      site,
      kind,
      subject,
      dueAt: optionalNumber(row["due_at"]),
    };
  }

  /** Puts these in place of a site's alarms of a kind. */
  async replaceAlarms(site: SiteId, kind: AlarmKind, alarms: readonly AlarmRow[]): Promise<void> {
    this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM notify_alarms WHERE site = ? AND kind = ?", site, kind);
      const insert = "INSERT INTO notify_alarms (site, kind, subject, due_at) VALUES (?, ?, ?, ?)";
      for (const { subject, dueAt } of alarms) {
        this.#sql.run(insert, site, kind, subject, dueAt ?? null);
      }
    });
  }

  async alarmsDue(now: number): Promise<AlarmRow[]> {
    const select = "SELECT * FROM notify_alarms WHERE due_at <= ? ORDER BY due_at";
    return this.#sql.all(select, now).map((row) => ({
      site: row["site"] as SiteId,
      kind: row["kind"] as AlarmKind,
      subject: String(row["subject"]),
      dueAt: Number(row["due_at"]),
    }));
  }

  async goneOff({ site, kind, subject }: AlarmRow): Promise<void> {
    const update =
      "UPDATE notify_alarms SET due_at = NULL WHERE site = ? AND kind = ? AND subject = ?";
    this.#sql.run(update, site, kind, subject);
  }

  /** When the next wait or alarm is due. */
  async nextDue(): Promise<number | undefined> {
    const row = this.#sql.get(
      `SELECT min(at) AS at FROM (SELECT min(next_at) AS at FROM notify_waits
       UNION ALL SELECT min(due_at) FROM notify_alarms WHERE due_at IS NOT NULL)`,
    );
    return optionalNumber(row?.["at"]);
  }

  async orders(site: SiteId): Promise<OrderRow[]> {
    const select = "SELECT * FROM notify_orders WHERE site = ? ORDER BY target";
    return this.#sql.all(select, site).map((row) => ({
      target: row["target"] as TargetId,
      persons: JSON.parse(String(row["persons"])) as PersonId[],
      minutes: Number(row["minutes"]),
    }));
  }

  async replaceOrders(site: SiteId, orders: readonly OrderRow[]): Promise<void> {
    this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM notify_orders WHERE site = ?", site);
      const insert =
        "INSERT INTO notify_orders (site, target, persons, minutes) VALUES (?, ?, ?, ?)";
      for (const { target, persons, minutes } of orders) {
        this.#sql.run(insert, site, target, JSON.stringify(persons), minutes);
      }
    });
  }

  async offDuty(site: SiteId): Promise<ReadonlySet<PersonId>> {
    const rows = this.#sql.all("SELECT person FROM notify_off_duty WHERE site = ?", site);
    return new Set(rows.map((row) => row["person"] as PersonId));
  }

  async setDuty(site: SiteId, person: PersonId, onDuty: boolean): Promise<void> {
    const change = onDuty
      ? "DELETE FROM notify_off_duty WHERE site = ? AND person = ?"
      : "INSERT OR IGNORE INTO notify_off_duty (site, person) VALUES (?, ?)";
    this.#sql.run(change, site, person);
  }

  /** One goes off duty and the other on, in one step, with a note that only people of the site read. */
  async handOver(site: SiteId, { from, to, note, at }: HandOverRow): Promise<number> {
    return this.#sql.transaction(() => {
      const off = "INSERT OR IGNORE INTO notify_off_duty (site, person) VALUES (?, ?)";
      this.#sql.run(off, site, from);
      this.#sql.run("DELETE FROM notify_off_duty WHERE site = ? AND person = ?", site, to);
      const row = this.#sql.get(
        `INSERT INTO hand_overs (site, at, from_person, to_person, note) VALUES (?, ?, ?, ?, ?)
         RETURNING n`,
        site,
        at,
        from,
        to,
        note,
      );
      return Number(row?.["n"]);
    });
  }

  async handOvers(site: SiteId, limit: number): Promise<HandOverRow[]> {
    const select = "SELECT * FROM hand_overs WHERE site = ? ORDER BY n DESC LIMIT ?";
    return this.#sql.all(select, site, limit).map((row) => ({
      from: row["from_person"] as PersonId,
      to: row["to_person"] as PersonId,
      note: String(row["note"]),
      at: Number(row["at"]),
    }));
  }
}
