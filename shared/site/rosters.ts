// A company's roster as its administrator keeps it: read from the verified view, signed anew as a whole, good for thirty days.
import { rosterOf } from "../document/held.ts";
import { maxFreshSeconds, type Roster, type Technician } from "../document/roster.ts";
import type { CompanyId } from "../ids.ts";
import type { Side } from "./side.ts";

/** The company that this person administers, if any. */
export function ownCompany(side: Side): CompanyId | undefined {
  const { companies } = side.held.manifest.payload;
  return companies.find(({ administrators }) => administrators.some(({ id }) => id === side.me))
    ?.id;
}

/** The technicians of the newest roster. */
export function technicians(side: Side, company: CompanyId): readonly Technician[] {
  return rosterOf(side.held, company)?.payload.technicians ?? [];
}

/** The next roster's payload. */
export function nextRoster(side: Side, company: CompanyId, list: readonly Technician[]): Roster {
  const issuedAt = side.now();
  return {
    site: side.id,
    company,
    version: (rosterOf(side.held, company)?.payload.version ?? 0) + 1,
    issuedAt,
    freshUntilAt: issuedAt + maxFreshSeconds,
    technicians: list,
  };
}
