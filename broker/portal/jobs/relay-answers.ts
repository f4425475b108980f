// What the relay says about telling approvers, and what it offers: its own word, shown as such; nothing depends on it.
import * as v from "valibot";
import { parsePersonId, type DocumentHash, type SiteId } from "../../../shared/ids.ts";
import { RelayFault } from "../../../shared/site/relay-call.ts";
import { pageRelay } from "../person/relay-fetch.ts";

const person = v.pipe(v.string(), v.transform(parsePersonId));
const told = v.object({
  told: v.array(
    v.object({
      person,
      name: v.string(),
      at: v.number(),
      state: v.picklist(["due", "delivered", "failed", "unreachable"]),
    }),
  ),
  next: v.nullable(v.object({ person, name: v.string(), at: v.number() })),
  everyoneAt: v.nullable(v.number()),
  answered: v.boolean(),
});
export type Told = v.InferOutput<typeof told>;

/** Who was told of a request; undefined if this relay tells nobody. */
export async function toldOf(
  site: SiteId,
  request: DocumentHash,
  signal: AbortSignal,
): Promise<Told | undefined> {
  try {
    const path = `/api/sites/${site}/requests/${request}/notified`;
    return await pageRelay.call({ method: "GET", path, signal }, told);
  } catch (thrown) {
    if (thrown instanceof RelayFault && thrown.status === 404) return undefined;
    throw thrown;
  }
}

const asked = v.object({ at: v.number(), reachable: v.number() });

/** Asks the approvers of an approved job for more time; how many of them can be reached. */
export function askForMoreTime(
  site: SiteId,
  request: DocumentHash,
): Promise<v.InferOutput<typeof asked>> {
  const path = `/api/sites/${site}/requests/${request}/more-time`;
  return pageRelay.call({ method: "POST", path, body: {} }, asked);
}

const downloads = v.object({
  windows: v.nullable(v.object({ path: v.string(), bytes: v.number() })),
});

/** What this relay offers to download. */
export function offeredDownloads(signal: AbortSignal): Promise<v.InferOutput<typeof downloads>> {
  return pageRelay.call({ method: "GET", path: "/api/downloads", signal }, downloads);
}
