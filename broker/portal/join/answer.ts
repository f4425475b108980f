// Answering an invitation in a browser: the link's one-time key, the browser's own key and, where there is one, a passkey sign the introduction.
// The link's secret stays in memory; it is taken out of the address bar, so that it is in no history.
import { browserCrypto } from "../../../shared/crypto/browser.ts";
import { hashEnvelope, signEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { parseInvitation, type Invitation } from "../../../shared/document/invitation.ts";
import { keyIdOf, type PasskeyPublic } from "../../../shared/document/keys.ts";
import type { KeyId } from "../../../shared/ids.ts";
import { parseLink, type InvitationLink } from "../../../shared/site/invitation-link.ts";
import { oneTimeKey } from "../../../shared/site/invitations.ts";
import { OpenRelay } from "../../../shared/site/relay-client.ts";
import { ownKeyOrNew } from "../person/own-key.ts";
import { keepPin } from "../person/pins.ts";
import { pageRelay } from "../person/relay-fetch.ts";
import { describeRelay } from "../person/session.ts";
import type { SigningWindow } from "../person/signing-window.ts";
import { join } from "../texts/join.ts";

export type JoinFault = keyof typeof join.errors;

/** An invitation that can be answered. */
export interface OpenInvitation {
  readonly link: InvitationLink;
  readonly invitation: Invitation;
  readonly envelope: Envelope;
  /** Where passkeys are made, as the relay says it: a wrong one makes a passkey that no edge takes. */
  readonly signing: { readonly rpId: string; readonly origin: string } | undefined;
}

export interface Introduced {
  readonly ownKey: KeyId;
  readonly passkey: KeyId | undefined;
}

const relay = new OpenRelay(pageRelay);

/** Reads the link out of the address bar, and takes it away there. */
export function takeLink(): InvitationLink | undefined {
  const text = location.href;
  history.replaceState(null, "", "/join");
  return readLink(text);
}

/** A link as it was pasted; undefined for what is none, or leads to another relay than this page's. */
export function pastedLink(text: string): InvitationLink | undefined {
  const link = readLink(text);
  return link?.relayUrl === location.origin ? link : undefined;
}

function readLink(text: string): InvitationLink | undefined {
  try {
    return parseLink(text);
  } catch {
    return undefined;
  }
}

/** The invitation of a link, or why it cannot be answered. */
export async function openInvitation(link: InvitationLink): Promise<OpenInvitation | JoinFault> {
  const [{ envelope, state }, facts, oneTime] = await Promise.all([
    relay.invitation(link.site, link.invitation),
    describeRelay(),
    oneTimeKey(browserCrypto, link.seed),
  ]);
  const invitation = parseInvitation(envelope);
  // The link pins the invitation's hash, so a relay that answers with another one is found here.
  const isTheLinks =
    (await hashEnvelope(envelope)) === link.invitation &&
    invitation.publicKey === oneTime.public &&
    invitation.site === link.site;
  if (!isTheLinks) return "other";
  if (invitation.subject.kind === "edge") return "edge";
  if (state === "introduced" || state === "expired" || state === "void") return state;
  return { link, invitation, envelope, signing: facts.signing ?? undefined };
}

/** Signs the introduction by every key and gives it to the relay; pins the site. */
export async function introduce(
  { link, invitation, envelope, signing }: OpenInvitation,
  passkey: PasskeyPublic | undefined,
  touch: SigningWindow | undefined,
): Promise<Introduced> {
  const { subject } = invitation;
  if (subject.kind === "edge") throw new Error("an edge's claim is not answered here");
  const own = await ownKeyOrNew();
  const oneTime = await oneTimeKey(browserCrypto, link.seed);
  const keys = passkey === undefined ? [own.publicKey] : [own.publicKey, passkey];
  const introduction = {
    site: link.site,
    invitation: link.invitation,
    keys,
    edge: null,
    issuedAt: Math.floor(Date.now() / 1000),
  };
  const signed = await signEnvelope("introduction", introduction, [oneTime.sign, own.sign]);
  const signature =
    passkey !== undefined && touch !== undefined
      ? await touch.sign({
          type: "introduction",
          payload: signed.payload,
          keys: [passkey],
          chain: [],
          about: [envelope],
          ...(signing && { rpId: signing.rpId }),
        })
      : undefined;
  await relay.introduce(link.site, {
    ...signed,
    signatures: signature === undefined ? signed.signatures : [...signed.signatures, signature],
  });
  await keepPin({ site: link.site, person: subject.id, name: "" });
  return {
    ownKey: own.keyid,
    passkey: passkey && (await keyIdOf(browserCrypto, passkey)),
  };
}
