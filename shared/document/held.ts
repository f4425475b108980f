// What a verifier holds: the manifest in force, rosters, and the moment to judge by (shared/protocol.md, "Verification").
// Invariant: everything is judged under the held manifest; a roster counts only while fresh and while its signer still administers its company.
import type { VerifyingSuite } from "../crypto/suite.ts";
import { SallyportError } from "../errors.ts";
import type { CompanyId, EdgeId, KeyId, PersonId, SiteId, TargetId } from "../ids.ts";
import type { Envelope } from "./envelope.ts";
import { documentInvalid } from "./fields.ts";
import { keyMaterial, type PublicKey } from "./keys.ts";
import {
  findEdge,
  findTarget,
  type Manifest,
  type ManifestEdge,
  type ManifestTarget,
  type Role,
  type SigningPage,
} from "./manifest.ts";
import type { Roster } from "./roster.ts";
import { verifyDocument, type Candidate, type SignatureRules, type Verified } from "./verify.ts";

export interface Held {
  readonly suite: VerifyingSuite;
  readonly manifest: Verified<Manifest>;
  /** Verified at any time; freshness and standing are looked at on each use. */
  readonly rosters: readonly Verified<Roster>[];
  /** Unix seconds: now, or for old evidence the moment it is about. */
  readonly nowAt: number;
  /** Revocations that are held, where they are: who is revoked signs nothing any more. */
  readonly isRevoked?: (person: string, key: KeyId) => boolean;
}

/** A person whose keys are known: of the site, or of a company. */
export interface KnownPerson {
  readonly id: PersonId;
  /** A technician's only role is vendor; an administrator of a company has none at the site. */
  readonly roles: readonly Role[];
  readonly keys: readonly PublicKey[];
}

/** The site's id: the first manifest's hash, which every later manifest names. */
export function siteOf(manifest: Verified<Manifest>): SiteId {
  return manifest.payload.site ?? (manifest.hash as string as SiteId);
}

/** Throws `document_invalid` unless the payload is of the held site (attack: another site's document, validly signed there). */
export function requireSite(site: SiteId, held: Held): void {
  const own = siteOf(held.manifest);
  if (site !== own) throw documentInvalid(`document is of site "${site}", expected "${own}"`);
}

/** The edge, which the manifest must list. */
export function requireEdge(id: EdgeId, held: Held): ManifestEdge {
  const edge = findEdge(held.manifest.payload, id);
  if (edge === undefined) throw documentInvalid(`edge "${id}" is not in the manifest`);
  return edge;
}

/** The target, which the manifest must list on that edge (attack: another edge of the site answering for it). */
export function requireTarget(id: TargetId, edge: EdgeId, held: Held): ManifestTarget {
  const target = findTarget(held.manifest.payload, id);
  if (target?.edge !== edge) {
    throw documentInvalid(`target "${id}" is not on edge "${edge}" in the manifest`);
  }
  return target;
}

/** How this site's persons sign. */
export function signatureRules({ manifest, isRevoked }: Held): SignatureRules {
  return { signing: manifest.payload.signing, ...(isRevoked && { isRevoked }) };
}

/** One candidate per key of a person. */
export function candidatesOf(person: Pick<KnownPerson, "id" | "keys">): Candidate[] {
  return person.keys.map((key) => ({ name: person.id, key }));
}

/**
 * The keys by which a person decides: all, but where the site has a signing page, a person with a passkey decides not by a browser's own key. Attack: a
 * portal in a relay's hands has every browser's key sign what nobody has read; what a passkey signs was shown on the signing page.
 */
export function decidersOf(
  person: Pick<KnownPerson, "id" | "keys">,
  signing: SigningPage | null,
): Candidate[] {
  const decidesByTouch = signing !== null && person.keys.some(({ kind }) => kind === "passkey");
  return candidatesOf(person).filter(({ key }) => !decidesByTouch || key.kind !== "browser");
}

/** The keys by which the site's persons that hold one of the roles decide. */
export function decidersWith(held: Held, ...roles: readonly Role[]): Candidate[] {
  const { persons, signing } = held.manifest.payload;
  return persons
    .filter((person) => person.roles.some((role) => roles.includes(role)))
    .flatMap((person) => decidersOf(person, signing));
}

