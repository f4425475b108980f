// All texts of the signing page. Short sentences, for people in a plant: no word of the trade that the portal does not use, too.
import type { Purpose } from "../../shared/document/proof.ts";
import { browserRisk, rightWords, toldRights } from "../../shared/site/right-words.ts";
import { listed, say, type Words } from "./words.ts";

const moments = new Intl.DateTimeFormat("en-GB", {
  weekday: "short",
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  timeZoneName: "short",
});

/** A moment in the time of this device. */
export function moment(seconds: number): Words {
  return [moments.format(seconds * 1000)];
}

/** `60 minutes`, `3 hours`, `2 days`. */
export function lengthOf(minutes: number): Words {
  const count = (number: number, one: string): Words => [
    `${number} ${one}${number === 1 ? "" : "s"}`,
  ];
  if (minutes >= 1440 && minutes % 1440 === 0) return count(minutes / 1440, "day");
  if (minutes > 120 && minutes % 60 === 0) return count(minutes / 60, "hour");
  return count(minutes, "minute");
}

const weekdays = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** ISO weekdays: Monday is 1. */
export function daysWords(days: readonly number[]): Words {
  if (days.length === weekdays.length) return ["Every day"];
  return listed(days.map((day) => [weekdays[day - 1] ?? String(day)]));
}

const wordsOfRight = (right: string, kind: string | undefined): Words => {
  const known = rightWords(right, kind);
  return known === undefined ? say`“${right}”` : [known];
};
/** Rights on a target of this kind; what one of them includes is not said twice. */
export const rightsWords = (names: readonly string[], kind: string | undefined): Words =>
  listed(toldRights(names).map((right) => wordsOfRight(right, kind)));

const roles: Readonly<Record<string, string>> = {
  owner: "owner",
  approver: "approver",
  auditor: "auditor",
  vendor: "vendor",
};
export const rolesWords = (names: readonly string[]): Words =>
  listed(names.map((role) => [roles[role] ?? role]));

export const labels = {
  who: "Who",
  what: "What and why",
  ticket: "Ticket",
  devices: "Devices",
  when: "When",
  howLong: "How long",
  deviceKey: { key: "Changed key", certificate: "Changed certificate" },
  differs: "Less than was asked for",
  extends: "Extends",
  asked: "Asked",
  key: "Asked with key",
  edge: "Box",
  record: "The box’s record",
  site: "Site",
  siteId: "Site number",
  signer: "You sign as",
  reason: "Reason",
  request: "Request",
  changes: "What changes",
  owners: "Owners",
  ownersNeeded: "Signatures needed",
  recovery: "Recovery sheet",
  page: "Signing page",
  relays: "Relay",
  validUntil: "Valid until",
  role: "Role",
  until: "Can be answered until",
  keys: "Keys",
  technicians: "Technicians",
  company: "Company",
  version: "Version",
  device: "Device",
  scope: "What",
  entry: "Entry of the record",
  relay: "Relay",
  person: "Person",
  invitedAs: "Invited as",
  used: "Works only on",
  asker: "Signature goes to",
  keyGoesTo: "Its public part goes to",
} as const;

