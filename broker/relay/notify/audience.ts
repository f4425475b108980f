// Who is told what: one pure table. Invariants: a vendor is never asked to approve, not even as an approver of the same site; whoever did a
// thing is not told of it; a site's own webhook is told what its staff is told and nothing that is for one vendor alone.
import type { PersonId } from "../../../shared/ids.ts";
import { siteItself } from "../store/channel-rows.ts";
import type { NoticeKind } from "./words.ts";

/** The people that a thing concerns. */
export interface Cast {
  /** Whose request, job or access it is. */
  readonly vendor?: PersonId | undefined;
  /** Who did it; they know. */
  readonly actors: readonly PersonId[];
  /** Approvers by the policies of the targets concerned. */
  readonly approvers: readonly PersonId[];
  readonly owners: readonly PersonId[];
  /** Who was told of it before. */
  readonly told: readonly PersonId[];
  /** Vendors of jobs that run on what is concerned. */
  readonly running: readonly PersonId[];
  /** Of a hand-over: who takes over. */
  readonly successor?: PersonId | undefined;
}

type Party = "vendor" | "approvers" | "owners" | "told" | "running" | "successor" | "site";

const parties: Readonly<Record<Exclude<NoticeKind, "test">, readonly Party[]>> = {
  "request-waiting": ["approvers", "site"],
  "request-answered": ["told", "site"],
  "request-granted": ["vendor"],
  "request-denied": ["vendor"],
  "job-extended": ["vendor"],
  "time-wanted": ["approvers", "site"],
  "access-ended": ["vendor", "running", "approvers", "owners", "site"],
  "locked-down": ["running", "approvers", "owners", "site"],
  lifted: ["told", "approvers", "owners", "site"],
  "edge-offline": ["owners", "site"],
  "edge-online": ["owners", "site"],
  "manifest-waiting": ["owners", "site"],
  "manifest-recovering": ["owners", "site"],
  "manifest-ends": ["owners", "site"],
  "access-used": ["approvers", "site"],
  "handed-over": ["successor"],
};

/** For these the vendor is left out even if he holds another role that would be told. */
const neverToVendor: readonly NoticeKind[] = [
  "request-waiting",
  "request-answered",
  "time-wanted",
  "access-used",
];

/** Who is to be told, each once. */
export function audienceOf(kind: Exclude<NoticeKind, "test">, cast: Cast): PersonId[] {
  const told = new Set(parties[kind].flatMap((party) => membersOf(party, cast)));
  for (const actor of cast.actors) told.delete(actor);
  if (cast.vendor !== undefined && neverToVendor.includes(kind)) told.delete(cast.vendor);
  return [...told];
}

function membersOf(party: Party, cast: Cast): readonly PersonId[] {
  switch (party) {
    case "vendor":
      return cast.vendor === undefined ? [] : [cast.vendor];
    case "successor":
      return cast.successor === undefined ? [] : [cast.successor];
    case "site":
      return [siteItself];
    case "approvers":
    case "owners":
    case "told":
    case "running":
      return cast[party];
  }
}
