// A site's own documents as questions: manifest, roster, invitation, introduction, sign-in.
import { webVerifying } from "../../shared/crypto/webcrypto.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { documentInvalid } from "../../shared/document/fields.ts";
import { parseIntroduction } from "../../shared/document/introduction.ts";
import {
  parseInvitation,
  verifyInvitation,
  type Invitation,
  type InvitationSubject,
} from "../../shared/document/invitation.ts";
import {
  keyIdOf,
  keyMaterial,
  type PasskeyPublic,
  type PublicKey,
} from "../../shared/document/keys.ts";
import { parseManifest, type Manifest } from "../../shared/document/manifest.ts";
import { parseRoster } from "../../shared/document/roster.ts";
import type { SignIn } from "../../shared/document/sign-in.ts";
import { checkSuccessor } from "../../shared/document/succession.ts";
import { changesBetween } from "../../shared/site/changes.ts";
import { newlyInBrowser } from "../../shared/site/right-words.ts";
import { personFact, requireAbout, spoken, type About, type Known } from "./known.ts";
import { manifestChanges } from "./manifest-changes.ts";
import type { Fact, Question } from "./question.ts";
import {
  invitation as invitationTexts,
  job as jobTexts,
  labels,
  moment,
  refusals,
  rolesWords,
  roster as rosterTexts,
  signIn as signInTexts,
  site as siteTexts,
} from "./texts.ts";
import { say, type Words } from "./words.ts";

/** "Found the site Paper mill?" */
export function explainFirstManifest(manifest: Manifest): Question {
  const { persons, ownersNeeded, recovery, signing, relays, endsAt } = manifest;
  const owners = persons.filter(({ roles }) => roles.includes("owner"));
  return {
    question: siteTexts.found(manifest.name),
    meaning: siteTexts.foundMeaning,
    warnings: [
      ...(recovery === null ? [siteTexts.noRecovery] : []),
      ...newlyInBrowser({ targets: [] }, manifest).map(({ name }) => jobTexts.browser(name)),
    ],
    facts: [
      { label: labels.owners, lines: owners.map(({ name, id }) => siteTexts.owner(name, id)) },
      {
        label: labels.ownersNeeded,
        lines: [siteTexts.ownersNeeded(ownersNeeded, owners.length)],
      },
      ...(recovery === null ? [] : [{ label: labels.recovery, lines: [siteTexts.hasRecovery] }]),
      {
        label: labels.page,
        lines: signing?.origins.map(siteTexts.signingAt) ?? [siteTexts.noSigning],
      },
      { label: labels.relays, lines: relays.map(({ name, url }) => siteTexts.relay(name, url)) },
      { label: labels.validUntil, lines: [moment(endsAt)] },
    ],
    exactly: changesBetween({}, manifest),
    button: siteTexts.buttons.found,
  };
}

/** "Change the site Paper mill?", with the difference to the newest manifest. */
export async function explainManifest(envelope: Envelope, known: Known): Promise<Question> {
  const { held } = known;
  const before = held.manifest;
  const after = parseManifest(envelope);
  if (after.version !== before.payload.version + 1) {
    throw documentInvalid(refusals.version(after.version, before.payload.version));
  }
  await checkSuccessor(webVerifying, after, before);
  const changes = manifestChanges(before.payload, after);
  return {
    question: siteTexts.change(before.payload.name),
    meaning: siteTexts.changeMeaning,
    warnings: [
      ...(after.recovery === null && before.payload.recovery !== null
        ? [siteTexts.noRecovery]
        : []),
      ...newlyInBrowser(before.payload, after).map(({ name }) => jobTexts.browser(name)),
    ],
    facts: [
      {
        label: labels.changes,
        lines: changes.length === 0 ? [siteTexts.unchanged] : changes,
        isStriking: true,
      },
      { label: labels.validUntil, lines: [moment(after.endsAt)] },
      { label: labels.version, lines: [say`${after.version}`] },
    ],
    exactly: changesBetween(before.payload, after),
    button: siteTexts.buttons.change,
  };
}

/** "Renew Acme Drives’s list of technicians at Paper mill?" */
export function explainRoster(envelope: Envelope, known: Known): Question {
  const { manifest, rosters } = known.held;
  const after = parseRoster(envelope);
  const company = manifest.payload.companies.find(({ id }) => id === after.company);
  const before = rosters
    .map(({ payload }) => payload)
    .filter((item) => item.company === after.company)
    .toSorted((left, right) => right.version - left.version)[0];
  const people = after.technicians.map(({ name, id, keys }) =>
    rosterTexts.technician(name, id, keys.length),
  );
  return {
    question: rosterTexts.ask(company?.name ?? after.company, manifest.payload.name),
    meaning: rosterTexts.meaning,
    warnings: [],
    facts: [
      { label: labels.technicians, lines: people.length === 0 ? [rosterTexts.none] : people },
      { label: labels.validUntil, lines: [moment(after.freshUntilAt)] },
      { label: labels.version, lines: [say`${after.version}`] },
    ],
    exactly: changesBetween(before ?? {}, after),
    button: rosterTexts.button,
  };
}

