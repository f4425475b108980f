// An edge's real control link to a relay under test, with the paper site's keys: it keeps what it gets, and reports what a test tells it to.
import { openControlLink, type ControlLink } from "../../../edge/link/control-link.ts";
import { openUplink } from "../../../edge/link/uplink.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { DownMessage, UpMessage } from "../../../shared/control.ts";
import { headerText, nextEntry, prepareEntry } from "../../../shared/record/journal-entry.ts";
import { bootId, pairOf, paperAt, suite } from "../document/paper-site.ts";
import type { RunningRelay } from "./running-relay.ts";

interface EdgeOptions {
  /** The name of its key. */
  readonly name?: string;
  /** Headers of its journal. */
  readonly headers?: readonly string[];
  readonly need?: UpMessage<"need">;
}

export class EdgeAtRelay implements AsyncDisposable {
  readonly documents: DownMessage<"document">[] = [];
  readonly stops: DownMessage<"stop">[] = [];
  /** How much of its journal the relay said that it holds. */
  acknowledged = -1;
  #link: ControlLink | undefined;
  #changed = Promise.withResolvers<void>();

  static async connect(relay: RunningRelay, options: EdgeOptions = {}): Promise<EdgeAtRelay> {
    const edge = new EdgeAtRelay();
    const { publicKey, privateKey } = await pairOf(options.name ?? "edge");
    const headers = options.headers ?? [];
    edge.#link = openControlLink({
      uplink: openUplink({
        relay: new URL(relay.url),
        extraCa: relay.authority,
        clock: systemClock,
      }),
      publicKey,
      sign: (message) => suite.ed25519Sign(privateKey, message),
      presence: { version: "0.0.0", bootId, timeProven: () => true },
      journal: {
        length: () => headers.length,
        headersFrom: async (from, count) => headers.slice(from, from + count),
      },
      documentsRead: () => options.need ?? { log: null, after: 0 },
      onDial: () => undefined,
      onDocument: async (document) => edge.#note(() => edge.documents.push(document)),
      onStop: async (stop) => edge.#note(() => edge.stops.push(stop)),
      onAcknowledged: (entries) => edge.#note(() => (edge.acknowledged = entries)),
      log: () => undefined,
      clock: systemClock,
    });
    await edge.until(() => edge.acknowledged >= 0);
    return edge;
  }

  get link(): ControlLink {
    if (this.#link === undefined) throw new Error("edge is not connected");
    return this.#link;
  }

  /** The types of the documents so far. */
  get types(): string {
    return this.documents.map(({ envelope }) => envelope.type).join(" ");
  }

  /** Resolves once `isSo` holds after something came. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#changed.promise;
  }

  #note(act: () => unknown): void {
    act();
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link.close();
  }
}

/** Headers of a journal with these events, chained from the start. */
export async function headersOf(
  events: readonly (readonly [event: string, ids: Record<string, string>])[],
  start: { length: number; head: string },
): Promise<{ headers: string[]; head: string }> {
  const headers: string[] = [];
  let point = start;
  for (const [event, ids] of events) {
    const prepared = await prepareEntry(suite, event, ids);
    const at = { wallMs: paperAt * 1000, monotonicMs: 1000, bootId };
    const entry = await nextEntry(suite, point, at, prepared);
    headers.push(headerText(entry.header));
    point = { length: point.length + 1, head: entry.hash };
  }
  return { headers, head: point.head };
}
