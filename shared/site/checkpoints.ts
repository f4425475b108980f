// The newest checkpoint of each edge that this machine has seen (design: the anchor of a grant). A relay may withhold newer ones; older ones
// than the remembered are not signed, and two of one length with different heads are an alarm: the edge's journal was forked.
import { verifyCheckpoint, type Checkpoint } from "../document/checkpoint.ts";
import type { Envelope } from "../document/envelope.ts";
import { requireEdge } from "../document/held.ts";
import type { Verified } from "../document/verify.ts";
import { messageOf } from "../errors.ts";
import type { EdgeId } from "../ids.ts";
import { SiteFault } from "./fault.ts";
import type { Notices, SiteMemory } from "./memory.ts";
import type { SiteView } from "./site-view.ts";

/** Remembers an offered checkpoint if it is newer, and returns the newest known; undefined if there is none at all. */
export async function newestCheckpoint(
  memory: SiteMemory,
  view: SiteView,
  edge: EdgeId,
  offered: Envelope | null,
  notices: Notices,
): Promise<Verified<Checkpoint> | undefined> {
  const held = view.held();
  const listed = requireEdge(edge, held);
  const verify = (envelope: Envelope) => verifyCheckpoint(held.suite, envelope, view.site, listed);
  const kept = await memory.newest(view.site, "checkpoints", edge);
  const remembered = kept && (await verify(kept));
  if (offered === null) return remembered;
  let fresh: Verified<Checkpoint>;
  try {
    fresh = await verify(offered);
  } catch (thrown) {
    throw new SiteFault(
      "signature_invalid",
      `relay offers a checkpoint of edge "${listed.name}" that does not verify: ${messageOf(thrown)}`,
    );
  }
  if (remembered !== undefined) {
    const [before, now] = [remembered.payload, fresh.payload];
    if (now.length === before.length && now.head !== before.head) {
      throw new SiteFault(
        "signature_invalid",
        `edge "${listed.name}" has shown two journals of ${now.length} entries with different heads`,
        "its record was rewritten or its disk copied; sign nothing for it before the integrator has looked",
      );
    }
    if (now.length < before.length) {
      notices.warning(
        `relay offers a checkpoint of edge "${listed.name}" with ${now.length} entries; ${before.length} were seen before, and that one is used`,
      );
      return remembered;
    }
  }
  await memory.keepNewest(view.site, "checkpoints", edge, fresh.envelope);
  return fresh;
}
