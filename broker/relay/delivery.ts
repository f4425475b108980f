// Brings each edge the documents that are for it: an edge says with `need` how far it has read, gets what follows, and then each new one.
// Invariants: an edge gets nothing of another site and nothing for another edge of its own; what it has not asked past is sent again, so nothing is
// lost with a connection. An edge that no manifest names yet gets manifests alone, numbered 0, so that its place in the log stays at the start.
import type { Clock } from "../../shared/clock.ts";
import type { DownMessage, UpMessage } from "../../shared/control.ts";
import { parseEnvelope } from "../../shared/document/envelope.ts";
import type { EdgeId, SiteId } from "../../shared/ids.ts";
import type { DocumentRows } from "./store/document-rows.ts";
import type { EdgeRows } from "./store/edge-rows.ts";
import type { DroppedType } from "./visibility.ts";

const deliveredTypes: readonly DroppedType[] = [
  "manifest",
  "roster",
  "request",
  "grant",
  "deny",
  "revocation",
  "lockdown",
  "lift",
  "secret",
  "device",
];
/** Of these only the newest about each subject: an older one would be refused as rolled back. */
const replacedTypes: readonly DroppedType[] = ["roster", "secret", "device"];

const batchEntries = 16;
/** After this much an edge on a slow line gets a moment to read. */
const burstBytes = 512 * 1024;
const pauseMs = 250;

export interface DeliveryParts {
  /** The store's own id: a place in another store's log means nothing. */
  readonly log: string;
  readonly documents: DocumentRows;
  readonly edges: EdgeRows;
  readonly clock: Clock;
  /** False if the edge is not connected. */
  readonly send: (edge: EdgeId, message: DownMessage<"document">) => boolean;
}

/** How far one connected edge has been sent its documents. */
interface Place {
  readonly site: SiteId;
  seq: number;
  isAdmitted: boolean;
  /** Sending now; what comes meanwhile is seen before it ends. */
  isBusy: boolean;
  isStale: boolean;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #places = new Map<EdgeId, Place>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** The edge tells its place; sends what follows. Resolves when all of it is on its way. */
  async need(edge: EdgeId, { log, after }: UpMessage<"need">): Promise<void> {
    const row = await this.#parts.edges.get(edge);
    if (row === undefined) return;
    const seq = row.admitted && log === this.#parts.log ? after : 0;
    const place = this.#places.get(edge);
    if (place) place.isStale = true;
    const fresh = {
      site: row.site,
      seq,
      isAdmitted: row.admitted,
      isBusy: false,
      isStale: false,
    };
    this.#places.set(edge, fresh);
    await this.#send(edge, fresh);
  }

  /** To be called after an entry of a site is in the store. */
  async appended(site: SiteId): Promise<void> {
    const sent = [...this.#places]
      .filter(([, place]) => place.site === site)
      .map(([edge, place]) => this.#send(edge, place));
    await Promise.all(sent);
  }

  /** The edge is away: it will say `need` again. */
  offline(edge: EdgeId): void {
    const place = this.#places.get(edge);
    if (place) place.isStale = true;
    this.#places.delete(edge);
  }

  async #send(edge: EdgeId, place: Place): Promise<void> {
    if (place.isBusy) return;
    place.isBusy = true;
    try {
      let unpausedBytes = 0;
      while (!place.isStale) {
        const entries = await this.#following(edge, place);
        if (entries.length === 0) return;
        for (const { seq, envelope } of entries) {
          const document = {
            log: this.#parts.log,
            seq: place.isAdmitted ? seq : 0,
            envelope: parseEnvelope(envelope),
          };
          if (place.isStale || !this.#parts.send(edge, document)) return;
          place.seq = seq;
          unpausedBytes += envelope.length;
        }
        if (unpausedBytes > burstBytes) {
          await this.#pause();
          unpausedBytes = 0;
        }
      }
    } finally {
      place.isBusy = false;
    }
  }

  async #following(edge: EdgeId, place: Place) {
    const { documents, edges } = this.#parts;
    if (!place.isAdmitted && (await edges.get(edge))?.admitted === true) {
      place.isAdmitted = true;
      place.seq = 0;
    }
    const types = place.isAdmitted ? deliveredTypes : (["manifest"] as const);
    return documents.forEdge(place.site, edge, place.seq, batchEntries, types, replacedTypes);
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#parts.clock.setTimer(pauseMs, resolve);
    await promise;
  }
}
