// The people of a site as notifications need them: what they are called, who approves what, who owns. From the newest manifest and rosters.
import type { Held } from "../../../shared/document/held.ts";
import { findTarget, policyOf, type Role } from "../../../shared/document/manifest.ts";
import type { EdgeId, PersonId, TargetId } from "../../../shared/ids.ts";
import { companyOf, type SiteView } from "../directory.ts";
import type { AskedTarget } from "./escalation.ts";
import { cleanName } from "./words.ts";

export class SitePeople {
  readonly #view: SiteView & Held;

  constructor(view: SiteView & Held) {
    this.#view = view;
  }

  get siteName(): string {
    return cleanName(this.#manifest.name);
  }

  get endsAt(): number {
    return this.#manifest.endsAt;
  }

  /** Every person of the site itself, as the manifest lists them. */
  get persons() {
    return this.#manifest.persons;
  }

  /** Everybody who is known there: of the site, of companies, whether their roster is fresh or not. */
  get everybody(): PersonId[] {
    return this.#listed.map(({ id }) => id);
  }

  with(role: Role): PersonId[] {
    return this.#manifest.persons.filter((item) => item.roles.includes(role)).map(({ id }) => id);
  }

  /** The person's own name, cleaned; the id of one who is no longer known. */
  nameOf(person: PersonId): string {
    const known = this.#listed.find(({ id }) => id === person);
    return cleanName(known?.name ?? person);
  }

  /** The name with the company, for outsiders. */
  titleOf(person: PersonId): string {
    const id = companyOf(person);
    const company = this.#manifest.companies.find((item) => item.id === id);
    const name = this.nameOf(person);
    return company === undefined ? name : `${name} (${cleanName(company.name)})`;
  }

  /** Some persons in one line. */
  titlesOf(persons: readonly PersonId[]): string {
    const [first, ...others] = persons;
    if (first === undefined) return "somebody";
    const name = this.titleOf(first);
    return others.length === 0 ? name : `${name} and ${others.length} more`;
  }

  /** Whom the policies of these targets ask, without the vendor; a target that is no longer listed asks nobody. */
  asked(targets: readonly TargetId[], vendor: PersonId): (AskedTarget & { target: TargetId })[] {
    return targets.flatMap((id) => {
      const target = findTarget(this.#manifest, id);
      if (target === undefined) return [];
      const policy = policyOf(this.#manifest, target);
      const approvers = (policy.approvers ?? this.with("approver")).filter((id) => id !== vendor);
      return [{ target: id, approvers, needed: policy.approversNeeded }];
    });
  }

  /** Everybody who may approve on one of these targets. */
  approversOf(targets: readonly TargetId[]): PersonId[] {
    const all = this.asked(targets, "" as PersonId).flatMap(({ approvers }) => approvers);
    return [...new Set(all)];
  }

  get targets(): TargetId[] {
    return this.#manifest.targets.map(({ id }) => id);
  }

  targetsOn(edge: EdgeId): TargetId[] {
    return this.#manifest.targets.filter((item) => item.edge === edge).map(({ id }) => id);
  }

  hasTarget(id: TargetId): boolean {
    return findTarget(this.#manifest, id) !== undefined;
  }

  get #listed() {
    const { persons, companies } = this.#manifest;
    const administrators = companies.flatMap((item) => item.administrators);
    const technicians = this.#view.rosters.flatMap((item) => item.payload.technicians);
    return [...persons, ...technicians, ...administrators];
  }

  get #manifest() {
    return this.#view.manifest.payload;
  }
}
