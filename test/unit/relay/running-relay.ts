// A real relay on a free port with a real store in a folder of its own, under a clock that only the test turns, and the paper site's people at it.
import { readFileSync } from "node:fs";
import * as tls from "node:tls";
import * as assert from "uvu/assert";
import { startRelay, type Relay } from "../../../broker/relay/app.ts";
import { parseRelayConfig } from "../../../broker/relay/config.ts";
import { encodeEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { temporaryFolder, type TemporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { paperAt, PaperSite, signed } from "../document/paper-site.ts";

export const relayName = "relay.example.org";

interface LogEntryBody {
  readonly seq: number;
  readonly hash: string;
  readonly type: string;
  readonly state: string;
  readonly at: number;
  readonly envelope: object;
}

/** What the API's answers hold, all in one: a test reads what it asked for. */
export interface AnswerBody {
  readonly code: string;
  readonly message: string;
  readonly field: string;
  readonly nonce: string;
  readonly token: string;
  readonly expiresAt: number;
  readonly site: string;
  readonly sites: {
    site: string;
    name: string;
    person: string;
    roles: string[];
    displayName?: string;
    totp?: string;
    account?: { name: string; recoveryCodesLeft: number } | null;
  }[];
  readonly hash: string;
  readonly seq: number;
  readonly state: string;
  readonly documents: LogEntryBody[];
  readonly after: number;
  readonly envelope: object;
  readonly manifests: { version: number; hash: string; envelope: object }[];
  readonly newest: number;
  readonly secret: string;
  readonly uri: string;
  readonly sent: boolean;
  readonly stop: string;
  readonly endsAt: number;
  readonly edges: {
    edge: string;
    state: string;
    online: boolean;
    checkpoint: object | null;
    witness: object | null;
  }[];
  readonly sessions: { session: string; person: string; endedAt: number | null }[];
  readonly headers: string[];
  readonly length: number;
  readonly receipts: { hash: string }[];
  readonly method: string;
  readonly isPage: boolean;
  readonly idleSeconds: number | null;
  readonly idleEndsAt: number | null;
  readonly apiToken: { id: string; name: string; scope: string } | null;
  readonly locked: boolean;
  readonly useNotice: string | null;
  readonly recoveryCodes: string[];
  readonly id: string;
  readonly tokens: { id: string; name: string; scope: string; lastUsedAt: number | null }[];
  readonly drafts: { name: string; version: number; author: string; authorToken: string | null }[];
  readonly version: number;
  readonly content: object;
  readonly entries: { event: string; person: string | null; details: object }[];
}

export interface Answer {
  readonly status: number;
  /** The JSON body; empty if there is none. */
  readonly body: AnswerBody;
  readonly headers: Headers;
}

export interface Call {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly headers?: ReadonlyMap<string, string>;
}

/** An envelope as the API carries it. */
export function json(envelope: Envelope): unknown {
  return JSON.parse(encodeEnvelope(envelope));
}

export class RunningRelay implements AsyncDisposable {
  readonly clock = new TurnedClock(paperAt * 1000);
  readonly folder: TemporaryFolder = temporaryFolder();
  /** The log, a JSON line each. */
  readonly lines: string[] = [];
  readonly #isSecure: boolean;
  readonly #environment: Readonly<Record<string, string>>;
  #relay: Relay | undefined;

  private constructor(isSecure: boolean, environment: Readonly<Record<string, string>>) {
    this.#isSecure = isSecure;
    this.#environment = environment;
  }

  /** Plain HTTP, or with `isSecure` HTTPS under the relay's own development authority, which this process trusts from then on. */
  static async start(
    isSecure = false,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<RunningRelay> {
    const running = new RunningRelay(isSecure, environment);
    await running.#open();
    return running;
  }

  /** PEM of the development authority. */
  get authority(): string {
    return readFileSync(this.folder.file("tls/authority.crt"), "utf8");
  }

  get url(): string {
    assert.ok(this.#relay);
    return this.#relay.url;
  }

  // Browsers send every name under localhost to this machine, Node asks the network.
  get #address(): string {
    const address = new URL(this.url);
    if (address.hostname.endsWith(".localhost")) address.hostname = "127.0.0.1";
    return address.origin;
  }

  get registrationToken(): string {
    return readFileSync(this.folder.file("registration-token"), "utf8").trim();
  }

  /** Ends the relay and starts another one on the same folder. */
  async restart(): Promise<void> {
    await this.#end();
    await this.#open();
  }

  async call(
    method: string,
    path: string,
    { token, body, signal, headers }: Call = {},
  ): Promise<Answer> {
    const response = await fetch(`${this.#address}/api${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...Object.fromEntries(headers ?? []),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
    const text = await response.text();
    return {
      status: response.status,
      body: JSON.parse(text || "{}") as AnswerBody,
      headers: response.headers,
    };
  }

  /** Registers a site by its first manifest. */
  async register(site: PaperSite, manifest: Envelope = site.chain.held.envelope): Promise<void> {
    const { registrationToken } = this;
    const body = { registrationToken, envelope: json(manifest) };
    const answer = await this.call("POST", "/sites", { body });
    assert.is(answer.status, 201, JSON.stringify(answer.body));
    assert.is(answer.body.site, site.id);
  }

  /** A token for the key of a name; at one site, if given. */
  async signIn(name: string, site: PaperSite | null = null): Promise<string> {
    const answer = await this.trySignIn(name, { site: site?.id ?? null });
    assert.is(answer.status, 201, JSON.stringify(answer.body));
    return answer.body.token;
  }

  /** Answers a fresh nonce with the key of a name, with `change` made to the document. */
  async trySignIn(name: string, change: object = {}): Promise<Answer> {
    this.clock.advanceMs(2000); // a person takes a moment, and the limit of strangers refills
    const { body } = await this.call("POST", "/sign-in/nonce");
    const issuedAt = Math.floor(this.clock.wallMs() / 1000);
    const payload = {
      relay: relayName,
      nonce: body.nonce,
      person: null,
      site: null,
      issuedAt,
      ...change,
    };
    const envelope = json(await signed("sign-in", payload, name));
    return this.call("POST", "/sign-in", { body: { envelope } });
  }

  /** Drops a document as the holder of a token. */
  async drop(site: PaperSite, token: string | undefined, envelope: Envelope): Promise<Answer> {
    this.clock.advanceMs(1000);
    const body = { envelope: json(envelope) };
    return this.call("POST", `/sites/${site.id}/documents`, { token, body });
  }

  async #open(): Promise<void> {
    const environment = {
      SALLYPORT_RELAY_NAME: relayName,
      SALLYPORT_RELAY_LISTEN: "127.0.0.1:0",
      SALLYPORT_RELAY_TLS: this.#isSecure ? "development" : "proxy",
      SALLYPORT_RELAY_DATA_DIRECTORY: this.folder.path,
      ...this.#environment,
    };
    const config = parseRelayConfig({ environment });
    const logTo = { write: (line: string) => void this.lines.push(line) };
    this.#relay = await startRelay(config, { clock: this.clock, version: "0.0.0", logTo });
    if (!this.#isSecure) return;
    tls.setDefaultCACertificates([...tls.getCACertificates("default"), this.authority]);
  }

  async #end(): Promise<void> {
    assert.ok(this.#relay);
    await turnUntil(this.clock, this.#relay.close(0));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    this.folder[Symbol.dispose]();
  }
}

/** Lets work go on that waits for a clock, until it is done. */
export async function turnUntil<T>(clock: TurnedClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const mark = (): void => void (isDone = true);
  work.then(mark, mark);
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!isDone) clock.advanceMs(50);
  }
  return work;
}

/** A relay at which the paper site is registered, with tokens of its people. */
export async function relayWithSite(
  change?: Parameters<typeof PaperSite.make>[0],
  isSecure = false,
): Promise<{ relay: RunningRelay; site: PaperSite }> {
  const relay = await RunningRelay.start(isSecure);
  const site = await PaperSite.make(change);
  await relay.register(site);
  return { relay, site };
}
