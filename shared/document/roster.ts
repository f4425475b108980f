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
import { rosterKeepersOf, requireSite, signatureRules, type Held } from "./held.ts";
import { keyMaterial } from "./keys.ts";
import { personKeys, type Manifest } from "./manifest.ts";
import { verifyDocument, type Verified } from "./verify.ts";

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

/**
 * The roster, if a present administrator of its company signed it and its version rises above `previous`; throws otherwise. A stale one
 * verifies too, as evidence needs; its technicians count only while it is fresh (`knownPersons`).
 */
export async function verifyRoster(
  envelope: Envelope,
  held: Held,
  previous?: Verified<Roster>,
): Promise<Verified<Roster>> {
  const payload = parseRoster(envelope);
  requireSite(payload.site, held);
  checkKeysAreOwn(payload, held.manifest.payload);
  const candidates = rosterKeepersOf(held, payload.company);
  const rules = signatureRules(held);
  const roster = await verifyDocument(held.suite, envelope, payload, candidates, rules);
  if (previous !== undefined && previous.hash !== roster.hash)
    checkRises(payload, previous.payload);
  return roster;
}

// Attack: an administrator lists an approver's key as a technician's, or the reverse way round a technician approves himself.
// An administrator may also be a technician, under the same id.
function checkKeysAreOwn({ technicians }: Roster, { persons, companies }: Manifest): void {
  const owners = new Map(
    [...persons, ...companies.flatMap((item) => item.administrators)].flatMap(({ id, keys }) =>
      keys.map((key) => [keyMaterial(key), id] as const),
    ),
  );
  for (const { id, keys } of technicians) {
    const owner = keys
      .map((key) => owners.get(keyMaterial(key)))
      .find((found) => found !== undefined && found !== id);
    if (owner !== undefined) throw documentInvalid(`technician "${id}" has a key of "${owner}"`);
  }
}

// Attack: the relay brings back a roster with a technician who was removed since.
function checkRises({ company, version: next }: Roster, previous: Roster): void {
  if (company !== previous.company || next <= previous.version) {
    throw documentInvalid(`roster ${next} does not follow version ${previous.version}`);
  }
}
