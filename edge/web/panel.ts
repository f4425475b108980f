// What a target that serves web panels and the edge's web server know of each other (shared/protocol.md, "Web panels").
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/**
 * Answers the requests of one opening. Only requests that have proved themselves by the opening's own cookie come here, and without it; from which
 * page they come is the handler's to judge.
 */
export interface WebHandler {
  /** `origin` is the panel's own, as the browser has it: `https://<name>.<label>.<domain>[:port]`. */
  handle(request: IncomingMessage, response: ServerResponse, origin: string): void;
  /** A request to upgrade. Owns the socket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, origin: string): void;
}

/** A panel that has a name of its own until it is closed. */
export interface OpenedWeb {
  readonly origin: string;
  /** Lets one browser in, once and soon. */
  readonly ticket: string;
  /** Takes the name away and cuts every connection to it, WebSockets too. */
  close(): void;
}
