// A company's roster as its administrator keeps it: read from the verified view, signed anew as a whole, good for thirty days.
import { rosterOf } from "../../shared/document/held.ts";
import { maxFreshSeconds, type Roster, type Technician } from "../../shared/document/roster.ts";
import type { CompanyId } from "../../shared/ids.ts";
import type { Site } from "./site.ts";

/** The company that this person administers, if any. */
export function ownCompany(site: Site): CompanyId | undefined {
  const { companies } = site.held.manifest.payload;
  return companies.find(({ administrators }) => administrators.some(({ id }) => id === site.me))
    ?.id;
}

/** The technicians of the newest roster. */
export function technicians(site: Site, company: CompanyId): readonly Technician[] {
  return rosterOf(site.held, company)?.payload.technicians ?? [];
}

/** Signs and publishes the next roster, and brings the view up to it. */
export async function publishRoster(
  site: Site,
  company: CompanyId,
  list: readonly Technician[],
): Promise<Roster> {
  const issuedAt = site.now();
  const roster: Roster = {
    site: site.id,
    company,
    version: (rosterOf(site.held, company)?.payload.version ?? 0) + 1,
    issuedAt,
    freshUntilAt: issuedAt + maxFreshSeconds,
    technicians: list,
  };
  await site.publish("roster", roster);
  await site.view.update(site.relay);
  return roster;
}
