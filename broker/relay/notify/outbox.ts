// Brings people their notices: gathers what comes too fast into one message, sends it by each of the person's channels, tries again within bounds,
// and records how it went. Invariants: a slow receiver holds up nobody else; what was not delivered when the relay ends is tried by the next one.
import { createHash, randomBytes } from "node:crypto";
import { toBase64Url } from "../../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import {
  isUsable,
  type ChannelKind,
  type ChannelRow,
  type ChannelRows,
} from "../store/channel-rows.ts";
import type { DeliveryRow, MessageRow, NewDelivery, NoticeRows } from "../store/notice-rows.ts";
import { mayTellAt, mostTries, paceSeconds, retryAt, siteHourMessages } from "./pace.ts";
import { undelivered, type Outcome, type Send } from "./sender.ts";
import { combine, links, wordsOf, type Wording } from "./words.ts";

/** Deliveries on their way at once, over all sites. */
const mostAtOnce = 32;
/** Of one site: receivers that hang at one must not keep the others' people waiting. */
const mostOfSite = 8;
/** More notices than this go with the next message. */
const mostTogether = 500;
/** Fits a push service's topic, too. */
const tagChars = 22;
/** A site over its hourly bound is looked at again after this. */
const siteWaitSeconds = 60;
/** The record of what was told; longer than the 30 days after which a silent channel is reported. */
const keptSeconds = 90 * 24 * 3600;
const forgetSeconds = 24 * 3600;

export interface OutboxParts {
  readonly notices: NoticeRows;
  readonly channels: ChannelRows;
  readonly clock: Clock;
  readonly senders: Readonly<Partial<Record<ChannelKind, Send>>>;
  readonly siteName: (site: SiteId) => Promise<string>;
  /** The portal's address, without a trailing slash. */
  readonly portal: () => string;
  /** A message by one channel has failed for good. */
  readonly onLost: (site: SiteId) => Promise<void>;
  /** There may be more to do. */
  readonly onDone: () => void;
  readonly onFault: (thrown: unknown) => void;
}

