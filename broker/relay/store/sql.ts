// node:sqlite's one importer beside the schema: a database file with kept statements and transactions that are all or nothing.
// WAL with synchronous=FULL: what was answered is on the disk, and a kill at any moment leaves the last whole transaction.
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import { migrate } from "./schema.ts";

export type Row = Readonly<Record<string, string | number | bigint | Uint8Array | null>>;

/** A number of a row that may be null. */
export function optionalNumber(value: Row[string] | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}

export class Sql implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Opens or makes the file at the newest schema; throws `file_invalid`, naming the file. The caller disposes. */
  static open(path: string): Sql {
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { timeout: 5000 });
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      migrate(database);
      return new Sql(database);
    } catch (cause) {
      database?.close();
      throw new SallyportError("file_invalid", `store "${path}": ${messageOf(cause)}`, { cause });
    }
  }

  /** The number of rows changed. */
  run(sql: string, ...values: readonly SQLInputValue[]): number {
    return Number(this.#prepare(sql).run(...values).changes);
  }

  get(sql: string, ...values: readonly SQLInputValue[]): Row | undefined {
    return this.#prepare(sql).get(...values);
  }

  all(sql: string, ...values: readonly SQLInputValue[]): readonly Row[] {
    return this.#prepare(sql).all(...values);
  }

  /** Everything that `work` writes, or nothing. `work` is synchronous, so no other request can stand between its statements. */
  transaction<T>(work: () => T): T {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (thrown) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw thrown;
    }
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #prepare(sql: string): StatementSync {
    const kept = this.#statements.get(sql);
    if (kept) return kept;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
