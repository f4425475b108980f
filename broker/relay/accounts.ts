// Signing in by key: a nonce, a sign-in document that answers it, and a token for some hours (design: it opens pages and drafts, and nothing on any edge).
// Invariants: tokens are kept as hashes; what a token may is looked up by its key at each use, so a key that leaves the manifest is out at once.
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { parseSignIn, verifySignIn, type SignIn } from "../../shared/document/sign-in.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { KeyId, SiteId } from "../../shared/ids.ts";
import { unknownSite, type Directory, type Member } from "./directory.ts";
import type { Nonces } from "./nonces.ts";
import type { AccountRows } from "./store/account-rows.ts";
import type { DocumentRows } from "./store/document-rows.ts";

/** How long a person may take over a passphrase. */
export const nonceLifeMs = 120_000;
const tokenSeconds = 12 * 3600;
const tokenBytes = 32;
const mostSites = 64;
const purpose = "person";

export interface AccountParts {
  /** The relay's own name: a sign-in for another relay is worthless here. */
  readonly relay: string;
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly nonces: Nonces;
  readonly directory: Directory;
  readonly documents: DocumentRows;
  readonly rows: AccountRows;
}

/** A sign-in that is still good. */
export interface SignedIn {
  readonly key: KeyId;
  readonly site: SiteId | undefined;
  readonly endsAt: number;
}

export class Accounts {
  readonly #parts: AccountParts;

  constructor(parts: AccountParts) {
    this.#parts = parts;
  }

  /** A nonce for one sign-in, and until when it is good. */
  nonce(): { readonly nonce: string; readonly endsAt: number } {
    const { nonces, clock } = this.#parts;
    const endsAt = wallSeconds(clock) + nonceLifeMs / 1000;
    return { nonce: nonces.issue(purpose), endsAt };
  }

  /** A token for the key that signed; throws `unauthorised` unless the document answers a nonce of ours by a key of a site here. */
  async signIn(
    envelope: Envelope,
  ): Promise<{ readonly token: string; readonly signedIn: SignedIn; readonly members: Member[] }> {
    const { relay, suite, clock, nonces, rows } = this.#parts;
    const signIn = parseSignIn(envelope);
    if (signIn.relay !== relay) {
      throw new SallyportError(
        "unauthorised",
        `sign-in is for relay "${signIn.relay}", this is "${relay}"`,
      );
    }
    // Before any signature is looked at: a flood of made-up sign-ins costs a hash each.
    if (!nonces.isOurs(purpose, signIn.nonce)) throw unknownNonce();
    const [signature, ...others] = envelope.signatures;
    if (signature === undefined || others.length > 0) {
      throw new SallyportError("document_invalid", "sign-in needs exactly one signature");
    }
    const members = await this.#verifiedMembers(envelope, signIn, signature.keyid);
    if (members.length === 0) {
      throw new SallyportError("unauthorised", "no site here knows this key as that person's");
    }
    if (!nonces.spend(purpose, signIn.nonce)) throw unknownNonce();
    const token = toBase64Url(suite.randomBytes(tokenBytes));
    const now = wallSeconds(clock);
    const signedIn = {
      key: signature.keyid,
      site: signIn.site ?? undefined,
      endsAt: now + tokenSeconds,
    };
    await rows.addToken({ hash: await this.#hash(token), ...signedIn }, now);
    for (const { site, person, key } of members) {
      await rows.audit(site, { at: now, person, event: "signed-in", details: { key } });
    }
    return { token, signedIn, members };
  }

  /** The sign-in that a token stands for; throws `unauthorised`. */
  async signedIn(token: string | undefined): Promise<SignedIn> {
    const row =
      token === undefined ? undefined : await this.#parts.rows.token(await this.#hash(token));
    if (row === undefined || row.endsAt <= wallSeconds(this.#parts.clock)) {
      throw new SallyportError("unauthorised", "not signed in, or not any more: sign in by key");
    }
    return row;
  }

  /** Who the token's holder is at a site; throws `unauthorised`, or `not_found` for a site that is not here or not theirs. */
  async member(token: string | undefined, site: SiteId): Promise<Member> {
    const signedIn = await this.signedIn(token);
    const isOther = signedIn.site !== undefined && signedIn.site !== site;
    const member = isOther ? undefined : await this.#parts.directory.member(site, signedIn.key);
    if (member === undefined) throw unknownSite();
    return member;
  }

  /** Who the token's holder is, at each of their sites. */
  async members(signedIn: SignedIn): Promise<Member[]> {
    const { documents, directory } = this.#parts;
    const members: Member[] = [];
    for (const { site } of (await documents.holdersOf(signedIn.key)).slice(0, mostSites)) {
      if (signedIn.site !== undefined && signedIn.site !== site) continue;
      const member = await directory.member(site, signedIn.key);
      if (member) members.push(member);
    }
    return members;
  }

  /** Ends the token. */
  async signOut(token: string | undefined): Promise<void> {
    await this.signedIn(token);
    if (token !== undefined) await this.#parts.rows.removeToken(await this.#hash(token));
  }

  async #verifiedMembers(envelope: Envelope, signIn: SignIn, key: KeyId): Promise<Member[]> {
    const { relay, directory } = this.#parts;
    const verified: Member[] = [];
    for (const member of await this.members({ key, site: signIn.site ?? undefined, endsAt: 0 })) {
      if (signIn.person !== null && signIn.person !== member.person) continue;
      const held = await directory.held(member.site);
      await verifySignIn(envelope, held, { relay, nonce: signIn.nonce });
      verified.push(member);
    }
    return verified;
  }

  async #hash(token: string): Promise<string> {
    return toBase64Url(await this.#parts.suite.sha256(utf8(token)));
  }
}

function unknownNonce(): SallyportError {
  return new SallyportError("unauthorised", "nonce is unknown, too old or used, ask for another");
}
