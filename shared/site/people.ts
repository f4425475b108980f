// People of a site by the names that others know them by.
import type { Held } from "../document/held.ts";
import { findTarget, policyOf } from "../document/manifest.ts";
import type { Request } from "../document/request.ts";
import type { PersonId } from "../ids.ts";

/** A person by name and, for a technician, company; the id alone if the manifest and rosters do not list them. */
export function personWords({ manifest, rosters }: Held, id: PersonId): string {
  const { persons, companies } = manifest.payload;
  const everyone = [
    ...persons,
    ...companies.flatMap((each) => each.administrators),
    ...rosters.flatMap((each) => each.payload.technicians),
  ];
  const name = everyone.find((each) => each.id === id)?.name;
  const company = companies.find((each) => id.startsWith(`${each.id}/`))?.name;
  return [name === undefined || name === id ? id : `${name} (${id})`, company && `of ${company}`]
    .filter(Boolean)
    .join(" ");
}

/** Who can approve a request, by name: the vendor should know whom to call. */
export function approversOf(request: Request, held: Held): string[] {
  const { payload } = held.manifest;
  const everyone = payload.persons
    .filter(({ roles }) => roles.includes("approver"))
    .map(({ id }) => id);
  const ids = request.targets.flatMap(({ id }) => {
    const target = findTarget(payload, id);
    return target === undefined ? [] : (policyOf(payload, target).approvers ?? everyone);
  });
  return [...new Set(ids)].filter((id) => id !== request.vendor).map((id) => personWords(held, id));
}
