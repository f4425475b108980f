// How an end of ours reaches the relay: TCP, maybe through an HTTP proxy (CONNECT), TLS, and for tunnels and channels a WebSocket upgrade.
// shared/protocol.md, "Control and tunnels". The steps are here once; the functions that do the I/O are handed in by edge and command.
// Invariant: one time limit covers all steps, and a dial that fails leaves no socket behind.
import { concatBytes } from "./bytes.ts";
import type { Clock } from "./clock.ts";
import { messageOf, SallyportError } from "./errors.ts";
import type { ByteConnection, ByteSocket } from "./socket-transport.ts";
import { highWaterBytes } from "./socket-transport.ts";
import type { ResponseHead } from "./upgrade.ts";
import {
  acceptKeyOf,
  checkUpgraded,
  connectRequest,
  isRefusalWhole,
  makeUpgradeKey,
  parseResponseHead,
  refusalOf,
  upgradeRequest,
} from "./upgrade.ts";

/** One read: what a system call gives, and four TLS records. */
export const readBufferBytes = 64 * 1024;
/** From the first packet to the 101. A vendor's 101 waits for an edge that dials, so it is longer than the relay's own limits. */
export const dialTimeoutMs = 20_000;
/** When the system begins to probe a silent peer. */
export const keepAliveMs = 15_000;

/** Where the relay is and how to get there. */
export interface Route {
  readonly host: string;
  readonly port: number;
  readonly proxy?: { readonly host: string; readonly port: number; readonly credentials?: string };
}

/** What is needed of a `net.Socket` or `tls.TLSSocket` while it is dialled. */
export interface DialledSocket extends ByteSocket {
  setNoDelay(isOn: boolean): unknown;
  setKeepAlive(isOn: boolean, delayMs: number): unknown;
  once(event: "connect" | "secureConnect", listener: () => void): unknown;
  on(event: "drain" | "end" | "close", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  off(event: "data", listener: (bytes: Uint8Array) => void): unknown;
}

export interface TlsOptions<Socket extends DialledSocket> {
  host: string;
  port: number;
  ALPNProtocols: string[];
  highWaterMark: number;
  servername?: string;
  socket?: Socket;
  onread?: { buffer: Uint8Array; callback: (length: number) => boolean };
}

/** `net.connect`, and `tls.connect` with whatever its caller trusts. */
export interface Sockets<Socket extends DialledSocket> {
  readonly connectTcp: (options: { host: string; port: number }) => Socket;
  readonly connectTls: (options: TlsOptions<Socket>) => Socket;
}

export interface DialLimits {
  readonly clock: Clock;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** The route to `relay` (https), through `proxy` (http, with `name:password@` if it asks for Basic); throws `usage`. */
export function parseRoute(relay: URL, proxy?: URL): Route {
  if (relay.protocol !== "https:") throw misuse(`relay "${relay.origin}", expected https`);
  if (proxy !== undefined && proxy.protocol !== "http:") {
    throw misuse(`proxy of scheme "${proxy.protocol}", expected http`);
  }
  return {
    host: bareHost(relay),
    port: Number(relay.port || 443),
    ...(proxy && {
      proxy: {
        host: bareHost(proxy),
        port: Number(proxy.port || 80),
        ...(proxy.username && {
          credentials: `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`,
        }),
      },
    }),
  };
}

/** Host and port as a request names them. */
export function authorityOf({ host, port }: { host: string; port: number }): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** An open TLS socket to the relay, as a plain stream. Throws `unreachable`, `timeout`, or what the proxy's answer stands for. */
export async function dialTls<Socket extends DialledSocket>(
  sockets: Sockets<Socket>,
  route: Route,
  limits: DialLimits,
): Promise<Socket> {
  using limit = new DialLimit(limits, route);
  return await openTls(sockets, route, limit, undefined);
}

/**
 * Opens a WebSocket at `path` and gives its connection to `take` in the very tick of the 101, with the bytes that came behind it;
 * resolves to what `take` returned. Throws as `dialTls` does, and what the relay's refusal stands for.
 */
export async function dialWebSocket<Socket extends DialledSocket, Taken>(
  sockets: Sockets<Socket>,
  route: Route,
  path: string,
  fields: Readonly<Record<string, string>>,
  limits: DialLimits,
  take: (connection: ByteConnection, head: Uint8Array) => Taken,
): Promise<Taken> {
  using limit = new DialLimit(limits, route);
  const key = makeUpgradeKey();
  const accept = await acceptKeyOf(key);
  let receive: ByteConnection["receive"] = () => undefined;
  const socket = await openTls(sockets, route, limit, (bytes) => receive(bytes));
  const connection: ByteConnection = {
    socket,
    get receive() {
      return receive;
    },
    set receive(next) {
      receive = next;
    },
  };
  return await limit.step<Taken>(socket, (resolve) => {
    readHead(connection, "relay", 101, limit.failing(socket), (head) => {
      checkUpgraded(head, accept);
      resolve(take(connection, head.rest));
    });
    socket.write(upgradeRequest(authorityOf(route), path, key, fields));
  });
}

async function openTls<Socket extends DialledSocket>(
  sockets: Sockets<Socket>,
  route: Route,
  limit: DialLimit,
  receive: ByteConnection["receive"] | undefined,
): Promise<Socket> {
  const through = route.proxy && (await openProxied(sockets, route, route.proxy, limit));
  const buffer = new Uint8Array(readBufferBytes);
  const options: TlsOptions<Socket> = {
    host: route.host,
    port: route.port,
    ALPNProtocols: ["http/1.1"],
    highWaterMark: highWaterBytes,
    ...(!isAddress(route.host) && { servername: route.host }),
    ...(through && { socket: through }),
    // A socket upon another one ignores `onread`, so there the 'data' event serves.
    ...(receive && {
      onread: {
        buffer,
        callback: (length: number) => {
          receive(buffer.subarray(0, length));
          return true;
        },
      },
    }),
  };
  const socket = sockets.connectTls(options);
  if (receive && through) socket.on("data", receive);
  await limit.step<void>(socket, (resolve) => socket.once("secureConnect", resolve));
  tune(socket);
  return socket;
}

async function openProxied<Socket extends DialledSocket>(
  sockets: Sockets<Socket>,
  route: Route,
  proxy: NonNullable<Route["proxy"]>,
  limit: DialLimit,
): Promise<Socket> {
  const socket = sockets.connectTcp({ host: proxy.host, port: proxy.port });
  await limit.step<void>(socket, (resolve) => socket.once("connect", resolve));
  tune(socket);
  await limit.step<void>(socket, (resolve) => {
    const connection: ByteConnection = { socket, receive: () => undefined };
    const pass = (bytes: Uint8Array): void => connection.receive(bytes);
    readHead(connection, "proxy", 200, limit.failing(socket), (head) => {
      // Until we have said hello, nobody speaks TLS to us.
      if (head.rest.length > 0)
        throw new SallyportError("upgrade_refused", "proxy sent bytes unasked");
      socket.off("data", pass);
      socket.pause();
      resolve();
    });
    socket.on("data", pass);
    socket.write(connectRequest(authorityOf(route), proxy.credentials));
  });
  return socket;
}

// Collects a response's head, and of any other status than the wished one the start of the body.
function readHead(
  connection: ByteConnection,
  by: "relay" | "proxy",
  wished: number,
  fail: (error: Error) => void,
  accept: (head: ResponseHead) => void,
): void {
  let received: Uint8Array = new Uint8Array(0);
  connection.receive = (bytes) => {
    received = concatBytes(received, bytes);
    try {
      const head = parseResponseHead(received);
      if (head === undefined) return;
      if (head.status === wished) accept(head);
      else if (isRefusalWhole(head)) fail(refusalOf(head, by));
    } catch (fault) {
      fail(fault instanceof Error ? fault : new SallyportError("internal", messageOf(fault)));
    }
  };
}

/** The time limit and the caller's signal, over all steps of one dial. */
class DialLimit implements Disposable {
  readonly #authority: string;
  readonly #timer: Disposable;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#end(new SallyportError("unreachable", "dial was given up"));
  readonly #failures = new Set<(error: Error) => void>();
  #ended: Error | undefined;

