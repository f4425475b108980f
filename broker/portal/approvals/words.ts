// People, machines and rights of a job in words.
import { findTarget, policyOf, type Policy } from "../../../shared/document/manifest.ts";
import type { Held } from "../../../shared/document/held.ts";
import type { JobTargets } from "../../../shared/document/request.ts";
import type { DocumentHash, PersonId, TargetId } from "../../../shared/ids.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { rightWords, toldRights } from "../../../shared/site/right-words.ts";

export interface Who {
  readonly name: string;
  readonly company: string | undefined;
  readonly id: PersonId;
}

/** A person by name and company, as the manifest and the rosters list them. */
export function whoOf({ manifest, rosters }: Held, id: PersonId): Who {
  const { persons, companies } = manifest.payload;
  const everyone = [
    ...persons,
    ...companies.flatMap((each) => each.administrators),
    ...rosters.flatMap((each) => each.payload.technicians),
  ];
  return {
    name: everyone.find((each) => each.id === id)?.name ?? id,
    company: companies.find((each) => id.startsWith(`${each.id}/`))?.name,
    id,
  };
}

export function nameOf(held: Held, id: PersonId | string): string {
  return whoOf(held, id as PersonId).name;
}

export function targetName({ manifest }: Held, id: TargetId): string {
  return findTarget(manifest.payload, id)?.name ?? id;
}

/** `Press HMI, Press controller`. */
export function machinesWords(held: Held, targets: JobTargets): string {
  return targets.map(({ id }) => targetName(held, id)).join(", ");
}

/** A right on this target in words. */
export function rightOn({ manifest }: Held, id: TargetId, right: string): string {
  return rightWords(right, findTarget(manifest.payload, id)?.kind) ?? right;
}

/** The rights on this target in one line; what one of them includes is not said twice. */
export function rightsOn(held: Held, { id, rights }: JobTargets[number]): string {
  return toldRights(rights)
    .map((right) => rightOn(held, id, right))
    .join(", ");
}

/** The policies of some targets, each once. */
export function policiesOf({ manifest }: Held, targets: JobTargets): Policy[] {
  const found = targets.flatMap(({ id }) => {
    const target = findTarget(manifest.payload, id);
    return target === undefined ? [] : [policyOf(manifest.payload, target)];
  });
  return [...new Set(found)];
}

/** The job that an address names: by its request's whole hash, or the ten digits that people type. */
export function findJob(jobs: readonly Job[], text: string): Job | undefined {
  return (
    jobs.find(({ request }) => request.hash === (text as DocumentHash)) ??
    (/^[0-9a-f]{10}$/i.test(text) ? jobs.find(({ id }) => id === text.toLowerCase()) : undefined)
  );
}

/** Waiting for somebody's answer, whether or not one has signed already. */
export function isAsked({ state }: Job): boolean {
  return state === "waiting" || state === "partly approved";
}
