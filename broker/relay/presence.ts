// Which edges are connected, and as what: one that the newest manifest names, or a newcomer that may only introduce itself and read manifests.
// Invariant: strangers are few at once; anybody can make a key.
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { EdgeId } from "../../shared/ids.ts";
import type { EdgeStanding } from "./mqtt.ts";
import type { EdgeRows } from "./store/edge-rows.ts";

const mostNewcomers = 256;

export class Presence {
  readonly #edges: EdgeRows;
  readonly #clock: Clock;
  readonly #since = new Map<string, number>();
  readonly #newcomers = new Set<EdgeId>();

  constructor(edges: EdgeRows, clock: Clock) {
    this.#edges = edges;
    this.#clock = clock;
  }

  /** What an edge that proved its key may do here now. */
  async standingOf(edge: EdgeId): Promise<EdgeStanding> {
    const row = await this.#edges.get(edge);
    if (row?.admitted === true) return "known";
    // Who has answered a claim is not kept out by strangers; claims on file are the owners' to count.
    const hasRoom = row !== undefined || this.#newcomers.size < mostNewcomers;
    return hasRoom ? "newcomer" : "refused";
  }

  online(edge: EdgeId, standing: EdgeStanding): void {
    this.#since.set(edge, wallSeconds(this.#clock));
    if (standing === "newcomer") this.#newcomers.add(edge);
    else this.#newcomers.delete(edge);
  }

  offline(edge: EdgeId): void {
    this.#since.delete(edge);
    this.#newcomers.delete(edge);
  }

  /** Unix seconds; undefined while it is not connected. */
  since(edge: string): number | undefined {
    return this.#since.get(edge);
  }
}
