// A relay that says whatever a test tells it to, over real HTTP on loopback.
import http from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { SiteRelay } from "../../../shared/site/relay-client.ts";
import { RelayHttp } from "../../../broker/command/relay-http.ts";
import { encodeEnvelope, hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { SiteId } from "../../../shared/ids.ts";

export interface Canned {
  readonly status?: number;
  readonly body: unknown;
}

export class CannedRelay implements AsyncDisposable {
  /** What is answered to a path without its query; anything else is a 404. */
  readonly answers = new Map<string, (url: URL) => Canned>();
  readonly asked: string[] = [];
  readonly #server: http.Server;

  private constructor(server: http.Server) {
    this.#server = server;
  }

  static async start(): Promise<CannedRelay> {
    const server = http.createServer();
    const relay = new CannedRelay(server);
    server.on("request", (request, response) => {
      const url = new URL(request.url ?? "/", "http://relay");
      relay.asked.push(`${request.method} ${url.pathname} ${request.headers.authorization ?? "-"}`);
      const answer = relay.answers.get(url.pathname)?.(url) ?? {
        status: 404,
        body: { code: "not_found", message: "nothing here" },
      };
      response.writeHead(answer.status ?? 200, { "content-type": "application/json" });
      response.end(typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return relay;
  }

  get http(): RelayHttp {
    const { port } = this.#server.address() as AddressInfo;
    return new RelayHttp({ url: `http://127.0.0.1:${port}`, authority: null }, undefined);
  }

  forSite(
    site: SiteId,
    token: (renew: boolean) => Promise<string> = async () => "token",
  ): SiteRelay {
    return new SiteRelay(this.http, site, token);
  }

  manifests(site: SiteId, envelopes: readonly Envelope[]): void {
    this.answers.set(`/api/sites/${site}/manifests`, () => ({
      body: {
        manifests: envelopes.map((envelope, at) => ({ version: at + 1, envelope: wire(envelope) })),
      },
    }));
  }

  async documents(
    site: SiteId,
    envelopes: readonly Envelope[],
    partial: readonly Envelope[] = [],
  ): Promise<void> {
    const all = await Promise.all(
      envelopes.map(async (envelope, at) => ({
        seq: at + 1,
        hash: await hashEnvelope(envelope),
        type: envelope.type,
        state: partial.includes(envelope) ? "partial" : "complete",
        envelope: wire(envelope),
      })),
    );
    this.answers.set(`/api/sites/${site}/documents`, (url) => {
      const after = Number(url.searchParams.get("after"));
      const types = url.searchParams.get("type")?.split(",") ?? [];
      const documents = all.filter(({ seq, type }) => seq > after && types.includes(type));
      return { body: { documents, after: Math.max(after, all.length) } };
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

function wire(envelope: Envelope): unknown {
  return JSON.parse(encodeEnvelope(envelope));
}
