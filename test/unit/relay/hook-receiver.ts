// A webhook's receiver: a real HTTPS (or plain HTTP) server that keeps what it got and checks the signature as its owner would.
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer as createHttpServer, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { makeCertificates } from "../../support/certificates.ts";
import { Inbox } from "../../support/inbox.ts";

export interface Hooked {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export class HookReceiver implements AsyncDisposable {
  readonly hooked = new Inbox<Hooked>();
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
  }

  /** Answers as `answer` does, by default 204; with HTTPS this process trusts its certificate. */
  static async start(
    scheme: "https" | "http" = "https",
    answer: RequestListener = (_request, response) => void response.writeHead(204).end(),
  ): Promise<HookReceiver> {
    const listener: RequestListener = (request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { url: path = "", headers } = request;
        receiver.hooked.add({ path, headers, body: Buffer.concat(chunks).toString() });
        answer(request, response);
      });
    };
    const server = scheme === "http" ? createHttpServer(listener) : await secureServer(listener);
    const receiver: HookReceiver = new HookReceiver(server, scheme);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** An address of it. */
  url(path = "/hook", host = "127.0.0.1"): string {
    return `${this.#scheme}://${host}:${this.port}${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

async function secureServer(listener: RequestListener): Promise<Server> {
  const { authority, certificate, privateKey } = await makeCertificates();
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), authority]);
  return createHttpsServer({ cert: certificate, key: privateKey }, listener);
}

/** Whether a body is signed under the secret, within five minutes of `nowSeconds`: what broker/README.md tells receivers to check. */
export function isSigned({ headers, body }: Hooked, secret: string, nowSeconds: number): boolean {
  const header = String(headers["sallyport-signature"]);
  const [, at, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(header) ?? [];
  if (at === undefined || mac === undefined) return false;
  if (Math.abs(Number(at) - nowSeconds) > 300) return false;
  const own = createHmac("sha256", secret).update(`${at}.${body}`).digest();
  return timingSafeEqual(own, Buffer.from(mac, "hex"));
}
