// Invitations on the inviter's side: a one-time key, whose private half travels by his own hand, and the document that names it.
import { toBase64Url } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { SignPae } from "../document/envelope.ts";
import type { Invitation, InvitationSubject } from "../document/invitation.ts";
import { ed25519Key, keyIdOf } from "../document/keys.ts";
import type { Side } from "./side.ts";

/** An invitation's payload with the seed of its one-time key. */
export interface DraftedInvitation {
  readonly invitation: Invitation;
  readonly seed: Uint8Array;
}

/** Invites somebody, or an edge (its claim), for some seconds. */
export async function draftInvitation(
  side: Pick<Side, "id" | "suite" | "now">,
  subject: InvitationSubject,
  forSeconds: number,
): Promise<DraftedInvitation> {
  const { suite } = side;
  const key = await oneTimeKey(suite);
  const issuedAt = side.now();
  return {
    seed: key.seed,
    invitation: {
      site: side.id,
      invitation: toBase64Url(suite.randomBytes(16)),
      publicKey: key.public,
      subject,
      issuedAt,
      untilAt: issuedAt + Math.round(forSeconds),
    },
  };
}

/** A one-time key of an invitation or a claim. */
export async function oneTimeKey(
  suite: CryptoSuite,
  seed?: Uint8Array,
): Promise<{ readonly seed: Uint8Array; readonly public: string; readonly sign: SignPae }> {
  const pair = await suite.ed25519KeyPair(seed);
  const keyid = await keyIdOf(suite, ed25519Key(pair.publicKey));
  return {
    seed: pair.privateKey,
    public: toBase64Url(pair.publicKey),
    sign: async (pae) => ({ keyid, sig: await suite.ed25519Sign(pair.privateKey, pae) }),
  };
}

/** A fingerprint in groups of four, to be compared by eye or voice. */
export function spoken(fingerprint: string): string {
  return fingerprint.replace(/.{4}(?=.)/g, "$& ");
}
