// Which manifests, rosters, revocations and running lockdowns this edge holds, each as it was verified when it came; and the two views on them, the
// documents' verifier's and the gate's. Invariant: a value of this is never changed; every document that counts makes a new one.
import type { CryptoSuite } from "../shared/crypto/suite.ts";
import { siteOf, type Held } from "../shared/document/held.ts";
import { parseLockdown, type LockdownScope } from "../shared/document/lockdown.ts";
import { parseRevocation, type Revocation } from "../shared/document/revocation.ts";
import type { Roster } from "../shared/document/roster.ts";
import { walkChain, type ManifestChain } from "../shared/document/succession.ts";
import type { Verified } from "../shared/document/verify.ts";
import type { CompanyId, EdgeId, KeyId, SiteId } from "../shared/ids.ts";
import { knownKeys, relayKeys, stillVerified } from "./known-keys.ts";
import type { Archive } from "./record/archive.ts";
import type { TrustedSituation } from "./situation.ts";
import type { ClockReading, EdgeTime } from "./time.ts";
import { documentsOf, type TrustIndex } from "./trust-file.ts";

export interface HeldDocuments {
  readonly chain: ManifestChain;
  readonly rosters: ReadonlyMap<CompanyId, Verified<Roster>>;
  readonly revocations: readonly Revocation[];
  /** Those not lifted, by the journal's entry that a lift names. */
  readonly lockdowns: readonly { readonly entry: string; readonly scope: LockdownScope }[];
}

/** What is held with a first manifest. */
export function firstHeld(chain: ManifestChain): HeldDocuments {
  return { chain, rosters: new Map(), revocations: [], lockdowns: [] };
}

export interface ArchivedDocuments {
  readonly suite: CryptoSuite;
  readonly site: SiteId;
  readonly archive: Archive;
  readonly time: EdgeTime;
}

/** What the index names; undefined if that is no manifest. The chain is verified again from the pinned site id; throws if that, or a document of it, is not there. */
export async function loadHeld(
  { suite, site, archive, time }: ArchivedDocuments,
  index: TrustIndex,
): Promise<HeldDocuments | undefined> {
  if (index.manifests.length === 0) return undefined;
  const manifests = await documentsOf(archive, "manifest", index.manifests);
  const first = firstHeld(await walkChain(suite, manifests, site, () => true));
  const rosters = await documentsOf(archive, "roster", index.rosters);
  const believed = await stillVerified(rosters, verifiersView(first, suite, time.reading()));
  // These were judged when they came; whoever signed them may have left since, and they stay.
  const revoking = index.revocations.map(({ hash }) => hash);
  const revocations = await documentsOf(archive, "revocation", revoking);
  const running = index.lockdowns.filter(({ isLifted }) => !isLifted);
  const locking = running.map(({ hash }) => hash);
  const lockdowns = await documentsOf(archive, "lockdown", locking);
  return {
    chain: first.chain,
    rosters: new Map(believed.map((roster) => [roster.payload.company, roster])),
    revocations: revocations.map(parseRevocation),
    lockdowns: lockdowns.map((envelope, place) => ({
      entry: running[place]?.entry.hash ?? "",
      scope: parseLockdown(envelope).scope,
    })),
  };
}

/** What the gate judges documents by again: under today's manifest and rosters. */
export function verifiersView(
  { chain, rosters }: HeldDocuments,
  suite: CryptoSuite,
  { proven, wallMs, floorMs }: ClockReading,
): Held {
  return {
    suite,
    manifest: chain.held,
    rosters: [...rosters.values()],
    nowAt: Math.floor((proven ? wallMs : floorMs) / 1000),
  };
}

/** Whether a person or a key is revoked, and signs nothing any more. */
export function revokes(
  { revocations }: Pick<HeldDocuments, "revocations">,
  person: string,
  key: KeyId,
): boolean {
  return revocations.some(
    ({ scope }) =>
      (scope.kind === "person" && scope.id === person) ||
      (scope.kind === "key" && scope.id === key),
  );
}

/** What the gate judges people by. */
export async function gatesView(
  { chain, revocations, lockdowns }: HeldDocuments,
  held: Held,
  edge: EdgeId,
): Promise<TrustedSituation> {
  return {
    site: siteOf(held.manifest),
    edge,
    manifest: held.manifest.payload,
    manifestHash: held.manifest.hash,
    lineage: new Set(chain.hashes),
    keys: await knownKeys(held),
    relayKeys: await relayKeys(held),
    revocations: revocations.map(({ scope }) => scope),
    lockdowns: lockdowns.map(({ scope }) => scope),
  };
}
