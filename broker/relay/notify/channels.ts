// A person's ways to be told: set up, tested, proven. Invariants: nothing but a code goes to a mail address before its owner gave that code back;
// an address of a push service or webhook is checked when it is entered and at every use; a webhook's secret is shown once.
import { createHash, randomInt } from "node:crypto";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import type { Member } from "../directory.ts";
import { Rate } from "../rate.ts";
import type { ChannelRow, ChannelRows } from "../store/channel-rows.ts";
import type { DeliveryRow, NoticeRows } from "../store/notice-rows.ts";
import { parseMailAddress, type Mail } from "./mail.ts";
import type { Outbound } from "./outbound.ts";
import { freshId, type Outbox } from "./outbox.ts";
import { checkSubscriptionKeys, type SubscriptionKeys } from "./push.ts";
import { webhookSecret } from "./webhook.ts";
import { cleanName } from "./words.ts";

/** A person's phones, browsers and mailboxes; more are forgotten ones. */
const mostChannels = 12;
const codeSeconds = 15 * 60;
/** Five of a million codes: the mailbox's owner mistypes, a guesser gets nowhere. */
const mostCodeTries = 5;

export interface ChannelParts {
  readonly channels: ChannelRows;
  readonly notices: NoticeRows;
  readonly outbox: Outbox;
  readonly outbound: Outbound;
  /** Undefined where the operator has set up none. */
  readonly mail: Mail | undefined;
  readonly webhookRoot: Uint8Array;
  readonly siteName: (site: SiteId) => Promise<string>;
  readonly clock: Clock;
}

export class Channels {
  readonly #parts: ChannelParts;
  /** Tests by one person: each goes out at once. */
  readonly #tests: Rate;
  /** Codes to one address, whoever asks, and asked for by one person (attack: the relay used to fill somebody's mailbox). */
  readonly #codes: Rate;

  constructor(parts: ChannelParts) {
    this.#parts = parts;
    this.#tests = new Rate({ burst: 6, perMinute: 2 }, parts.clock);
    this.#codes = new Rate({ burst: 4, perMinute: 0.2 }, parts.clock);
  }

  async of({ site, person }: Pick<Member, "site" | "person">): Promise<ChannelRow[]> {
    return this.#parts.channels.ofPerson(site, person);
  }

  /** The browser's subscription; the same again is renamed. Throws `forbidden` for an address that is closed. */
  async putPush(
    { site, person }: Member,
    endpoint: string,
    keys: SubscriptionKeys,
    name: string,
  ): Promise<{ readonly channel: ChannelRow; readonly isNew: boolean }> {
    const { outbound } = this.#parts;
    const url = outbound.parse(endpoint);
    if (url.protocol !== "https:") {
      throw new SallyportError("forbidden", "push service's address is not https");
    }
    checkSubscriptionKeys(keys);
    const { p256dh, auth } = keys;
    return this.#put(site, person, "push", url.href, name, JSON.stringify({ p256dh, auth }));
  }