/** "Invite Ben as approver of Paper mill?" */
export function explainInvitation(envelope: Envelope, known: Known): Question {
  const { subject, untilAt } = parseInvitation(envelope);
  return {
    question: invitationQuestion(subject, known),
    meaning: invitationTexts.meaning,
    warnings: [],
    facts: [...subjectFacts(subject), { label: labels.until, lines: [moment(untilAt)] }],
    exactly: [],
    button: invitationTexts.button,
  };
}

function invitationQuestion(subject: InvitationSubject, { held }: Known): Words {
  const { name: at, companies } = held.manifest.payload;
  const companyOf = (id: string): string => companies.find((item) => item.id === id)?.name ?? id;
  switch (subject.kind) {
    case "person":
      return invitationTexts.person(subject.name, rolesWords(subject.roles), at);
    case "administrator":
      return invitationTexts.administrator(subject.name, companyOf(subject.company));
    case "technician":
      return invitationTexts.technician(subject.name, companyOf(subject.company));
    case "edge":
      return invitationTexts.edge(subject.name, at);
  }
}

function subjectFacts(subject: InvitationSubject): Fact[] {
  if (subject.kind === "edge") return [{ label: labels.edge, lines: [say`${subject.name}`] }];
  const role =
    subject.kind === "person"
      ? rolesWords(subject.roles)
      : say`${[invitationTexts.kinds[subject.kind]]} (${subject.company})`;
  return [
    { label: labels.person, lines: [say`${subject.name} (${subject.id})`] },
    { label: labels.role, lines: [role] },
  ];
}

/** "Join Paper mill as Ben, with this device?" Where the newcomer knows no manifest yet, the site stands by its number alone. */
export async function explainIntroduction(
  envelope: Envelope,
  about: About,
  keys: readonly PasskeyPublic[],
  known: Known | undefined,
): Promise<Question> {
  const introduction = parseIntroduction(envelope);
  if (introduction.edge !== null) throw documentInvalid(refusals.edgeKeys);
  const introduced = new Set(introduction.keys.map(keyMaterial));
  if (!keys.every((key) => introduced.has(keyMaterial(key)))) {
    throw documentInvalid(refusals.foreignKey);
  }
  const invited = await readInvitation(
    requireAbout(about, "invitation", introduction.invitation),
    known,
  );
  // Attack: a newcomer talked into another site by a swapped link.
  if (invited.site !== introduction.site || invited.subject.kind === "edge") {
    throw documentInvalid(refusals.missing("invitation"));
  }
  const name = known?.held.manifest.payload.name;
  return {
    question: invitationTexts.join(
      invited.subject.name,
      name === undefined ? invitationTexts.thisSite : say`${name}`,
    ),
    meaning: invitationTexts.joinMeaning,
    warnings: [],
    facts: [
      ...subjectFacts(invited.subject),
      { label: labels.siteId, lines: [say`${spoken(introduction.site)}`], isCode: true },
      { label: labels.keys, lines: await keyLines(introduction.keys), isCode: true },
    ],
    exactly: [],
    button: invitationTexts.joinButton,
  };
}

async function readInvitation(envelope: Envelope, known: Known | undefined): Promise<Invitation> {
  if (known === undefined) return parseInvitation(envelope);
  return (await verifyInvitation(envelope, known.held)).payload;
}

function keyLines(keys: readonly PublicKey[]): Promise<Words[]> {
  return Promise.all(
    keys.map(async (key) => {
      const fingerprint = spoken(await keyIdOf(webVerifying, key));
      return key.kind === "passkey"
        ? invitationTexts.passkey(fingerprint)
        : invitationTexts.ownKey(fingerprint);
    }),
  );
}

/** "Sign in to the relay relay.example.org?" */
export function explainSignIn({ relay, person, site }: SignIn, known: Known | undefined): Question {
  const who =
    person === null ? [] : [known === undefined ? say`${person}` : personFact(known.held, person)];
  return {
    question: signInTexts.ask(relay),
    meaning: signInTexts.meaning,
    warnings: [],
    facts: [
      ...(who.length > 0 ? [{ label: labels.person, lines: who }] : []),
      ...(site === null || known !== undefined
        ? []
        : [{ label: labels.siteId, lines: [say`${spoken(site)}`], isCode: true }]),
    ],
    exactly: [],
    button: signInTexts.button,
  };
}