export const job = {
  grant: (who: Words, devices: Words, length: Words) =>
    say`Let ${who} work on ${devices} for ${length}?`,
  grantStanding: (who: Words, devices: Words, length: Words) =>
    say`Let ${who} work on ${devices} again and again, for ${length} each time?`,
  requestStanding: (devices: Words, length: Words) =>
    say`Ask to work on ${devices} again and again, for ${length} each time?`,
  extend: (who: Words, devices: Words, more: Words) => say`Give ${who} ${more} more on ${devices}?`,
  shorten: (who: Words, devices: Words, length: Words) =>
    say`Shorten the work of ${who} on ${devices} to ${length}?`,
  replace: (who: Words, devices: Words, length: Words) =>
    say`Change what ${who} may do on ${devices} for ${length}?`,
  request: (devices: Words, length: Words) => say`Ask to work on ${devices} for ${length}?`,
  deny: (who: Words, devices: Words) => say`Say no to ${who} for ${devices}?`,
  denyUnknown: say`Say no to this request?`,
  end: (who: Words, devices: Words) => say`End the job of ${who} on ${devices} for good?`,
  endUnknown: say`End this job for good?`,
  noReason: say`No reason was given.`,
  noTicket: say`None`,
  windows: (days: Words, from: string, to: string, zone: string) =>
    say`${days}, ${from} to ${to} (${zone})`,
  windowsUntil: (at: Words) => say`For the last time before ${at}`,
  inEachWindow: (length: Words) => say`${length} each time, from the first connection`,
  deviceKey: {
    key: (name: string) =>
      say`${name} does not show the key that the site knows. You would accept another one for this job. Ask at the device first.`,
    certificate: (name: string) =>
      say`${name} does not show the certificate that the site knows. You would accept another one for this job. Compare it at the device first.`,
  },
  browser: (name: string) => say`${name} in the browser: ${[browserRisk]}`,
  deviceKeyLine: (name: string, fingerprint: string) => say`${name}: ${fingerprint}`,
  startsBefore: (at: Words) => say`Starts before ${at}`,
  endsBy: (at: Words) => say`Ends by ${at}`,
  howLong: (length: Words) => say`${length} from the first connection`,
  inAll: (length: Words) => say`${length} in all, from the first connection`,
  extended: (issued: Words, before: Words, now: Words) =>
    say`The permission of ${issued}: ${now} in all instead of ${before}`,
  askedAt: (at: Words) => say`${at}`,
  record: (length: number, at: Words) => say`${length} entries, seen ${at}`,
  device: (name: string, id: string, may: Words) => say`${name} (${id}): ${may}`,
  legacy: say`, speaks an old protocol`,
  less: {
    minutes: (given: Words, asked: Words) => say`${given} instead of ${asked}`,
    windows: say`At fewer times`,
    target: (name: string) => say`${name} is left out`,
    rights: (name: string, missing: Words) => say`${name}: not to ${missing}`,
    watchOnly: (name: string) => say`${name}: to look only, without mouse and keyboard`,
    start: (given: Words, asked: Words) => say`Must start before ${given} instead of ${asked}`,
  },
  approversNeeded: (count: number) =>
    say`${count} approvers have to sign. It opens when the last of them has. `,
  denyMeaning: say`The vendor is told, with your reason. Nothing opens.`,
  grantMeaning: say`You can end it at any moment.`,
  requestMeaning: say`An approver of the site decides.`,
  buttons: {
    grant: "Approve",
    extend: "Approve",
    request: "Ask",
    deny: "Say no",
    end: "End it",
  },
} as const;

export const proof: Readonly<
  Record<Purpose, { ask: (where: Words, edge: Words) => Words; button: string }>
> = {
  session: { ask: (where) => say`Start working on ${where} with this device?`, button: "Start" },
  waiting: {
    ask: (where) => say`Start working on ${where} with this device, as soon as it is approved?`,
    button: "Start when approved",
  },
  watch: { ask: (_, edge) => say`Watch what is done through ${edge}?`, button: "Watch" },
  play: { ask: (_, edge) => say`Play recordings of ${edge}?`, button: "Play" },
  journal: { ask: (_, edge) => say`Read the record of ${edge}?`, button: "Read" },
  export: { ask: (_, edge) => say`Take evidence out of ${edge}?`, button: "Take it out" },
  status: { ask: (_, edge) => say`Ask ${edge} how it stands?`, button: "Ask" },
  probe: { ask: (_, edge) => say`Let ${edge} try out a device?`, button: "Try" },
};
export const proofMeaning = say`It counts for this one connection from this device.`;

