// A device's web panel for one vendor: his browser's requests, in the device's terms and signed in, and the answers, in the panel's terms
// (shared/protocol.md, "Web panels"). Bodies stream both ways, each read no faster than the other side takes it.
// Invariants: nothing is asked that is not written down; nothing lets another page than the panel's own act; nothing of the login comes back.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip, createGzip } from "node:zlib";
import { SallyportError } from "../../../shared/errors.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import type { JudgeKey } from "../device-certificate.ts";
import type { DeviceAddress } from "../device-socket.ts";
import type { Recording } from "../target.ts";
import { Addresses } from "./addresses.ts";
import { isFromPanel, isNavigation, isUnsafe, mayUseMethod } from "./browser-rule.ts";
import { CookieJar } from "./cookie-jar.ts";
import { answerOf, failureOf } from "./device-answer.ts";
import { DeviceConnections } from "./device-connections.ts";
import { answerPage, type ErrorPage } from "./error-page.ts";
import * as pages from "./panel-pages.ts";
import { deviceOrigin, originText, parseOrigin, type Origin } from "./origins.ts";
import { PathRule } from "./path-rule.ts";
import { heldBody, sendBody } from "./request-body.ts";
import { hasBody, requestFields } from "./request-fields.ts";
import { responseFields } from "./response-fields.ts";
import { SignIn, type Session, type WebDevice } from "./sign-in.ts";
import { carrySocket } from "./web-socket.ts";
import { WebRecording, type RecordedRequest } from "./web-recording.ts";

/** Bodies in which addresses of the device are rewritten. */
const rewrittenTypes =
  /^(?:text\/(?:html|css|javascript|xml)|application\/(?:x-)?(?:javascript|json|xml|xhtml\+xml|ecmascript)|[a-z.+-]+\/[\w.-]+\+(?:xml|json))\b/i;
const knownEncodings: ReadonlySet<string> = new Set(["identity", "gzip", "x-gzip"]);
/** What came packed goes on packed, at little cost for a small edge. */
const packingLevel = 3;
/** Browsers give up after twenty; a panel that only redirects is told in plain words before. */
const maxRedirects = 10;
/** A panel that leads back to its login at once would be sent round and round. */
const roundMs = 5_000;
/** Nonces that are good once, and others who ask at the same moment. */
const maxDigestRenewals = 2;

export interface WebPanelOptions {
  readonly device: WebDevice;
  /** The target's name. */
  readonly name: string;
  readonly legacy: boolean;
  readonly readSecret: () => Promise<Secret | undefined>;
  /** Whether to go on with the certificate that the device shows. */
  readonly judge: JudgeKey;
  readonly recording: Recording;
  /** The vendor did something. */
  readonly touch: () => void;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** What one request goes through. */
interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: string;
  readonly target: string;
  readonly publicOrigin: Origin;
  readonly log: RecordedRequest;
}

export class WebPanel {
  readonly #options: WebPanelOptions;
  readonly #address: DeviceAddress;
  readonly #device: Origin;
  readonly #ended = new AbortController();
  readonly #connections: DeviceConnections;
  readonly #jar: CookieJar;
  readonly #rule: PathRule;
  readonly #signIn: SignIn;
  readonly #recording: WebRecording;
  readonly #responses = new Set<ServerResponse>();
  readonly #sockets = new Set<Duplex>();
  #fault: SallyportError | undefined;
  #redirects = 0;
  #sentToStartMs = Number.NEGATIVE_INFINITY;

