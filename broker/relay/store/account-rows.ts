// What the relay keeps of people: second factors, throttles, and its own record of what they did.
// Invariant: a TOTP time step is spent in the same statement that finds it unspent.
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import type { Sql } from "./sql.ts";

/** Seeds are sealed under the relay's own key. */
export interface TotpRow {
  readonly confirmed: Uint8Array | undefined;
  /** Enrolled, and not yet confirmed by a code; the confirmed one is good until then. */
  readonly pending: Uint8Array | undefined;
  /** The newest time step that was accepted; codes of it and before are spent. */
  readonly timeStep: number;
}

export interface ThrottleRow {
  readonly failures: number;
  readonly untilMs: number;
}

export interface AuditEntry {
  readonly at: number;
  readonly person: PersonId | undefined;
  /** In the past tense: `signed-in`, `stop-asked`. */
  readonly event: string;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;
}

export class AccountRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async totp(site: SiteId, person: PersonId): Promise<TotpRow | undefined> {
    const row = this.#sql.get("SELECT * FROM totp WHERE site = ? AND person = ?", site, person);
    return (
      row && {
        confirmed: (row["confirmed_seed"] ?? undefined) as Uint8Array | undefined,
        pending: (row["pending_seed"] ?? undefined) as Uint8Array | undefined,
        timeStep: Number(row["time_step"]),
      }
    );
  }

  /** Keeps a seed to be confirmed, in place of any other such one. */
  async enrolTotp(site: SiteId, person: PersonId, seed: Uint8Array): Promise<void> {
    const upsert = `INSERT INTO totp (site, person, pending_seed, time_step) VALUES (?, ?, ?, 0)
      ON CONFLICT (site, person) DO UPDATE SET pending_seed = excluded.pending_seed`;
    this.#sql.run(upsert, site, person, seed);
  }

  /** Spends a time step of the confirmed seed; false if it, or a later one, is spent, or the seed is another by now. */
  async spendTimeStep(
    site: SiteId,
    person: PersonId,
    seed: Uint8Array,
    timeStep: number,
  ): Promise<boolean> {
    const update = `UPDATE totp SET time_step = ?1
      WHERE site = ?2 AND person = ?3 AND confirmed_seed = ?4 AND time_step < ?1`;
    return this.#sql.run(update, timeStep, site, person, seed) === 1;
  }

  /** Spends a time step of the pending seed, which is the confirmed one from then on; false as `spendTimeStep`. */
  async confirmTotp(
    site: SiteId,
    person: PersonId,
    seed: Uint8Array,
    timeStep: number,
  ): Promise<boolean> {
    const update = `UPDATE totp SET time_step = ?1, confirmed_seed = pending_seed, pending_seed = NULL
      WHERE site = ?2 AND person = ?3 AND pending_seed = ?4 AND time_step < ?1`;
    return this.#sql.run(update, timeStep, site, person, seed) === 1;
  }

  async removeTotp(site: SiteId, person: PersonId): Promise<boolean> {
    return this.#sql.run("DELETE FROM totp WHERE site = ? AND person = ?", site, person) === 1;
  }

  /** Puts what `change` makes of a subject's throttle in its place (undefined forgets it); what `change` throws changes nothing. */
  async changeThrottle(
    subject: string,
    change: (held: ThrottleRow | undefined) => ThrottleRow | undefined,
  ): Promise<void> {
    this.#sql.transaction(() => {
      const row = this.#sql.get("SELECT * FROM throttles WHERE subject = ?", subject);
      const next = change(
        row && { failures: Number(row["failures"]), untilMs: Number(row["until_ms"]) },
      );
      this.#sql.run("DELETE FROM throttles WHERE subject = ?", subject);
      if (next === undefined) return;
      const insert = "INSERT INTO throttles (subject, failures, until_ms) VALUES (?, ?, ?)";
      this.#sql.run(insert, subject, next.failures, next.untilMs);
    });
  }

  /** Forgets throttles whose waits ended before that. */
  async forgetThrottles(beforeMs: number): Promise<void> {
    this.#sql.run("DELETE FROM throttles WHERE until_ms < ?", beforeMs);
  }

  async audit(site: SiteId, entry: AuditEntry): Promise<void> {
    this.#sql.run(
      "INSERT INTO audit (site, at, person, event, details) VALUES (?, ?, ?, ?, ?)",
      site,
      entry.at,
      entry.person ?? null,
      entry.event,
      JSON.stringify(entry.details),
    );
  }

  /** The relay's record of a site from number `from`, ascending. */
  async audited(
    site: SiteId,
    from: number,
    limit: number,
  ): Promise<(AuditEntry & { readonly n: number })[]> {
    const select = "SELECT * FROM audit WHERE site = ? AND n >= ? ORDER BY n LIMIT ?";
    return this.#sql.all(select, site, from, limit).map((row) => ({
      n: Number(row["n"]),
      at: Number(row["at"]),
      person: (row["person"] ?? undefined) as PersonId | undefined,
      event: String(row["event"]),
      details: JSON.parse(String(row["details"])) as AuditEntry["details"],
    }));
  }
}
