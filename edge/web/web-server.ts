// Where the TLS of web panels ends: browsers' connections come out of tunnels, are told apart by name, and each request passes its panel's door
// (shared/protocol.md, "Web panels"). Invariants: connections are few and unproven ones short-lived; a request reaches the panel whose name its TLS
// asked for and no other; closing a panel cuts all its connections at once.
import { constants } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { Duplex } from "node:stream";
import { createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import type { Clock } from "../../shared/clock.ts";
import type { ByteConnection } from "../../shared/socket-transport.ts";
import { Door, enterPath, reservedPath, type DoorOptions } from "./door.ts";
import { answerPage, readTicket } from "./entry.ts";
import { TunnelStream } from "./tunnel-stream.ts";

/** Browsers' connections to all panels of this box; each costs a TLS session. */
export const maxConnections = 96;
/** From the tunnel to the end of the TLS handshake, and from there to the first request. */
export const handshakeTimeoutMs = 10_000;
export const firstRequestTimeoutMs = 15_000;
/** Less than the relay lets a tunnel rest. */
const keepAliveMs = 60_000;
const maxHeaderBytes = 32 * 1024;
const maxHeaderLines = 100;
/** A session of one name must never be taken up under another. */
const secureOptions = constants.SSL_OP_NO_TICKET;

export interface WebServerOptions {
  readonly clock: Clock;
  /** Somebody came without what it takes. */
  readonly onRefused: (why: "web-ticket-refused" | "web-visit-refused") => void;
}

export class WebServer {
  readonly #options: WebServerOptions;
  readonly #server: Server;
  readonly #doors = new Map<string, Door>();
  readonly #sockets = new Map<TLSSocket, Door>();
  readonly #streams = new Set<TunnelStream>();
  #context: SecureContext | undefined;

  constructor(options: WebServerOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        minVersion: "TLSv1.2",
        ALPNProtocols: ["http/1.1"],
        secureOptions,
        handshakeTimeout: handshakeTimeoutMs,
        maxHeaderSize: maxHeaderBytes,
        keepAliveTimeout: keepAliveMs,
        SNICallback: (name, done) => {
          const context = this.#doors.has(name) ? this.#context : undefined;
          if (context === undefined) done(new Error("no such panel"));
          else done(null, context);
        },
      },
      (request, response) => this.#answer(request, response),
    );
    const server = this.#server;
    server.maxHeadersCount = maxHeaderLines;
    // Uploads take the time that they take.
    server.requestTimeout = 0;
    server.prependListener("secureConnection", (socket) => this.#secured(socket));
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    server.on("tlsClientError", (_error, socket) => void socket.destroy());
    server.on("clientError", (_error, socket) => void socket.destroy());
  }

  /** What the server shows of itself from now on. */
  setCertificate({ key, chain }: { readonly key: string; readonly chain: string }): void {
    this.#context = createSecureContext({ key, cert: chain, minVersion: "TLSv1.2", secureOptions });
  }

  /** Opens a door; `close` takes it away. */
  open(options: Omit<DoorOptions, "clock">): Door {
    const door = new Door({ ...options, clock: this.#options.clock });
    this.#doors.set(door.host, door);
    return door;
  }

  close(door: Door): void {
    this.#doors.delete(door.host);
    for (const [socket, at] of this.#sockets) if (at === door) socket.destroy();
  }

  /** Takes a browser's connection out of a tunnel. */
  accept(connection: ByteConnection, rest: Uint8Array): void {
    if (this.#streams.size >= maxConnections || this.#doors.size === 0) {
      connection.socket.destroy();
      return;
    }
    const stream = new TunnelStream(connection, rest);
    this.#streams.add(stream);
    stream.once("close", () => this.#streams.delete(stream));
    stream.on("error", () => undefined);
    this.#server.emit("connection", stream);
  }

  [Symbol.dispose](): void {
    this.#doors.clear();
    for (const stream of this.#streams) stream.destroy();
    this.#server.close();
  }

  // The name may have gone while the handshake ran; and without a name there was none to ask about.
  #secured(socket: TLSSocket): void {
    const door = this.#doors.get(nameOf(socket));
    socket.on("error", () => undefined);
    if (door === undefined) {
      socket.destroy();
      return;
    }
    this.#sockets.set(socket, door);
    const limit = this.#options.clock.setTimer(firstRequestTimeoutMs, () => {
      if (!this.#heard.has(socket)) socket.destroy();
    });
    socket.once("close", () => {
      limit[Symbol.dispose]();
      this.#sockets.delete(socket);
    });
  }

  /** Connections on which a whole request came. */
  readonly #heard = new WeakSet<Duplex>();

  #doorOf(request: IncomingMessage): Door | undefined {
    const { socket } = request;
    this.#heard.add(socket);
    const door = this.#sockets.get(socket as TLSSocket);
    const isOpen = door !== undefined && this.#doors.get(door.host) === door;
    return isOpen && request.headers.host?.toLowerCase() === door.authority ? door : undefined;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const door = this.#doorOf(request);
    const { url = "" } = request;
    if (door === undefined || !url.startsWith("/")) answerPage(response, 421, "gone");
    else if (url === enterPath && request.method === "POST") {
      void this.#enter(request, response, door);
    } else if (!door.takeCookie(request)) {
      this.#options.onRefused("web-visit-refused");
      answerPage(response, 403, "ticketless");
    } else if (url.startsWith(reservedPath)) answerPage(response, 404, "gone");
    else door.panel.handle(request, response, door.origin);
  }

  async #enter(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
    const ticket = await readTicket(request, this.#options.clock);
    const cookie = ticket === undefined ? undefined : door.enter(ticket);
    if (cookie === undefined) {
      this.#options.onRefused("web-ticket-refused");
      answerPage(response, 403, "ticketless");
      return;
    }
    response.writeHead(303, {
      location: door.start,
      "set-cookie": cookie,
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "content-length": 0,
    });
    response.end();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const door = this.#doorOf(request);
    const { url = "" } = request;
    const isOwn =
      door !== undefined &&
      url.startsWith("/") &&
      !url.startsWith(reservedPath) &&
      door.takeCookie(request);
    if (isOwn) return door.panel.upgrade(request, socket, head, door.origin);
    this.#options.onRefused("web-visit-refused");
    return void socket.end(
      "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    );
  }
}

function nameOf({ servername }: TLSSocket): string {
  return typeof servername === "string" ? servername.toLowerCase() : "";
}
