// Names with passwords, and the recovery codes beside them, each as a hash.
// Invariants: one name and one password per person of a site; a recovery code is spent by the statement that finds it.
import type { KeyId, PersonId, SiteId } from "../../../shared/ids.ts";
import type { Row, Sql } from "./sql.ts";

export interface PasswordRow {
  /** Lower case, unique at this relay. */
  readonly name: string;
  /** Whose it is, and whose TOTP code goes with it. */
  readonly site: SiteId;
  readonly person: PersonId;
  /** The key that set it: a sign-in by this password is worth what that key is worth. */
  readonly key: KeyId;
  /** Argon2id with its parameters and salt, in PHC's string format. */
  readonly hash: string;
}

export class PasswordRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async named(name: string): Promise<PasswordRow | undefined> {
    const row = this.#sql.get("SELECT * FROM passwords WHERE name = ?", name);
    return row && passwordOf(row);
  }

  async ofPerson(site: SiteId, person: PersonId): Promise<PasswordRow | undefined> {
    const select = "SELECT * FROM passwords WHERE site = ? AND person = ?";
    const row = this.#sql.get(select, site, person);
    return row && passwordOf(row);
  }

  /** Keeps a first password with its recovery codes; false if the name is taken or the person has one. */
  async add(row: PasswordRow, recoveryCodes: readonly string[]): Promise<boolean> {
    const { name, site, person, key, hash } = row;
    return this.#sql.transaction(() => {
      const insert = `INSERT OR IGNORE INTO passwords (name, site, person, key, hash) VALUES (?, ?, ?, ?, ?)`;
      if (this.#sql.run(insert, name, site, person, key, hash) === 0) return false;
      this.#setRecoveryCodes(site, person, recoveryCodes);
      return true;
    });
  }

  /** Puts a new password in place of `former`; false if that is no longer the one. */
  async change(row: PasswordRow, former: string): Promise<boolean> {
    const update = "UPDATE passwords SET hash = ?, key = ? WHERE name = ? AND hash = ?";
    return this.#sql.run(update, row.hash, row.key, row.name, former) === 1;
  }

  async remove(site: SiteId, person: PersonId): Promise<boolean> {
    // The recovery codes go with it.
    return this.#sql.run("DELETE FROM passwords WHERE site = ? AND person = ?", site, person) === 1;
  }

  /** Puts these in place of all before. */
  async setRecoveryCodes(site: SiteId, person: PersonId, hashes: readonly string[]): Promise<void> {
    this.#sql.transaction(() => this.#setRecoveryCodes(site, person, hashes));
  }

  async hasRecoveryCode(site: SiteId, person: PersonId, hash: string): Promise<boolean> {
    const select = "SELECT 1 FROM recovery_codes WHERE site = ? AND person = ? AND hash = ?";
    return this.#sql.get(select, site, person, hash) !== undefined;
  }

  /** True once for each. */
  async spendRecoveryCode(site: SiteId, person: PersonId, hash: string): Promise<boolean> {
    const remove = "DELETE FROM recovery_codes WHERE site = ? AND person = ? AND hash = ?";
    return this.#sql.run(remove, site, person, hash) === 1;
  }

  async countRecoveryCodes(site: SiteId, person: PersonId): Promise<number> {
    const count = "SELECT count(*) AS count FROM recovery_codes WHERE site = ? AND person = ?";
    return Number(this.#sql.get(count, site, person)?.["count"]);
  }

  #setRecoveryCodes(site: SiteId, person: PersonId, hashes: readonly string[]): void {
    this.#sql.run("DELETE FROM recovery_codes WHERE site = ? AND person = ?", site, person);
    const insert = "INSERT INTO recovery_codes (site, person, hash) VALUES (?, ?, ?)";
    for (const hash of hashes) this.#sql.run(insert, site, person, hash);
  }
}

function passwordOf(row: Row): PasswordRow {
  return {
    name: String(row["name"]),
    site: row["site"] as SiteId,
    person: row["person"] as PersonId,
    key: row["key"] as KeyId,
    hash: String(row["hash"]),
  };
}
