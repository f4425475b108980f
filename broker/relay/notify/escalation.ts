// Who is asked about a request, and when: pure. Without an order all approvers of a target are asked at once; with one, in that order, the next
// after so many minutes, and after the last everybody else. Who is off duty is passed over, unless all are: nobody is forgotten.
// It is computed anew at each step from who is on duty then, so a switch in the middle moves those who come after it forward.
import type { PersonId } from "../../../shared/ids.ts";

/** One target of a request. */
export interface AskedTarget {
  /** Who may approve, without the vendor. */
  readonly approvers: readonly PersonId[];
  /** How many of them are needed. */
  readonly needed: number;
  readonly order?: { readonly persons: readonly PersonId[]; readonly minutes: number } | undefined;
}

export interface Step {
  readonly person: PersonId;
  readonly afterSeconds: number;
}

/** Everybody who is to be asked, the first first. */
export function planEscalation(
  targets: readonly AskedTarget[],
  offDuty: ReadonlySet<PersonId>,
): Step[] {
  const after = new Map<PersonId, number>();
  for (const target of targets) {
    for (const { person, afterSeconds } of planTarget(target, offDuty)) {
      after.set(person, Math.min(afterSeconds, after.get(person) ?? Infinity));
    }
  }
  return [...after]
    .map(([person, afterSeconds]) => ({ person, afterSeconds }))
    .sort((left, right) => left.afterSeconds - right.afterSeconds);
}

function planTarget(
  { approvers, needed, order }: AskedTarget,
  offDuty: ReadonlySet<PersonId>,
): Step[] {
  const onDuty = approvers.filter((person) => !offDuty.has(person));
  // Fewer on duty than have to sign: those alone could never open it.
  if (onDuty.length < needed) return approvers.map((person) => ({ person, afterSeconds: 0 }));
  if (order === undefined) return onDuty.map((person) => ({ person, afterSeconds: 0 }));
  const listed = order.persons.filter((person) => onDuty.includes(person));
  const others = onDuty.filter((person) => !listed.includes(person));
  const stepAfter = (index: number): number => Math.max(0, index - needed + 1) * order.minutes * 60;
  return [
    ...listed.map((person, index) => ({ person, afterSeconds: stepAfter(index) })),
    ...others.map((person) => ({ person, afterSeconds: stepAfter(listed.length) })),
  ];
}
