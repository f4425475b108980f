// Sign-ins as the relay keeps them: tokens of pages and commands, tokens of limited scope, who signed out everywhere, and which keys browsers hold.
// Invariants: a token is kept as its hash alone; signing out everywhere and the end of what it ends are one transaction.
import type { KeyId, PersonId, SiteId } from "../../../shared/ids.ts";
import type { Row, Sql } from "./sql.ts";

export type SignInMethod = "passkey" | "key" | "password";
export type TokenScope = "read" | "draft";

export interface TokenRow {
  /** SHA-256 of the token, base64url. */
  readonly hash: string;
  readonly key: KeyId;
  /** Undefined: good for every site where the key stands. */
  readonly site: SiteId | undefined;
  readonly method: SignInMethod;
  /** Counts in a page's cookie alone, and has an idle limit; the others count as bearer's alone. */
  readonly isPage: boolean;
  readonly issuedMs: number;
  readonly usedAt: number;
  readonly endsAt: number;
}

export interface ApiTokenRow {
  readonly id: string;
  readonly hash: string;
  readonly site: SiteId;
  readonly person: PersonId;
  /** The key that made it: the token is worth no more than that. */
  readonly key: KeyId;
  readonly name: string;
  readonly scope: TokenScope;
  readonly issuedMs: number;
  readonly endsAt: number;
  readonly usedAt: number | undefined;
}

export interface SignedOutRow {
  /** Whatever was issued up to then is over. */
  readonly atMs: number;
  /** Whether a browser's key has to be joined by something stronger since then. */
  readonly locks: boolean;
}

