// Which factors a job's proof takes, by the strictest policy of its targets. The edge decides; this only says what to ask a person for.
import { findTarget, policyOf, type Manifest } from "../document/manifest.ts";
import type { JobTargets } from "../document/request.ts";

/** Whether a job on these targets needs a code beside an Ed25519 key: the strictest policy decides. */
export function needsCode(manifest: Manifest, targets: JobTargets): boolean {
  return targets.some(({ id }) => {
    const target = findTarget(manifest, id);
    return target !== undefined && policyOf(manifest, target).secondFactor === "required";
  });
}