export class Outbox {
  readonly #parts: OutboxParts;
  /** What is on its way, and for which site. */
  readonly #running = new Map<Promise<void>, SiteId>();
  readonly #ending = new AbortController();
  #forgottenAt = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Sends what is due; answers when the next is. */
  async flush(): Promise<number | undefined> {
    const gathered = await this.#gather();
    await this.#deliver();
    // What found no room is looked at as soon as one of those on their way is done.
    const isFull = this.#running.size >= mostAtOnce || this.#fullSites().length > 0;
    const due = isFull ? undefined : await this.#parts.notices.nextDue();
    const times = [gathered, due].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Sends a test by one channel now; answers how its only try went. */
  async test(channel: ChannelRow): Promise<DeliveryRow> {
    const { notices } = this.#parts;
    const text = wordsOf("test", {});
    const link = links.notifications;
    const words = { kind: "test", text, link, tag: `test ${channel.id}` } as const;
    const delivery = newDelivery(channel);
    const dueAt = this.#now() + keptSeconds; // tried here, and by nobody else
    await notices.send(await this.#message(channel, words), [], [delivery], dueAt);
    const attempt = this.#attempt(delivery.id, true);
    this.#running.set(attempt, channel.site);
    await attempt.finally(() => this.#running.delete(attempt));
    const done = await notices.delivery(delivery.id);
    if (done === undefined) throw new SallyportError("internal", "delivery is not on record");
    return done;
  }

  /** Lets go of what is on its way; it is tried again later. */
  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(this.#running.keys());
  }

  // Makes a message of each person's unsent notices, unless that person got too many lately.
  async #gather(): Promise<number | undefined> {
    const { notices, channels } = this.#parts;
    const now = this.#now();
    let nextAt = Infinity;
    for (const { site, person } of await notices.waiting()) {
      const isFlooded = (await notices.countSent(site, now - paceSeconds)) >= siteHourMessages;
      const sentAt = await notices.sentAt(site, person, now - paceSeconds);
      const at = isFlooded ? now + siteWaitSeconds : mayTellAt(sentAt, now);
      if (at > now) {
        nextAt = Math.min(nextAt, at);
        continue;
      }
      const waiting = await notices.waitingOf(site, person, mostTogether);
      const usable = (await channels.ofPerson(site, person)).filter(isUsable);
      const message = await this.#message({ site, person }, combine(waiting));
      await notices.send(message, waiting, usable.map(newDelivery), now);
    }
    if (now > this.#forgottenAt + forgetSeconds) {
      this.#forgottenAt = now;
      await notices.forget(now - keptSeconds);
    }
    return nextAt === Infinity ? undefined : nextAt;
  }

  async #deliver(): Promise<void> {
    const { notices, onDone, onFault, onLost } = this.#parts;
    const due = await notices.due(this.#now(), mostOfSite, this.#fullSites());
    for (const { id, tries, message } of due) {
      const { site } = message;
      const hasRoom = this.#running.size < mostAtOnce && !this.#fullSites().includes(site);
      if (!hasRoom || this.#ending.signal.aborted) continue;
      if (tries >= mostTries) {
        await notices.failed(id, "relay was ended during the last try", true);
        await onLost(site);
        continue;
      }
      // The time of the next try is kept before this one begins: from now on nobody else takes it.
      await notices.tried(id, retryAt(tries + 1, this.#now()) ?? this.#now() + paceSeconds);
      const attempt: Promise<void> = this.#attempt(id, false)
        .catch(onFault)
        .finally(() => {
          this.#running.delete(attempt);
          onDone();
        });
      this.#running.set(attempt, site);
    }
  }

  async #attempt(id: string, isOnly: boolean): Promise<void> {
    const { notices, channels } = this.#parts;
    if (isOnly) await notices.tried(id, undefined);
    const delivery = await notices.delivery(id);
    if (delivery === undefined) return;
    const channel = await channels.get(delivery.channel);
    const outcome = await this.#send(delivery, channel);
    if (this.#ending.signal.aborted && !outcome.delivered) return;
    const now = this.#now();
    if (outcome.delivered) {
      await notices.delivered(id, now);
      await channels.noted(delivery.channel, now, undefined);
      return;
    }
    const { reason, mayRetry, isGone } = outcome;
    const isLast = !mayRetry || delivery.tries >= mostTries;
    await notices.failed(id, reason, isOnly || isLast);
    await channels.noted(delivery.channel, now, reason);
    if (isGone === true) await channels.remove(delivery.channel);
    if (isLast && !isOnly) await this.#parts.onLost(delivery.message.site);
  }

  async #send(delivery: DeliveryRow, channel: ChannelRow | undefined): Promise<Outcome> {
    if (channel === undefined) return undelivered("channel was removed", false);
    if (!isUsable(channel)) return undelivered("channel is switched off", false);
    const send = this.#parts.senders[channel.kind];
    if (send === undefined) return undelivered(`relay has no ${channel.kind}`, false);
    const { message } = delivery;
    const url = `${this.#parts.portal()}${message.link}`;
    return send({ ...message, id: delivery.id, url }, channel, this.#ending.signal);
  }

  async #message(
    { site, person }: { readonly site: SiteId; readonly person: PersonId },
    { tag: about, ...words }: Wording,
  ): Promise<MessageRow> {
    const title = await this.#parts.siteName(site);
    const tag = createHash("sha256").update(about).digest("base64url").slice(0, tagChars);
    return { id: freshId(), site, person, title, tag, ...words, at: this.#now() };
  }

  #fullSites(): SiteId[] {
    const running = Map.groupBy(this.#running.values(), (site) => site);
    return [...running].filter(([, sites]) => sites.length >= mostOfSite).map(([site]) => site);
  }

  #now(): number {
    return wallSeconds(this.#parts.clock);
  }
}

/** An id that nobody guesses. */
export function freshId(): string {
  return toBase64Url(randomBytes(16));
}

function newDelivery({ id, kind }: ChannelRow): NewDelivery {
  return { id: freshId(), channel: id, channelKind: kind };
}
