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
import { hiddenFieldsBeside, holdsField, type FormField } from "./login-form.ts";
import { originText, type Origin } from "./origins.ts";
import { sameTarget, type PathRule } from "./path-rule.ts";

export type WebDevice = Extract<Device, { kind: "http" }>;
type FormSignIn = Extract<WebDevice["signIn"], { how: "form" }>;

/** How often a session may be doubted in a while: no storm of checks, no loop of logins. */
const maxDoubts = 5;
const doubtsWithinMs = 15_000;
/** From the first page to the login's, by the device's own redirects. */
const maxSteps = 3;
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
  /** Where the device sends whoever is not signed in; often not where the form is posted. */
  #loginPage: string | undefined;

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
  isSignedOut(answer: IncomingMessage, from = "/"): boolean {
    const { statusCode } = answer;
    if (statusCode === 401 || statusCode === 403) return true;
    const to = this.#leadsTo(answer, from);
    return to !== undefined && (this.#options.rule.isLogin(to) || this.isLoginPage(to));
  }

  /** True if a target is the page that asks for the login, where that is not the first page itself. */
  isLoginPage(target: string): boolean {
    const { rule, device } = this.#options;
    if (sameTarget(target, device.start)) return false;
    return rule.isLogin(target) || isSame(target, this.#loginPage);
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
    const password = await this.#password();
    const { page, hidden } = await this.#comeToLogin(path, passwordField);
    const form = new URLSearchParams(hidden.map(([name, value]) => [name, value]));
    // What the owner named counts, whatever the page says of it.
    for (const { name, value } of fields) form.set(name, value);
    if (loginField !== null) form.set(loginField, login ?? "");
    form.set(passwordField, password);
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
    if (await this.#showsForm(answer, passwordField)) this.#refuse("answered with its form again");
    const to = this.#leadsTo(answer, path);
    const isBack = to !== undefined && this.#options.rule.isLogin(to);
    if (status >= 400 || isBack) this.#refuse(`answered ${status} to the login's form`);
    jar.keep(set, path);
    const hasForm = await this.#formAfterLogin(passwordField, page);
    // A page may carry a login form that it does not show; without a session nobody can be signed in.
    const mayHideForm = set.length > 0 && (to === undefined || !isSame(to, page));
    if (hasForm && !mayHideForm) this.#refuse("shows its form again after the login");
  }

  /** Whether the first page, or the one to which it leads whoever is not signed in, shows the login's form. Learns what the login's page is. */
  async #formAfterLogin(passwordField: string, page: string | undefined): Promise<boolean> {
    const { device, jar, rule } = this.#options;
    const first = await this.#get(device.start);
    jar.sort(first.headers["set-cookie"] ?? [], device.start, true);
    const to = this.#leadsTo(first, device.start);
    const isOut = first.statusCode === 401 || first.statusCode === 403;
    const hasForm = await this.#showsForm(first, passwordField);
    if (isOut || (to !== undefined && rule.isLogin(to))) {
      this.#refuse("is not signed in after the login");
    }
    // Where everybody is led is no page of the login.
    const isForAll = to !== undefined && isSame(to, page);
    this.#loginPage = isForAll ? undefined : page;
    return isForAll ? this.#showsForm(await this.#get(to), passwordField) : hasForm;
  }

  // As a browser comes to the form: some panels give the session that is signed in then, and a token that the form must send along.
  async #comeToLogin(path: string, passwordField: string): Promise<Login> {
    const { device } = this.#options;
    let target = device.start;
    let html = "";
    for (let step = 0; step < maxSteps; step += 1) {
      const { to, text } = await this.#visit(target);
      html = text;
      if (to === undefined) break;
      target = to;
    }
    // Where the first page does not lead to the form, it may stand where it is posted.
    if (!holdsField(html, passwordField) && !sameTarget(target, path)) {
      html = (await this.#visit(path)).text;
    }
    return {
      page: target === device.start ? undefined : target,
      hidden: hiddenFieldsBeside(html, passwordField),
    };
  }

  async #visit(
    target: string,
  ): Promise<{ readonly to: string | undefined; readonly text: string }> {
    const answer = await this.#get(target);
    this.#options.jar.keep(answer.headers["set-cookie"] ?? [], target);
    const text = await beginningOf(answer, pageBytes);
    return { to: this.#leadsTo(answer, target), text: isPage(answer) ? text : "" };
  }

  /** Where an answer leads, if that is on the device itself. */
  #leadsTo({ statusCode = 0, headers }: IncomingMessage, from: string): string | undefined {
    const { location } = headers;
    if (statusCode < 300 || statusCode >= 400 || location === undefined) return undefined;
    const base = `${originText(this.#options.origin)}${from}`;
    if (!URL.canParse(location, base)) return undefined;
    const { pathname, search, hostname } = new URL(location, base);
    return hostname === new URL(base).hostname ? pathname + search : undefined;
  }

  async #get(target: string): Promise<IncomingMessage> {
    const { connections, address, clock, jar, origin } = this.#options;
    const cookies = jar.fieldFor(target, origin.scheme === "https");
    const request = connections.request({
      method: "GET",
      target,
      fields: {
        ...this.#usualFields(),
        accept: "text/html,*/*",
        ...this.#credential,
        ...(cookies !== "" && { cookie: cookies }),
      },
    });
    request.end();
    return answerOf(request, address, clock);
  }

  /** Asks for the first page. */
  async #start() {
    const { device, jar } = this.#options;
    const answer = await this.#get(device.start);
    await beginningOf(answer, pageBytes);
    // What is the browser's to have, it gets when it asks itself.
    jar.sort(answer.headers["set-cookie"] ?? [], device.start, true);
    const isSignedOut = this.isSignedOut(answer, device.start);
    return { status: answer.statusCode ?? 0, isSignedOut };
  }

  async #showsForm(answer: IncomingMessage, passwordField: string): Promise<boolean> {
    const body = await beginningOf(answer, pageBytes);
    return isPage(answer) && holdsField(body, passwordField);
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

/** How the device is come to before the form is posted. */
interface Login {
  /** Where the device leads whoever is not signed in, if that is not its first page. */
  readonly page: string | undefined;
  readonly hidden: readonly FormField[];
}

function isPage({ headers }: IncomingMessage): boolean {
  return /^(?:text\/html|application\/xhtml)/i.test(headers["content-type"] ?? "");
}

function isSame(target: string, page: string | undefined): boolean {
  return page !== undefined && sameTarget(target, page);
}

function toBase64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

// A field carries no more than latin1; beyond that its bytes go as UTF-8, which is what most servers read.
function fieldValue(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
