// What the page knows before it explains a document: the site's manifests, walked from the pinned first one, the rosters under the newest, and
// the documents that are named by hash. Invariant: nothing is shown as known that is not verified here, or bound by a hash in the payload.
import { webVerifying } from "../../shared/crypto/webcrypto.ts";
import { hashEnvelope, parseEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { documentInvalid } from "../../shared/document/fields.ts";
import { findEdge, findTarget, parseManifest } from "../../shared/document/manifest.ts";
import type { Held } from "../../shared/document/held.ts";
import { verifyRoster, type Roster } from "../../shared/document/roster.ts";
import {
  recoveryWaitSeconds,
  walkChain,
  type ManifestChain,
} from "../../shared/document/succession.ts";
import type { Verified } from "../../shared/document/verify.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { DocumentHash, EdgeId, SiteId, TargetId } from "../../shared/ids.ts";
import type { SignAsk } from "../../shared/signing-page.ts";
import { refusals, site as siteTexts } from "./texts.ts";
import { listed, say, type Words } from "./words.ts";

/** Documents beside the one that is to be signed, by their own hash. */
export type About = ReadonlyMap<DocumentHash, Envelope>;

/** A site whose manifests are known. */
export interface Known {
  readonly site: SiteId;
  readonly chain: ManifestChain;
  readonly held: Held;
  readonly about: About;
  /** What should be said of the site itself. */
  readonly warnings: readonly Words[];
}

/** The documents that an ask brings along; throws for what is no envelope. */
export async function readAbout({ about }: SignAsk): Promise<About> {
  const envelopes = about.map((text) => parseEnvelope(text));
  const pairs = envelopes.map(async (item) => [await hashEnvelope(item), item] as const);
  return new Map(await Promise.all(pairs));
}

/** The document of that type and hash; throws if it was not brought along. */
export function requireAbout(about: About, type: string, hash: DocumentHash): Envelope {
  const envelope = about.get(hash);
  if (envelope?.type !== type) throw documentInvalid(refusals.missing(type));
  return envelope;
}

/** Walks the ask's manifests from the site that the document names; throws at the first that does not hold. */
export async function learnSite(
  { chain: texts }: SignAsk,
  site: SiteId,
  about: About,
  nowAt: number,
): Promise<Known> {
  if (texts.length === 0) throw documentInvalid(refusals.chain);
  const manifests = texts.map((text) => parseEnvelope(text));
  const issued = new Map<DocumentHash, { version: number; issuedAt: number }>();
  for (const item of manifests) issued.set(await hashEnvelope(item), parseManifest(item));
  const warnings: Words[] = [];
  // Only an edge knows when it saw a manifest by the recovery key; the page goes by its date, and says so.
  const mayRecover = (hash: DocumentHash): boolean => {
    const recovered = issued.get(hash);
    if (recovered === undefined || recovered.issuedAt + recoveryWaitSeconds > nowAt) return false;
    warnings.push(siteTexts.recovered(recovered.version));
    return true;
  };
  const chain = await walkChain(webVerifying, manifests, site, mayRecover);
  const bare: Held = { suite: webVerifying, manifest: chain.held, rosters: [], nowAt };
  const rosters: Verified<Roster>[] = [];
  for (const item of about.values()) {
    const roster = item.type === "roster" ? await rosterOrNothing(item, bare) : undefined;
    if (roster !== undefined) rosters.push(roster);
  }
  return { site, chain, held: { ...bare, rosters }, about, warnings };
}

// One that does not hold, as after its administrator left, names nobody; whoever depends on it is refused as unknown.
async function rosterOrNothing(
  envelope: Envelope,
  held: Held,
): Promise<Verified<Roster> | undefined> {
  try {
    return await verifyRoster(envelope, held);
  } catch (thrown) {
    if (thrown instanceof SallyportError) return undefined;
    throw thrown;
  }
}

/** A person's name and, of a company's, the company: `Joe of Acme Drives`. */
export function personWords(held: Held, id: string): Words {
  const { companies } = held.manifest.payload;
  const company = companies.find((item) => id.startsWith(`${item.id}/`));
  const name = nameOf(held, id) ?? id;
  return company === undefined ? say`${name}` : say`${name} of ${company.name}`;
}

/** With the id, which is the only name that two persons cannot share. */
export function personFact(held: Held, id: string): Words {
  return nameOf(held, id) === undefined
    ? personWords(held, id)
    : say`${personWords(held, id)} (${id})`;
}

function nameOf({ manifest, rosters }: Held, id: string): string | undefined {
  const { persons, companies } = manifest.payload;
  return [
    ...persons,
    ...companies.flatMap((item) => item.administrators),
    ...rosters.flatMap((item) => item.payload.technicians),
  ].find((item) => item.id === id)?.name;
}

/** An edge by name; by its id where the manifest does not list it. */
export function edgeName({ manifest }: Held, id: EdgeId): string {
  return findEdge(manifest.payload, id)?.name ?? id;
}

export function targetName({ manifest }: Held, id: TargetId): string {
  return findTarget(manifest.payload, id)?.name ?? id;
}

/** The targets of a job by name, all of them: a job has eight at most. */
export function targetsWords(held: Held, targets: readonly { readonly id: TargetId }[]): Words {
  return listed(targets.map(({ id }) => say`${targetName(held, id)}`));
}

/** Four characters at a time, as they are compared by voice. */
export function spoken(fingerprint: string): string {
  return fingerprint.replace(/.{4}(?=.)/g, "$& ");
}
