// A web panel between a real device and a browser's requests, without names, tickets and channels: what the tests of panels stand on.
import { once } from "node:events";
import http from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";
import { createHash, X509Certificate } from "node:crypto";
import { pinnedAlone, type JudgeKey } from "../../../edge/targets/device-certificate.ts";
import { WebPanel } from "../../../edge/targets/http/web-panel.ts";
import type { WebDevice } from "../../../edge/targets/http/sign-in.ts";
import { systemClock, type Clock } from "../../../shared/clock.ts";
import { makeCertificates } from "../../support/certificates.ts";
import { MemoryRecording } from "../../support/memory-recording.ts";

export type Serve = (request: http.IncomingMessage, response: http.ServerResponse) => void;

export interface DeviceServer extends AsyncDisposable {
  readonly port: number;
  readonly server: http.Server | https.Server;
  readonly sockets: ReadonlySet<Socket>;
  /** AA:BB:…, of HTTPS. */
  readonly certificate: string | null;
  /** `METHOD target` of every request, in order. */
  readonly asked: string[];
  /** Fields of the last request. */
  readonly last: () => http.IncomingHttpHeaders;
}

/** A device on a free port of this machine. */
export async function startDevice(
  serve: Serve,
  { secure = false, tls = {} }: { secure?: boolean; tls?: SecureContextOptions } = {},
): Promise<DeviceServer> {
  const made = secure ? await makeCertificates(["127.0.0.1"]) : undefined;
  const asked: string[] = [];
  let last: http.IncomingHttpHeaders = {};
  const onRequest: Serve = (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    last = request.headers;
    serve(request, response);
  };
  const server =
    made === undefined
      ? http.createServer(onRequest)
      : https.createServer({ ...tls, key: made.privateKey, cert: made.certificate }, onRequest);
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket.on("error", () => socket.destroy()));
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    server,
    sockets,
    certificate: made === undefined ? null : fingerprintOf(made.certificate),
    asked,
    last: () => last,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export function fingerprintOf(pem: string): string {
  const digest = createHash("sha256").update(new X509Certificate(pem).raw).digest("hex");
  return digest.toUpperCase().replace(/(..)(?=.)/g, "$1:");
}

export interface PanelUnderTest extends AsyncDisposable {
  readonly panel: WebPanel;
  readonly recording: MemoryRecording;
  readonly touches: () => number;
  /** Where requests go to: a plain server in front of the panel. */
  readonly port: number;
  /** What the browser believes. */
  readonly origin: string;
  ask(target: string, options?: AskOptions): Promise<Answer>;
}

export interface AskOptions {
  readonly method?: string;
  readonly fields?: http.OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly fields: http.IncomingHttpHeaders;
  readonly raw: readonly string[];
  readonly body: Buffer;
  readonly text: string;
}

export function panelDevice(server: DeviceServer, changes: Partial<WebDevice> = {}): WebDevice {
  return {
    kind: "http",
    host: "127.0.0.1",
    port: server.port,
    secure: server.certificate !== null,
    certificate: server.certificate,
    signIn: { how: "none" },
    start: "/",
    paths: [],
    ...changes,
  };
}

export const publicOrigin = "https://aaaaaaaaaaaaaaaaaaaaaaaaaa.0123.web.localhost:8443";

/** A panel of the device, reached at `port`. */
export async function startPanel(
  device: WebDevice,
  {
    password,
    clock = systemClock,
    origin = publicOrigin,
    legacy = false,
    judge = pinnedAlone,
  }: { password?: string; clock?: Clock; origin?: string; legacy?: boolean; judge?: JudgeKey } = {},
): Promise<PanelUnderTest> {
  const recording = new MemoryRecording({ kind: "web" });
  const ending = new AbortController();
  let touches = 0;
  const panel = new WebPanel({
    device,
    name: "Press 7",
    legacy,
    readSecret: async () => (password === undefined ? undefined : { kind: "password", password }),
    judge,
    recording,
    touch: () => {
      touches += 1;
    },
    signal: ending.signal,
    clock,
  });
  const server = http.createServer((request, response) => panel.handle(request, response, origin));
  server.on("upgrade", (request, socket, head) => panel.upgrade(request, socket, head, origin));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    panel,
    recording,
    touches: () => touches,
    port,
    origin,
    ask: (target, options) => ask(port, target, options),
    [Symbol.asyncDispose]: async () => {
      panel.close();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** One request on a connection of its own, and its whole answer. */
export async function ask(
  port: number,
  target: string,
  { method = "GET", fields = {}, body }: AskOptions = {},
): Promise<Answer> {
  const request = http.request({
    host: "127.0.0.1",
    port,
    path: target,
    method,
    headers: fields,
    agent: false,
  });
  request.end(body);
  const [response] = (await once(request, "response")) as [http.IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  const whole = Buffer.concat(parts);
  return {
    status: response.statusCode ?? 0,
    fields: response.headers,
    raw: response.rawHeaders,
    body: whole,
    text: whole.toString(),
  };
}
