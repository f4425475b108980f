// Which name below the web domain is whose panel (shared/protocol.md, "Web panels"), and the way of a browser's connection to it.
// Invariants: a name leads to the edge that its label stands for, and only while that edge is connected and has announced it; connections are few
// per name, per edge and in all.
import type { Socket } from "node:net";
import { keepAliveMs } from "../../shared/dial.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { parseWebHost, webLabelOf } from "../../shared/web-name.ts";

/** A browser opens six to one name, and one more for each WebSocket. */
export const maxConnectionsPerName = 32;
export const maxConnectionsPerEdge = 128;
export const maxConnections = 4096;

/** TLS alert `unrecognized_name` (RFC 6066 §3), as a record before any handshake: the browser says that there is no such page. */
const unrecognisedName = Uint8Array.of(21, 3, 1, 0, 2, 2, 112);

export interface WebNamesOptions {
  readonly domain: string;
  readonly isOnline: (edge: EdgeId) => boolean;
  /** Brings a connection to the edge; see `Tunnels.acceptWeb`. */
  readonly carry: (socket: Socket, hello: Uint8Array, edge: EdgeId) => Promise<void>;
  readonly log: (line: string) => void;
}

interface Announced {
  readonly edge: EdgeId;
  readonly names: ReadonlySet<string>;
}

export class WebNames {
  readonly #options: WebNamesOptions;
  readonly #byLabel = new Map<string, Announced>();
  /** Open connections, by name and by edge. */
  readonly #open = new Map<string, number>();
  #total = 0;

  constructor(options: WebNamesOptions) {
    this.#options = options;
  }

  /** The names of an edge, all of them. */
  async announce(edge: EdgeId, names: readonly string[]): Promise<void> {
    const label = await webLabelOf(edge);
    if (this.#options.isOnline(edge)) this.#byLabel.set(label, { edge, names: new Set(names) });
  }

  edgeOffline(edge: EdgeId): void {
    for (const [label, announced] of this.#byLabel) {
      if (announced.edge === edge) this.#byLabel.delete(label);
    }
  }

  /** Takes a connection to a name below the domain, and is false for every other name. */
  take(socket: Socket, host: string, hello: Uint8Array): boolean {
    const { domain, carry, log } = this.#options;
    if (host !== domain && !host.endsWith(`.${domain}`)) return false;
    const edge = this.#edgeOf(host);
    if (edge === undefined || !this.#hasRoom(host, edge)) {
      socket.end(unrecognisedName);
      socket.destroySoon();
      return true;
    }
    this.#count(host, edge, 1);
    socket.once("close", () => this.#count(host, edge, -1));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
    carry(socket, hello, edge).catch((fault: unknown) => {
      log(`connection to a web panel failed: ${String(fault)}`);
      socket.destroy();
    });
    return true;
  }

  get connections(): number {
    return this.#total;
  }

  #edgeOf(host: string): EdgeId | undefined {
    const parts = parseWebHost(host, this.#options.domain);
    const announced = parts && this.#byLabel.get(parts.label);
    return parts && announced?.names.has(parts.name) === true ? announced.edge : undefined;
  }

  #hasRoom(host: string, edge: EdgeId): boolean {
    return (
      this.#total < maxConnections &&
      (this.#open.get(host) ?? 0) < maxConnectionsPerName &&
      (this.#open.get(edge) ?? 0) < maxConnectionsPerEdge
    );
  }

  #count(host: string, edge: EdgeId, change: 1 | -1): void {
    this.#total += change;
    for (const key of [host, edge]) {
      const count = (this.#open.get(key) ?? 0) + change;
      if (count > 0) this.#open.set(key, count);
      else this.#open.delete(key);
    }
  }
}
