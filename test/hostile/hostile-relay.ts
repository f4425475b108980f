// An attacker in the relay's place: a TLS front of his own, which everybody has configured as the relay, before a relay that works. Through his
// hands go the API, the control links, the tunnels and the channels; he owns the relay's keys too. Without faults all goes on as it is.
import { readFileSync, writeFileSync } from "node:fs";
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { WebSocket, WebSocketServer } from "ws";
import type { DownMessage, DownName } from "../../shared/control.ts";
import { downTopic, encodeControl } from "../../shared/control.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { parseEdgeId, type EdgeId } from "../../shared/ids.ts";
import type { FrameTransport } from "../../shared/transport.ts";
import { makeCertificates } from "../support/certificates.ts";
import { startRelay, type RunningRelay } from "../support/installation.ts";
import { answerUpgrade, CarriedChannel, requestText, type Tamper } from "./carried-channel.ts";
import { CarriedControl, publishOf, type AnyMessage, type Publish } from "./carried-control.ts";
import { Overheard } from "./overheard.ts";
import { Seen } from "./seen.ts";

export interface ApiCall {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** The JSON that was sent; undefined if there was none. */
  readonly body: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** What the attacker does for a while. Whatever is left out goes on as it is. */
export interface Faults {
  /** Answers a call; `forward` asks the relay, with another body or path if given. */
  api?(
    call: ApiCall,
    forward: (changed?: Partial<ApiCall>) => Promise<ApiAnswer>,
  ): Promise<ApiAnswer>;
  /** What goes on instead of a message of the control link. */
  control?(edge: EdgeId, message: AnyMessage, publish: Publish): readonly Publish[];
  /** Where a channel for `edge` goes: to an edge, to the attacker himself, or nowhere. */
  route?(edge: EdgeId): EdgeId | ((transport: FrameTransport) => void) | "nowhere";
  /** What goes on instead of a message of a channel. */
  tamper?: Tamper;
}

export class HostileRelay extends Overheard implements RunningRelay {
  readonly url: string;
  readonly port: number;
  readonly authority: string;
  readonly seen = new Seen();
  readonly channels: CarriedChannel[] = [];
  /** Paths of the tunnels that edges have dialled. */
  readonly tunnels: string[] = [];
  readonly #relay: RunningRelay;
  readonly #server: https.Server;
  readonly #control = new Map<EdgeId, CarriedControl>();
  readonly #mqttServer = new WebSocketServer({ noServer: true, handleProtocols: () => "mqtt" });
  #faults: Faults = {};

