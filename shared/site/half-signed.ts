// The next manifest while owners' signatures are missing, out of what a relay shows (protocol.md, "Succession").
// Attack stopped here: a relay, or somebody who only calls himself an owner in it, draws up a manifest and has an owner sign it as if another had.
import { hashEnvelope, type Envelope } from "../document/envelope.ts";
import { keyIdOf } from "../document/keys.ts";
import { parseManifest, type Manifest } from "../document/manifest.ts";
import { acceptNext, type ManifestChain } from "../document/succession.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { DocumentHash } from "../ids.ts";

export interface HalfSigned {
  readonly envelope: Envelope;
  readonly hash: DocumentHash;
  readonly manifest: Manifest;
  /** Owners of the held manifest who have signed it: at least one. */
  readonly signers: readonly string[];
}

/** The newest manifest that follows the held one and lacks nothing but signatures, with at least one by a present owner. */
export async function halfSigned(
  suite: CryptoSuite,
  stored: readonly Envelope[],
  chain: ManifestChain,
): Promise<HalfSigned | undefined> {
  for (const envelope of stored.toReversed()) {
    const step = await acceptNext(suite, envelope, chain);
    if (step.outcome !== "refused" || step.error.code !== "threshold_missed") continue;
    const signers = await presentOwners(suite, envelope, chain.held.payload);
    if (signers.length === 0) continue;
    const hash = await hashEnvelope(envelope);
    return { envelope, hash, manifest: parseManifest(envelope), signers };
  }
  return undefined;
}

// Every signature has verified by now; here it only matters whose they are.
async function presentOwners(
  suite: CryptoSuite,
  { signatures }: Envelope,
  held: Manifest,
): Promise<string[]> {
  const signed = new Set(signatures.map(({ keyid }) => keyid));
  const found: string[] = [];
  for (const { id, keys, roles } of held.persons) {
    if (!roles.includes("owner")) continue;
    const own = await Promise.all(keys.map((key) => keyIdOf(suite, key)));
    if (own.some((keyid) => signed.has(keyid))) found.push(id);
  }
  return found;
}
