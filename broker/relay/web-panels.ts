// Web panels as far as they are the relay's (shared/protocol.md, "Web panels"): where they have their names, whose each name is, and certificates.
import type { Server as HttpsServer } from "node:https";
import type { Clock } from "../../shared/clock.ts";
import type { DownMessage } from "../../shared/control.ts";
import type { EdgeId } from "../../shared/ids.ts";
import type { CertifiedKey } from "./certificate.ts";
import type { RelayConfig } from "./config.ts";
import { splitByName } from "./name-split.ts";
import type { Tunnels } from "./tunnels.ts";
import { WebCertificates } from "./web-certificates.ts";
import { WebNames } from "./web-names.ts";

export interface WebPanelsOptions {
  readonly config: RelayConfig;
  /** The development authority, where the relay has one. */
  readonly authority: CertifiedKey | undefined;
  /** The port that browsers use; asked when it is needed, because a free one is known only once the relay listens. */
  readonly port: () => number;
  readonly isOnline: (edge: EdgeId) => boolean;
  readonly sendWhere: (edge: EdgeId, message: DownMessage<"web">) => boolean;
  readonly sendCertificate: (edge: EdgeId, message: DownMessage<"certificate">) => boolean;
  readonly tunnels: Pick<Tunnels, "acceptWeb">;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

export interface WebPanels extends Disposable {
  /** Tells an edge that has connected where its panels have their names. */
  edgeOnline(edge: EdgeId): void;
  edgeOffline(edge: EdgeId): void;
  announce(edge: EdgeId, names: readonly string[]): Promise<void>;
  /** Answers in its own time. */
  certify(edge: EdgeId, request: string): void;
}

/** Puts itself in front of `server`; without a web domain it only says so to edges. */
export function openWebPanels(options: WebPanelsOptions, server: HttpsServer): WebPanels {
  const { config, clock, log, isOnline, tunnels, sendWhere, sendCertificate, port } = options;
  const domain = config.webDomain;
  if (domain === undefined) {
    return {
      edgeOnline: (edge) => void sendWhere(edge, { domain: null, port: port() }),
      edgeOffline: () => undefined,
      announce: async () => undefined,
      certify(edge) {
        sendCertificate(edge, { chain: null, why: "this relay carries no web panels" });
      },
      [Symbol.dispose]: () => undefined,
    };
  }
  const carry: Tunnels["acceptWeb"] = (...connection) => tunnels.acceptWeb(...connection);
  const names = new WebNames({ domain, isOnline, carry, log });
  const command = config.webCertificateCommand;
  const certificates = new WebCertificates({ ...options, domain, command });
  const split = splitByName(server, {
    take: (socket, name, hello) => names.take(socket, name, hello),
    clock,
  });
  return {
    edgeOnline: (edge) => void sendWhere(edge, { domain, port: port() }),
    edgeOffline: (edge) => names.edgeOffline(edge),
    announce: (edge, announced) => names.announce(edge, announced),
    certify(edge, request) {
      void certificates.certify(edge, request).then((answer) => sendCertificate(edge, answer));
    },
    [Symbol.dispose]() {
      split[Symbol.dispose]();
      certificates.close();
    },
  };
}
