// Where people are told: their push subscriptions, mail addresses and webhooks, per site. A webhook's secret is not here: it follows from the
// relay's key file and the channel's id. Invariants: one channel per person, kind and address; a code is kept as its hash and counts its tries.
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import { optionalNumber, type Row, type Sql } from "./sql.ts";

export const channelKinds = ["push", "mail", "webhook"] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** In place of a person: the site itself, for the webhook that an owner set for all. */
export const siteItself = "" as PersonId;

export interface ChannelRow {
  readonly id: string;
  readonly site: SiteId;
  readonly person: PersonId;
  readonly kind: ChannelKind;
  /** What its owner calls it: a device. */
  readonly name: string;
  /** An address in the web, or a mail address. */
  readonly address: string;
  /** Of a push subscription: its two public keys, as JSON. */
  readonly keys: string | undefined;
  readonly enabled: boolean;
  /** False: a mail address whose code was not given yet. */
  readonly confirmed: boolean;
  readonly addedAt: number;
  /** When its owner said that a message was seen. */
  readonly provenAt: number | undefined;
  readonly deliveredAt: number | undefined;
  readonly fault: { readonly at: number; readonly reason: string } | undefined;
}

/** Whether messages may go there. */
export function isUsable({ enabled, confirmed }: ChannelRow): boolean {
  return enabled && confirmed;
}

export interface NewChannel extends Pick<
  ChannelRow,
  "id" | "site" | "person" | "kind" | "name" | "address" | "keys" | "confirmed" | "addedAt"
> {}

export class ChannelRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Adds a channel, or gives the one of that address a new name and keys. */
  async put(
    channel: NewChannel,
  ): Promise<{ readonly channel: ChannelRow; readonly isNew: boolean }> {
    const { id, site, person, kind, name, address, keys, confirmed, addedAt } = channel;
    return this.#sql.transaction(() => {
      const isNew =
        this.#sql.run(
          `INSERT OR IGNORE INTO notify_channels
           (id, site, person, kind, name, address, keys, enabled, confirmed, code_tries, added_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, 0, ?)`,
          id,
          site,
          person,
          kind,
          name,
          address,
          keys ?? null,
          confirmed ? 1 : 0,
          addedAt,
        ) === 1;
      const update = `UPDATE notify_channels SET name = ?1, keys = ?2, enabled = 1
        WHERE site = ?3 AND person = ?4 AND kind = ?5 AND address = ?6`;
      if (!isNew) this.#sql.run(update, name, keys ?? null, site, person, kind, address);
      const row = this.#sql.get(
        `SELECT * FROM notify_channels WHERE site = ? AND person = ? AND kind = ? AND address = ?`,
        site,
        person,
        kind,
        address,
      );
      return { channel: channelOf(row as Row), isNew };
    });
  }

  async get(id: string): Promise<ChannelRow | undefined> {
    const row = this.#sql.get("SELECT * FROM notify_channels WHERE id = ?", id);
    return row && channelOf(row);
  }

  async ofPerson(site: SiteId, person: PersonId): Promise<ChannelRow[]> {
    const select =
      "SELECT * FROM notify_channels WHERE site = ? AND person = ? ORDER BY added_at, id";
    return this.#sql.all(select, site, person).map(channelOf);
  }

  async ofSite(site: SiteId): Promise<ChannelRow[]> {
    const select = "SELECT * FROM notify_channels WHERE site = ? ORDER BY person, added_at, id";
    return this.#sql.all(select, site).map(channelOf);
  }

  async enable(id: string, enabled: boolean): Promise<void> {
    this.#sql.run("UPDATE notify_channels SET enabled = ? WHERE id = ?", enabled ? 1 : 0, id);
  }

  async remove(id: string): Promise<void> {
    this.#sql.run("DELETE FROM notify_channels WHERE id = ?", id);
  }

  /** Removes the channels of everybody who is not among these: who leaves and whoever gets the same id later are two people. */
  async keepOnly(site: SiteId, known: readonly PersonId[]): Promise<void> {
    this.#sql.run(
      `DELETE FROM notify_channels WHERE site = ? AND person <> ''
       AND person NOT IN (SELECT value FROM json_each(?))`,
      site,
      JSON.stringify(known),
    );
  }

  async proven(id: string, at: number): Promise<void> {
    this.#sql.run("UPDATE notify_channels SET proven_at = ? WHERE id = ?", at, id);
  }

  /** Notes how the last delivery went. */
  async noted(id: string, at: number, fault: string | undefined): Promise<void> {
    const update =
      fault === undefined
        ? "UPDATE notify_channels SET delivered_at = ?1, fault_at = NULL, fault = NULL WHERE id = ?2"
        : "UPDATE notify_channels SET fault_at = ?1, fault = ?3 WHERE id = ?2";
    this.#sql.run(update, at, id, ...(fault === undefined ? [] : [fault]));
  }

  /** Keeps the hash of a code that was mailed, in place of any before. */
  async setCode(id: string, hash: string, endsAt: number): Promise<void> {
    const update =
      "UPDATE notify_channels SET code_hash = ?, code_ends_at = ?, code_tries = 0 WHERE id = ?";
    this.#sql.run(update, hash, endsAt, id);
  }

  /** Spends one of `mostTries` and answers whether it was the right code, in time; the channel is confirmed then and the code gone. */
  async tryCode(id: string, hash: string, now: number, mostTries: number): Promise<boolean> {
    return this.#sql.transaction(() => {
      const spend = `UPDATE notify_channels SET code_tries = code_tries + 1
        WHERE id = ? AND code_hash IS NOT NULL AND code_ends_at > ? AND code_tries < ?`;
      if (this.#sql.run(spend, id, now, mostTries) === 0) return false;
      const confirm = `UPDATE notify_channels SET confirmed = 1, code_hash = NULL
        WHERE id = ? AND code_hash = ?`;
      return this.#sql.run(confirm, id, hash) === 1;
    });
  }
}

function channelOf(row: Row): ChannelRow {
  const faultAt = optionalNumber(row["fault_at"]);
  return {
    id: String(row["id"]),
    site: row["site"] as SiteId,
    person: row["person"] as PersonId,
    kind: row["kind"] as ChannelKind,
    name: String(row["name"]),
    address: String(row["address"]),
    keys: (row["keys"] ?? undefined) as string | undefined,
    enabled: row["enabled"] === 1,
    confirmed: row["confirmed"] === 1,
    addedAt: Number(row["added_at"]),
    provenAt: optionalNumber(row["proven_at"]),
    deliveredAt: optionalNumber(row["delivered_at"]),
    fault: faultAt === undefined ? undefined : { at: faultAt, reason: String(row["fault"]) },
  };
}
