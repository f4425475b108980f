// One change of the draft as a few words.
import type { PageSide } from "../person/page-side.ts";
import { changeWords as words } from "../texts/site.ts";
import type { Change } from "./changes.ts";

export function changeLabel(change: Change, side: PageSide): string {
  const { persons, companies, edges, targets } = side.held.manifest.payload;
  const everyone = [...persons, ...companies.flatMap(({ administrators }) => administrators)];
  const person = (id: string) => everyone.find((each) => each.id === id)?.name ?? id;
  const named = (items: readonly { id: string; name: string }[], id: string) =>
    items.find((each) => each.id === id)?.name ?? id;
  switch (change.kind) {
    case "newcomer":
      return words.newcomer(change.name);
    case "person-removed":
      return words.removed(person(change.id));
    case "key-removed":
      return words.keyRemoved(person(change.person));
    case "roles":
      return words.roles(person(change.id));
    case "company":
      return words.renamed(change.name);
    case "company-removed":
      return words.removed(named(companies, change.id));
    case "edge":
      return words.renamed(change.name);
    case "edge-removed":
      return words.removed(named(edges, change.id));
    case "target":
      return words.target(change.target.name);
    case "target-removed":
      return words.removed(named(targets, change.id));
    case "policy":
      return words.policy(change.id);
    case "policy-removed":
      return words.policyRemoved(change.id);
    case "site":
      return words.site[change.id];
  }
}
