// Reads what happened at a site from its log and from its edges' journals, each from the place where it stopped, and has the people concerned told.
// Invariant: a place moves on only after what was read is told in the store, and telling twice is once; so a kill at any moment loses nothing.
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import { parseDeny } from "../../../shared/document/denial.ts";
import { parseEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { parseGrant } from "../../../shared/document/grant.ts";
import { parseLift, parseLockdown, type LockdownScope } from "../../../shared/document/lockdown.ts";
import { parseRequest } from "../../../shared/document/request.ts";
import { parseRevocation, type RevocationScope } from "../../../shared/document/revocation.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { DocumentHash, EdgeId, PersonId, SiteId, TargetId } from "../../../shared/ids.ts";
import { parseHeader, type JournalHeader } from "../../../shared/record/journal-entry.ts";
import type { ChannelRows } from "../store/channel-rows.ts";
import type { DocumentRows, Entry } from "../store/document-rows.ts";
import type { EdgeRows, SessionRow } from "../store/edge-rows.ts";
import type { NoticeRows } from "../store/notice-rows.ts";
import type { WatchRows } from "../store/watch-rows.ts";
import { audienceOf, type Cast } from "./audience.ts";
import type { SitePeople } from "./site-people.ts";
import type { Waits } from "./waits.ts";
import type { Watch } from "./watch.ts";
import { links, wordsOf, type NoticeKind } from "./words.ts";

export interface HappeningParts {
  readonly clock: Clock;
  readonly documents: DocumentRows;
  readonly edges: EdgeRows;
  readonly channels: ChannelRows;
  readonly notices: NoticeRows;
  readonly places: WatchRows;
  readonly waits: Waits;
  readonly watch: Watch;
  readonly people: (site: SiteId) => Promise<SitePeople>;
  /** An entry that nothing can be made of is passed over: it must not keep the others from being told. */
  readonly onUnreadable: (thrown: unknown) => void;
}

const batch = 100;
/** News that is older when it is read (after a fault, or a restored store) is told to nobody; requests and manifests have times of their own. */
const newsSeconds = 3600;
/** How long those who heard of a lockdown are told of lifts. */
const lockdownSeconds = 7 * 24 * 3600;
const mostSessions = 200;

/** One thing to be told, before it is known to whom. */
interface Happening {
  readonly kind: Exclude<NoticeKind, "test">;
  readonly site: SiteId;
  /** Once per person. */
  readonly key: string;
  readonly link: string;
  readonly cast: Partial<Cast>;
  /** Who did it. */
  readonly by: readonly PersonId[];
}

export class Happenings {
  readonly #parts: HappeningParts;

  constructor(parts: HappeningParts) {
    this.#parts = parts;
  }

  /** Reads what is new in a site's log. */
  async readLog(site: SiteId): Promise<void> {
    const { documents, places } = this.#parts;
    const subject = `log ${site}`;
    for (;;) {
      const place = await places.place(subject);
      const entries = await documents.after(site, place, batch);
      if (entries.length === 0) return;
      for (const entry of entries) {
        await this.#passing(() => this.#take(site, entry));
        await places.setPlace(subject, entry.seq);
      }
    }
  }

  /** Reads what is new in an edge's journal. */
  async readJournal(edge: EdgeId): Promise<void> {
    const { edges, places } = this.#parts;
    const row = await edges.get(edge);
    const subject = `journal ${edge}`;
    while (row !== undefined) {
      const place = await places.place(subject);
      const headers = await edges.journal(edge, place, batch);
      if (headers.length === 0) return;
      for (const header of headers) {
        await this.#passing(() => this.#takeHeader(row.site, edge, parseHeader(header)));
      }
      await places.setPlace(subject, place + headers.length);
    }
  }

  /** Tells one thing to those whom the table names. */
  async tell({ kind, site, key, link, cast, by }: Happening): Promise<void> {
    const people = await this.#parts.people(site);
    const none = { approvers: [], owners: people.with("owner"), told: [], running: [] };
    const text = wordsOf(kind, { who: people.titlesOf(by) });
    const at = wallSeconds(this.#parts.clock);
    const notice = { site, key, kind, text, link, at };
    const told = audienceOf(kind, { ...none, ...cast, actors: by });
    await this.#parts.notices.add(told.map((person) => ({ ...notice, person })));
  }

  async #take(site: SiteId, entry: Entry): Promise<void> {
    const { waits, clock } = this.#parts;
    const { type, state } = entry;
    if (type === "manifest") return this.#manifest(site, entry);
    if (state !== "complete") return;
    if (type === "roster") return this.#peopleChanged(site);
    if (type === "request") return waits.open(site, entry.hash);
    const isOld = entry.at < wallSeconds(clock) - newsSeconds;
    const envelope = parseEnvelope(entry.envelope);
    const by = await this.#signersOf(site, envelope);
    if (type === "grant" || type === "deny") await this.#answer(site, entry, envelope, by, isOld);
    else if (isOld) return;
    else if (type === "revocation") await this.#revocation(site, entry, envelope, by);
    else if (type === "lockdown") await this.#lockdown(site, entry, envelope, by);
    else if (type === "lift") await this.#lift(site, entry, envelope, by);
  }

  async #manifest(site: SiteId, { hash, state, envelope }: Entry): Promise<void> {
    const { notices, places, watch } = this.#parts;
    const key = `manifest:${hash}`;
    if (state === "complete") {
      await notices.drop(site, key);
      await this.#peopleChanged(site);
      await watch.manifestChanged(site, hash, (await this.#parts.people(site)).endsAt);
      await places.wakeWaits(site);
      return;
    }
    const about = { site, link: links.manifests, cast: {} };
    if (state === "recovering") {
      // Attack: the thief of the sheet has an owner's key, too. That owner is told like the others.
      await this.tell({ ...about, kind: "manifest-recovering", key: `recovering:${hash}`, by: [] });
      return;
    }
    const by = await this.#signersOf(site, parseEnvelope(envelope));
    await this.tell({ ...about, kind: "manifest-waiting", key, by });
  }

  async #peopleChanged(site: SiteId): Promise<void> {
    await this.#parts.channels.keepOnly(site, (await this.#parts.people(site)).everybody);
  }

  async #answer(
    site: SiteId,
    { hash, type, vendor }: Entry,
    envelope: Envelope,
    by: readonly PersonId[],
    isOld: boolean,
  ): Promise<void> {
    const isGrant = type === "grant";
    const { request } = isGrant ? parseGrant(envelope) : parseDeny(envelope);
    const isExtension = isGrant && parseGrant(envelope).replaces !== null;
    const told = await this.#parts.waits.answer(site, request);
    if (isOld) return;
    const about = { site, link: links.job(request), by };
    const cast = { vendor, told };
    const granted = isExtension ? "job-extended" : "request-granted";
    const kind = isGrant ? granted : "request-denied";
    await this.tell({ ...about, kind, key: `${type}:${hash}`, cast });
    if (isExtension) return;
    await this.tell({ ...about, kind: "request-answered", key: `answered:${request}`, cast });
  }

  async #revocation(
    site: SiteId,
    { hash, vendor }: Entry,
    envelope: Envelope,
    by: readonly PersonId[],
  ): Promise<void> {
    const { scope } = parseRevocation(envelope);
    const people = await this.#parts.people(site);
    const targets = await this.#targetsEnded(site, scope, people);
    const running = await this.#running(site, (_session, on) =>
      scope.kind === "target" ? on.includes(scope.id) : false,
    );
    if (scope.kind === "request") await this.#parts.waits.answer(site, scope.id);
    const link = scope.kind === "request" ? links.job(scope.id) : links.jobs;
    const cast = { vendor, running, approvers: people.approversOf(targets) };
    await this.tell({ kind: "access-ended", site, key: `revocation:${hash}`, link, cast, by });
  }

  async #lockdown(
    site: SiteId,
    { hash }: Entry,
    envelope: Envelope,
    by: readonly PersonId[],
  ): Promise<void> {
    const { scope } = parseLockdown(envelope);
    const people = await this.#parts.people(site);
    const running = await this.#running(site, ({ edge }, on) => isWithin(scope, edge, on));
    const cast = { running, approvers: people.approversOf(targetsLocked(scope, people)) };
    await this.tell({
      kind: "locked-down",
      site,
      key: `lockdown:${hash}`,
      link: links.jobs,
      cast,
      by,
    });
  }

  async #lift(
    site: SiteId,
    { hash }: Entry,
    envelope: Envelope,
    by: readonly PersonId[],
  ): Promise<void> {
    const { edge } = parseLift(envelope);
    const people = await this.#parts.people(site);
    const since = wallSeconds(this.#parts.clock) - lockdownSeconds;
    const told = await this.#parts.notices.toldOfKind(site, "locked-down", since);
    const cast = { told, approvers: people.approversOf(people.targetsOn(edge)) };
    await this.tell({ kind: "lifted", site, key: `lift:${hash}`, link: links.jobs, cast, by });
  }

  async #takeHeader(site: SiteId, edge: EdgeId, { event, ids }: JournalHeader): Promise<void> {
    const { session, request } = ids;
    if (event !== "session-admitted" || session === undefined || request === undefined) return;
    const { documents } = this.#parts;
    const hash = request as DocumentHash;
    const newest = (await documents.about(site, "grant", hash)).at(-1);
    if (newest === undefined) return;
    const { windows, vendor, targets } = parseGrant(parseEnvelope(newest.envelope));
    if (windows === null) return;
    const people = await this.#parts.people(site);
    const approvers = people.approversOf(targets.map(({ id }) => id));
    await this.tell({
      kind: "access-used",
      site,
      key: `session:${edge}:${session}`,
      link: links.job(hash),
      cast: { vendor, approvers },
      by: [vendor],
    });
  }

  // The store's faults are thrown, and what was read is read again.
  async #passing(read: () => Promise<void>): Promise<void> {
    try {
      await read();
    } catch (thrown) {
      if (!(thrown instanceof SallyportError) || thrown.code === "internal") throw thrown;
      this.#parts.onUnreadable(thrown);
    }
  }

  async #targetsEnded(
    site: SiteId,
    scope: RevocationScope,
    people: SitePeople,
  ): Promise<TargetId[]> {
    if (scope.kind === "target") return [scope.id];
    if (scope.kind === "request") return this.#targetsOf(site, scope.id);
    return scope.kind === "manifest" ? [] : people.targets;
  }

  async #targetsOf(site: SiteId, request: DocumentHash): Promise<TargetId[]> {
    const entry = await this.#parts.documents.newest(site, request);
    if (entry?.type !== "request") return [];
    return parseRequest(parseEnvelope(entry.envelope)).targets.map(({ id }) => id);
  }

  // Vendors whose session runs, as far as the edges' journals have told.
  async #running(
    site: SiteId,
    isConcerned: (session: SessionRow, targets: readonly TargetId[]) => boolean,
  ): Promise<PersonId[]> {
    const vendors: PersonId[] = [];
    for (const session of await this.#parts.edges.sessions(site, undefined, mostSessions)) {
      if (session.endedAt !== null || session.person === null || session.request === null) continue;
      const targets = await this.#targetsOf(site, session.request as DocumentHash);
      if (isConcerned(session, targets)) vendors.push(session.person as PersonId);
    }
    return vendors;
  }

  // The log holds only documents whose signatures verify, so a key that stands at the site is its person's.
  async #signersOf(site: SiteId, { signatures }: Envelope): Promise<PersonId[]> {
    const { documents } = this.#parts;
    const persons = await Promise.all(
      signatures.map(({ keyid }) => documents.holderAt(site, keyid)),
    );
    return [...new Set(persons.filter((person) => person !== undefined))];
  }
}

function isWithin(scope: LockdownScope, edge: EdgeId, targets: readonly TargetId[]): boolean {
  switch (scope.kind) {
    case "site":
      return true;
    case "edge":
      return edge === scope.id;
    case "target":
      return targets.includes(scope.id);
  }
}

function targetsLocked(scope: LockdownScope, people: SitePeople): TargetId[] {
  switch (scope.kind) {
    case "site":
      return people.targets;
    case "edge":
      return people.targetsOn(scope.id);
    case "target":
      return [scope.id];
  }
}
