// What stands between a person and an approval, in the order in which it should be told.
import type { Held } from "../../../shared/document/held.ts";
import type { PublicKey } from "../../../shared/document/keys.ts";
import type { Role } from "../../../shared/document/manifest.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { whyNotApprovable } from "../../../shared/site/approvals.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { policiesOf } from "./words.ts";

export type Hindrance = "own" | "passkeys" | "notNamed" | "role";

/** Whoever is to answer: a page's side is one. */
export interface Answering {
  readonly me: PersonId;
  readonly held: Held;
  readonly decidesBy: PublicKey["kind"];
  hasRole(...roles: readonly Role[]): boolean;
}

/** What stands between this person and an approval; undefined if nothing does. */
export function whyNot(side: Answering, job: Job): Hindrance | undefined {
  const { vendor, targets } = job.request.payload;
  if (vendor === side.me) return "own";
  if (!side.hasRole("approver")) return "role";
  if (whyNotApprovable(side, job, side.decidesBy) === undefined) return undefined;
  const policies = policiesOf(side.held, targets);
  const isNamed = policies.every(({ approvers }) => approvers?.includes(side.me) !== false);
  return isNamed ? "passkeys" : "notNamed";
}
