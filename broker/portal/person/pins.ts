// Which sites this browser knows, and who one is there. A site's id is the root of all verification: it comes from an invitation's link, or from a
// site that was founded here, never from the relay.
import { parsePersonId, parseSiteId, type PersonId, type SiteId } from "../../../shared/ids.ts";
import { changeFact, factKeys, readFact } from "./database.ts";

export interface Pin {
  readonly site: SiteId;
  readonly person: PersonId;
  /** As the newest manifest calls the site; what the invitation's link showed before that. */
  readonly name: string;
}

const prefix = "pins/";

/** All pins, by name. */
export async function pins(): Promise<Pin[]> {
  const keys = await factKeys("facts", prefix);
  const found = await Promise.all(keys.map((key) => readFact<Pin>("facts", key)));
  return found
    .filter((pin) => pin !== undefined)
    .map(({ site, person, name }) => ({
      site: parseSiteId(site),
      person: parsePersonId(person),
      name,
    }))
    .toSorted((left, right) => left.name.localeCompare(right.name));
}

export async function keepPin(pin: Pin): Promise<void> {
  await changeFact<Pin>("facts", `${prefix}${pin.site}`, () => pin);
}

/** Forgets who one is at a site; what was seen of it stays. */
export async function forgetPin(site: SiteId): Promise<void> {
  await changeFact<Pin>("facts", `${prefix}${site}`, () => undefined);
}
