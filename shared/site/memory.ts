// What a person's side remembers of a site from one use to the next, so that no relay leads it back behind what it has seen. Commands keep it
// in files, pages in the browser's database. What is remembered is verified again whenever it is read.
import type { Envelope } from "../document/envelope.ts";
import type { SiteId } from "../ids.ts";

/** Kinds of documents of which the newest is remembered: of an edge its checkpoint, of a company its roster. */
export type NewestKind = "checkpoints" | "rosters";

export interface SiteMemory {
  /** The manifest chain from manifest 1 on; empty if there is none yet. */
  manifests(site: SiteId): Promise<Envelope[]>;
  /** Keeps a verified chain, unless a longer one has been kept meanwhile. */
  keepManifests(site: SiteId, chain: readonly Envelope[]): Promise<void>;
  newest(site: SiteId, kind: NewestKind, id: string): Promise<Envelope | undefined>;
  keepNewest(site: SiteId, kind: NewestKind, id: string, document: Envelope): Promise<void>;
}

/** Tells a person what does not stop the work. */
export interface Notices {
  warning(text: string): void;
}
