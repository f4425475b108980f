// The two forms in which an invitation's private half travels by the inviter's own hand: a link for people, a claim file for an edge's card.
// The link's fragment is never sent to a server; the relay's name in front of it only says where to answer.
import { fromBase64Url, toBase64Url } from "../bytes.ts";
import { encodeEnvelope, type Envelope } from "../document/envelope.ts";
import { parseDocumentHash, parseSiteId, type DocumentHash, type SiteId } from "../ids.ts";
import { SiteFault } from "./fault.ts";

export interface InvitationLink {
  readonly relayUrl: string;
  readonly site: SiteId;
  readonly invitation: DocumentHash;
  /** Seed of the one-time key. */
  readonly seed: Uint8Array;
}

/** `https://<relay>/join#<site>.<invitation>.<one-time private key>` */
export function encodeLink({ relayUrl, site, invitation, seed }: InvitationLink): string {
  return `${new URL("/join", relayUrl).href}#${site}.${invitation}.${toBase64Url(seed)}`;
}

/** Reads a link; throws without quoting it, because it is a secret. */
export function parseLink(text: string): InvitationLink {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined;
  const [site = "", invitation = "", seed = "", ...rest] = url?.hash.slice(1).split(".") ?? [];
  try {
    if (url?.pathname !== "/join" || rest.length > 0) throw new Error("shape");
    return {
      relayUrl: url.origin,
      site: parseSiteId(site),
      invitation: parseDocumentHash(invitation),
      seed: fromBase64Url(seed, 32),
    };
  } catch {
    throw new SiteFault(
      "usage",
      "text is not an invitation link",
      "use the whole link, up to its last letter",
    );
  }
}

/** The text of an edge's claim file, as `sallyport-edge run --claim` reads it. */
export function encodeClaim(
  site: SiteId,
  relays: readonly {
    readonly name: string;
    readonly url: string;
    readonly attestationKey: string;
  }[],
  pinned: { readonly url: string; readonly authority: string | null },
  invitation: Envelope,
  seed: Uint8Array,
): string {
  const claim = {
    site,
    relays: relays.map((relay) => ({
      ...relay,
      authority: relay.url === pinned.url ? pinned.authority : null,
    })),
    invitation: JSON.parse(encodeEnvelope(invitation)) as unknown,
    privateKey: toBase64Url(seed),
  };
  return `${JSON.stringify(claim)}\n`;
}
