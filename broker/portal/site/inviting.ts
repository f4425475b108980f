// Making invitations and claims in the page: the one-time key is born here, the document that names it is signed by the browser's own key.
import { hashEnvelope } from "../../../shared/document/envelope.ts";
import type { InvitationSubject } from "../../../shared/document/invitation.ts";
import { encodeClaim, encodeLink } from "../../../shared/site/invitation-link.ts";
import { draftInvitation } from "../../../shared/site/invitations.ts";
import type { PageSide } from "../person/page-side.ts";

const daySeconds = 24 * 3600;
const linkDays = 7;
const claimDays = 14;

/** A link for a person; it holds the one-time private key in its fragment. */
export async function makeLink(side: PageSide, subject: InvitationSubject): Promise<string> {
  const { invitation, seed } = await draftInvitation(side, subject, linkDays * daySeconds);
  const { envelope } = await side.publish("invitation", invitation);
  return encodeLink({
    relayUrl: location.origin,
    site: side.id,
    invitation: await hashEnvelope(envelope),
    seed,
  });
}

/** The text of a box's claim file. `authority`: PEM of the relay's own authority, if it has one. */
export async function makeClaim(
  side: PageSide,
  name: string,
  authority: string | null,
): Promise<string> {
  const subject = { kind: "edge", name } as const;
  const { invitation, seed } = await draftInvitation(side, subject, claimDays * daySeconds);
  const { envelope } = await side.publish("invitation", invitation);
  const { relays } = side.held.manifest.payload;
  return encodeClaim(side.id, relays, { url: location.origin, authority }, envelope, seed);
}

/** Whether a text may be a certificate in PEM. */
export function isPem(text: string): boolean {
  return /^\s*-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*$/.test(text);
}
