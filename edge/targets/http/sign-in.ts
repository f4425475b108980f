// The login of a web panel, done by the edge with the vault's secret: by a field of each request, or by a form whose session stays in the edge's jar.
// Invariants: a wrong secret is tried once; concurrent requests wait for one login; what the login answered is shown to nobody.
import type { IncomingMessage } from "node:http";
import type { Clock } from "../../../shared/clock.ts";
import type { Device } from "../../../shared/document/device.ts";
import type { Secret } from "../../../shared/document/secret.ts";
import { addressOf, DeviceError } from "../device-error.ts";
import type { DeviceAddress } from "../device-socket.ts";
import type { CookieJar } from "./cookie-jar.ts";
import { answerOf, beginningOf } from "./device-answer.ts";
import type { DeviceConnections } from "./device-connections.ts";
import { originText, type Origin } from "./origins.ts";
import type { PathRule } from "./path-rule.ts";

export type WebDevice = Extract<Device, { kind: "http" }>;
type FormSignIn = Extract<WebDevice["signIn"], { how: "form" }>;

/** How often a session may be doubted in a while: no storm of checks, no loop of logins. */
const maxDoubts = 5;
const doubtsWithinMs = 15_000;
/** Where a login form would stand in a page. */
const pageBytes = 128 * 1024;

export interface SignInOptions {
  readonly device: WebDevice;
  readonly address: DeviceAddress;
  readonly origin: Origin;
  readonly connections: DeviceConnections;
  readonly jar: CookieJar;
  readonly rule: PathRule;
  readonly readSecret: () => Promise<Secret | undefined>;
  readonly clock: Clock;
}

