// Introductions that wait to be accepted: verified from the invitation on, one per invitation. Only keys from here enter a manifest or roster.
import { unembed } from "../document/fields.ts";
import type { Held } from "../document/held.ts";
import { verifyIntroduction, type Introduction } from "../document/introduction.ts";
import {
  verifyInvitation,
  type Invitation,
  type InvitationSubject,
} from "../document/invitation.ts";
import { edgeIdOf, keyIdOf, keyMaterial, type PublicKey } from "../document/keys.ts";
import type { Company, Manifest, Person } from "../document/manifest.ts";
import type { Technician } from "../document/roster.ts";
import type { Verified } from "../document/verify.ts";
import { messageOf } from "../errors.ts";
import type { EdgeId, KeyId } from "../ids.ts";
import type { StoredDocument } from "./relay-client.ts";
import type { Notices } from "./memory.ts";

/** A newcomer whose introduction verified and was the only one. */
export interface Newcomer {
  /** What `accept` calls them: a person's id, or an edge's name. */
  readonly who: string;
  readonly subject: InvitationSubject;
  readonly introduction: Introduction;
  /** Of every new signing key, to be compared by voice. */
  readonly fingerprints: readonly KeyId[];
}

/** The newcomers that are not listed yet; what does not verify is named on the terminal and left out. */
export async function newcomersAmong(
  stored: readonly StoredDocument[],
  held: Held,
  notices: Notices,
): Promise<Newcomer[]> {
  const invitations = await verifiedInvitations(stored, held);
  const found: Newcomer[] = [];
  for (const invitation of invitations) {
    const answers = await verifiedAnswers(stored, invitation, held, notices);
    const [only, ...others] = answers;
    const who = nameOf(invitation.payload.subject);
    if (only === undefined) continue;
    if (others.length > 0) {
      notices.warning(
        `the invitation of "${who}" was answered ${answers.length} times and is void: somebody else has seen it; invite again by another way`,
      );
      continue;
    }
    const newcomer = {
      who,
      subject: invitation.payload.subject,
      introduction: only.payload,
      fingerprints: await fingerprintsOf(held, only.payload),
    };
    if (!isListed(newcomer, held)) found.push(newcomer);
  }
  return found;
}

async function verifiedInvitations(
  stored: readonly StoredDocument[],
  held: Held,
): Promise<Verified<Invitation>[]> {
  const found = new Map<string, Verified<Invitation>>();
  for (const { type, envelope } of stored) {
    if (type !== "invitation") continue;
    try {
      const invitation = await verifyInvitation(envelope, held);
      found.set(invitation.hash, invitation);
    } catch {
      continue; // An inviter who has left since, or a relay's invention: either way it admits nobody.
    }
  }
  return [...found.values()];
}

async function verifiedAnswers(
  stored: readonly StoredDocument[],
  invitation: Verified<Invitation>,
  held: Held,
  notices: Notices,
): Promise<Verified<Introduction>[]> {
  const found = new Map<string, Verified<Introduction>>();
  for (const { type, envelope } of stored) {
    if (type !== "introduction" || !namesInvitation(envelope.payload, invitation.hash)) continue;
    try {
      const answer = await verifyIntroduction(envelope, held, invitation);
      found.set(answer.hash, answer);
    } catch (thrown) {
      notices.warning(
        `an introduction of "${nameOf(invitation.payload.subject)}" does not count: ${messageOf(thrown)}`,
      );
    }
  }
  return [...found.values()];
}

function namesInvitation(payload: Uint8Array, hash: string): boolean {
  return new TextDecoder().decode(payload).includes(hash);
}

function nameOf(subject: InvitationSubject): string {
  return subject.kind === "edge" ? subject.name : subject.id;
}

async function fingerprintsOf({ suite }: Held, { keys, edge }: Introduction): Promise<KeyId[]> {
  const signing: PublicKey[] =
    edge === null ? [...keys] : [{ kind: "ed25519", public: edge.signingKey }];
  return Promise.all(signing.map((key) => keyIdOf(suite, key)));
}

// Accepted before: all its keys stand in the manifest or a roster already.
function isListed({ introduction }: Newcomer, { manifest, rosters }: Held): boolean {
  const { payload } = manifest;
  const persons = [
    ...payload.persons,
    ...payload.companies.flatMap((each) => each.administrators),
    ...rosters.flatMap((each) => each.payload.technicians),
  ];
  const listed = new Set([
    ...persons.flatMap(({ keys }) => keys.map(keyMaterial)),
    ...payload.edges.map((each) => each.signingKey),
  ]);
  const own =
    introduction.edge === null
      ? introduction.keys.map(keyMaterial)
      : [introduction.edge.signingKey];
  return own.every((material) => listed.has(material));
}

/** The manifest with the newcomers in it; a person who is listed already gets the further keys and roles. */
export async function withNewcomers(
  manifest: Manifest,
  newcomers: readonly Newcomer[],
  { suite }: Held,
): Promise<Manifest> {
  let { persons, companies, edges } = manifest;
  for (const { subject, introduction } of newcomers) {
    const { keys, edge } = introduction;
    if (subject.kind === "person") {
      persons = merged<Person>(
        persons,
        { id: subject.id, name: subject.name, roles: subject.roles, keys },
        (old) => ({
          ...old,
          roles: [...new Set([...old.roles, ...subject.roles])],
          keys: withKeys(old.keys, keys),
        }),
      );
    } else if (subject.kind === "administrator") {
      const administrator = { id: subject.id, name: subject.name, keys };
      companies = merged<Company>(
        companies,
        { id: subject.company, name: subject.company, administrators: [administrator] },
        (old) => ({
          ...old,
          administrators: merged(old.administrators, administrator, (one) => ({
            ...one,
            keys: withKeys(one.keys, keys),
          })),
        }),
      );
    } else if (subject.kind === "edge" && edge !== null) {
      const { signingKey, sealingKey, sshHostKey } = edge;
      const id: EdgeId = await edgeIdOf(suite, signingKey);
      edges = [...edges, { id, name: subject.name, signingKey, sealingKey, sshHostKey }];
    }
  }
  return { ...manifest, persons, companies, edges };
}

/** A roster's technicians with the newcomers among them. */
export function withTechnicians(
  technicians: readonly Technician[],
  newcomers: readonly Newcomer[],
): readonly Technician[] {
  return newcomers.reduce<readonly Technician[]>((list, { subject, introduction: { keys } }) => {
    if (subject.kind !== "technician") return list;
    return merged(list, { id: subject.id, name: subject.name, keys }, (old) => ({
      ...old,
      keys: withKeys(old.keys, keys),
    }));
  }, technicians);
}

/** The first checkpoint of an introduced edge: an anchor exists from the first grant on. */
export function firstCheckpoint({ introduction }: Newcomer) {
  return introduction.edge === null ? undefined : unembed(introduction.edge.checkpoint);
}

// Whoever replaces a lost passkey in the same browser introduces that browser's own key again.
function withKeys(old: readonly PublicKey[], added: readonly PublicKey[]): readonly PublicKey[] {
  const known = new Set(old.map(keyMaterial));
  return [...old, ...added.filter((key) => !known.has(keyMaterial(key)))];
}

function merged<Item extends { readonly id: string }>(
  items: readonly Item[],
  added: Item,
  join: (old: Item) => Item,
): readonly Item[] {
  return items.some(({ id }) => id === added.id)
    ? items.map((item) => (item.id === added.id ? join(item) : item))
    : [...items, added];
}
