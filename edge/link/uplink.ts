// The edge's way out: every connection that the box ever opens towards the relay, to the one host name that was flashed, through the proxy
// and with the certificate authority that were flashed. shared/protocol.md, "Control and tunnels".
// Invariant: nothing that the relay says can change where a connection goes.
import * as https from "node:https";
import * as net from "node:net";
import * as tls from "node:tls";
import * as v from "valibot";
import type { Clock } from "../../shared/clock.ts";
import { edgeNonceSchema } from "../../shared/control.ts";
import {
  authorityOf,
  dialTimeoutMs,
  dialTls,
  dialWebSocket,
  parseRoute,
  type Sockets,
} from "../../shared/dial.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import type { ByteConnection } from "../../shared/socket-transport.ts";
import { parseStrictJson } from "../../shared/document/strict-json.ts";

const maxAnswerBytes = 4 * 1024;

export interface UplinkOptions {
  /** `https://host[:port]`. */
  readonly relay: URL;
  /** `http://name:password@host:port`. */
  readonly proxy?: URL;
  /** PEM of authorities to trust beside the platform's. */
  readonly extraCa?: string;
  readonly clock: Clock;
}

export interface EdgeNonce {
  readonly relay: string;
  readonly nonce: string;
  readonly at: number;
}

export interface Uplink {
  /** Host and port, for WebSocket URLs; they are resolved and dialled by `openStream` alone. */
  readonly authority: string;
  /** An open TLS stream. Throws `unreachable` and the like. */
  openStream(signal?: AbortSignal): Promise<net.Socket>;
  /** Asks for a nonce to sign in with. */
  fetchNonce(edge: EdgeId, signal?: AbortSignal): Promise<EdgeNonce>;
  /** See `dialWebSocket` of shared/dial.ts. */
  openWebSocket<Taken>(
    path: string,
    fields: Readonly<Record<string, string>>,
    take: (connection: ByteConnection, head: Uint8Array) => Taken,
    signal?: AbortSignal,
  ): Promise<Taken>;
}

export function openUplink({ relay, proxy, extraCa, clock }: UplinkOptions): Uplink {
  const route = parseRoute(relay, proxy);
  // Made once for all connections: reading the platform's certificates takes longer than a whole handshake, and megabytes each time.
  const trust = extraCa !== undefined && {
    secureContext: tls.createSecureContext({ ca: [...tls.getCACertificates("default"), extraCa] }),
  };
  const sockets: Sockets<net.Socket> = {
    connectTcp: net.connect,
    connectTls: (options) => tls.connect({ ...options, ...trust }),
  };
  const limits = (signal: AbortSignal | undefined) => ({ clock, ...(signal && { signal }) });

  const openStream = async (signal?: AbortSignal): Promise<net.Socket> =>
    dialTls(sockets, route, limits(signal));

  return {
    authority: authorityOf(route),
    openStream,
    async fetchNonce(edge, signal) {
      const stream = await openStream(signal);
      try {
        const text = await getText(stream, authorityOf(route), `/api/edge/nonce?edge=${edge}`);
        return v.parse(edgeNonceSchema, parseStrictJson(text));
      } catch (cause) {
        if (cause instanceof SallyportError && cause.code !== "json_invalid") throw cause;
        const message = "relay's answer to a request for a nonce is not understood";
        throw new SallyportError("message_invalid", message, { cause, retryable: true });
      } finally {
        stream.destroy();
      }
    },
    openWebSocket: (path, fields, take, signal) =>
      dialWebSocket(sockets, route, path, fields, limits(signal), take),
  };
}

function getText(stream: net.Socket, authority: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const request = https.get({
    path,
    headers: { Host: authority, Accept: "application/json", Connection: "close" },
    createConnection: () => stream,
    timeout: dialTimeoutMs,
  });
  request.on("timeout", () => stream.destroy(new Error("no answer in time")));
  request.on("error", (cause) => {
    const message = `${authority} gave no nonce: ${cause.message}`;
    reject(new SallyportError("unreachable", message, { cause, retryable: true }));
  });
  request.on("response", (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on("data", (chunk: Buffer) => {
      length += chunk.length;
      chunks.push(chunk);
      if (length > maxAnswerBytes)
        stream.destroy(new Error(`answer exceeds ${maxAnswerBytes} bytes`));
    });
    response.on("error", reject);
    response.on("end", () => {
      const status = response.statusCode ?? 0;
      if (status === 200) return resolve(Buffer.concat(chunks).toString());
      const message = `relay answered ${status} to a request for a nonce`;
      return reject(new SallyportError("refused", message, { retryable: true }));
    });
  });
  return promise;
}
