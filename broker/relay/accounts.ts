// Signing in, and what a sign-in is worth: by key (a document that answers a nonce) or by password and code; for pages or for commands.
// It opens pages and drafts, and nothing on any edge. Invariants: tokens are kept as hashes, and a sign-in is always a fresh one; what it may is
// looked up by its key at each use, so a key that leaves the manifest is out at once; who signed out everywhere has nothing left from before.
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { KeyId, SiteId } from "../../shared/ids.ts";
import { FieldError } from "./answers.ts";
import { apiTokenPrefix } from "./api-tokens.ts";
import type { Credential } from "./credential.ts";
import { unknownSite, type Directory, type Member } from "./directory.ts";
import type { PasswordAndCode, Passwords } from "./passwords.ts";
import { requireUse, type Use } from "./rights.ts";
import type { SignInDocuments } from "./sign-in-documents.ts";
import type { AccountRows } from "./store/account-rows.ts";
import type { ApiTokenRow, SignInMethod, SignInRows } from "./store/sign-in-rows.ts";
import type { Totp } from "./totp.ts";

/** After that a page and a command sign in anew, whatever they did meanwhile. */
export const signInSeconds = 12 * 3600;
/** A page that nobody uses for that long is signed out. */
export const idleSeconds = 3600;
/** Use is written down at most that often. */
const noteUseSeconds = 60;
const tokenBytes = 32;

export interface AccountParts {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly signInDocuments: SignInDocuments;
  readonly directory: Directory;
  readonly rows: SignInRows;
  readonly record: AccountRows;
  readonly totp: Totp;
  readonly passwords: Passwords;
  /** Hash of the text that pages show before a sign-in; null without one. */
  readonly useNotice: string | null;
}

/** A sign-in that is still good. */
export interface SignedIn {
  /** Of the token. */
  readonly hash: string;
  readonly key: KeyId;
  readonly site: SiteId | undefined;
  readonly method: SignInMethod | "api-token";
  readonly isPage: boolean;
  readonly issuedMs: number;
  readonly endsAt: number;
  /** When a page that nobody uses is signed out; undefined where there is no such limit. */
  readonly idleEndsAt: number | undefined;
  readonly apiToken: ApiTokenRow | undefined;
}

/** A member, and how they are signed in. */
export interface Holder extends Member {
  readonly signedIn: SignedIn;
}

/** A sign-in that was made just now. */
export interface NewSignIn {
  readonly token: string;
  readonly endsAt: number;
  readonly method: SignInMethod;
  readonly members: readonly Member[];
}

/** From where somebody signs in. */
export interface Surroundings {
  readonly isPage: boolean;
  /** As it is counted. */
  readonly address: string;
  /** The page's sign-in before this one, which is over then. */
  readonly former: string | undefined;
}

/** A TOTP code beside a key's signature. */
export interface CodeBeside {
  readonly code: string;
  /** Whose it is, where the key stands at several sites. */
  readonly site: SiteId | undefined;
}

export class Accounts {
  readonly #parts: AccountParts;

  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  /**
   * A sign-in for the key that signed. Throws `unauthorised` unless the document answers a nonce of ours by a key of a site here, `forbidden` for a wrong
   * code, or for a browser's key alone after its person signed out everywhere.
   */
  async signIn(
    envelope: Envelope,
    surroundings: Surroundings,
    beside?: CodeBeside,
  ): Promise<NewSignIn> {
    const { method, key, site, members } = await this.#parts.signInDocuments.verified(envelope);
    if (surroundings.isPage && method === "key") {
      for (const member of members) await this.#notePageKey(member, 0);
    }
    if (beside !== undefined) await this.#strengthen(members, site, beside, surroundings.address);
    const { isPage } = surroundings;
    const issuedMs = await this.#nextMs(members);
    const standing: Member[] = [];
    for (const member of members) {
      if (await this.#stands({ method, isPage, issuedMs }, member)) standing.push(member);
    }
    if (standing.length === 0) throw new KeyAloneError();
    return this.#issue({ method, key, site, issuedMs }, standing, surroundings);
  }

  /** A sign-in by name, password and code, for pages; throws as `Passwords.signIn`. */
  async signInByPassword(
    name: string,
    proof: PasswordAndCode,
    surroundings: Surroundings,
  ): Promise<NewSignIn> {
    const { passwords, directory } = this.#parts;
    const holder = await passwords.signIn(name, proof, surroundings.address);
    const { site, person, key } = holder;
    const home = await directory.member(site, key);
    if (home?.person !== person) {
      throw new SallyportError("unauthorised", "name, password or code is wrong");
    }
    if (holder.usedRecoveryCode) await this.#note([home], "recovery-code-used", {});
    const members = await directory.members(key);
    const issuedMs = await this.#nextMs(members);
    return this.#issue(
      { method: "password", key, site: undefined, issuedMs },
      members,
      surroundings,
    );
  }

