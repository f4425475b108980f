// The TOTP code of a session: asked for before the handshake, because an edge waits ten seconds for the flight; attested by the relay for the
// transcript of that very handshake.
import { findTarget, type Manifest } from "../../shared/document/manifest.ts";
import { policyOf } from "../../shared/document/manifest.ts";
import type { JobTargets } from "../../shared/document/request.ts";
import type { Tui } from "./tui.ts";

/** Whether a job on these targets needs a code beside an Ed25519 key: the strictest policy decides. */
export function needsCode(manifest: Manifest, targets: JobTargets): boolean {
  return targets.some(({ id }) => {
    const target = findTarget(manifest, id);
    return target !== undefined && policyOf(manifest, target).secondFactor === "required";
  });
}

/** The code given by option, or asked for on the terminal. */
export async function codeFrom(tui: Tui, given: string | undefined): Promise<string> {
  return (
    given ??
    (await tui.ask("code of your authenticator:", "give it in advance: --code <code>")).trim()
  );
}
