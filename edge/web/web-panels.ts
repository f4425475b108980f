// Web panels of this edge (shared/protocol.md, "Web panels"): where the relay has their names, the certificate for them, and who is open. Invariants:
// the vendor is told of a name only after the relay has it; after every connect the relay is told all of them; without a domain or a certificate
// nothing opens, and the vendor learns which way works instead.
import { maxWebNames, type DownMessage } from "../../shared/control.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { messageOf } from "../../shared/errors.ts";
import type { ByteConnection } from "../../shared/socket-transport.ts";
import { webLabelOf } from "../../shared/web-name.ts";
import { notConnected, type ControlLink } from "../link/control-link.ts";
import type { Refusals } from "../refusals.ts";
import { noWebPanels } from "./no-panels.ts";
import type { OpenedWeb, WebHandler } from "./panel.ts";
import { makeName } from "./tokens.ts";
import {
  WebCertificate,
  type CertifiedName,
  type WebCertificateOptions,
} from "./web-certificate.ts";
import { WebServer } from "./web-server.ts";

/** How long an opening waits for domain and certificate. */
export const readyTimeoutMs = 20_000;
/** How long it waits for the relay to take a name. */
export const announceTimeoutMs = 10_000;
/** Between two requests for a certificate: authorities count them. */
const askAgainMs = 30 * 60_000;
/** The same where a vendor waits. */
const askAgainAtOnceMs = 60_000;

export interface WebPanelsOptions extends WebCertificateOptions {
  readonly edge: EdgeId;
  /** Counts who came without what it takes. */
  readonly refusals: Pick<Refusals, "count">;
  /** Whether a target of this edge is offered as a panel: certificates are not asked for in vain. */
  readonly isOffered: () => boolean;
  /** Undefined before there is one; both resolve once the relay has acknowledged, and reject without a connection. */
  readonly link: () => Pick<ControlLink, "announceWeb" | "certifyWeb"> | undefined;
}

interface Lack {
  readonly why: string;
  readonly isSettled: boolean;
}

export class WebPanels {
  readonly #options: WebPanelsOptions;
  readonly #label: string;
  readonly #certificate: WebCertificate;
  readonly #server: WebServer;
  readonly #names = new Set<string>();
  readonly #waiting = new Set<() => void>();
  #place: { readonly domain: string; readonly port: number } | undefined;
  #askedMs = -Infinity;
  /** A request for a certificate has no answer yet. */
  #isAsking = false;
  /** Why there is nothing to open with; `isSettled` if waiting would not mend it. */
  #lack: Lack = { why: "the relay has not said where", isSettled: false };
  #shown: CertifiedName | undefined;

  private constructor(options: WebPanelsOptions, label: string, certificate: WebCertificate) {
    this.#options = options;
    this.#label = label;
    this.#certificate = certificate;
    const { clock, refusals } = options;
    this.#server = new WebServer({ clock, onRefused: (why) => refusals.count(why) });
  }

  static async open(options: WebPanelsOptions): Promise<WebPanels> {
    const label = await webLabelOf(options.edge);
    return new WebPanels(options, label, await WebCertificate.open(options));
  }

