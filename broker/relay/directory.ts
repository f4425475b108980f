// Who and what a site is, as its newest manifest and rosters say: the one place where the relay turns a key into a person with roles.
// Invariants: a view is built by verifying the site's documents from its id on, as everybody else does; what is kept in memory is named by the
// newest entry that it comes from, so it is never older than the store.
import { wallSeconds, type Clock } from "../../shared/clock.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { parseEnvelope } from "../../shared/document/envelope.ts";
import { knownPersons, type Held } from "../../shared/document/held.ts";
import { keyIdOf } from "../../shared/document/keys.ts";
import type { Role } from "../../shared/document/manifest.ts";
import { verifyRoster, type Roster } from "../../shared/document/roster.ts";
import { walkChain, type ManifestChain } from "../../shared/document/succession.ts";
import type { Verified } from "../../shared/document/verify.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { CompanyId, KeyId, PersonId, SiteId } from "../../shared/ids.ts";
import type { Consequences, DocumentRows, KeyHolder } from "./store/document-rows.ts";

/** What a site's newest documents are, as far as they verify. */
export interface SiteView extends Omit<Held, "nowAt"> {
  readonly chain: ManifestChain;
}

export type MemberRole = Role | "administrator";

/** A person of a site whose key counts there now. */
export interface Member {
  readonly site: SiteId;
  readonly person: PersonId;
  readonly key: KeyId;
  readonly roles: readonly MemberRole[];
  /** Whose administrator or technician this is. */
  readonly company: CompanyId | undefined;
}

export interface Description {
  readonly siteName: string;
  readonly personName: string;
  readonly hasPasskey: boolean;
}

const mostViews = 256;
/** Of one key. */
const mostSites = 64;

export class Directory {
  readonly #rows: DocumentRows;
  readonly #suite: CryptoSuite;
  readonly #clock: Clock;
  readonly #views = new Map<string, SiteView>();

  constructor(rows: DocumentRows, suite: CryptoSuite, clock: Clock) {
    this.#rows = rows;
    this.#suite = suite;
    this.#clock = clock;
  }

  /** What a verifier holds of the site now; throws `not_found` for a site that is not registered here. */
  async held(site: SiteId): Promise<SiteView & Held> {
    return { ...(await this.#view(site)), nowAt: wallSeconds(this.#clock) };
  }

  /** The person of a site whose key this is now; undefined if it is nobody's, also when the roster is no longer fresh. */
  async member(site: SiteId, key: KeyId): Promise<Member | undefined> {
    const person = await this.#rows.holderAt(site, key);
    if (person === undefined) return undefined;
    const held = await this.held(site);
    const known = knownPersons(held).find((item) => item.id === person);
    for (const publicKey of known?.keys ?? []) {
      if ((await keyIdOf(this.#suite, publicKey)) !== key) continue;
      const isAdministrator = held.manifest.payload.companies.some((company) =>
        company.administrators.some((item) => item.id === person),
      );
      const roles = [
        ...(known?.roles ?? []),
        ...(isAdministrator ? ["administrator" as const] : []),
      ];
      return { site, person, key, roles, company: companyOf(person) };
    }
    return undefined;
  }

  /** Whose key this is now at each of its sites, or at one. */
  async members(key: KeyId, site?: SiteId): Promise<Member[]> {
    const members: Member[] = [];
    for (const holder of (await this.#rows.holdersOf(key)).slice(0, mostSites)) {
      if (site !== undefined && site !== holder.site) continue;
      const member = await this.member(holder.site, key);
      if (member) members.push(member);
    }
    return members;
  }

  /** What a member and the site are called, and whether a passkey is among the member's keys. */
  async describe({ site, person }: Pick<Member, "site" | "person">): Promise<Description> {
    const held = await this.held(site);
    const { name, persons, companies } = held.manifest.payload;
    const named = [
      ...persons,
      ...held.rosters.flatMap((roster) => roster.payload.technicians),
      ...companies.flatMap((company) => company.administrators),
    ];
    const keys = knownPersons(held).find((item) => item.id === person)?.keys ?? [];
    return {
      siteName: name,
      personName: named.find((item) => item.id === person)?.name ?? person,
      hasPasskey: keys.some(({ kind }) => kind === "passkey"),
    };
  }

  /** What the store is to look up once these documents are the newest. */
  async consequences(view: SiteView): Promise<Consequences> {
    const holders = new Map<KeyId, KeyHolder>();
    // A roster counts here whether fresh or not: `member` looks at that each time.
    for (const { id, keys } of knownPersons({ ...view, nowAt: 0 })) {
      for (const publicKey of keys) {
        const key = await keyIdOf(this.#suite, publicKey);
        // The manifest's persons come first: a roster that lists a key of somebody else does not move it.
        if (!holders.has(key)) holders.set(key, { key, person: id });
      }
    }
    const admitted = view.manifest.payload.edges.map(({ id, signingKey, name }) => ({
      edge: id,
      publicKey: signingKey,
      name,
    }));
    return { keys: [...holders.values()], admitted };
  }

  /** The site under another newest manifest, with those of its rosters that verify under that. */
  async viewUnder(chain: ManifestChain): Promise<SiteView> {
    const view = { suite: this.#suite, chain, manifest: chain.held, rosters: [] };
    const rosters: Verified<Roster>[] = [];
    for (const entry of await this.#rows.current(chain.site, "roster")) {
      const held = { ...view, nowAt: wallSeconds(this.#clock) };
      const roster = await verifyOrDrop(() => verifyRoster(parseEnvelope(entry.envelope), held));
      if (roster) rosters.push(roster);
    }
    return { ...view, rosters };
  }

  async #view(site: SiteId): Promise<SiteView> {
    const seq = await this.#rows.newestSeq(site, ["manifest", "roster"]);
    if (seq === 0) throw unknownSite();
    const name = `${site} ${seq}`;
    const kept = this.#views.get(name);
    if (kept) return kept;
    const view = await this.viewUnder(await this.#walkManifests(site));
    this.#views.set(name, view);
    const [oldest] = this.#views.keys();
    if (this.#views.size > mostViews && oldest !== undefined) this.#views.delete(oldest);
    return view;
  }

  async #walkManifests(site: SiteId): Promise<ManifestChain> {
    const entries = await this.#rows.complete(site, "manifest");
    const envelopes = entries.map((entry) => parseEnvelope(entry.envelope));
    // A manifest by the recovery key is complete in the store only after its wait.
    return walkChain(this.#suite, envelopes, site, () => true);
  }
}

/** The error for a site that is not here or not the caller's: one text for both. */
export function unknownSite(): SallyportError {
  return new SallyportError("not_found", "no such site, or you are not of it");
}

/** The company in the id of a technician or administrator. */
export function companyOf(person: PersonId): CompanyId | undefined {
  const slash = person.indexOf("/");
  return slash === -1 ? undefined : (person.slice(0, slash) as CompanyId);
}

// A roster whose administrator has left the manifest is no fault: it no longer counts.
async function verifyOrDrop<T>(verify: () => Promise<T>): Promise<T | undefined> {
  try {
    return await verify();
  } catch (thrown) {
    if (thrown instanceof SallyportError) return undefined;
    throw thrown;
  }
}
