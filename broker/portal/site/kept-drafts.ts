// Drafts as the relay keeps them: unsigned, deciding nothing, and of machines sealed (shared/site/handed-draft.ts).
import * as v from "valibot";
import type { SiteId } from "../../../shared/ids.ts";
import { pageRelay } from "../person/relay-fetch.ts";

const keptDraft = v.object({
  name: v.string(),
  version: v.number(),
  author: v.string(),
  authorToken: v.nullable(v.string()),
  at: v.number(),
});
export type KeptDraft = v.InferOutput<typeof keptDraft>;

export async function keptDrafts(site: SiteId): Promise<readonly KeptDraft[]> {
  const schema = v.object({ drafts: v.array(keptDraft) });
  const path = `/api/sites/${site}/drafts`;
  return (await pageRelay.call({ method: "GET", path }, schema)).drafts;
}

export async function readDraftContent(site: SiteId, name: string): Promise<unknown> {
  const schema = v.object({ content: v.unknown() });
  const path = `/api/sites/${site}/drafts/${name}`;
  return (await pageRelay.call({ method: "GET", path }, schema)).content;
}

/** Keeps a new draft; throws `conflict` if there is one of that name. */
export async function putDraft(site: SiteId, name: string, content: object): Promise<void> {
  const path = `/api/sites/${site}/drafts/${name}`;
  const body = { content, replaces: null };
  await pageRelay.call({ method: "PUT", path, body }, v.unknown());
}

export async function deleteDraft(site: SiteId, name: string): Promise<void> {
  const path = `/api/sites/${site}/drafts/${name}`;
  await pageRelay.call({ method: "DELETE", path }, v.unknown());
}