  /** What is to be announced after a connect. */
  get names(): readonly string[] {
    return [...this.#names];
  }

  /** The relay says where panels have their names. */
  heardPlace({ domain, port }: DownMessage<"web">): void {
    const isOther = this.#place?.domain !== domain;
    this.#place = domain === null ? undefined : { domain, port };
    if (domain === null) this.#lack = { why: "the relay has no web domain", isSettled: true };
    else if (isOther || this.#isAsking) {
      // A relay that was started again knows of no request.
      this.#askedMs = -Infinity;
      this.#lack = { why: "no certificate yet", isSettled: false };
    }
    this.renew();
    this.#changed();
  }

  /** The relay answers a request for a certificate. */
  async heardCertificate({ chain, why }: DownMessage<"certificate">): Promise<void> {
    if (!this.#isAsking) return;
    this.#isAsking = false;
    try {
      if (chain === null) throw new Error(why ?? "no reason given");
      await this.#certificate.take(chain);
    } catch (thrown) {
      this.#lack = { why: `no certificate: ${messageOf(thrown)}`, isSettled: true };
      this.#options.log(`web panels: ${this.#lack.why}`);
    }
    this.#changed();
  }

  /** Asks for a certificate if one will be wanted and is due. */
  renew(): void {
    if (this.#options.isOffered()) this.#ask(askAgainMs);
  }

  /** See `AdmittedOpening.openWeb`. */
  async openPanel(panel: WebHandler, start: string): Promise<OpenedWeb> {
    const { domain, port } = await this.#whenReady();
    if (this.#names.size >= maxWebNames) throw noWebPanels(`${maxWebNames} panels are open`);
    const name = makeName();
    const host = `${name}.${this.#label}.${domain}`;
    const door = this.#server.open({ host, port, start, panel });
    this.#names.add(name);
    const close = (): void => {
      if (!this.#names.delete(name)) return;
      this.#server.close(door);
      // A name that the relay keeps for longer leads to a door that is not there.
      this.#announce().catch(() => undefined);
    };
    try {
      await this.#announced();
    } catch (thrown) {
      close();
      throw noWebPanels(`name not announced: ${messageOf(thrown)}`);
    }
    return { origin: door.origin, ticket: door.ticket, close };
  }

  /** Takes a browser's connection out of a tunnel. */
  accept(connection: ByteConnection, rest: Uint8Array): void {
    this.#server.accept(connection, rest);
  }

  [Symbol.dispose](): void {
    this.#names.clear();
    this.#server[Symbol.dispose]();
  }

  #ask(againMs: number): void {
    const { clock, log } = this.#options;
    const name = this.#wildcard();
    const nowMs = clock.monotonicMs();
    if (name === undefined || !this.#certificate.isDue(name)) return;
    if (nowMs - this.#askedMs < againMs) return;
    this.#askedMs = nowMs;
    this.#isAsking = true;
    this.#lack = { why: "no certificate yet", isSettled: false };
    this.#certify(this.#certificate.request(name)).catch((thrown: unknown) => {
      this.#askedMs = -Infinity;
      this.#isAsking = false;
      log(`certificate of web panels not asked for: ${messageOf(thrown)}`);
    });
  }

  #wildcard(): string | undefined {
    return this.#place && `*.${this.#label}.${this.#place.domain}`;
  }

  #ready(): { readonly domain: string; readonly port: number } | undefined {
    const name = this.#wildcard();
    const certified = name === undefined ? undefined : this.#certificate.current(name);
    if (certified === undefined) return undefined;
    if (certified !== this.#shown) this.#server.setCertificate(certified);
    this.#shown = certified;
    return this.#place;
  }

  async #whenReady(): Promise<{ readonly domain: string; readonly port: number }> {
    const endsMs = this.#options.clock.monotonicMs() + readyTimeoutMs;
    this.#ask(askAgainAtOnceMs);
    for (;;) {
      const ready = this.#ready();
      if (ready !== undefined) return ready;
      const leftMs = endsMs - this.#options.clock.monotonicMs();
      if (leftMs <= 0 || this.#lack.isSettled) throw noWebPanels(this.#lack.why);
      await this.#change(leftMs);
    }
  }

  async #change(limitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    using _limit = this.#options.clock.setTimer(limitMs, resolve);
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
  }

  async #announced(): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    using _limit = this.#options.clock.setTimer(announceTimeoutMs, () =>
      reject(new Error("the relay does not answer")),
    );
    await Promise.race([this.#announce(), promise]);
  }

  async #announce(): Promise<void> {
    await this.#connected().announceWeb(this.names);
  }

  async #certify(request: string): Promise<void> {
    await this.#connected().certifyWeb(request);
  }

  #connected(): Pick<ControlLink, "announceWeb" | "certifyWeb"> {
    const link = this.#options.link();
    if (link === undefined) throw notConnected();
    return link;
  }
}
