// The roster: a company's own list of its technicians, kept without asking the plants (shared/protocol.md, "roster").
// Invariant: a company speaks for ids under its own name alone, and never for a key of somebody else.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  companyId,
  documentInvalid,
  list,
  name,
  parsePayload,
  personId,
  record,
  requireUnique,
  secondsAt,
  siteId,
  version,
} from "./fields.ts";
import { keyMaterial } from "./keys.ts";
import { personKeys } from "./manifest.ts";

/** A company that lost a technician is believed at most this long after. */
export const maxFreshSeconds = 30 * 24 * 3600;
const maxTechnicians = 200;

const technician = record({ id: personId, name, keys: personKeys });
export type Technician = v.InferOutput<typeof technician>;

const schema = record({
  site: siteId,
  company: companyId,
  version,
  issuedAt: secondsAt,
  freshUntilAt: secondsAt,
  technicians: list(technician, 0, maxTechnicians),
});
export type Roster = v.InferOutput<typeof schema>;

/** Reads a roster's payload; throws `document_invalid`. Checks no signature. */
export function parseRoster(envelope: Envelope): Roster {
  const roster = parsePayload(envelope, "roster", schema);
  const { company, issuedAt, freshUntilAt, technicians } = roster;
  if (freshUntilAt <= issuedAt || freshUntilAt > issuedAt + maxFreshSeconds) {
    throw documentInvalid(`roster is fresh until ${freshUntilAt}, not within 30 days of its issue`);
  }
  requireUnique(
    technicians.map((item) => item.id),
    "technician",
  );
  requireUnique(
    technicians.flatMap((item) => item.keys.map(keyMaterial)),
    "public key",
  );
  const foreign = technicians.find((item) => !item.id.startsWith(`${company}/`));
  if (foreign !== undefined) {
    throw documentInvalid(`technician "${foreign.id}" is not of company "${company}"`);
  }
  return roster;
}
