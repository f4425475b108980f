// From a changed manifest to a published one: the change is shown, agreed to, signed and given to the relay. Every verb that changes the
// manifest goes through here, so no owner signs what was not shown.
import { signEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { acceptNext } from "../../shared/document/succession.ts";
import { changesBetween } from "../../shared/site/changes.ts";
import { browserRisk, newlyInBrowser } from "../../shared/site/right-words.ts";
import { readDraft } from "../../shared/site/manifest-draft.ts";
import type { Published, Site } from "./site.ts";

/** Shows what `draft` changes, asks, signs and publishes; undefined if it changes nothing. */
export async function proposeManifest(site: Site, draft: unknown): Promise<Published | undefined> {
  const { tui } = site.context;
  const held = site.view.chain.held.payload;
  const next = readDraft(draft);
  const changes = changesBetween(held, next);
  if (changes.length === 0) return undefined;
  site.requireRole("owner");
  tui.progress(`manifest ${next.version} of site "${next.name}":`);
  for (const line of changes) tui.progress(`  ${line}`);
  for (const { id } of newlyInBrowser(held, next))
    tui.progress(`  ${id} in the browser: ${browserRisk}`);
  await tui.mustConfirm(`sign manifest ${next.version}?`);
  const { sign } = await site.key();
  return publishManifest(site, await signEnvelope("manifest", next, [sign]));
}

/** Gives a signed manifest to the relay and says what is still missing. */
export async function publishManifest(site: Site, envelope: Envelope): Promise<Published> {
  const step = await acceptNext(site.context.suite, envelope, site.view.chain);
  if (step.outcome === "refused" && step.error.code !== "threshold_missed") throw step.error;
  const published = await site.give(envelope);
  if (published.posted.state === "complete") await site.view.update(site.relay);
  return published;
}

/** One line of what became of a published manifest. */
export function publishedLine({ posted }: Published): string {
  return posted.state === "complete"
    ? "published; the edges take it over as they hear of it"
    : "signed; further owners must sign it: sallyport site sign";
}
