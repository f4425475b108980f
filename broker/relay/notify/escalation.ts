// Who is asked about a request, and when: pure. Without an order all approvers of a target are asked at once; with one, in that order, the next
// after so many minutes, and after the last everybody else. Who is off duty is passed over, unless all are: nobody is forgotten.
// Who cannot be reached is asked in his turn, and nobody has to wait for that.
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

/** What is known of the people who may be asked. */
export interface Presence {
  readonly offDuty: ReadonlySet<PersonId>;
  /** No message can reach them, or reached them of this request. */
  readonly unreachable: ReadonlySet<PersonId>;
}

/** Everybody who is to be asked, the first first. */
export function planEscalation(targets: readonly AskedTarget[], presence: Presence): Step[] {
  const after = new Map<PersonId, number>();
  for (const target of targets) {
    for (const { person, afterSeconds } of planTarget(target, presence)) {
      after.set(person, Math.min(afterSeconds, after.get(person) ?? Infinity));
    }
  }
  return [...after]
    .map(([person, afterSeconds]) => ({ person, afterSeconds }))
    .sort((left, right) => left.afterSeconds - right.afterSeconds);
}

function planTarget(
  { approvers, needed, order }: AskedTarget,
  { offDuty, unreachable }: Presence,
): Step[] {
  const onDuty = approvers.filter((person) => !offDuty.has(person));
  // Fewer on duty than have to sign: those alone could never open it.
  if (onDuty.length < needed) return approvers.map((person) => ({ person, afterSeconds: 0 }));
  if (order === undefined) return onDuty.map((person) => ({ person, afterSeconds: 0 }));
  const listed = order.persons.filter((person) => onDuty.includes(person));
  const others = onDuty.filter((person) => !listed.includes(person));
  const stepAfter = (place: number): number => {
    const before = listed.slice(0, place).filter((person) => !unreachable.has(person)).length;
    return Math.max(0, before - needed + 1) * order.minutes * 60;
  };
  return [
    ...listed.map((person, place) => ({ person, afterSeconds: stepAfter(place) })),
    ...others.map((person) => ({ person, afterSeconds: stepAfter(listed.length) })),
  ];
}
