// What people are told and how it went: notices (one thing that one person is to learn), messages (one or several notices, sent together) and
// deliveries (a message by one channel). Invariants: a notice is kept once per person and key, so telling again changes nothing; a try is
// counted before it is made, so a kill in the middle repeats it later and never for ever.
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import type { ChannelKind } from "./channel-rows.ts";
import { optionalNumber, type Row, type Sql } from "./sql.ts";

export interface NoticeRow {
  readonly site: SiteId;
  readonly person: PersonId;
  /** What it is about, once per person: `request:<hash>`. */
  readonly key: string;
  readonly kind: string;
  readonly text: string;
  /** Path of the portal. */
  readonly link: string;
  readonly at: number;
}

export interface MessageRow {
  readonly id: string;
  readonly site: SiteId;
  readonly person: PersonId;
  readonly kind: string;
  readonly title: string;
  readonly text: string;
  readonly link: string;
  /** Messages of one tag replace each other on a phone. */
  readonly tag: string;
  readonly at: number;
}

export type DeliveryState = "due" | "delivered" | "failed";

export interface DeliveryRow {
  readonly id: string;
  readonly message: MessageRow;
  readonly channel: string;
  readonly channelKind: ChannelKind;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly nextAt: number | undefined;
  readonly deliveredAt: number | undefined;
  readonly reason: string | undefined;
}

export interface NewDelivery {
  readonly id: string;
  readonly channel: string;
  readonly channelKind: ChannelKind;
}

/** How one person was told of one thing. */
export interface ToldRow {
  readonly person: PersonId;
  readonly at: number;
  /** Undefined: the message waits to be sent, or was never needed. */
  readonly message: string | undefined;
  readonly deliveries: number;
  readonly delivered: number;
  readonly due: number;
}

const columns = `d.id AS delivery, d.channel, d.channel_kind, d.state, d.tries, d.next_at,
  d.delivered_at, d.reason, m.*`;
const joined = `SELECT ${columns} FROM notify_deliveries AS d
  JOIN notify_messages AS m ON m.id = d.message`;
/** Stands in place of a message for a notice that is no longer of use. */
const dropped = "";

