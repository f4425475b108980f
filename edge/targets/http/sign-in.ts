// The login of a web panel, done by the edge with the vault's secret: by a field of each request (RFC 7617 or a name of its own), by Digest, or by a form whose session stays in the edge's jar.
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
import type { DigestCredential } from "./digest.ts";
import { challengesOf, DigestLogin, schemesOf, type Refusal } from "./digest-login.ts";
import { loginField, type FieldSignIn } from "./login-field.ts";
import { hiddenFieldsBeside, holdsField, type FormField } from "./login-form.ts";
import { leadsTo, originText, type Origin } from "./origins.ts";
import { sameTarget, type PathRule } from "./path-rule.ts";

export type WebDevice = Extract<Device, { kind: "http" }>;
type FormSignIn = Extract<WebDevice["signIn"], { how: "form" }>;
type DigestSignIn = Extract<WebDevice["signIn"], { how: "digest" }>;
type Fields = Readonly<Record<string, string>>;

/** How often a session may be doubted in a while: no storm of checks, no loop of logins. */
const maxDoubts = 5;
const doubtsWithinMs = 15_000;
/** From the first page to the login's, by the device's own redirects. */
const maxSteps = 3;
/** Where a login form would stand in a page. */
const pageBytes = 128 * 1024;

const wrongLogin = "did not accept the login that the edge keeps for it; it was tried once";

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

/** What requests are signed in with. */
export interface Session {
  readonly generation: number;
  /** Of one request: Digest counts them. */
  fieldsFor(method: string, target: string): Fields;
  readonly digest: DigestCredential | undefined;
}

export class SignIn {
  readonly #options: SignInOptions;
  #credential: Fields = {};
  #digest: DigestLogin | undefined;
  #schemes: readonly string[] = [];
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

  /** What a request is signed in with now. */
  get session(): Session {
    return this.#sessionOf(this.#digest?.current);
  }

  /** As `session`, for a request whose body cannot be sent twice: by Digest, under a nonce of its own. Rejects like `ensure`. */
  async sessionForUpload(target: string): Promise<Session> {
    if (this.#digest === undefined) return this.session;
    return this.#sessionOf(await this.#digest.fresh(target));
  }

  /** True where a 401 may mean no more than that a nonce is over, so that nothing was done. */
  get isByDigest(): boolean {
    return this.#options.device.signIn.how === "digest";
  }

  /** The ways in which the first page asked for a login, such as "Basic". */
  get schemes(): readonly string[] {
    return this.#schemes;
  }

  /** False where the device has not asked for the login yet. */
  get isTried(): boolean {
    return this.#digest?.isProven ?? true;
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
    const to = leadsTo(answer, this.#options.origin, from);
    return to !== undefined && (this.#options.rule.isLogin(to) || this.isLoginPage(to));
  }

  /** True if a target is the page that asks for the login, where that is not the first page itself. */
  isLoginPage(target: string): boolean {
    const { rule, device } = this.#options;
    if (sameTarget(target, device.start)) return false;
    return rule.isLogin(target) || isSame(target, this.#loginPage);
  }

  /**
   * After an answer that says so to a request of this session: the session in which the same may be asked again; undefined if the session is alive all
   * the same. Rejects like `ensure`.
   */
  async renew(session: Session, refusal: Refusal): Promise<Session | undefined> {
    if (this.#digest === undefined) {
      return (await this.isRenewed(session.generation)) ? this.session : undefined;
    }
    if (this.#refused !== undefined) throw this.#refused;
    if (refusal.answer.statusCode !== 401) return undefined;
    const credential = await this.#digest.renew(refusal, session.digest);
    return credential && this.#sessionOf(credential);
  }

  /** True if there is a newer session than this generation's; false if that one is alive. Rejects like `ensure`. */
  async isRenewed(generation: number): Promise<boolean> {
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

  /** The session of this generation is over: the next request signs in. Digest has none that could be. */
  giveUp(generation: number): void {
    const isCurrent = generation === this.#generation && this.#digest === undefined;
    if (isCurrent && this.#mayDoubt()) this.#isSignedIn = false;
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
    else if (signIn.how === "digest") await this.#answerDigest(signIn);
    else await this.#tryField(signIn);
    this.#generation += 1;
    this.#isSignedIn = true;
  }

  // The first request of all is the trial, so that a wrong secret is not sent by six connections at once.
  async #tryField(signIn: FieldSignIn | { readonly how: "none" }): Promise<void> {
    if (signIn.how !== "none") this.#credential = loginField(signIn, await this.#password());
    const { status } = await this.#start();
    const isRefused =
      (signIn.how !== "none" && status === 401) || (signIn.how === "header" && status === 403);
    if (isRefused) this.#refuse(`answered ${status}`);
  }

  // The device asks first; where its first page asks for nothing, the first page that does is the trial.
  async #answerDigest({ login }: DigestSignIn): Promise<void> {
    const { start: target } = this.#options.device;
    const digest = new DigestLogin({
      login,
      password: await this.#password(),
      ask: (method, at, fields) => this.#ask(method, at, fields),
      mayDoubt: () => this.#mayDoubt(),
      refuse: (what) => this.#refuse(what),
      refuseWay: (what) => this.#refuse(what, "asks for another way to sign in than the edge's"),
    });
    const answer = await this.#ask("GET", target, {});
    const refusal = { answer, method: "GET", target };
    if (answer.statusCode === 401) await digest.renew(refusal, undefined);
    this.#digest = digest;
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
    const to = leadsTo(answer, this.#options.origin, path);
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
    const to = leadsTo(first, this.#options.origin, device.start);
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
    return { to: leadsTo(answer, this.#options.origin, target), text: isPage(answer) ? text : "" };
  }

  async #get(
    target: string,
    credential = this.#credential,
    method = "GET",
  ): Promise<IncomingMessage> {
    const { connections, address, clock, jar, origin } = this.#options;
    const cookies = jar.fieldFor(target, origin.scheme === "https");
    const request = connections.request({
      method,
      target,
      fields: {
        ...this.#usualFields(),
        accept: "text/html,*/*",
        ...credential,
        ...(cookies !== "" && { cookie: cookies }),
      },
    });
    request.end();
    return answerOf(request, address, clock);
  }

  /** Asks, and has done with the answer's body. */
  async #ask(method: string, target: string, credential = this.#credential) {
    const answer = await this.#get(target, credential, method);
    await beginningOf(answer, pageBytes);
    // What is the browser's to have, it gets when it asks itself.
    this.#options.jar.sort(answer.headers["set-cookie"] ?? [], target, true);
    return answer;
  }

  /** Asks for the first page. */
  async #start() {
    const { device } = this.#options;
    const answer = await this.#ask("GET", device.start);
    const isSignedOut = this.isSignedOut(answer, device.start);
    this.#schemes = schemesOf(challengesOf(answer));
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

  #sessionOf(digest: DigestCredential | undefined): Session {
    return {
      generation: this.#generation,
      digest,
      fieldsFor: (method, target) =>
        digest ? { authorization: digest.authorization(method, target) } : this.#credential,
    };
  }

  #refuse(what: string, told = wrongLogin): never {
    const { host, port, name } = this.#options.address;
    this.#credential = {};
    this.#isSignedIn = false;
    this.#refused = new DeviceError(
      "device_refused",
      `device ${addressOf(host, port)} refused the login: it ${what}`,
      `"${name}" ${told}`,
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