export class SignInRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Keeps a sign-in; forgets those that ended before `now`, and the one that it takes the place of. */
  async addToken(token: TokenRow, now: number, former?: string): Promise<void> {
    const { hash, key, site, method, isPage, issuedMs, usedAt, endsAt } = token;
    this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM tokens WHERE ends_at < ? OR hash = ?", now, former ?? "");
      this.#sql.run(
        `INSERT INTO tokens (hash, key, site, ends_at, method, page, issued_ms, used_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        hash,
        key,
        site ?? null,
        endsAt,
        method,
        isPage ? 1 : 0,
        issuedMs,
        usedAt,
      );
    });
  }

  async token(hash: string): Promise<TokenRow | undefined> {
    const row = this.#sql.get("SELECT * FROM tokens WHERE hash = ?", hash);
    return (
      row && {
        hash,
        key: row["key"] as KeyId,
        site: (row["site"] ?? undefined) as SiteId | undefined,
        method: row["method"] as SignInMethod,
        isPage: row["page"] === 1,
        issuedMs: Number(row["issued_ms"]),
        usedAt: Number(row["used_at"]),
        endsAt: Number(row["ends_at"]),
      }
    );
  }

  async useToken(hash: string, at: number): Promise<void> {
    this.#sql.run("UPDATE tokens SET used_at = ? WHERE hash = ?", at, hash);
  }

  async removeToken(hash: string): Promise<void> {
    this.#sql.run("DELETE FROM tokens WHERE hash = ?", hash);
  }

  /** Ends a key's sign-ins by a method; `spared` goes on. */
  async removeTokensOf(key: KeyId, method: SignInMethod, spared: string): Promise<void> {
    const remove = "DELETE FROM tokens WHERE key = ? AND method = ? AND hash <> ?";
    this.#sql.run(remove, key, method, spared);
  }

  /** Ends all that a person holds at a site; what is issued later than `atMs` counts again. */
  async signOutEverywhere(
    site: SiteId,
    person: PersonId,
    { atMs, locks }: SignedOutRow,
  ): Promise<void> {
    this.#sql.transaction(() => {
      this.#sql.run(
        `INSERT INTO signed_out (site, person, at_ms, locks) VALUES (?, ?, ?, ?)
         ON CONFLICT (site, person) DO UPDATE SET at_ms = max(at_ms, excluded.at_ms), locks = excluded.locks`,
        site,
        person,
        atMs,
        locks ? 1 : 0,
      );
      this.#sql.run("DELETE FROM api_tokens WHERE site = ? AND person = ?", site, person);
    });
  }

  async signedOut(site: SiteId, person: PersonId): Promise<SignedOutRow | undefined> {
    const select = "SELECT * FROM signed_out WHERE site = ? AND person = ?";
    const row = this.#sql.get(select, site, person);
    return row && { atMs: Number(row["at_ms"]), locks: row["locks"] === 1 };
  }

  /** Notes that a browser holds the key; with `strongMs`, that something stronger joined it then. */
  async addPageKey(site: SiteId, person: PersonId, key: KeyId, strongMs: number): Promise<void> {
    this.#sql.run(
      `INSERT INTO page_keys (site, person, key, strong_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (site, person, key) DO UPDATE SET strong_ms = max(strong_ms, excluded.strong_ms)`,
      site,
      person,
      key,
      strongMs,
    );
  }

  /** When something stronger last joined a browser's key (0: never); undefined for a key that no browser of a page held. */
  async strongMs(site: SiteId, person: PersonId, key: KeyId): Promise<number | undefined> {
    const select = "SELECT strong_ms FROM page_keys WHERE site = ? AND person = ? AND key = ?";
    const row = this.#sql.get(select, site, person, key);
    return row && Number(row["strong_ms"]);
  }

  /** Keeps a token of limited scope; false if the person has `most` at the site already. Forgets those that ended before `now`. */
  async addApiToken(token: ApiTokenRow, most: number, now: number): Promise<boolean> {
    const { id, hash, site, person, key, name, scope, issuedMs, endsAt } = token;
    return this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM api_tokens WHERE ends_at < ?", now);
      const count = "SELECT count(*) AS count FROM api_tokens WHERE site = ? AND person = ?";
      if (Number(this.#sql.get(count, site, person)?.["count"]) >= most) return false;
      this.#sql.run(
        `INSERT INTO api_tokens (id, hash, site, person, key, name, scope, issued_ms, ends_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        hash,
        site,
        person,
        key,
        name,
        scope,
        issuedMs,
        endsAt,
      );
      return true;
    });
  }

  async apiToken(hash: string): Promise<ApiTokenRow | undefined> {
    const row = this.#sql.get("SELECT * FROM api_tokens WHERE hash = ?", hash);
    return row && apiTokenOf(row);
  }

  async apiTokens(site: SiteId, person: PersonId): Promise<ApiTokenRow[]> {
    const select = "SELECT * FROM api_tokens WHERE site = ? AND person = ? ORDER BY issued_ms, id";
    return this.#sql.all(select, site, person).map(apiTokenOf);
  }

  async useApiToken(hash: string, at: number): Promise<void> {
    this.#sql.run("UPDATE api_tokens SET used_at = ? WHERE hash = ?", at, hash);
  }

  /** The name of the token that is over now; undefined if the person has none of that id at the site. */
  async removeApiToken(site: SiteId, person: PersonId, id: string): Promise<string | undefined> {
    const remove = "DELETE FROM api_tokens WHERE site = ? AND person = ? AND id = ? RETURNING name";
    return this.#sql.get(remove, site, person, id)?.["name"] as string | undefined;
  }
}

function apiTokenOf(row: Row): ApiTokenRow {
  return {
    id: String(row["id"]),
    hash: String(row["hash"]),
    site: row["site"] as SiteId,
    person: row["person"] as PersonId,
    key: row["key"] as KeyId,
    name: String(row["name"]),
    scope: row["scope"] as TokenScope,
    issuedMs: Number(row["issued_ms"]),
    endsAt: Number(row["ends_at"]),
    usedAt: row["used_at"] === null ? undefined : Number(row["used_at"]),
  };
}
