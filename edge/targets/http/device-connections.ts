// Connections to a panel's device: few at once, over TLS with the pinned certificate, or one accepted beside it, if it speaks HTTPS.
// Invariant: the certificate is judged before the first byte of HTTP, so no login, cookie or request reaches a device that shows another one.
import http from "node:http";
import { isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import { messageOf } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/clock.ts";
import { isCertificateTaken, pinnedAlone, type JudgeKey } from "../device-certificate.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import { dialDevice, unreachable, type DeviceAddress } from "../device-socket.ts";

/** What a browser opens to one host. Small panels have room for few more, and their people know them with browsers. */
const maxConnections = 6;
/** WebSockets have their own; a page that opens more is at fault. */
export const maxSockets = 16;
/** Servers close what was idle for five seconds or more; whoever writes at that very moment loses the request. */
const idleConnectionMs = 4000;
const handshakeLimitMs = 10_000;
/** Of an answer's fields together: enough for every cookie that a browser would keep. */
const maxHeaderBytes = 32 * 1024;

export interface DeviceConnectionsOptions {
  readonly address: DeviceAddress;
  /** AA:BB:… of the pinned certificate; null without TLS. */
  readonly certificate: string | null;
  /** Whether to go on with the certificate that it shows, asked for each connection; the pinned one alone unless given. */
  readonly judge?: JudgeKey;
  readonly legacy: boolean;
  readonly clock: Clock;
  /** Ends every connection. */
  readonly signal: AbortSignal;
}

export interface DeviceRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly fields: http.OutgoingHttpHeaders;
}

export class DeviceConnections {
  readonly #options: DeviceConnectionsOptions;
  readonly #agent: http.Agent;
  readonly #sockets = new Set<Duplex>();

  constructor(options: DeviceConnectionsOptions) {
    this.#options = options;
    this.#agent = new PanelAgent(() => this.#connect());
    options.signal.addEventListener("abort", () => this.#close());
  }

  /** A request over one of the kept connections. The caller owns its events. */
  request({ method, target, fields }: DeviceRequest): http.ClientRequest {
    return http.request({
      agent: this.#agent,
      method,
      path: target,
      headers: fields,
      setHost: false,
      maxHeaderSize: maxHeaderBytes,
    });
  }

  /** A request to upgrade, over a connection of its own. */
  upgrade({ method, target, fields }: DeviceRequest): http.ClientRequest {
    return http.request({
      agent: new PanelAgent(() => this.#connect()),
      method,
      path: target,
      headers: fields,
      setHost: false,
      maxHeaderSize: maxHeaderBytes,
    });
  }

  async #connect(): Promise<Duplex> {
    const { address, clock, signal } = this.#options;
    const socket = await dialDevice(address, { signal, clock, allowHalfOpen: false });
    const secured = await this.#secure(socket);
    // Whoever uses it listens too; until then a reset must not end the process.
    secured.on("error", () => undefined);
    this.#sockets.add(secured);
    secured.once("close", () => this.#sockets.delete(secured));
    if (signal.aborted) secured.destroy();
    return secured;
  }

  async #secure(socket: Socket): Promise<Duplex> {
    const { address, certificate, judge = pinnedAlone, legacy, clock, signal } = this.#options;
    if (certificate === null) return socket;
    const shown = await shownCertificate(socket, { address, legacy, clock, signal });
    const { fingerprint, secured } = shown;
    // A reset while it is judged must not end the process.
    secured.on("error", () => undefined);
    try {
      if (await isCertificateTaken(judge, fingerprint, certificate)) return secured;
    } catch (thrown) {
      secured.destroy();
      throw thrown;
    }
    secured.destroy();
    throw new DeviceError(
      "device_changed",
      `device ${addressOf(address.host, address.port)} shows certificate ${fingerprint || "none"}, pinned is ${certificate}`,
      `"${address.name}" shows another certificate than the one that is pinned; no login was tried`,
    );
  }

  #close(): void {
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }
}

export interface HandshakeOptions {
  readonly address: DeviceAddress;
  readonly legacy: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export interface ShownCertificate {
  readonly secured: tls.TLSSocket;
  /** AA:BB:… of its SHA-256; "" if it shows none. */
  readonly fingerprint: string;
}

/** Speaks TLS on a connected socket and reads the certificate, whose chain, name and dates say nothing here. Rejects with `device_unreachable`. */
export async function shownCertificate(
  socket: Socket,
  { address, legacy, clock, signal }: HandshakeOptions,
): Promise<ShownCertificate> {
  const secured = tls.connect({
    socket,
    rejectUnauthorized: false,
    ...(isIP(address.host) === 0 && { servername: address.host }),
    ...(legacy && { minVersion: "TLSv1", ciphers: "DEFAULT@SECLEVEL=0" }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const fail = (why: string, cause?: unknown): void => reject(unreachable(address, why, cause));
  const onError = (cause: Error): void => fail(`no TLS: ${messageOf(cause)}`, cause);
  const onClose = (): void => fail("no TLS: the device hung up");
  const onAbort = (): void => fail("the session ended first");
  secured.once("secureConnect", resolve).once("error", onError).once("close", onClose);
  signal.addEventListener("abort", onAbort);
  using _limit = clock.setTimer(handshakeLimitMs, () => fail("no answer in TLS in 10 s"));
  if (signal.aborted) onAbort();
  try {
    await promise;
    // Attack: a device that shows the pinned certificate first and another one after a renegotiation.
    secured.disableRenegotiation();
    return { secured, fingerprint: secured.getPeerCertificate().fingerprint256 ?? "" };
  } catch (cause) {
    secured.on("error", () => undefined).destroy();
    throw cause;
  } finally {
    secured.off("error", onError).off("close", onClose);
    signal.removeEventListener("abort", onAbort);
  }
}

// Node asks for a connection and takes it later; the request hears of a failure as of any other.
class PanelAgent extends http.Agent {
  readonly #connect: () => Promise<Duplex>;

  constructor(connect: () => Promise<Duplex>) {
    super({ keepAlive: true, maxSockets: maxConnections, timeout: idleConnectionMs });
    this.#connect = connect;
  }

  override createConnection(
    _options: http.ClientRequestArgs,
    taken?: (error: Error | null, socket: Duplex) => void,
  ): undefined {
    this.#connect().then(
      (socket) => taken?.(null, socket),
      // Node's types want a socket beside an error.
      (thrown: unknown) => taken?.(thrown as Error, undefined as never),
    );
  }
}