export const site = {
  found: (name: string) => say`Found the site ${name}?`,
  change: (name: string) => say`Change the site ${name}?`,
  foundMeaning: say`This describes the site for the first time. Its signing page can never be changed.`,
  changeMeaning: say`From then on the boxes of this site go by it.`,
  unchanged: say`Nothing but its dates and number`,
  ownersNeeded: (needed: number, owners: number) => say`${needed} of ${owners} owners`,
  owner: (name: string, id: string) => say`${name} (${id})`,
  hasRecovery: say`Yes: who holds it can replace lost owners after 72 hours`,
  noRecovery: say`This site has no recovery sheet: if its owners lose their keys, it is lost.`,
  noSigning: say`None: this site knows no passkeys`,
  signingAt: (origin: string) => say`${origin}`,
  relay: (name: string, url: string) => say`${name}, ${url}`,
  buttons: { found: "Sign it", change: "Sign it" },
  added: (what: string, name: string, id: string) => say`New ${[what]}: ${name} (${id})`,
  removed: (what: string, name: string, id: string) =>
    say`${[capital(what)]} removed: ${name} (${id})`,
  rolesAre: (name: string, before: Words, after: Words) =>
    say`${name} is now ${after} (was ${before})`,
  withFields: (sentence: Words, more: Words) => say`${sentence}: ${more}`,
  keysChanged: (name: string, added: number, removed: number) =>
    say`Keys of ${name}: ${added} new, ${removed} removed`,
  renamed: (before: string, after: string) => say`${before} is now called ${after}`,
  otherwise: (what: string, name: string, fields: Words) =>
    say`${[capital(what)]} ${name}: ${fields}`,
  reordered: (what: string) => say`Another order of the ${[what]}`,
  field: (field: string, before: Words | undefined, after: Words | undefined): Words => {
    const label: Words = [fields[field] ?? field];
    if (after === undefined) return say`${label} changed`;
    return before === undefined ? say`${label} ${after}` : say`${label} ${after} (was ${before})`;
  },
  yes: say`yes`,
  no: say`no`,
  nobody: say`nobody in particular`,
  relayChanged: (name: string) => say`Name or key of the relay ${name} changed`,
  sheetChanged: say`Another recovery sheet: the old one does not count any more`,
  auditChanged: say`Another audit key: what is recorded from now on opens with it`,
  releaseChanged: say`Other software is admitted on the boxes`,
  endsChanged: (at: Words) => say`Valid until ${at}`,
  neededChanged: (before: number, after: number) =>
    say`${after} of the owners must sign from now on (was ${before})`,
  pageNamed: (origin: string) => say`Signing page, for good: ${origin}`,
  recovered: (version: number) =>
    say`Manifest ${version} was signed by the recovery sheet, not by the owners of that time.`,
} as const;

const fields: Readonly<Record<string, string>> = {
  kind: "kind",
  edge: "box",
  rights: "may be used to",
  policy: "policy",
  deviceVersion: "address and login: version",
  legacy: "speaks an old protocol",
  approversNeeded: "approvers needed",
  approvers: "who may approve",
  secondFactor: "second factor",
  passkeysOnly: "passkeys only",
  deviceBound: "only passkeys that cannot leave their device",
  maxMinutes: "longest job in minutes",
  concurrent: "jobs at a time",
  recordingFull: "when recordings are full",
  copyRecordings: "recordings are copied to the relay",
  supervised: "input passes only while somebody of the site watches",
  recordKeys: "keys pressed on screens are recorded",
  administrators: "administrators",
  signingKey: "signing key",
  sealingKey: "sealing key",
  sshHostKey: "SSH key",
};

export const invitation = {
  person: (name: string, role: Words, at: string) => say`Invite ${name} as ${role} of ${at}?`,
  administrator: (name: string, company: string) =>
    say`Invite ${name} to keep the list of ${company}’s technicians?`,
  technician: (name: string, company: string) => say`Invite ${name} as a technician of ${company}?`,
  edge: (name: string, at: string) => say`Let a new box called ${name} introduce itself to ${at}?`,
  meaning: say`Whoever holds the link or the file can answer it, once. Hand it over yourself.`,
  button: "Invite",
  join: (name: string, at: Words) => say`Join ${at} as ${name}, with this device?`,
  joinMeaning: say`An owner adds you after comparing your keys. Your passkey is shown to that site alone.`,
  joinButton: "Join",
  thisSite: say`this site`,
  kinds: { person: "person of the site", administrator: "administrator", technician: "technician" },
  passkey: (fingerprint: string) => say`Passkey ${fingerprint}`,
  ownKey: (fingerprint: string) => say`Browser’s or command’s key ${fingerprint}`,
} as const;

export const roster = {
  ask: (company: string, at: string) => say`Renew ${company}’s list of technicians at ${at}?`,
  meaning: say`Only these people count as technicians of the company, until it is renewed again.`,
  none: say`Nobody`,
  technician: (name: string, id: string, keys: number) =>
    say`${name} (${id}), ${[keys === 1 ? "1 key" : `${keys} keys`]}`,
  button: "Sign the list",
} as const;

