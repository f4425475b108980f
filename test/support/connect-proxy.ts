// A corporate HTTP proxy on loopback: CONNECT alone, Basic authentication, and, if told so, a look into TLS under an authority of its own.
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { Certificates } from "./certificates.ts";

export interface ConnectProxyOptions {
  readonly name: string;
  readonly password: string;
  /** Shows these certificates instead of the server's, and trusts only `upstreamAuthority` itself. */
  readonly inspection?: { readonly shown: Certificates; readonly upstreamAuthority: string };
}

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** `host:port` of every CONNECT that was let through. */
  readonly passed: readonly string[];
  /** CONNECTs without the right name and password. */
  readonly refused: number;
  /** Cuts everything that runs through it now. */
  cut(): void;
}

/** Listens on a free loopback port. */
export async function startConnectProxy(options: ConnectProxyOptions): Promise<ConnectProxy> {
  const passed: string[] = [];
  const sockets = new Set<Duplex>();
  let refused = 0;
  const credentials = Buffer.from(`${options.name}:${options.password}`).toString("base64");
  const server = http.createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, client: net.Socket, head: Buffer) => {
    sockets.add(client.once("close", () => sockets.delete(client)));
    client.on("error", () => client.destroy());
    if (request.headers["proxy-authorization"] !== `Basic ${credentials}`) {
      refused += 1;
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="office"\r\n\r\n',
      );
      return;
    }
    const [host = "", port = ""] = (request.url ?? "").split(/:(?=\d+$)/);
    const upstream = net.connect({ host, port: Number(port) });
    upstream.once("connect", () => {
      passed.push(`${host}:${port}`);
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.unshift(head);
      if (options.inspection === undefined) join(client, upstream);
      else inspect(client, upstream, host, options.inspection);
    });
    upstream.once("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    passed,
    get refused() {
      return refused;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function inspect(
  client: net.Socket,
  upstream: net.Socket,
  host: string,
  { shown, upstreamAuthority }: NonNullable<ConnectProxyOptions["inspection"]>,
): void {
  const { certificate: cert, privateKey: key } = shown;
  const inner = new tls.TLSSocket(client, { isServer: true, cert, key });
  const servername = net.isIP(host) === 0 ? { servername: host } : {};
  const outer = tls.connect({ socket: upstream, host, ca: upstreamAuthority, ...servername });
  join(inner, outer);
}

function join(left: Duplex, right: Duplex): void {
  for (const [from, to] of [
    [left, right],
    [right, left],
  ] as const) {
    from.pipe(to);
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}
