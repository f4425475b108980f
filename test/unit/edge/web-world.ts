// The edge's web panels behind a port of this machine in the relay's place: what comes is handed over raw, as out of a tunnel, and a development
// authority certifies what they ask for.
import { createPublicKey } from "node:crypto";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { OpenedWeb, WebHandler } from "../../../edge/web/panel.ts";
import { WebPanels } from "../../../edge/web/web-panels.ts";
import { certifyServer, makeAuthority } from "../../../broker/relay/certificate.ts";
import { parseCertificateRequest } from "../../../shared/certificate-request.ts";
import { systemClock } from "../../../shared/clock.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { parseEdgeId, type EdgeId } from "../../../shared/ids.ts";
import type { ByteConnection } from "../../../shared/socket-transport.ts";
import { webLabelOf } from "../../../shared/web-name.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const dayMs = 24 * 3600 * 1000;
export const domain = "web.localhost";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface WebWorld extends AsyncDisposable {
  readonly panels: WebPanels;
  readonly port: number;
  readonly authority: string;
  /** What was told to the relay, in order. */
  readonly announced: (readonly string[])[];
  readonly refused: string[];
  /** Requests for certificates that were asked for. */
  readonly requests: string[];
  /** A TLS connection to the panel's name. */
  dial(origin: string, options?: ConnectionOptions): TLSSocket;
  fetch(url: string, options?: FetchOptions): Promise<Answer>;
  /** Posts a ticket. */
  enter(opened: Pick<OpenedWeb, "origin">, ticket: string): Promise<Answer>;
  /** The cookie that the right ticket gives. */
  cookieOf(opened: OpenedWeb): Promise<string>;
}

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly servername?: string;
}

export interface WebWorldOptions {
  readonly announce?: (names: readonly string[]) => Promise<void>;
  readonly certify?: (request: string) => Promise<void>;
}

export async function openWebWorld(change: WebWorldOptions = {}): Promise<WebWorld> {
  const folder = temporaryFolder();
  const edge: EdgeId = parseEdgeId(Buffer.alloc(32, 7).toString("base64url"));
  const name = `*.${await webLabelOf(edge)}.${domain}`;
  const fromMs = Date.now() - dayMs;
  const validity = { fromMs, untilMs: fromMs + 30 * dayMs };
  const authority = makeAuthority("test authority", validity);
  const announced: (readonly string[])[] = [];
  const refused: string[] = [];
  const requests: string[] = [];
  const certify = async (request: string): Promise<void> => {
    requests.push(request);
    const parsed = parseCertificateRequest(request, name);
    if (parsed === undefined) throw new Error("request is not for the edge's names");
    const key = Buffer.from(parsed.publicKey);
    const publicKey = createPublicKey({ key, format: "der", type: "spki" });
    const chain = certifyServer(authority, [name], publicKey, validity) + authority.certificate;
    await panels.heardCertificate({ chain, why: null });
  };
  const link = {
    announceWeb: change.announce ?? (async (names) => void announced.push([...names])),
    certifyWeb: change.certify ?? certify,
  };
  const panels = await WebPanels.open({
    suite: nodeCrypto,
    edge,
    path: join(folder.path, "web.sealed"),
    sealingKey: new Uint8Array(32).fill(9),
    clock: systemClock,
    log: () => undefined,
    refusals: { count: (why) => void refused.push(why) },
    isOffered: () => true,
    link: () => link,
  });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    const connection: ByteConnection = { socket, receive: () => undefined };
    socket.on("data", (bytes: Buffer) => connection.receive(bytes));
    panels.accept(connection, new Uint8Array(0));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  panels.heardPlace({ domain, port });

  const world: WebWorld = {
    panels,
    port,
    authority: authority.certificate,
    announced,
    refused,
    requests,
    dial: (origin, options = {}) =>
      connectTls({
        host: "127.0.0.1",
        port,
        ca: authority.certificate,
        servername: new URL(origin).hostname,
        ...options,
      }),
    async fetch(url, { method = "GET", headers = {}, body, servername } = {}) {
      const { hostname, pathname, search, host } = new URL(url);
      const request = httpsRequest({
        host: "127.0.0.1",
        port,
        ca: authority.certificate,
        servername: servername ?? hostname,
        path: `${pathname}${search}`,
        method,
        headers: { host, ...headers },
        agent: false,
      });
      request.end(body);
      const [response] = await once(request, "response");
      let text = "";
      for await (const chunk of response) text += String(chunk);
      return { status: response.statusCode, headers: response.headers, body: text };
    },
    enter: ({ origin }, ticket) =>
      world.fetch(`${origin}/.sallyport/enter`, {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", origin: "null" },
        body: `ticket=${ticket}`,
      }),
    async cookieOf(opened) {
      const { headers } = await world.enter(opened, opened.ticket);
      return (headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";
    },
    async [Symbol.asyncDispose]() {
      panels[Symbol.dispose]();
      for (const socket of sockets) socket.destroy();
      server.close();
      folder[Symbol.dispose]();
    },
  };
  return world;
}

/** A panel that answers with what reached it, and whose upgrade echoes. */
export function echoPanel(): WebHandler & { readonly seen: string[] } {
  const seen: string[] = [];
  return {
    seen,
    handle(request, response, origin) {
      const { method, url, headers, headersDistinct, rawHeaders } = request;
      seen.push(`${method} ${url}`);
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ origin, method, url, headers, headersDistinct, rawHeaders }));
    },
    upgrade(request, socket) {
      seen.push(`UPGRADE ${request.url}`);
      socket.write(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n",
      );
      socket.on("error", () => undefined);
      socket.pipe(socket);
    },
  };
}
