// Which approvers would not hear of a request: nothing ever reached them, or nothing for 30 days.
import { wallSeconds, type Clock } from "../../../shared/clock.ts";
import type { PersonId, SiteId } from "../../../shared/ids.ts";
import type { NoticeRows } from "../store/notice-rows.ts";
import type { SitePeople } from "./site-people.ts";

/** A phone that was changed, a mailbox that was closed: after a month without any message nobody can tell. */
export const staleSeconds = 30 * 24 * 3600;

export type Flag = "never" | "stale";

/** The flagged approvers of a site. */
export async function flagsOf(
  people: SitePeople,
  site: SiteId,
  notices: NoticeRows,
  clock: Clock,
): Promise<ReadonlyMap<PersonId, Flag>> {
  const lastDelivered = await notices.lastDelivered(site);
  const flags = new Map<PersonId, Flag>();
  for (const person of people.with("approver")) {
    const at = lastDelivered.get(person);
    if (at === undefined) flags.set(person, "never");
    else if (at < wallSeconds(clock) - staleSeconds) flags.set(person, "stale");
  }
  return flags;
}