  /** A mail address, to which a code goes. Throws `unreachable` where the relay has no mail. */
  async putMail({ site, person }: Member, given: string): Promise<ChannelRow> {
    const { mail, channels } = this.#parts;
    if (mail === undefined) {
      throw new SallyportError("unreachable", "this relay sends no mail, ask its operator");
    }
    const address = parseMailAddress(given);
    this.#codes.take(`${site} ${person}`);
    this.#codes.take(`to ${address.toLowerCase()}`);
    const { channel } = await this.#put(site, person, "mail", address, address, undefined);
    if (channel.confirmed) return channel;
    const code = String(randomInt(1_000_000)).padStart(6, "0");
    await channels.setCode(channel.id, hashOf(code), this.#now() + codeSeconds);
    const outcome = await mail.sendCode(code, await this.#parts.siteName(site), address);
    if (!outcome.delivered) {
      await channels.noted(channel.id, this.#now(), outcome.reason);
      throw new SallyportError("unreachable", outcome.reason, { retryable: true });
    }
    return channel;
  }

  /** The code that came by mail; throws `forbidden` for a wrong one, one that is too old, or after too many. */
  async confirmMail(member: Member, id: string, code: string): Promise<ChannelRow> {
    const { channels } = this.#parts;
    const channel = await this.own(member, id);
    if (!(await channels.tryCode(channel.id, hashOf(code), this.#now(), mostCodeTries))) {
      throw new SallyportError("forbidden", "code is wrong, used or too old, ask for another");
    }
    // The code was read there: nothing is more proof.
    await channels.proven(channel.id, this.#now());
    return this.own(member, id);
  }

  /** A webhook of a person, or of the site itself, with its secret. */
  async addWebhook(
    site: SiteId,
    person: PersonId,
    address: string,
    name: string,
  ): Promise<{ readonly channel: ChannelRow; readonly secret: string }> {
    const url = this.#parts.outbound.parse(address);
    const { channel, isNew } = await this.#put(site, person, "webhook", url.href, name, undefined);
    if (!isNew)
      throw new SallyportError("conflict", "this webhook is set already, remove it first");
    return { channel, secret: webhookSecret(this.#parts.webhookRoot, channel.id) };
  }

  async enable(member: Member, id: string, enabled: boolean): Promise<ChannelRow> {
    const channel = await this.own(member, id);
    await this.#parts.channels.enable(channel.id, enabled);
    return { ...channel, enabled };
  }

  async remove(member: Member, id: string): Promise<void> {
    await this.#parts.channels.remove((await this.own(member, id)).id);
  }

  /** Sends a test and answers how it went. */
  async test(member: Member, id: string): Promise<DeliveryRow> {
    this.#tests.take(`${member.site} ${member.person}`);
    const channel = await this.own(member, id);
    return this.#parts.outbox.test(channel);
  }

  /** The person saw this message: its channel works. Throws `not_found` for one that was not delivered to them. */
  async seen(member: Member, id: string): Promise<ChannelRow> {
    const { notices, channels } = this.#parts;
    const delivery = await notices.delivery(id);
    if (delivery?.state !== "delivered") throw unknown("message");
    const channel = await this.own(member, delivery.channel);
    const now = this.#now();
    await channels.proven(channel.id, now);
    return { ...channel, provenAt: now };
  }

  /** A channel of the member, or for an owner one of the site's webhooks; throws `not_found`. */
  async own(member: Member, id: string): Promise<ChannelRow> {
    const channel = await this.#parts.channels.get(id);
    const isOwn = channel?.site === member.site && channel.person === member.person;
    const isWebhook = channel?.site === member.site && channel.kind === "webhook";
    if (channel && (isOwn || (isWebhook && member.roles.includes("owner")))) return channel;
    throw unknown("channel");
  }

  async #put(
    site: SiteId,
    person: PersonId,
    kind: ChannelRow["kind"],
    address: string,
    name: string,
    keys: string | undefined,
  ): Promise<{ readonly channel: ChannelRow; readonly isNew: boolean }> {
    const { channels } = this.#parts;
    const held = await channels.ofPerson(site, person);
    const isHeld = held.some((item) => item.kind === kind && item.address === address);
    if (!isHeld && held.length >= mostChannels) {
      throw new SallyportError("conflict", `${mostChannels} channels are set up, remove one first`);
    }
    return channels.put({
      id: freshId(),
      site,
      person,
      kind,
      name: cleanName(name),
      address,
      keys,
      confirmed: kind !== "mail",
      addedAt: this.#now(),
    });
  }

  #now(): number {
    return wallSeconds(this.#parts.clock);
  }
}

function hashOf(code: string): string {
  return toBase64Url(createHash("sha256").update(utf8(code)).digest());
}

function unknown(what: string): SallyportError {
  return new SallyportError("not_found", `no such ${what}, or not one of yours`);
}
