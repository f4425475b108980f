// Which fields of a document the page accounts for, and how. A field that a document gains does not compile until it stands here, so that
// none can be signed unseen.
import type { Deny } from "../../shared/document/denial.ts";
import type { DeviceDocument } from "../../shared/document/device.ts";
import { payloadOf, type Envelope } from "../../shared/document/envelope.ts";
import { documentInvalid } from "../../shared/document/fields.ts";
import type { Grant } from "../../shared/document/grant.ts";
import type { Introduction } from "../../shared/document/introduction.ts";
import type { Invitation } from "../../shared/document/invitation.ts";
import type { Lift, Lockdown } from "../../shared/document/lockdown.ts";
import type { Manifest } from "../../shared/document/manifest.ts";
import type { Proof } from "../../shared/document/proof.ts";
import type { Request } from "../../shared/document/request.ts";
import type { Revocation } from "../../shared/document/revocation.ts";
import type { Roster } from "../../shared/document/roster.ts";
import type { SecretDocument } from "../../shared/document/secret.ts";
import type { SignIn } from "../../shared/document/sign-in.ts";
import { refusals } from "./texts.ts";

/** Shown as it is; checked against what is known, and shown by that; or bound: it only makes the document this one (nonce, date, sealed bytes). */
type Treatment = "shown" | "checked" | "bound";
type Fields<Payload> = Readonly<Record<keyof Payload, Treatment>>;

const site = "checked";
const issuedAt = "bound";

const manifest: Fields<Manifest> = {
  site,
  version: "shown",
  previous: "checked",
  name: "shown",
  issuedAt,
  endsAt: "shown",
  ownersNeeded: "shown",
  signing: "shown",
  persons: "shown",
  companies: "shown",
  recovery: "shown",
  audit: "shown",
  relays: "shown",
  edges: "shown",
  targets: "shown",
  policies: "shown",
  release: "shown",
};
const roster: Fields<Roster> = {
  site,
  company: "shown",
  version: "shown",
  issuedAt,
  freshUntilAt: "shown",
  technicians: "shown",
};
const invitation: Fields<Invitation> = {
  site,
  invitation: "bound",
  publicKey: "bound",
  subject: "shown",
  issuedAt,
  untilAt: "shown",
};
const introduction: Fields<Introduction> = {
  site,
  invitation: "checked",
  keys: "shown",
  edge: "checked",
  issuedAt,
};
const request: Fields<Request> = {
  site,
  edge: "shown",
  vendor: "shown",
  key: "bound",
  targets: "shown",
  minutes: "shown",
  startBeforeAt: "shown",
  waitUntilAt: "bound",
  reason: "shown",
  ticket: "shown",
  windows: "shown",
  issuedAt,
  nonce: "bound",
};
const grant: Fields<Grant> = {
  site,
  edge: "shown",
  request: "checked",
  vendor: "shown",
  targets: "shown",
  startBeforeAt: "shown",
  minutes: "shown",
  endsAt: "shown",
  manifest: "checked",
  anchor: "shown",
  replaces: "shown",
  deviceKeys: "shown",
  windows: "shown",
  issuedAt,
};
const deny: Fields<Deny> = { site, request: "shown", reason: "shown", issuedAt };
const proof: Fields<Proof> = {
  site,
  edge: "shown",
  purpose: "shown",
  person: "shown",
  request: "checked",
  grant: "checked",
  transcript: "bound",
  issuedAt,
};
const revocation: Fields<Revocation> = {
  site,
  edge: "shown",
  scope: "shown",
  reason: "shown",
  issuedAt,
};
const lockdown: Fields<Lockdown> = {
  site,
  scope: "shown",
  reason: "shown",
  issuedAt,
  nonce: "bound",
};
const lift: Fields<Lift> = { site, edge: "shown", lockdown: "shown", reason: "shown", issuedAt };
const secret: Fields<SecretDocument> = {
  site,
  edge: "shown",
  target: "shown",
  name: "shown",
  version: "shown",
  sealed: "bound",
};
const device: Fields<DeviceDocument> = {
  site,
  edge: "shown",
  target: "shown",
  version: "shown",
  sealed: "bound",
};
const signIn: Fields<SignIn> = {
  relay: "shown",
  nonce: "bound",
  person: "shown",
  site: "shown",
  issuedAt,
};

const treatments = new Map<string, Readonly<Record<string, Treatment>>>([
  ["manifest", manifest],
  ["roster", roster],
  ["invitation", invitation],
  ["introduction", introduction],
  ["request", request],
  ["grant", grant],
  ["deny", deny],
  ["proof", proof],
  ["revocation", revocation],
  ["lockdown", lockdown],
  ["lift", lift],
  ["secret", secret],
  ["device", device],
  ["sign-in", signIn],
]);

/** Throws `document_invalid` for a type that people do not sign here, or a field that the page does not account for. */
export function requireExplained(envelope: Envelope): void {
  const fields = treatments.get(envelope.type);
  if (fields === undefined) throw documentInvalid(refusals.type(envelope.type));
  for (const field of Object.keys(payloadOf(envelope, envelope.type) ?? {})) {
    if (!Object.hasOwn(fields, field)) throw documentInvalid(refusals.field(envelope.type, field));
  }
}