export class NoticeRows {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Keeps notices to be sent; those that a person has already are left as they are. */
  async add(notices: readonly NoticeRow[]): Promise<void> {
    const insert = `INSERT OR IGNORE INTO notify_notices (site, person, key, kind, text, link, at)
      VALUES (?, ?, ?, ?, ?, ?, ?)`;
    this.#sql.transaction(() => {
      for (const { site, person, key, kind, text, link, at } of notices) {
        this.#sql.run(insert, site, person, key, kind, text, link, at);
      }
    });
  }

  /** Who has unsent notices. */
  async waiting(): Promise<{ readonly site: SiteId; readonly person: PersonId }[]> {
    const rows = this.#sql.all(
      "SELECT site, person, min(at) FROM notify_notices WHERE message IS NULL GROUP BY site, person ORDER BY 3",
    );
    return rows.map((row) => ({
      site: row["site"] as SiteId,
      person: row["person"] as PersonId,
    }));
  }

  async waitingOf(site: SiteId, person: PersonId, limit: number): Promise<NoticeRow[]> {
    const select = `SELECT * FROM notify_notices WHERE site = ? AND person = ? AND message IS NULL
      ORDER BY at, key LIMIT ?`;
    return this.#sql.all(select, site, person, limit).map(noticeOf);
  }

  /** Unsent notices of a key need not be sent any more. */
  async drop(site: SiteId, key: string): Promise<void> {
    const update =
      "UPDATE notify_notices SET message = ? WHERE site = ? AND key = ? AND message IS NULL";
    this.#sql.run(update, dropped, site, key);
  }

  /** Who was told, or is about to be told, of a key, and how that went. */
  async told(site: SiteId, key: string): Promise<ToldRow[]> {
    const rows = this.#sql.all(
      `SELECT n.person, n.at, n.message, count(d.id) AS deliveries,
         coalesce(sum(d.state = 'delivered'), 0) AS delivered, coalesce(sum(d.state = 'due'), 0) AS due
       FROM notify_notices AS n LEFT JOIN notify_deliveries AS d ON d.message = n.message
       WHERE n.site = ? AND n.key = ? AND (n.message IS NULL OR n.message <> '')
       GROUP BY n.person ORDER BY n.at, n.person`,
      site,
      key,
    );
    return rows.map((row) => ({
      person: row["person"] as PersonId,
      at: Number(row["at"]),
      message: (row["message"] ?? undefined) as string | undefined,
      deliveries: Number(row["deliveries"]),
      delivered: Number(row["delivered"]),
      due: Number(row["due"]),
    }));
  }

  /** Who has a notice of a kind that is not older than `since`. */
  async toldOfKind(site: SiteId, kind: string, since: number): Promise<PersonId[]> {
    return this.#sql
      .all(
        "SELECT DISTINCT person FROM notify_notices WHERE site = ? AND kind = ? AND at >= ?",
        site,
        kind,
        since,
      )
      .map((row) => row["person"] as PersonId);
  }

  /** Makes one message of some notices, with a delivery for each channel. */
  async send(
    message: MessageRow,
    notices: readonly NoticeRow[],
    deliveries: readonly NewDelivery[],
    dueAt: number,
  ): Promise<void> {
    this.#sql.transaction(() => {
      const { id, site, person, kind, title, text, link, tag, at } = message;
      this.#sql.run(
        `INSERT INTO notify_messages (id, site, person, kind, title, text, link, tag, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        id,
        site,
        person,
        kind,
        title,
        text,
        link,
        tag,
        at,
      );
      const mark =
        "UPDATE notify_notices SET message = ? WHERE site = ? AND person = ? AND key = ?";
      for (const { key } of notices) this.#sql.run(mark, id, site, person, key);
      const insert = `INSERT INTO notify_deliveries
        (id, message, channel, channel_kind, state, tries, next_at) VALUES (?, ?, ?, ?, 'due', 0, ?)`;
      for (const delivery of deliveries) {
        this.#sql.run(insert, delivery.id, id, delivery.channel, delivery.channelKind, dueAt);
      }
    });
  }

  /** When messages went to a person since, the newest first. */
  async sentAt(site: SiteId, person: PersonId, since: number): Promise<number[]> {
    const select =
      "SELECT at FROM notify_messages WHERE site = ? AND person = ? AND at > ? ORDER BY at DESC";
    return this.#sql.all(select, site, person, since).map((row) => Number(row["at"]));
  }

  /** How many messages a site has sent since. */
  async countSent(site: SiteId, since: number): Promise<number> {
    const count = "SELECT count(*) AS count FROM notify_messages WHERE site = ? AND at > ?";
    return Number(this.#sql.get(count, site, since)?.["count"]);
  }

  /** Deliveries to be tried now, the longest due first: at most so many of each site, and none of those sites. */
  async due(now: number, perSite: number, except: readonly SiteId[]): Promise<DeliveryRow[]> {
    const where = `WHERE d.id IN (SELECT id FROM (
        SELECT due.id, row_number() OVER (PARTITION BY of.site ORDER BY due.next_at, due.id) AS place
        FROM notify_deliveries AS due JOIN notify_messages AS of ON of.id = due.message
        WHERE due.next_at <= ?1 AND of.site NOT IN (SELECT value FROM json_each(?3)))
      WHERE place <= ?2) ORDER BY d.next_at`;
    return this.#sql
      .all(`${joined} ${where}`, now, perSite, JSON.stringify(except))
      .map(deliveryOf);
  }

  /** When the next delivery is due. */
  async nextDue(): Promise<number | undefined> {
    const row = this.#sql.get(
      "SELECT min(next_at) AS at FROM notify_deliveries WHERE next_at IS NOT NULL",
    );
    return optionalNumber(row?.["at"]);
  }

  async delivery(id: string): Promise<DeliveryRow | undefined> {
    const row = this.#sql.get(`${joined} WHERE d.id = ?`, id);
    return row && deliveryOf(row);
  }

  /** Counts a try that is about to be made; `nextAt` is when to try again should nothing be heard of it. */
  async tried(id: string, nextAt: number | undefined): Promise<void> {
    const update = "UPDATE notify_deliveries SET tries = tries + 1, next_at = ? WHERE id = ?";
    this.#sql.run(update, nextAt ?? null, id);
  }

  async delivered(id: string, at: number): Promise<void> {
    const update = `UPDATE notify_deliveries SET state = 'delivered', delivered_at = ?, next_at = NULL,
      reason = NULL WHERE id = ?`;
    this.#sql.run(update, at, id);
  }

  /** A try failed; with `isLast` the delivery has. */
  async failed(id: string, reason: string, isLast: boolean): Promise<void> {
    const update = isLast
      ? "UPDATE notify_deliveries SET reason = ?, state = 'failed', next_at = NULL WHERE id = ?"
      : "UPDATE notify_deliveries SET reason = ? WHERE id = ?";
    this.#sql.run(update, reason, id);
  }

  /** The newest deliveries of a site; of one person only, if given. */
  async newest(site: SiteId, person: PersonId | undefined, limit: number): Promise<DeliveryRow[]> {
    const where = `WHERE m.site = ?1 AND (?2 IS NULL OR m.person = ?2)
      ORDER BY m.at DESC, d.id LIMIT ?3`;
    return this.#sql.all(`${joined} ${where}`, site, person ?? null, limit).map(deliveryOf);
  }

  /** When a message last reached each person of a site. */
  async lastDelivered(site: SiteId): Promise<ReadonlyMap<PersonId, number>> {
    const rows = this.#sql.all(
      `SELECT m.person, max(d.delivered_at) AS at FROM notify_messages AS m
       JOIN notify_deliveries AS d ON d.message = m.id
       WHERE m.site = ? AND d.state = 'delivered' GROUP BY m.person`,
      site,
    );
    return new Map(rows.map((row) => [row["person"] as PersonId, Number(row["at"])]));
  }

  /** Forgets what was told before `before`. */
  async forget(before: number): Promise<void> {
    this.#sql.transaction(() => {
      const old = "message IN (SELECT id FROM notify_messages WHERE at < ?)";
      this.#sql.run(`DELETE FROM notify_deliveries WHERE ${old}`, before);
      this.#sql.run("DELETE FROM notify_notices WHERE at < ? AND message IS NOT NULL", before);
      this.#sql.run("DELETE FROM notify_messages WHERE at < ?", before);
    });
  }
}

function noticeOf(row: Row): NoticeRow {
  return {
    site: row["site"] as SiteId,
    person: row["person"] as PersonId,
    key: String(row["key"]),
    kind: String(row["kind"]),
    text: String(row["text"]),
    link: String(row["link"]),
    at: Number(row["at"]),
  };
}

function deliveryOf(row: Row): DeliveryRow {
  return {
    id: String(row["delivery"]),
    message: {
      id: String(row["id"]),
      site: row["site"] as SiteId,
      person: row["person"] as PersonId,
      kind: String(row["kind"]),
      title: String(row["title"]),
      text: String(row["text"]),
      link: String(row["link"]),
      tag: String(row["tag"]),
      at: Number(row["at"]),
    },
    channel: String(row["channel"]),
    channelKind: row["channel_kind"] as ChannelKind,
    state: row["state"] as DeliveryState,
    tries: Number(row["tries"]),
    nextAt: optionalNumber(row["next_at"]),
    deliveredAt: optionalNumber(row["delivered_at"]),
    reason: (row["reason"] ?? undefined) as string | undefined,
  };
}
