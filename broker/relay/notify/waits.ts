// Requests that wait for an answer: asks their approvers step by step, and tells the vendor's waiting page who was told and who is next.
// Each look computes the steps anew (`escalation.ts`) and tells those who are due and were not told; only when to look next is stored.
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import { parseEnvelope } from "../../../shared/document/envelope.ts";
import { parseRequest, type Request } from "../../../shared/document/request.ts";
import type { DocumentHash, PersonId, SiteId } from "../../../shared/ids.ts";
import { isUsable, siteItself, type ChannelRows } from "../store/channel-rows.ts";
import type { DocumentRows, Entry } from "../store/document-rows.ts";
import type { NoticeRow, NoticeRows, ToldRow } from "../store/notice-rows.ts";
import type { WatchRows } from "../store/watch-rows.ts";
import { audienceOf } from "./audience.ts";
import { planEscalation, type AskedTarget } from "./escalation.ts";
import type { SitePeople } from "./site-people.ts";
import { links, wordsOf } from "./words.ts";

export interface WaitParts {
  readonly clock: Clock;
  readonly documents: DocumentRows;
  readonly channels: ChannelRows;
  readonly notices: NoticeRows;
  readonly watch: WatchRows;
  readonly people: (site: SiteId) => Promise<SitePeople>;
}

/** How far asking has come, for who waits. */
export interface Asked {
  readonly told: readonly (Pick<ToldRow, "person" | "at"> & { readonly state: ToldState })[];
  readonly next: { readonly person: PersonId; readonly at: number } | undefined;
  /** When the last of all will have been told. */
  readonly everyoneAt: number | undefined;
  readonly answered: boolean;
}

/** `unreachable`: that person has set up no channel. */
export type ToldState = "due" | "delivered" | "failed" | "unreachable";

/** The key of the notice that a request waits. */
export function requestKey(request: DocumentHash): string {
  return `request:${request}`;
}

export class Waits {
  readonly #parts: WaitParts;

  constructor(parts: WaitParts) {
    this.#parts = parts;
  }

  /** A request came: its approvers are asked from now on. */
  async open(site: SiteId, request: DocumentHash): Promise<void> {
    await this.#parts.watch.wait(site, request, 0);
  }

  /** It was answered: nobody else is asked. Answers who had been told. */
  async answer(site: SiteId, request: DocumentHash): Promise<PersonId[]> {
    const { watch, notices } = this.#parts;
    const key = requestKey(request);
    await watch.stopWaiting(site, request);
    const told = await notices.told(site, key);
    await notices.drop(site, key);
    return told.filter(({ message }) => message !== undefined).map(({ person }) => person);
  }

  /** Asks whoever is due. */
  async work(): Promise<void> {
    const { watch, clock } = this.#parts;
    for (const { site, request } of await watch.waitsDue(wallSeconds(clock))) {
      await this.#ask(site, request);
    }
  }

  /** Who was asked about a request, and who is next. */
  async asked(site: SiteId, entry: Entry): Promise<Asked> {
    const { notices, watch } = this.#parts;
    const rows = await notices.told(site, requestKey(entry.hash));
    const told = rows
      .filter(({ person }) => person !== siteItself)
      .map((row) => ({ person: row.person, at: row.at, state: stateOf(row) }));
    const answered = await this.#isAnswered(site, entry.hash);
    if (answered || !(await watch.isWaiting(site, entry.hash))) {
      return { told, next: undefined, everyoneAt: undefined, answered };
    }
    const request = parseRequest(parseEnvelope(entry.envelope));
    const plan = await this.#plan(site, entry, request, await this.#parts.people(site));
    const next = plan.find(({ person }) => told.every((item) => item.person !== person));
    return { told, next, everyoneAt: plan.at(-1)?.at, answered };
  }

  async #ask(site: SiteId, hash: DocumentHash): Promise<void> {
    const { documents, notices, watch, clock } = this.#parts;
    const now = wallSeconds(clock);
    const entry = await documents.newest(site, hash);
    const request = entry && parseRequest(parseEnvelope(entry.envelope));
    if (!entry || !request || now >= request.startBeforeAt) {
      await watch.stopWaiting(site, hash);
      return;
    }
    const people = await this.#parts.people(site);
    const plan = await this.#plan(site, entry, request, people);
    const due = plan.filter(({ at }) => at <= now).map(({ person }) => person);
    const cast = { ...nobody, vendor: request.vendor, approvers: due };
    const text = wordsOf("request-waiting", { who: people.titleOf(request.vendor) });
    const key = requestKey(hash);
    const notice = { site, key, kind: "request-waiting", text, link: links.job(hash), at: now };
    const fresh: NoticeRow[] = audienceOf("request-waiting", cast).map((person) => ({
      ...notice,
      person,
    }));
    await notices.add(fresh);
    const nextAt = plan.find(({ at }) => at > now)?.at;
    await watch.wait(site, hash, Math.min(nextAt ?? Infinity, request.startBeforeAt));
  }

  async #plan(
    site: SiteId,
    { at, hash }: Entry,
    { targets, vendor }: Request,
    people: SitePeople,
  ): Promise<{ readonly person: PersonId; readonly at: number }[]> {
    const { watch } = this.#parts;
    const orders = new Map((await watch.orders(site)).map((item) => [item.target, item]));
    const ids = targets.map(({ id }) => id);
    const asked = people
      .asked(ids, vendor)
      .map((item) => ({ ...item, order: orders.get(item.target) }));
    const offDuty = await watch.offDuty(site);
    const unreachable = await this.#unreachable(site, hash, asked);
    const steps = planEscalation(asked, { offDuty, unreachable });
    return steps.map(({ person, afterSeconds }) => ({ person, at: at + afterSeconds }));
  }

  // Who has no channel that could be used, and whom every message of this request missed for good.
  async #unreachable(
    site: SiteId,
    request: DocumentHash,
    asked: readonly AskedTarget[],
  ): Promise<Set<PersonId>> {
    const { channels, notices } = this.#parts;
    const usable = (await channels.ofSite(site)).filter(isUsable);
    const reachable = new Set(usable.map(({ person }) => person));
    for (const row of await notices.told(site, requestKey(request))) {
      if (stateOf(row) === "failed") reachable.delete(row.person);
    }
    const all = asked.flatMap(({ approvers }) => approvers);
    return new Set(all.filter((person) => !reachable.has(person)));
  }

  async #isAnswered(site: SiteId, request: DocumentHash): Promise<boolean> {
    const { documents } = this.#parts;
    const answers = await Promise.all(
      ["grant", "deny", "revocation"].map((type) => documents.about(site, type, request)),
    );
    return answers.some((entries) => entries.length > 0);
  }
}

const nobody = { actors: [], approvers: [], owners: [], told: [], running: [] } as const;

function stateOf({ message, deliveries, delivered, due }: ToldRow): ToldState {
  if (message === undefined) return "due";
  if (deliveries === 0) return "unreachable";
  if (delivered > 0) return "delivered";
  return due > 0 ? "due" : "failed";
}
