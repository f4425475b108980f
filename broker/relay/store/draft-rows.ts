// Drafts of a site's next description: unsigned texts that people leave for an owner, and that decide nothing.
import { SallyportError } from "../../../shared/errors.ts";
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import type { Row, Sql } from "./sql.ts";

export interface NewDraft {
  readonly name: string;
  readonly author: PersonId;
  /** The name of the token of limited scope that wrote it. */
  readonly authorToken: string | undefined;
  readonly at: number;
  /** JSON. */
  readonly content: string;
}

export interface Draft extends NewDraft {
  /** 1 for a new one, and one more at each change. */
  readonly version: number;
}

export class DraftRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async ofSite(site: SiteId): Promise<Draft[]> {
    return this.#sql.all("SELECT * FROM drafts WHERE site = ? ORDER BY name", site).map(draftOf);
  }

  async named(site: SiteId, name: string): Promise<Draft | undefined> {
    const row = this.#sql.get("SELECT * FROM drafts WHERE site = ? AND name = ?", site, name);
    return row && draftOf(row);
  }

  /**
   * Keeps a draft and returns its version; throws `conflict` if the version before is not `replaces` (0: there was none; undefined: whichever), or
   * the site has `most` already.
   */
  async put(
    site: SiteId,
    draft: NewDraft,
    replaces: number | undefined,
    most: number,
  ): Promise<number> {
    return this.#sql.transaction(() => {
      const select = "SELECT version FROM drafts WHERE site = ? AND name = ?";
      const held = Number(this.#sql.get(select, site, draft.name)?.["version"] ?? 0);
      if (replaces !== undefined && replaces !== held) {
        throw new SallyportError(
          "conflict",
          `draft "${draft.name}" is at version ${held}, not ${replaces}: somebody changed it, look at theirs first`,
        );
      }
      const count = "SELECT count(*) AS count FROM drafts WHERE site = ?";
      if (held === 0 && Number(this.#sql.get(count, site)?.["count"]) >= most) {
        throw new SallyportError("conflict", `site has ${most} drafts already, delete one`);
      }
      this.#sql.run(
        `INSERT OR REPLACE INTO drafts (site, name, version, author, author_token, at, content)
         VALUES (?, ?, ?, ?, ?, ?, ?)`,
        site,
        draft.name,
        held + 1,
        draft.author,
        draft.authorToken ?? null,
        draft.at,
        draft.content,
      );
      return held + 1;
    });
  }

  async remove(site: SiteId, name: string): Promise<boolean> {
    return this.#sql.run("DELETE FROM drafts WHERE site = ? AND name = ?", site, name) === 1;
  }
}

function draftOf(row: Row): Draft {
  return {
    name: String(row["name"]),
    version: Number(row["version"]),
    author: row["author"] as PersonId,
    authorToken: (row["author_token"] ?? undefined) as string | undefined,
    at: Number(row["at"]),
    content: String(row["content"]),
  };
}