  /** The sign-in that a credential stands for; throws `unauthorised`. Counts as use. */
  async signedIn(credential: Credential): Promise<SignedIn> {
    const { token, isPage, isBackground } = credential;
    const now = wallSeconds(this.#parts.clock);
    const found = token === undefined ? undefined : await this.#find(token, isPage, now);
    if (found === undefined) {
      throw new SallyportError("unauthorised", "not signed in, or not any more: sign in again");
    }
    if (!isBackground) await this.#noteUse(found, now);
    return found;
  }

  /**
   * Who the credential's holder is at a site; throws `unauthorised`, `not_found` for a site that is not here or not theirs, or `forbidden` if that way of
   * signing in is not good for the use.
   */
  async member(credential: Credential, site: SiteId, use: Use): Promise<Holder> {
    const signedIn = await this.signedIn(credential);
    const isOther = signedIn.site !== undefined && signedIn.site !== site;
    const member = isOther ? undefined : await this.#parts.directory.member(site, signedIn.key);
    if (member === undefined || isAnothers(signedIn, member)) throw unknownSite();
    if (!(await this.#stands(signedIn, member))) {
      throw new SallyportError("unauthorised", "signed out everywhere since: sign in again");
    }
    requireUse(use, signedIn);
    return { ...member, signedIn };
  }

  /** The sign-in, and who its holder is at each of their sites; throws `unauthorised`, also where there is no such site any more. */
  async standing(
    credential: Credential,
  ): Promise<{ readonly signedIn: SignedIn; readonly members: readonly Member[] }> {
    const signedIn = await this.signedIn(credential);
    const members = await this.members(signedIn);
    if (members.length > 0) return { signedIn, members };
    throw new SallyportError("unauthorised", "signed out everywhere since, or of no site any more");
  }

  /** Who the sign-in's holder is, at each of their sites where it stands. */
  async members(signedIn: SignedIn): Promise<Member[]> {
    const members: Member[] = [];
    for (const member of await this.#parts.directory.members(signedIn.key, signedIn.site)) {
      if (isAnothers(signedIn, member)) continue;
      if (await this.#stands(signedIn, member)) members.push(member);
    }
    return members;
  }

  /** Ends the sign-in. */
  async signOut(credential: Credential): Promise<void> {
    const signedIn = await this.signedIn(credential);
    requireUse("signed", signedIn);
    await this.#parts.rows.removeToken(signedIn.hash);
  }

  /**
   * Ends every sign-in and token of the holder at all sites of this one. True if a browser's key alone is refused from now on, which is so wherever the
   * person has something stronger to come back with.
   */
  async signOutEverywhere(credential: Credential): Promise<boolean> {
    const { rows, directory, totp } = this.#parts;
    const { signedIn, members } = await this.standing(credential);
    requireUse("signed", signedIn);
    const atMs = Math.max(this.#parts.clock.wallMs(), signedIn.issuedMs);
    let isLocked = false;
    for (const member of members) {
      const { hasPasskey } = await directory.describe(member);
      const locks = hasPasskey || (await totp.state(member)) === "confirmed";
      await rows.signOutEverywhere(member.site, member.person, { atMs, locks });
      isLocked ||= locks;
    }
    await rows.removeToken(signedIn.hash);
    await this.#note(members, "signed-out-everywhere", { locked: isLocked });
    return isLocked;
  }

  /** In a sign-in by passkey or password: the browser's own key, which signed the document, may sign in alone again. Throws `forbidden`. */
  async trustBrowserKey(credential: Credential, envelope: Envelope): Promise<void> {
    const { signedIn, members: own } = await this.standing(credential);
    if (signedIn.method !== "passkey" && signedIn.method !== "password") {
      throw new SallyportError("forbidden", "sign in by passkey, or by password and code, first");
    }
    const { members } = await this.#parts.signInDocuments.verified(envelope);
    const shared = members.filter((member) =>
      own.some(({ site, person }) => site === member.site && person === member.person),
    );
    if (shared.length === 0) {
      throw new SallyportError("forbidden", "key is another person's than the one signed in");
    }
    const strongMs = await this.#nextMs(shared);
    for (const member of shared) await this.#notePageKey(member, strongMs);
    await this.#note(shared, "browser-key-trusted", { key: shared[0]?.key ?? "" });
  }

  // A code says who sits at the browser, at the site whose code it is and no other: a site's own people can reset and enrol codes there.
  async #strengthen(
    members: readonly Member[],
    named: SiteId | undefined,
    { code, site = named }: CodeBeside,
    address: string,
  ): Promise<void> {
    const [only, ...others] = members.filter(
      (member) => site === undefined || member.site === site,
    );
    if (only === undefined || others.length > 0) {
      throw new FieldError("codeSite", "say of which of your sites the code is");
    }
    await this.#parts.totp.verify({ ...only, address }, code);
    await this.#notePageKey(only, await this.#nextMs([only]));
  }

  async #issue(
    signIn: Pick<SignedIn, "key" | "site" | "issuedMs"> & { readonly method: SignInMethod },
    members: readonly Member[],
    { isPage, former }: Surroundings,
  ): Promise<NewSignIn> {
    const { suite, clock, rows, useNotice } = this.#parts;
    const { method, key } = signIn;
    const token = toBase64Url(suite.randomBytes(tokenBytes));
    const now = wallSeconds(clock);
    const endsAt = now + signInSeconds;
    const hash = await this.#hash(token);
    const formerHash = former === undefined ? undefined : await this.#hash(former);
    await rows.addToken({ ...signIn, hash, isPage, usedAt: now, endsAt }, now, formerHash);
    const notice = isPage && useNotice !== null ? { "use-notice": useNotice } : {};
    await this.#note(members, "signed-in", { key, method, ...notice });
    return { token, endsAt, method, members };
  }

  async #find(token: string, isPage: boolean, now: number): Promise<SignedIn | undefined> {
    const { rows } = this.#parts;
    const hash = await this.#hash(token);
    if (!isPage && token.startsWith(apiTokenPrefix)) {
      const row = await rows.apiToken(hash);
      if (row === undefined || row.endsAt <= now) return undefined;
      return { ...row, method: "api-token", isPage: false, idleEndsAt: undefined, apiToken: row };
    }
    const row = await rows.token(hash);
    // A page's cookie is no bearer's token and the other way round.
    if (row === undefined || row.endsAt <= now || row.isPage !== isPage) return undefined;
    const idleEndsAt = isPage ? row.usedAt + idleSeconds : undefined;
    if (idleEndsAt !== undefined && idleEndsAt <= now) {
      await rows.removeToken(hash);
      return undefined;
    }
    return { ...row, idleEndsAt, apiToken: undefined };
  }

  async #noteUse({ hash, apiToken, idleEndsAt }: SignedIn, now: number): Promise<void> {
    const { rows } = this.#parts;
    if (apiToken !== undefined) {
      if (now - (apiToken.usedAt ?? 0) >= noteUseSeconds) await rows.useApiToken(hash, now);
    } else if (idleEndsAt !== undefined && now + idleSeconds - idleEndsAt >= noteUseSeconds) {
      await rows.useToken(hash, now);
    }
  }

