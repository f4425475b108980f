// A WebSocket between a panel's page and the device (RFC 6455): the handshake in the device's terms and signed in, then bytes as they are. It ends with
// either side, and with the panel.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { SallyportError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { DeviceAddress } from "../device-socket.ts";
import { isSocketFromPanel } from "./browser-rule.ts";
import { ClientFrames } from "./client-frames.ts";
import type { CookieJar } from "./cookie-jar.ts";
import { failureOf } from "./device-answer.ts";
import { maxSockets, type DeviceConnections } from "./device-connections.ts";
import { pageBytes, type ErrorPage } from "./error-page.ts";
import { originText, type Origin } from "./origins.ts";
import type { PathRule } from "./path-rule.ts";
import { refusedPage, unreadyPage } from "./panel-pages.ts";
import { requestFields } from "./request-fields.ts";
import type { Session, SignIn } from "./sign-in.ts";
import type { WebRecording } from "./web-recording.ts";

const handshakeLimitMs = 30_000;
/** By form the first one is the session; by Digest, nonces may be good once. */
const maxRenewals = 2;
/** Of the device's answer, what the browser needs. */
const answerFields: ReadonlySet<string> = new Set([
  "sec-websocket-accept",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
]);

export interface SocketPassage {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly publicOrigin: Origin;
  readonly device: Origin;
  readonly address: DeviceAddress;
  readonly connections: DeviceConnections;
  readonly jar: CookieJar;
  readonly rule: PathRule;
  readonly signIn: SignIn;
  readonly recording: WebRecording;
  readonly touch: () => void;
  readonly clock: Clock;
  readonly passesAuthorization: boolean;
  /** How many are open beside it. */
  readonly others: number;
}

/** Resolves when it is over; never rejects. */
export async function carrySocket(passage: SocketPassage): Promise<void> {
  const { request, socket, signIn, recording, address } = passage;
  const page = refusalOf(passage);
  if (page !== undefined) {
    socket.end(pageBytes(page));
    return;
  }
  const log = recording.webSocket(request.url ?? "/");
  try {
    await recording.drained();
    await signIn.ensure();
    let { session } = signIn;
    let opened = await openDevice(passage, session);
    for (let renewal = 1; renewal <= maxRenewals; renewal += 1) {
      if (opened.socket !== undefined || !signIn.isSignedOut(opened.answer)) break;
      const refusal = { answer: opened.answer, method: "GET", target: request.url ?? "/" };
      const renewed = await signIn.renew(session, refusal);
      if (renewed === undefined) break;
      session = renewed;
      opened = await openDevice(passage, session);
    }
    if (opened.socket === undefined) {
      socket.end(pageBytes({ ...unreadyPage, status: opened.answer.statusCode ?? 502 }));
      return;
    }
    log.opened();
    await join(passage, { answer: opened.answer, socket: opened.socket, head: opened.head }, log);
  } catch (thrown) {
    if (socket.destroyed) return;
    const failure = thrown instanceof SallyportError ? thrown : failureOf(address, thrown);
    recording.failed(failure.code);
    socket.end(pageBytes(unreadyPage));
  } finally {
    log.closed();
  }
}

function refusalOf({
  request,
  publicOrigin,
  rule,
  signIn,
  others,
}: SocketPassage): ErrorPage | undefined {
  const { method, headers, url: target = "/" } = request;
  if (method !== "GET" || headers.upgrade?.toLowerCase() !== "websocket") return unreadyPage;
  if (!isSocketFromPanel(request, originText(publicOrigin))) return refusedPage;
  if (!rule.mayAsk(target) || signIn.isLoginPage(target)) return refusedPage;
  return others >= maxSockets ? { ...refusedPage, status: 503 } : undefined;
}

interface OpenedDevice {
  readonly answer: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

async function openDevice(
  passage: SocketPassage,
  session: Session,
): Promise<OpenedDevice | { readonly answer: IncomingMessage; readonly socket?: undefined }> {
  const { request, device, publicOrigin, jar, passesAuthorization } = passage;
  const { connections, address, clock } = passage;
  const credential = session.fieldsFor("GET", request.url ?? "/");
  const terms = { device, publicOrigin, jar, credential, passesAuthorization };
  const fields = requestFields(request, terms);
  delete fields["accept-encoding"];
  const asked = connections.upgrade({
    method: "GET",
    target: request.url ?? "/",
    fields: { ...fields, connection: "Upgrade", upgrade: "websocket" },
  });
  const onGone = (): void => void asked.destroy();
  passage.socket.once("close", onGone);
  const { promise, resolve, reject } = Promise.withResolvers<
    OpenedDevice | { readonly answer: IncomingMessage; readonly socket?: undefined }
  >();
  asked.once("upgrade", (answer, socket, head) => resolve({ answer, socket, head }));
  asked.once("response", (answer) => {
    answer.destroy();
    resolve({ answer });
  });
  asked.on("error", (cause) => reject(failureOf(address, cause)));
  asked.once("close", () => reject(failureOf(address, new Error("ended without an answer"))));
  using _limit = clock.setTimer(handshakeLimitMs, () =>
    asked.destroy(new Error(`no answer in ${handshakeLimitMs / 1000} s`)),
  );
  asked.end();
  try {
    return await promise;
  } finally {
    passage.socket.off("close", onGone);
  }
}

async function join(
  { socket, head, jar, request, publicOrigin, touch }: SocketPassage,
  device: OpenedDevice,
  log: ReturnType<WebRecording["webSocket"]>,
): Promise<void> {
  device.socket.on("error", () => socket.destroy());
  const lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
  for (let at = 0; at + 1 < device.answer.rawHeaders.length; at += 2) {
    const [name = "", value = ""] = device.answer.rawHeaders.slice(at, at + 2);
    if (answerFields.has(name.toLowerCase())) lines.push(`${name}: ${value}`);
  }
  const set = device.answer.headers["set-cookie"] ?? [];
  for (const cookie of jar.sort(set, request.url ?? "/", publicOrigin.scheme === "https")) {
    lines.push(`Set-Cookie: ${cookie}`);
  }
  socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  if (head.length > 0) socket.unshift(head);
  if (device.head.length > 0) device.socket.unshift(device.head);
  const frames = new ClientFrames(touch);
  socket.on("data", (part: Buffer) => {
    log.toDevice(part.length);
    frames.feed(part);
  });
  device.socket.on("data", (part: Buffer) => log.fromDevice(part.length));
  // The end of one side is the end of both: a WebSocket has no half.
  await Promise.race([pipeline(socket, device.socket), pipeline(device.socket, socket)]).catch(
    () => undefined,
  );
  socket.destroy();
  device.socket.destroy();
}
