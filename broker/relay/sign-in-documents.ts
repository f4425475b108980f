// Sign-in documents at the relay (shared/protocol.md, "sign-in"): the nonce that each answers, and whose key signed it.
// Invariant: a nonce counts once, and only for a document of this relay's name with one good signature by a key of a site here.
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { parseSignIn, verifySignIn } from "../../shared/document/sign-in.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { KeyId, SiteId } from "../../shared/ids.ts";
import type { Directory, Member } from "./directory.ts";
import type { Nonces } from "./nonces.ts";

/** How long a person may take over a passphrase. */
export const nonceLifeMs = 120_000;
const purpose = "person";

export interface SignInDocumentParts {
  /** The relay's own name: a sign-in for another relay is worthless here. */
  readonly relay: string;
  readonly clock: Clock;
  readonly nonces: Nonces;
  readonly directory: Directory;
}

/** What a document that counts says. */
export interface VerifiedSignIn {
  readonly method: "passkey" | "key";
  readonly key: KeyId;
  /** The one site that it is for; undefined: all where the key stands. */
  readonly site: SiteId | undefined;
  /** At least one. */
  readonly members: readonly Member[];
}

export class SignInDocuments {
  readonly #parts: SignInDocumentParts;

  constructor(parts: SignInDocumentParts) {
    this.#parts = parts;
  }

  /** A nonce for one sign-in, and until when it is good. */
  nonce(): { readonly nonce: string; readonly endsAt: number } {
    const { nonces, clock } = this.#parts;
    const endsAt = wallSeconds(clock) + nonceLifeMs / 1000;
    return { nonce: nonces.issue(purpose), endsAt };
  }

  /** Spends the document's nonce; throws `unauthorised` unless it answers one of ours by a key of a site here, or as verifying does. */
  async verified(envelope: Envelope): Promise<VerifiedSignIn> {
    const { relay, nonces, directory } = this.#parts;
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
    const { keyid: key, passkey } = signature;
    const site = signIn.site ?? undefined;
    const members: Member[] = [];
    for (const member of await directory.members(key, site)) {
      if (signIn.person !== null && signIn.person !== member.person) continue;
      const held = await directory.held(member.site);
      await verifySignIn(envelope, held, { relay, nonce: signIn.nonce });
      members.push(member);
    }
    if (members.length === 0) {
      throw new SallyportError("unauthorised", "no site here knows this key as that person's");
    }
    if (!nonces.spend(purpose, signIn.nonce)) throw unknownNonce();
    // What form a signature has belongs to the stored key: verifying refuses a passkey's form for another one.
    return { method: passkey === undefined ? "key" : "passkey", key, site, members };
  }
}

function unknownNonce(): SallyportError {
  return new SallyportError("unauthorised", "nonce is unknown, too old or used, ask for another");
}
