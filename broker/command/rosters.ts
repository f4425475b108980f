// Signs and publishes a company's next roster.
import type { Roster, Technician } from "../../shared/document/roster.ts";
import type { CompanyId } from "../../shared/ids.ts";
import { nextRoster } from "../../shared/site/rosters.ts";
import type { Site } from "./site.ts";

/** Signs and publishes the next roster, and brings the view up to it. */
export async function publishRoster(
  site: Site,
  company: CompanyId,
  list: readonly Technician[],
): Promise<Roster> {
  const roster = nextRoster(site, company, list);
  await site.publish("roster", roster);
  await site.view.update(site.relay);
  return roster;
}