export class SignIn {
  readonly #options: SignInOptions;
  #credential: Readonly<Record<string, string>> = {};
  /** Counts sessions, so that a request knows under which it was made. */
  #generation = 0;
  #isSignedIn = false;
  #doubtsMs: readonly number[] = [];
  #running: Promise<void> | undefined;
  #checking: Promise<boolean> | undefined;
  #refused: DeviceError | undefined;

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** What each request says to be signed in. */
  get credential(): Readonly<Record<string, string>> {
    return this.#credential;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Signs in if there is no session. Rejects with a DeviceError: at once, without trying, after the device refused the secret. */
  async ensure(): Promise<void> {
    if (this.#isSignedIn) return;
    if (this.#refused !== undefined) throw this.#refused;
    this.#running ??= this.#signIn().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** True if an answer says that whoever asked is not signed in. */
  isSignedOut({ statusCode = 0, headers }: IncomingMessage): boolean {
    if (statusCode === 401 || statusCode === 403) return true;
    const { location } = headers;
    if (statusCode < 300 || statusCode >= 400 || location === undefined) return false;
    const { origin, rule } = this.#options;
    const base = originText(origin);
    if (!URL.canParse(location, base)) return false;
    const { pathname, search, hostname } = new URL(location, base);
    return hostname === new URL(base).hostname && rule.isLogin(pathname + search);
  }

  /**
   * After an answer that says so to a request of this generation: true if there is a new session now, so that the same may be asked again;
   * false if the session is alive all the same. Rejects like `ensure`.
   */
  async renew(generation: number): Promise<boolean> {
    if (generation !== this.#generation) return true;
    if (this.#options.device.signIn.how !== "form") return false;
    if (this.#isSignedIn) {
      if (this.#checking === undefined && !this.#mayDoubt()) return false;
      this.#checking ??= this.#isAlive().finally(() => {
        this.#checking = undefined;
      });
      if (await this.#checking) return false;
    }
    await this.ensure();
    return true;
  }

  /** The session of this generation is over: the next request signs in. */
  giveUp(generation: number): void {
    if (generation === this.#generation && this.#mayDoubt()) this.#isSignedIn = false;
  }

  #mayDoubt(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    const recent = this.#doubtsMs.filter((atMs) => nowMs - atMs < doubtsWithinMs);
    if (recent.length >= maxDoubts) return false;
    this.#doubtsMs = [...recent, nowMs];
    return true;
  }

  async #isAlive(): Promise<boolean> {
    const { isSignedOut } = await this.#start();
    if (isSignedOut) this.#isSignedIn = false;
    return !isSignedOut;
  }

  async #signIn(): Promise<void> {
    const { signIn } = this.#options.device;
    if (signIn.how === "form") await this.#postForm(signIn);
    else await this.#tryField(signIn);
    this.#generation += 1;
    this.#isSignedIn = true;
  }

  // The first request of all is the trial, so that a wrong secret is not sent by six connections at once.
  async #tryField(signIn: Exclude<WebDevice["signIn"], FormSignIn>): Promise<void> {
    if (signIn.how !== "none") {
      const password = await this.#password();
      const { how } = signIn;
      this.#credential =
        how === "basic"
          ? { authorization: `Basic ${toBase64(`${signIn.login}:${password}`)}` }
          : { [signIn.name]: fieldValue(password) };
    }
    const { status } = await this.#start();
    const isRefused =
      (signIn.how !== "none" && status === 401) || (signIn.how === "header" && status === 403);
    if (isRefused) this.#refuse(`answered ${status}`);
  }

  async #postForm({ path, login, loginField, passwordField, fields }: FormSignIn): Promise<void> {
    const { connections, origin, jar, address, clock } = this.#options;
    const form = new URLSearchParams(fields.map(({ name, value }) => [name, value]));
    if (loginField !== null) form.append(loginField, login ?? "");
    form.append(passwordField, await this.#password());
    const body = Buffer.from(form.toString());
    const cookies = jar.fieldFor(path, origin.scheme === "https");
    const request = connections.request({
      method: "POST",
      target: path,
      fields: {
        ...this.#usualFields(),
        origin: originText(origin),
        referer: `${originText(origin)}${path}`,
        "content-type": "application/x-www-form-urlencoded",
        "content-length": body.length,
        ...(cookies !== "" && { cookie: cookies }),
      },
    });
    request.end(body);
    const answer = await answerOf(request, address, clock);
    const set = answer.headers["set-cookie"] ?? [];
    const { statusCode: status = 0 } = answer;
    const hasForm = await this.#showsForm(answer, passwordField);
    if (this.isSignedOut(answer)) this.#refuse(`answered ${status} to the login's form`);
    if (hasForm) this.#refuse("answered the login with its form again");
    if (status >= 400) this.#refuse(`answered ${status} to the login's form`);
    jar.keep(set, path);
    const start = await this.#start(passwordField);
    if (start.isSignedOut) this.#refuse("is not signed in after the login");
    // A page may carry a login form that it does not show; without a session nobody can be signed in.
    if (start.hasForm && set.length === 0) this.#refuse("gave no session and shows its form again");
  }

  /** Asks for the first page. */
  async #start(passwordField?: string) {
    const { connections, device, address, clock, jar, origin } = this.#options;
    const cookies = jar.fieldFor(device.start, origin.scheme === "https");
    const request = connections.request({
      method: "GET",
      target: device.start,
      fields: {
        ...this.#usualFields(),
        accept: "text/html,*/*",
        ...this.#credential,
        ...(cookies !== "" && { cookie: cookies }),
      },
    });
    request.end();
    const answer = await answerOf(request, address, clock);
    const isSignedOut = this.isSignedOut(answer);
    const hasForm = passwordField !== undefined && (await this.#showsForm(answer, passwordField));
    if (passwordField === undefined) await beginningOf(answer, pageBytes);
    // What is the browser's to have, it gets when it asks itself.
    jar.sort(answer.headers["set-cookie"] ?? [], device.start, true);
    return { status: answer.statusCode ?? 0, isSignedOut, hasForm };
  }

  async #showsForm(answer: IncomingMessage, passwordField: string): Promise<boolean> {
    const body = await beginningOf(answer, pageBytes);
    if (!/^(?:text\/html|application\/xhtml)/i.test(answer.headers["content-type"] ?? ""))
      return false;
    const name = passwordField.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
    return new RegExp(`<input\\b[^>]*\\bname\\s*=\\s*["']?${name}["'\\s/>]`, "i").test(body);
  }

  #usualFields(): Record<string, string> {
    return {
      host: this.#options.origin.authority,
      "user-agent": "Mozilla/5.0 (compatible; Sallyport)",
      "accept-encoding": "identity",
    };
  }

  async #password(): Promise<string> {
    const secret = await this.#options.readSecret();
    if (secret?.kind === "password") return secret.password;
    const { name } = this.#options.address;
    const why = secret === undefined ? "the vault holds no secret for it" : "its secret is a key";
    throw new DeviceError(
      "vault_invalid",
      `cannot sign in to target "${name}": ${why}`,
      `the edge has no password for "${name}"`,
    );
  }

  #refuse(what: string): never {
    const { host, port, name } = this.#options.address;
    this.#credential = {};
    this.#refused = new DeviceError(
      "device_refused",
      `device ${addressOf(host, port)} refused the login: it ${what}`,
      `"${name}" did not accept the login that the edge keeps for it; it was tried once`,
    );
    throw this.#refused;
  }
}

function toBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

// A field carries no more than latin1; beyond that its bytes go as UTF-8, which is what most servers read.
function fieldValue(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
