// What nobody does and somebody has to learn: an edge that stays away, and comes back; a manifest whose end comes near.
// The alarms stand in the store with their times; a relay that starts anew counts from its own start, so its own absence alarms nobody.
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import type { DocumentHash, EdgeId, PersonId, SiteId } from "../../../shared/ids.ts";
import type { EdgeRows } from "../store/edge-rows.ts";
import type { NoticeRows } from "../store/notice-rows.ts";
import type { AlarmRow, WatchRows } from "../store/watch-rows.ts";
import { audienceOf } from "./audience.ts";
import type { SitePeople } from "./site-people.ts";
import { links, wordsOf, type NoticeKind } from "./words.ts";

/** A 4G line may be gone for minutes without anybody being needed. */
export const offlineSeconds = 600;
/** Owners have to meet, sign and be reminded. */
export const endDays = [60, 14, 3] as const;
const daySeconds = 24 * 3600;

export interface WatchParts {
  readonly clock: Clock;
  readonly edges: EdgeRows;
  readonly notices: NoticeRows;
  readonly watch: WatchRows;
  readonly people: (site: SiteId) => Promise<SitePeople>;
  readonly isOnline: (edge: EdgeId) => boolean;
}

export class Watch {
  readonly #parts: WatchParts;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  /** The relay starts: every edge that was not reported as away has its time to come back, from now on. */
  async start(): Promise<void> {
    const { watch } = this.#parts;
    for (const { edge, site } of await watch.reportingEdges()) {
      const before = await watch.takeAlarm(site, "offline", edge);
      if (before !== undefined && before.dueAt === undefined) await watch.setAlarm(before);
      await this.edgeChanged(edge);
    }
  }

  /** An edge came or went. */
  async edgeChanged(edge: EdgeId): Promise<void> {
    const { edges, watch, isOnline } = this.#parts;
    const row = await edges.get(edge);
    if (row?.admitted !== true) return;
    if (!isOnline(edge)) {
      const dueAt = this.#now() + offlineSeconds;
      await watch.setAlarm({ site: row.site, kind: "offline", subject: edge, dueAt });
      return;
    }
    const alarm = await watch.takeAlarm(row.site, "offline", edge);
    const wasTold = alarm !== undefined && alarm.dueAt === undefined;
    if (wasTold) await this.#tell(row.site, "edge-online", `online:${edge}:${this.#now()}`);
  }

  /** Another manifest is in force: its end is what counts. */
  async manifestChanged(site: SiteId, manifest: DocumentHash, endsAt: number): Promise<void> {
    const alarms = endDays.map((days) => ({
      site,
      kind: "ends" as const,
      subject: `${manifest}:${days}`,
      dueAt: endsAt - days * daySeconds,
    }));
    const ahead = alarms.filter(({ dueAt }) => dueAt > this.#now());
    await this.#parts.watch.replaceAlarms(site, "ends", ahead);
  }

  /** Lets alarms go off whose time has come. */
  async work(): Promise<void> {
    const { watch } = this.#parts;
    for (const alarm of await watch.alarmsDue(this.#now())) {
      if (alarm.kind === "offline") await this.#offline(alarm);
      else await this.#ends(alarm);
    }
  }

  async #offline(alarm: AlarmRow): Promise<void> {
    const { edges, watch, isOnline } = this.#parts;
    const { site, kind, subject, dueAt } = alarm;
    const edge = subject as EdgeId;
    if ((await edges.get(edge))?.admitted !== true || isOnline(edge)) {
      await watch.takeAlarm(site, kind, subject);
      return;
    }
    await this.#tell(site, "edge-offline", `offline:${edge}:${dueAt}`);
    await watch.goneOff(alarm);
  }

  async #ends({ site, kind, subject }: AlarmRow): Promise<void> {
    const { endsAt } = await this.#parts.people(site);
    const days = Math.max(0, Math.ceil((endsAt - this.#now()) / daySeconds));
    await this.#tell(site, "manifest-ends", `ends:${subject}`, days);
    await this.#parts.watch.takeAlarm(site, kind, subject);
  }

  async #tell(
    site: SiteId,
    kind: Extract<NoticeKind, "edge-offline" | "edge-online" | "manifest-ends">,
    key: string,
    days = 0,
  ): Promise<void> {
    const owners: PersonId[] = (await this.#parts.people(site)).with("owner");
    const cast = { owners, actors: [], approvers: [], told: [], running: [] };
    const text = wordsOf(kind, { days });
    const link = kind === "manifest-ends" ? links.manifests : links.edges;
    const notice = { site, key, kind, text, link, at: this.#now() };
    const told = audienceOf(kind, cast).map((person) => ({ ...notice, person }));
    await this.#parts.notices.add(told);
  }

  #now(): number {
    return wallSeconds(this.#parts.clock);
  }
}
