// What stands between an approver and a signature: who may approve a job, with which kind of key, and the anchor that a grant takes.
// What an edge would refuse is not signed in the first place.
import type { Checkpoint } from "../document/checkpoint.ts";
import type { PublicKey } from "../document/keys.ts";
import { findTarget, policyOf } from "../document/manifest.ts";
import type { Verified } from "../document/verify.ts";
import type { EdgeId } from "../ids.ts";
import { SiteFault } from "./fault.ts";
import type { Job } from "./jobs.ts";
import type { Side } from "./side.ts";

/** Why this person cannot approve the job with a key of that kind; undefined if nothing stands against it. */
export function whyNotApprovable(
  side: Pick<Side, "me" | "held">,
  job: Job,
  kind: PublicKey["kind"],
): SiteFault | undefined {
  const { vendor, targets } = job.request.payload;
  if (vendor === side.me)
    return new SiteFault(
      "forbidden",
      "nobody approves a request of their own",
      "ask another approver",
    );
  const { payload } = side.held.manifest;
  for (const { id } of targets) {
    const target = findTarget(payload, id);
    const policy = target && policyOf(payload, target);
    if (policy?.passkeysOnly === true && kind !== "passkey")
      return new SiteFault(
        "forbidden",
        `policy "${policy.id}" wants passkeys`,
        "approve on the signing page",
      );
    if (policy?.approvers?.includes(side.me) === false)
      return new SiteFault("forbidden", `policy "${policy.id}" does not name you as an approver`);
  }
  return undefined;
}

/** The newest checkpoint of an edge that was ever seen here: the anchor of a grant. */
export async function requireAnchor(side: Side, edge: EdgeId): Promise<Verified<Checkpoint>> {
  const anchor = await side.checkpoint(edge);
  if (anchor === undefined)
    throw new SiteFault(
      "unreachable",
      `no checkpoint of edge "${side.edgeName(edge)}" is known, so nothing can be anchored in its journal`,
      "try again when the edge is online",
    );
  return anchor;
}