  constructor({ clock, timeoutMs = dialTimeoutMs, signal }: DialLimits, route: Route) {
    this.#authority = authorityOf(route);
    this.#signal = signal;
    this.#timer = clock.setTimer(timeoutMs, () => {
      const text = `${this.#authority} did not answer within ${timeoutMs / 1000} s`;
      this.#end(new SallyportError("timeout", text, { retryable: true }));
    });
    signal?.addEventListener("abort", this.#abort);
    if (signal?.aborted === true) this.#abort();
  }

  /** Runs one step upon a socket, which the step's failure destroys. */
  step<Value>(
    socket: DialledSocket,
    start: (resolve: (value: Value) => void) => void,
  ): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#failures.delete(fail);
        socket.destroy();
        reject(error);
      };
      this.#failures.add(fail);
      socket.on("error", (cause) => fail(this.#unreachable(cause)));
      socket.on("close", () => fail(this.#unreachable(undefined)));
      if (this.#ended !== undefined) fail(this.#ended);
      else start(resolve);
    });
  }

  /** Ends whatever step is under way upon `socket`. */
  failing(socket: DialledSocket): (error: Error) => void {
    return (error) => {
      this.#end(error);
      socket.destroy();
    };
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]();
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#failures.clear();
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const fail of this.#failures) fail(error);
  }

  #unreachable(cause: Error | undefined): SallyportError {
    const code = cause && "code" in cause ? String(cause.code) : "";
    const isCertificate = /CERT|SIGNATURE|ISSUER|ALTNAME/.test(code);
    const what = cause === undefined ? "connection was closed" : messageOf(cause);
    const text = `${this.#authority} is not reachable: ${what}`;
    return new SallyportError("unreachable", text, { cause, retryable: !isCertificate });
  }
}

function tune(socket: DialledSocket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveMs);
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^[0-9.]+$/.test(host);
}

function misuse(text: string): SallyportError {
  return new SallyportError("usage", text);
}
