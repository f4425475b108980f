// The one port: HTTPS, or plain HTTP on a loopback address where a proxy in front ends TLS. Limits against slow and greedy callers.
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { CertifiedKey } from "./certificate.ts";

export const tlsMinVersion = "TLSv1.2";

/** A server that is not listening yet; without a certificate it speaks plain HTTP. */
export function makeServer(
  certified: CertifiedKey | undefined,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const server: Server =
    certified === undefined
      ? createHttpServer(handler)
      : createHttpsServer(
          { cert: certified.certificate, key: certified.key, minVersion: tlsMinVersion },
          handler,
        );
  server.headersTimeout = 15_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 65_000; // longer than proxies in front keep an idle connection
  server.maxHeadersCount = 64;
  return server;
}
