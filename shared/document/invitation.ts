// The invitation: whose keys are about to be learned, and the one-time key that the newcomer answers with (shared/protocol.md, "invitation").
// Its private half travels by the inviter's own hand (flashed file, link fragment, QR code), never through the relay.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  bytes,
  companyId,
  documentInvalid,
  name,
  parsePayload,
  personId,
  record,
  secondsAt,
  siteId,
} from "./fields.ts";
import {
  administratorsOf,
  candidatesWith,
  requireSite,
  signatureRules,
  type Held,
} from "./held.ts";
import { ed25519Public } from "./keys.ts";
import { roles } from "./manifest.ts";
import { verifyDocument, type Verified } from "./verify.ts";

/** A lost link or card stays dangerous no longer than this. */
export const maxInvitationSeconds = 30 * 24 * 3600;

const subject = v.variant("kind", [
  record({ kind: v.literal("person"), id: personId, name, roles }),
  record({ kind: v.literal("administrator"), company: companyId, id: personId, name }),
  record({ kind: v.literal("technician"), company: companyId, id: personId, name }),
  record({ kind: v.literal("edge"), name }),
]);
export type InvitationSubject = v.InferOutput<typeof subject>;

const schema = record({
  site: siteId,
  invitation: bytes(16),
  /** The one-time Ed25519 key. */
  publicKey: ed25519Public,
  subject,
  issuedAt: secondsAt,
  untilAt: secondsAt,
});
/** For an edge this is its claim. */
export type Invitation = v.InferOutput<typeof schema>;

/** Reads an invitation's payload; throws `document_invalid`. Checks no signature. */
export function parseInvitation(envelope: Envelope): Invitation {
  const invitation = parsePayload(envelope, "invitation", schema);
  const { issuedAt, untilAt } = invitation;
  if (untilAt <= issuedAt || untilAt > issuedAt + maxInvitationSeconds) {
    throw documentInvalid(`invitation is open until ${untilAt}, not within 30 days of its issue`);
  }
  checkSubject(invitation.subject);
  return invitation;
}

function checkSubject(item: InvitationSubject): void {
  if (item.kind === "edge") return;
  if (item.kind === "person" && item.id.includes("/")) {
    throw documentInvalid(`person "${item.id}" has the id of a company's technician`);
  }
  if (item.kind !== "person" && !item.id.startsWith(`${item.company}/`)) {
    throw documentInvalid(`"${item.id}" is not of company "${item.company}"`);
  }
}

/** The invitation, if an owner, or for a technician an administrator of that company, signed it; throws otherwise. */
export async function verifyInvitation(
  envelope: Envelope,
  held: Held,
): Promise<Verified<Invitation>> {
  const payload = parseInvitation(envelope);
  requireSite(payload.site, held);
  const { subject: invited } = payload;
  const candidates = candidatesWith(held, "owner");
  // Attack: an administrator invites a person of the site, or into another company.
  if (invited.kind === "technician") candidates.push(...administratorsOf(held, invited.company));
  const rules = signatureRules(held);
  return verifyDocument(held.suite, envelope, payload, candidates, rules);
}
