// Tokens of limited scope for scripts: a person makes them for one site, with an end; they read, or also write drafts.
// Invariants: kept as hashes and shown once; worth no more than the person who made one, and gone with the key that made it.
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { SallyportError } from "../../shared/errors.ts";
import { FieldError } from "./answers.ts";
import type { Member } from "./directory.ts";
import type { AccountRows } from "./store/account-rows.ts";
import type { ApiTokenRow, SignInRows, TokenScope } from "./store/sign-in-rows.ts";
import { isStaff } from "./visibility.ts";

/** Tells them from sign-ins, and scanners for leaked secrets what they found. */
export const apiTokenPrefix = "spt_";
const longestLifeSeconds = 366 * 24 * 3600;
const mostPerPerson = 20;

export interface ApiTokenParts {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly rows: SignInRows;
  readonly record: AccountRows;
}

export interface AskedToken {
  readonly name: string;
  readonly scope: TokenScope;
  readonly endsAt: number;
}

export class ApiTokens {
  readonly #parts: ApiTokenParts;

  constructor(parts: ApiTokenParts) {
    this.#parts = parts;
  }

  /** A new token, readable this once; throws a fault of a field, `forbidden` for a scope beyond the person's, or `conflict`. */
  async make(
    member: Member,
    { name, scope, endsAt }: AskedToken,
  ): Promise<{ readonly id: string; readonly token: string }> {
    const { suite, clock, rows } = this.#parts;
    const { site, person, key } = member;
    const now = wallSeconds(clock);
    if (endsAt <= now || endsAt > now + longestLifeSeconds) {
      throw new FieldError("expiresAt", "expiresAt has to lie ahead, by a year at most");
    }
    if (scope === "draft" && !isStaff(member)) {
      throw new SallyportError("forbidden", "drafts are for owners, approvers and auditors");
    }
    const token = `${apiTokenPrefix}${toBase64Url(suite.randomBytes(32))}`;
    const id = toBase64Url(suite.randomBytes(12));
    const hash = toBase64Url(await suite.sha256(utf8(token)));
    // Later than a sign-out everywhere of this very millisecond.
    const issuedMs = Math.max(
      clock.wallMs(),
      ((await rows.signedOut(site, person))?.atMs ?? 0) + 1,
    );
    const row = { id, hash, site, person, key, name, scope, issuedMs, endsAt, usedAt: undefined };
    if (!(await rows.addApiToken(row, mostPerPerson, now))) {
      throw new SallyportError("conflict", `you have ${mostPerPerson} tokens here, end one first`);
    }
    await this.#note(member, "api-token-made", { name, scope });
    return { id, token };
  }

  /** A person's own tokens at a site that are still good. */
  async list({ site, person }: Member): Promise<ApiTokenRow[]> {
    const now = wallSeconds(this.#parts.clock);
    return (await this.#parts.rows.apiTokens(site, person)).filter(({ endsAt }) => endsAt > now);
  }

  /** Ends a token at once; throws `not_found`. */
  async end(member: Member, id: string): Promise<void> {
    const name = await this.#parts.rows.removeApiToken(member.site, member.person, id);
    if (name === undefined) throw new SallyportError("not_found", "you have no such token here");
    await this.#note(member, "api-token-ended", { name });
  }

  async #note(
    { site, person }: Member,
    event: string,
    details: Readonly<Record<string, string>>,
  ): Promise<void> {
    const { record, clock } = this.#parts;
    await record.audit(site, { at: wallSeconds(clock), person, event, details });
  }
}