  constructor(options: WebPanelOptions) {
    const { device, name, legacy, clock, recording, readSecret, judge, signal } = options;
    this.#options = options;
    this.#address = { host: device.host, port: device.port, name };
    this.#device = deviceOrigin(device);
    this.#jar = new CookieJar(clock);
    this.#recording = new WebRecording(recording, clock);
    const { signIn, paths, start, certificate } = device;
    const login = signIn.how === "form" ? signIn.path : undefined;
    this.#rule = new PathRule({ paths, start, login });
    const end = this.#ended.signal;
    const address = this.#address;
    this.#connections = new DeviceConnections({
      address,
      certificate,
      judge,
      legacy,
      clock,
      signal: end,
    });
    this.#signIn = new SignIn({
      device,
      address,
      origin: this.#device,
      connections: this.#connections,
      jar: this.#jar,
      rule: this.#rule,
      readSecret,
      clock,
    });
    for (const each of [signal, recording.failed]) {
      each.addEventListener("abort", () => this.close());
      if (each.aborted) this.close();
    }
  }

  /** Reaches the device, judges its certificate and signs in. Rejects with a DeviceError. */
  async begin(): Promise<void> {
    await this.#signIn.ensure();
  }

  /** Answers one request; `origin` is how the browser knows the panel. */
  handle(request: IncomingMessage, response: ServerResponse, origin: string): void {
    this.#responses.add(response);
    response.once("close", () => this.#responses.delete(response));
    if (this.#ended.signal.aborted) return void response.destroy();
    const { method = "GET", url: target = "/" } = request;
    const log = this.#recording.request(method, target);
    const publicOrigin = parseOrigin(origin);
    this.#serve({ request, response, method, target, publicOrigin, log }).then(
      (isWhole) => log.end(isWhole),
      (thrown: unknown) => {
        this.#fail(response, thrown);
        log.end(false);
      },
    );
  }

  /** Carries a WebSocket; owns the socket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, origin: string): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    // A browser that goes away is no fault.
    socket.on("error", () => socket.destroy());
    if (this.#ended.signal.aborted) return void socket.destroy();
    void carrySocket({
      request,
      socket,
      head,
      publicOrigin: parseOrigin(origin),
      device: this.#device,
      address: this.#address,
      connections: this.#connections,
      jar: this.#jar,
      rule: this.#rule,
      signIn: this.#signIn,
      recording: this.#recording,
      touch: this.#options.touch,
      clock: this.#options.clock,
      passesAuthorization: this.#isVendorsLogin,
      others: this.#sockets.size - 1,
    });
  }

  /** Cuts every connection, to the device and to the browser. */
  close(): void {
    this.#ended.abort();
    for (const response of this.#responses) response.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Aborted by `close`. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** The device showed a certificate that was neither pinned nor accepted: what the journal has to know, although each request got its page. */
  get fault(): SallyportError | undefined {
    return this.#fault;
  }

  get #isVendorsLogin(): boolean {
    return this.#options.device.signIn.how === "none";
  }

  /** True if the browser got the device's whole answer. */
  async #serve(passage: Passage): Promise<boolean> {
    const { request, response, method, target, log } = passage;
    if (this.#isTyped(passage)) return sendTo(response, this.#options.device.start);
    const page = this.#refusalOf(passage);
    if (page !== undefined) return refuse(response, page);
    if (isNavigation(request) || isUnsafe(method)) this.#options.touch();
    await this.#recording.drained();
    await this.#signIn.ensure();
    if (this.#signIn.isLoginPage(target)) return this.#leadToStart(response);
    if (isUnsafe(method)) log.begin();
    const answer = await this.#askSignedIn(passage);
    if (answer === undefined) return refuse(response, pages.againPage);
    const loop = this.#loopOf(passage, answer);
    if (loop === undefined) return this.#answer(passage, answer);
    answer.destroy();
    return refuse(response, loop);
  }

  #refusalOf({ request, method, target, publicOrigin }: Passage): ErrorPage | undefined {
    if (!mayUseMethod(method)) return { ...pages.refusedPage, status: 405 };
    if (!isFromPanel(request, originText(publicOrigin))) return pages.elsewherePage;
    if (request.headers["service-worker"] !== undefined) return pages.refusedPage;
    if (!this.#rule.mayAsk(target)) return pages.refusedPage;
    if (this.#rule.isLogin(target) && isUnsafe(method)) return pages.loginPage;
    return undefined;
  }

  /** The device's answer to whoever is signed in; undefined where that came too late for a body that cannot be sent again. */
  async #askSignedIn(passage: Passage): Promise<IncomingMessage | undefined> {
    const { request, method, target, log } = passage;
    const signIn = this.#signIn;
    // A 401 to Digest is no more than a question, so what was held may be said again; a session by form may have ended in the middle.
    const held = signIn.isByDigest ? await heldBody(request, log) : undefined;
    const isStreamed = hasBody(request) && held === undefined;
    let session = isStreamed ? await signIn.sessionForUpload(target) : signIn.session;
    let answer = await this.#ask(passage, session, held);
    const renewals = signIn.isByDigest ? maxDigestRenewals : 1;
    for (let renewal = 1; renewal <= renewals; renewal += 1) {
      if (this.#isVendorsLogin || !signIn.isSignedOut(answer, target)) return answer;
      const renewed = await signIn.renew(session, { answer, method, target });
      if (renewed === undefined) return answer;
      answer.destroy();
      if (isStreamed) return undefined;
      session = renewed;
      answer = await this.#ask(passage, session, held);
    }
    // A request that ends a session, such as a logout, has ended the new one too.
    if (signIn.isSignedOut(answer, target)) signIn.giveUp(session.generation);
    return answer;
  }

  async #ask(
    passage: Passage,
    session: Session,
    held: Buffer | undefined,
    isRetry = false,
  ): Promise<IncomingMessage> {
    const { request, response, method, target, publicOrigin, log } = passage;
    const fields = requestFields(request, {
      device: this.#device,
      publicOrigin,
      jar: this.#jar,
      credential: session.fieldsFor(method, target),
      passesAuthorization: this.#isVendorsLogin,
    });
    const asked = this.#connections.request({ method, target, fields });
    const onGone = (): void => void asked.destroy();
    response.once("close", onGone);
    asked.once("close", () => response.off("close", onGone));
    if (response.destroyed) asked.destroy();
    if (held !== undefined) asked.end(held);
    else if (hasBody(request)) void sendBody(request, log, asked);
    else asked.end();
    try {
      const answer = await answerOf(asked, this.#address, this.#options.clock);
      log.answered(answer.statusCode ?? null, answer.headers["content-type"]);
      return answer;
    } catch (thrown) {
      // A kept connection that the device closed at this very moment: nothing was answered, and asking again changes nothing.
      const isStale = asked.reusedSocket && isCut(thrown);
      const mayRetry = isStale && !isRetry && !isUnsafe(method) && !hasBody(request);
      if (!mayRetry || response.destroyed) throw thrown;
      return this.#ask(passage, session, held, true);
    }
  }

  async #answer(passage: Passage, answer: IncomingMessage): Promise<boolean> {
    const { response, method, target, publicOrigin, log } = passage;
    const { statusCode: status = 502, headers } = answer;
    const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
    const isRewritten =
      rewrittenTypes.test(headers["content-type"] ?? "") &&
      knownEncodings.has(encoding) &&
      status !== 206;
    const addresses = new Addresses(this.#device, publicOrigin);
    const fields = responseFields(answer, {
      addresses,
      publicOrigin,
      jar: this.#jar,
      target,
      isRewritten,
      hidesChallenge: !this.#isVendorsLogin,
    });
    if (response.destroyed) {
      answer.destroy();
      return false;
    }
    response.writeHead(status, fields.flat());
    // What is there shows at once, also when the body is slow.
    response.flushHeaders();
    if (!isRewritten || method === "HEAD" || status === 204 || status === 304) {
      await pipeline(answer, log.download(), response);
    } else if (encoding === "identity") {
      await pipeline(answer, log.download(), addresses.stream(), response);
    } else {
      const packed = createGzip({ level: packingLevel, flush: constants.Z_SYNC_FLUSH });
      const open = createGunzip();
      await pipeline(answer, log.download(), open, addresses.stream(), packed, response);
    }
    return true;
  }

  async #leadToStart(response: ServerResponse): Promise<boolean> {
    const { clock, device } = this.#options;
    const isNew = await this.#signIn.isRenewed(this.#signIn.session.generation);
    const nowMs = clock.monotonicMs();
    if (!isNew && nowMs - this.#sentToStartMs < roundMs) return refuse(response, pages.roundPage);
    this.#sentToStartMs = nowMs;
    return sendTo(response, device.start);
  }

  // Who types the panel's address alone, as the command shows it, means its first page.
  #isTyped({ request, method, target }: Passage): boolean {
    const site = request.headers["sec-fetch-site"] ?? "none";
    const isBare = target === "/" && this.#options.device.start !== "/";
    return isBare && method === "GET" && site === "none" && isNavigation(request);
  }

  // A redirect is the browser's to follow, as long as it leads anywhere.
  #loopOf({ request, target }: Passage, answer: IncomingMessage): ErrorPage | undefined {
    const { statusCode = 0, headers } = answer;
    const isRedirect = statusCode >= 300 && statusCode < 400 && headers.location !== undefined;
    if (!isNavigation(request)) return undefined;
    if (!isRedirect) {
      this.#redirects = 0;
      return undefined;
    }
    this.#redirects += 1;
    const own = originText(this.#device);
    const base = `${own}${target}`;
    const to = URL.canParse(headers.location ?? "", base)
      ? new URL(headers.location ?? "", base)
      : undefined;
    const isSame = to !== undefined && to.href === base && headers["set-cookie"] === undefined;
    if (isSame || this.#redirects > maxRedirects) {
      this.#redirects = 0;
      return pages.redirectsPage;
    }
    const { host, scheme } = this.#device;
    if (to?.hostname === host && to.protocol === "https:" && scheme === "http")
      return pages.securePage;
    return undefined;
  }

  #fail(response: ServerResponse, thrown: unknown): void {
    if (this.#ended.signal.aborted || response.destroyed) {
      response.destroy();
      return;
    }
    const failure = thrown instanceof SallyportError ? thrown : failureOf(this.#address, thrown);
    this.#recording.failed(failure.code);
    if (failure.code === "device_changed") this.#fault = failure;
    answerPage(response, pages.failurePage(failure));
  }
}

function refuse(response: ServerResponse, page: ErrorPage): false {
  answerPage(response, page);
  return false;
}

function sendTo(response: ServerResponse, location: string): false {
  response.writeHead(303, { location, "cache-control": "no-store" });
  response.end();
  return false;
}

function isCut(thrown: unknown): boolean {
  const { code } = ((thrown as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}