export const stop = {
  site: (name: string) => say`Lock down the whole site ${name}?`,
  edge: (name: string) => say`Lock down the box ${name}?`,
  target: (name: string) => say`Lock down the device ${name}?`,
  meaning: say`Everything open there ends, and nothing opens again until the lockdown is lifted.`,
  lift: (edge: string) => say`Lift the lockdown on ${edge}?`,
  liftMeaning: say`Approved work can go on there.`,
  person: (name: Words) => say`Revoke ${name}?`,
  personMeaning: say`Nothing that this person signs counts any more.`,
  key: (fingerprint: string) => say`Revoke the key ${fingerprint}?`,
  keyMeaning: say`Nothing that this key signs counts any more.`,
  targetGone: (name: string) => say`Revoke all permissions on ${name}?`,
  targetMeaning: say`What is open on it ends, and no permission of before opens it again.`,
  manifest: say`Stop the change that the recovery sheet signed?`,
  manifestMeaning: say`The owners of today stay the owners.`,
  everywhere: say`On every box of the site`,
  on: (edge: string) => say`On ${edge}`,
  requestMeaning: say`It cannot be opened again, however long it still had.`,
  buttons: { lock: "Lock down", lift: "Lift", revoke: "Revoke", veto: "Stop it" },
} as const;

export const sealed = {
  secret: (target: string) => say`Store a new password or key for ${target}?`,
  secretMeaning: say`It is sealed for the box: this page cannot show it. Sign only if you typed it yourself just now.`,
  secretName: (name: string, version: number) => say`“${name}”, version ${version}`,
  device: (target: string) => say`Store a new address and login for ${target}?`,
  deviceMeaning: say`It is sealed for the box: this page cannot show it. Sign only if you typed it yourself just now.`,
  deviceVersion: (version: number) => say`${version}`,
  button: "Store",
} as const;

export const signIn = {
  ask: (relay: string) => say`Sign in to the relay ${relay}?`,
  meaning: say`It opens the pages, and no device.`,
  button: "Sign in",
} as const;

export const register = {
  ask: (name: string) => say`Make a passkey for ${name} on this device?`,
  meaning: say`Your fingerprint, face or PIN unlocks it. It works on this page alone.`,
  button: "Make a passkey",
  busy: "Your device asks you now …",
  done: say`Done. Your passkey is made.`,
  cancelled: say`No passkey was made.`,
  cancelledWhy: say`You cancelled, or it took too long. You can try again.`,
} as const;

export const page = {
  name: "Sallyport signing page",
  cancel: "Cancel",
  close: "Close",
  again: "Try again",
  busy: "Your device asks you now …",
  exactly: "Every difference, exactly",
  /** Told to the portal. */
  closed: "the window was closed, nothing was signed",
  noPasskeys: "this browser or device has no passkeys",
  waiting: say`Waiting for the document …`,
  waitingWhy: say`It comes from the page that opened this window.`,
  signed: say`Signed.`,
  closing: say`You can close this window.`,
  cancelled: say`Nothing was signed.`,
  cancelledWhy: say`You cancelled, it took too long, or this device has no passkey for this site. Try again, or use the device or security key that holds your passkey.`,
  refused: say`This page does not sign that.`,
  refusedWhy: say`Nothing was signed. Do not try to get it signed some other way. Show this to an owner of the site:`,
  alone: say`There is nothing to sign here.`,
  aloneWhy: say`This page opens by itself when you approve, start or change something in the portal. You can close it. It needs no cookies and stores nothing.`,
  framed: say`This page does not run inside another page.`,
  framedWhy: say`Open the portal itself, in a window of its own.`,
  unsupported: say`This browser knows no passkeys.`,
  unsupportedWhy: say`Use a recent Chrome, Edge, Firefox or Safari, and open the portal by its https address. Nothing was signed.`,
  broken: say`The device gave an answer that does not fit.`,
  brokenWhy: say`Nothing was signed. Try again, or use another passkey.`,
} as const;

/** What is said of a refusal; the rest comes from the document's own check. */
export const refusals = {
  type: (type: string) => `a document of type "${type}" is not one that people sign here`,
  field: (type: string, field: string) => `${type}'s ${field}: this page cannot explain it`,
  origin: (origin: string) => `"${origin}" is not a relay of this site, so it gets no signature`,
  signInOrigin: (origin: string, relay: string) =>
    `"${origin}" is not the relay "${relay}" that the sign-in is for`,
  noSigning: "this site names no signing page",
  place: (origin: string) => `"${origin}" is not the signing page of this site`,
  chain: "the site's manifests are missing",
  chainToFirst: "a first manifest comes without others",
  version: (version: number, held: number) =>
    `manifest ${version} does not follow the newest one, ${held}`,
  missing: (type: string) => `the ${type} that the document names is missing or another one`,
  manifest: "the document names a manifest that is not one of this site's",
  foreignKey: "the passkey is not one of those that are introduced",
  edgeKeys: "a box introduces itself, no person does",
} as const;

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