/** All keys of the site's persons that hold one of the roles. */
export function candidatesWith(held: Held, ...roles: readonly Role[]): Candidate[] {
  return held.manifest.payload.persons
    .filter((person) => person.roles.some((role) => roles.includes(role)))
    .flatMap(candidatesOf);
}

/** A company's administrators, by key. */
export function administratorsOf(held: Held, company: CompanyId): Candidate[] {
  const listed = held.manifest.payload.companies.find((item) => item.id === company);
  return (listed?.administrators ?? []).flatMap(candidatesOf);
}

/** A company's administrators, by the keys by which they decide: who is on its roster. */
export function rosterKeepersOf(held: Held, company: CompanyId): Candidate[] {
  const { companies, signing } = held.manifest.payload;
  const listed = companies.find((item) => item.id === company);
  return (listed?.administrators ?? []).flatMap((person) => decidersOf(person, signing));
}

/** Everybody whose keys count now, for a relay that looks a person up by key. */
export function knownPersons(held: Held): KnownPerson[] {
  const { persons, companies } = held.manifest.payload;
  const technicians = companies.flatMap(({ id }) => techniciansOf(held, id));
  const listed = new Set(technicians.map((item) => item.id));
  const administrators = companies
    .flatMap((item) => item.administrators)
    .filter((item) => !listed.has(item.id))
    .map(({ id, keys }) => ({ id, keys, roles: [] }));
  return [...persons, ...technicians, ...administrators];
}

/** The person of that id; throws `forbidden` if nobody is known by it now. */
export function requirePerson(id: PersonId, held: Held): KnownPerson {
  const person = knownPersons(held).find((item) => item.id === id);
  if (person === undefined) {
    throw new SallyportError(
      "forbidden",
      `person "${id}" is neither in the manifest nor in a fresh roster`,
    );
  }
  return person;
}

function techniciansOf(held: Held, company: CompanyId): KnownPerson[] {
  const roster = rosterOf(held, company);
  if (roster === undefined || roster.payload.freshUntilAt < held.nowAt) return [];
  return roster.payload.technicians.map(({ id, keys }) => ({ id, keys, roles: ["vendor"] }));
}

/** The newest roster of a company that one of its present administrators signed, who is not revoked. */
export function rosterOf(held: Held, company: CompanyId): Verified<Roster> | undefined {
  const materials = new Set(rosterKeepersOf(held, company).map(({ key }) => keyMaterial(key)));
  return held.rosters
    .filter(({ payload }) => payload.company === company)
    .filter(({ signers }) => signers.every(({ key }) => materials.has(keyMaterial(key))))
    .filter(({ signers }) => !signers.some((item) => held.isRevoked?.(item.name, item.keyId)))
    .toSorted((left, right) => right.payload.version - left.payload.version)[0];
}

/** The person of that id, who must hold one of the roles; throws `forbidden`. */
export function requireRole(id: PersonId, roles: readonly Role[], held: Held): KnownPerson {
  const person = requirePerson(id, held);
  if (!person.roles.some((role) => roles.includes(role))) {
    throw new SallyportError("forbidden", `person "${id}" is no ${roles.join(" or ")}`);
  }
  return person;
}

/** A document of this site that the signature of anyone with one of the roles is enough for. */
export async function verifyByRoles<Payload extends { readonly site: SiteId }>(
  envelope: Envelope,
  payload: Payload,
  held: Held,
  ...roles: readonly Role[]
): Promise<Verified<Payload>> {
  return verifyOfSite(envelope, payload, held, candidatesWith(held, ...roles));
}

/** The same, for what is decided (`decidersOf`). */
export async function decidedByRoles<Payload extends { readonly site: SiteId }>(
  envelope: Envelope,
  payload: Payload,
  held: Held,
  ...roles: readonly Role[]
): Promise<Verified<Payload>> {
  return verifyOfSite(envelope, payload, held, decidersWith(held, ...roles));
}

async function verifyOfSite<Payload extends { readonly site: SiteId }>(
  envelope: Envelope,
  payload: Payload,
  held: Held,
  candidates: readonly Candidate[],
): Promise<Verified<Payload>> {
  requireSite(payload.site, held);
  return verifyDocument(held.suite, envelope, payload, candidates, signatureRules(held));
}
