// What this browser has seen of each site, in its database: the manifest chain, and the newest checkpoints and rosters.
import { encodeEnvelope, parseEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { SiteId } from "../../../shared/ids.ts";
import type { NewestKind, SiteMemory } from "../../../shared/site/memory.ts";
import { changeFact, readFact } from "./database.ts";

export const browserMemory: SiteMemory = {
  async manifests(site) {
    return ((await readFact<readonly string[]>("facts", chainKey(site))) ?? []).map((text) =>
      parseEnvelope(text),
    );
  },
  async keepManifests(site, chain) {
    await changeFact<readonly string[]>("facts", chainKey(site), (kept = []) =>
      kept.length > chain.length ? kept : chain.map(encodeEnvelope),
    );
  },
  async newest(site, kind, id) {
    const text = await readFact<string>("facts", newestKey(site, kind, id));
    return text === undefined ? undefined : parseEnvelope(text);
  },
  async keepNewest(site, kind, id, document: Envelope) {
    await changeFact<string>("facts", newestKey(site, kind, id), () => encodeEnvelope(document));
  },
};

function chainKey(site: SiteId): string {
  return `sites/${site}/manifests`;
}

function newestKey(site: SiteId, kind: NewestKind, id: string): string {
  return `sites/${site}/${kind}/${id}`;
}
