// One's own account at the relay: password, recovery codes, tokens. Every answer that holds a secret is shown once and kept nowhere.
import * as v from "valibot";
import type { SiteId } from "../../../shared/ids.ts";
import { pageRelay } from "../person/relay-fetch.ts";

const codesSchema = v.object({ recoveryCodes: v.array(v.string()) });
const tokenSchema = v.object({
  id: v.string(),
  name: v.string(),
  scope: v.picklist(["read", "draft"]),
  createdAt: v.number(),
  expiresAt: v.number(),
  lastUsedAt: v.nullable(v.number()),
});

export type ApiToken = v.InferOutput<typeof tokenSchema>;
export type TokenScope = ApiToken["scope"];

export class AccountApi {
  readonly #path: string;

  constructor(site: SiteId) {
    this.#path = `/api/sites/${site}`;
  }

  /** Sets name and first password; the recovery codes are readable in this answer alone. */
  async setPassword(name: string, password: string, code: string): Promise<readonly string[]> {
    const body = { name, password, code };
    const path = `${this.#path}/account`;
    return (await pageRelay.call({ method: "PUT", path, body }, codesSchema)).recoveryCodes;
  }

  async changePassword(password: string, newPassword: string, code: string): Promise<void> {
    await this.#post("account/password", { password, newPassword, code }, v.unknown());
  }

  async newRecoveryCodes(password: string, code: string): Promise<readonly string[]> {
    return (await this.#post("account/recovery-codes", { password, code }, codesSchema))
      .recoveryCodes;
  }

  async removePassword(code: string): Promise<void> {
    await this.#post("account/remove", { code }, v.unknown());
  }

  async tokens(): Promise<readonly ApiToken[]> {
    const schema = v.object({ tokens: v.array(tokenSchema) });
    const path = `${this.#path}/api-tokens`;
    return (await pageRelay.call({ method: "GET", path }, schema)).tokens;
  }

  /** The token itself, readable in this answer alone. */
  async createToken(name: string, scope: TokenScope, expiresAt: number): Promise<string> {
    const schema = v.object({ token: v.string() });
    return (await this.#post("api-tokens", { name, scope, expiresAt }, schema)).token;
  }

  async revokeToken(id: string): Promise<void> {
    const path = `${this.#path}/api-tokens/${id}`;
    await pageRelay.call({ method: "DELETE", path }, v.unknown());
  }

  #post<Schema extends v.GenericSchema>(
    path: string,
    body: unknown,
    schema: Schema,
  ): Promise<v.InferOutput<Schema>> {
    return pageRelay.call({ method: "POST", path: `${this.#path}/${path}`, body }, schema);
  }
}