  // Whether a sign-in counts for a member since they last signed out everywhere.
  async #stands(
    { method, isPage, issuedMs }: Pick<SignedIn, "method" | "isPage" | "issuedMs">,
    { site, person, key }: Member,
  ): Promise<boolean> {
    const { rows } = this.#parts;
    const out = await rows.signedOut(site, person);
    if (out === undefined) return true;
    if (issuedMs <= out.atMs) return false;
    if (method !== "key" || !out.locks) return true;
    // A key that a browser holds is one also where it signs in like a command.
    const strongMs = await rows.strongMs(site, person, key);
    return (strongMs === undefined && !isPage) || (strongMs ?? 0) > out.atMs;
  }

  // Later than whatever these members ended, also within the same millisecond and after a clock was set back.
  async #nextMs(members: readonly Member[]): Promise<number> {
    const { rows, clock } = this.#parts;
    let nextMs = clock.wallMs();
    for (const { site, person } of members) {
      const out = await rows.signedOut(site, person);
      if (out !== undefined) nextMs = Math.max(nextMs, out.atMs + 1);
    }
    return nextMs;
  }

  async #notePageKey({ site, person, key }: Member, strongMs: number): Promise<void> {
    await this.#parts.rows.addPageKey(site, person, key, strongMs);
  }

  async #note(
    members: readonly Member[],
    event: string,
    details: Readonly<Record<string, string | boolean>>,
  ): Promise<void> {
    const { record, clock } = this.#parts;
    const at = wallSeconds(clock);
    for (const { site, person } of members) {
      await record.audit(site, { at, person, event, details });
    }
  }

  async #hash(token: string): Promise<string> {
    return toBase64Url(await this.#parts.suite.sha256(utf8(token)));
  }
}

/** After signing out everywhere, for a browser's key by itself. */
class KeyAloneError extends SallyportError {
  readonly field = "code";
  constructor() {
    super(
      "forbidden",
      "signed out everywhere: this browser's key alone is not enough, add a code or sign in by passkey or password",
    );
  }
}

// A token of limited scope is its maker's; a key that the site has given to another person since does not take it along.
function isAnothers({ apiToken }: SignedIn, member: Member): boolean {
  return apiToken !== undefined && apiToken.person !== member.person;
}