  private constructor(server: https.Server, relay: RunningRelay, authority: string) {
    super();
    this.#server = server;
    this.#relay = relay;
    this.port = (server.address() as AddressInfo).port;
    this.url = `https://127.0.0.1:${this.port}`;
    this.authority = authority;
    server.on("request", (request, response) => void this.#serve(request, response));
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(folder: string): Promise<HostileRelay> {
    const { authority, certificate, privateKey } = await makeCertificates(["127.0.0.1"]);
    const server = https.createServer({ cert: certificate, key: privateKey });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const relay = await startRelay(folder, {
      SALLYPORT_RELAY_TLS: "proxy",
      SALLYPORT_RELAY_URL: `https://127.0.0.1:${port}`,
    });
    const authorityFile = join(folder, "front-authority.pem");
    writeFileSync(authorityFile, authority);
    return new HostileRelay(server, relay, authorityFile);
  }

  get process() {
    return this.#relay.process;
  }

  get folder(): string {
    return this.#relay.folder;
  }

  get registrationToken(): string {
    return this.#relay.registrationToken;
  }

  restart(signal?: NodeJS.Signals): Promise<void> {
    return this.#relay.restart(signal);
  }

  /** The relay's own attestation key: the attacker may attest whatever he likes. */
  get attestationSeed(): Uint8Array {
    const text = readFileSync(join(this.folder, "attestation.key"), "utf8");
    return Uint8Array.fromBase64(text.trim(), { alphabet: "base64url" });
  }

  /** Lets the attacker act until the scope ends. */
  attack(faults: Faults): Disposable {
    const before = this.#faults;
    this.#faults = { ...before, ...faults };
    return { [Symbol.dispose]: () => void (this.#faults = before) };
  }

  /** Says something to an edge in the relay's name. */
  async tell<Name extends DownName>(
    edge: EdgeId,
    name: Name,
    message: DownMessage<Name>,
  ): Promise<void> {
    await this.tellRaw(edge, downTopic(edge, name), encodeControl(message));
  }

  /** The same with any topic and bytes. */
  async tellRaw(edge: EdgeId, topic: string, payload: Uint8Array): Promise<void> {
    (await this.control(edge)).sendDown(topic, payload);
  }

  /** Hands a document to an edge as the next of the relay's log. */
  async deliver(edge: EdgeId, envelope: Envelope): Promise<void> {
    const log = this.newest(edge, "document")?.message.log ?? "attacker-attacker";
    await this.tell(edge, "document", { log, seq: 0, envelope });
  }

  /** The live control link of an edge, as soon as there is one. */
  async control(edge: EdgeId): Promise<CarriedControl> {
    return this.found(() => this.#control.get(edge));
  }

  /** Whether an edge is signed in now. */
  isLinked(edge: EdgeId): boolean {
    return this.#control.has(edge);
  }

  /** Asks the relay's API behind the front, with whomever's sign-in the attacker has seen. */
  ask(method: string, path: string, body?: unknown, token?: string): Promise<ApiAnswer> {
    const fields = {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
    return this.#exchange({ method, path, body }, fields);
  }

  /** The first channel, carried already or from now on, that fits. */
  async channel(fits: (channel: CarriedChannel) => boolean): Promise<CarriedChannel> {
    return this.found(() => this.channels.find(fits));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const channel of this.channels) channel.cut();
    for (const control of this.#control.values()) control.cut();
    this.#server.closeAllConnections();
    this.#server.close();
    await this.#relay[Symbol.asyncDispose]();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [sent, answered] = [this.seen.stream(), this.seen.stream()];
    response.on("error", () => undefined);
    try {
      const text = await textOf(request);
      sent.add(Buffer.from(text));
      const call: ApiCall = {
        method: request.method ?? "GET",
        path: request.url ?? "/",
        body: text === "" ? undefined : JSON.parse(text),
      };
      const forward = (changed: Partial<ApiCall> = {}) =>
        this.#forward(request, { ...call, ...changed });
      const answer = await (this.#faults.api?.(call, forward) ?? forward());
      const body = answer.body === undefined ? "" : JSON.stringify(answer.body);
      answered.add(Buffer.from(body));
      response.writeHead(answer.status, { "content-type": "application/json" }).end(body);
    } catch {
      response.destroy();
    }
    this.happened();
  }

  #forward(original: IncomingMessage, call: ApiCall): Promise<ApiAnswer> {
    const gone = new AbortController();
    const abort = (): void => gone.abort();
    original.socket.once("close", abort);
    return this.#exchange(call, original.headers, gone.signal).finally(() =>
      original.socket.off("close", abort),
    );
  }

  async #exchange(
    { method, path, body }: ApiCall,
    fields: http.OutgoingHttpHeaders,
    signal?: AbortSignal,
  ): Promise<ApiAnswer> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const headers = { ...fields, "content-length": `${Buffer.byteLength(text)}` };
    const answer = Promise.withResolvers<IncomingMessage>();
    const target = { host: "127.0.0.1", port: this.#relay.port, method, path, headers };
    const asked = http.request(
      { ...target, ...(signal && { signal }), agent: false },
      answer.resolve,
    );
    asked.on("error", answer.reject);
    asked.end(text);
    const response = await answer.promise;
    const received = await textOf(response);
    return {
      status: response.statusCode ?? 502,
      body: received === "" ? undefined : JSON.parse(received),
    };
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const path = request.url ?? "/";
    socket.on("error", () => undefined);
    if (path.startsWith("/channel/")) this.#carryChannel(request, socket, head);
    else if (path === "/mqtt") this.#carryControl(request, socket, head);
    else this.#carryTunnel(request, socket, head);
  }

  #carryChannel(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const edge = parseEdgeId((request.url ?? "").slice("/channel/".length));
    const route = this.#faults.route?.(edge) ?? edge;
    if (route === "nowhere") {
      socket.destroy();
      return;
    }
    if (typeof route === "function") {
      void answerUpgrade(request, socket, head).then(route);
      return;
    }
    const relay = net.connect(this.#relay.port, "127.0.0.1");
    relay.write(requestText(request, `/channel/${route}`));
    const authorization = request.headers.authorization ?? "";
    const tamper: Tamper = (message) => {
      queueMicrotask(() => this.happened());
      return this.#faults.tamper?.(message) ?? [message.bytes];
    };
    const { seen } = this;
    this.channels.push(
      new CarriedChannel(
        { edge, authorization, vendor: socket, relay, tamper: () => tamper, seen },
        head,
      ),
    );
    this.happened();
  }

  #carryTunnel(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const relay = net.connect(this.#relay.port, "127.0.0.1");
    this.tunnels.push(request.url ?? "/");
    this.happened();
    relay.write(requestText(request, request.url ?? "/"));
    relay.write(head);
    for (const [from, to] of [
      [socket, relay],
      [relay, socket],
    ] as const) {
      const seen = this.seen.stream();
      from.on("error", () => undefined);
      from.on("data", (bytes: Buffer) => seen.add(bytes));
      from.on("close", () => to.destroy());
      from.pipe(to);
    }
  }

  #carryControl(request: IncomingMessage, socket: Duplex, head: Uint8Array): void {
    const relay = new WebSocket(`ws://127.0.0.1:${this.#relay.port}/mqtt`, "mqtt");
    this.#mqttServer.handleUpgrade(request, socket, Buffer.from(head), (edgeSocket) => {
      const seen = this.seen.stream();
      for (const each of [edgeSocket, relay])
        each.on("message", (bytes: Buffer) => seen.add(bytes));
      const publish = (edge: EdgeId, message: AnyMessage | undefined, plain: Publish) =>
        message === undefined ? [plain] : (this.#faults.control?.(edge, message, plain) ?? [plain]);
      const carried = new CarriedControl(
        edgeSocket,
        relay,
        () => ({ publish }),
        (edge, message) => {
          this.hear(edge, message);
        },
      );
      void carried.edge.then((edge) => {
        this.#control.set(edge, carried);
        this.happened();
        void carried.closed.then(() => {
          if (this.#control.get(edge) === carried) this.#control.delete(edge);
        });
      });
    });
  }
}

/** A message in its own edge's prefix, for faults that change one. */
export { publishOf };

async function textOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
