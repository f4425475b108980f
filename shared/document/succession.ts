// From the pinned site id to the manifest in force (shared/protocol.md, "Succession").
// Invariant: each manifest is accepted under its predecessor alone, so nobody who lacks the owners' keys can replace, fork or roll back a site.
import type { VerifyingSuite } from "../crypto/suite.ts";
import { SallyportError, type ErrorCode } from "../errors.ts";
import type { DocumentHash, SiteId } from "../ids.ts";
import { hashEnvelope, type Envelope } from "./envelope.ts";
import { documentInvalid } from "./fields.ts";
import { decidersOf, siteOf } from "./held.ts";
import { edgeIdOf, keyMaterial, type PublicKey } from "./keys.ts";
import { parseManifest, type Manifest, type Person } from "./manifest.ts";
import {
  requireThreshold,
  verifyDocument,
  type Candidate,
  type Signer,
  type Verified,
} from "./verify.ts";

/** How long an edge waits before a manifest signed by the recovery key counts, so that an owner can veto a stolen sheet. */
export const recoveryWaitSeconds = 72 * 3600;

/** A site's manifests from the first to the held one. */
export interface ManifestChain {
  readonly site: SiteId;
  /** The hash of every manifest, by version - 1. */
  readonly hashes: readonly DocumentHash[];
  readonly held: Verified<Manifest>;
  /** What the held one was accepted under; null for the first. */
  readonly predecessor: Verified<Manifest> | null;
}

/** What becomes of a manifest that arrives. */
export type Succession =
  | { readonly outcome: "accepted"; readonly chain: ManifestChain }
  /** Signed by the recovery key: `chain` counts after `recoveryWaitSeconds`, unless an owner revokes that manifest or another is accepted. */
  | { readonly outcome: "recovering"; readonly chain: ManifestChain }
  /** It is the held one or an ancestor. */
  | { readonly outcome: "known" }
  /** Manifests between the held one and this one have to come first. */
  | { readonly outcome: "gap"; readonly after: number }
  /** Owners have signed two manifests of one version: refused, and to be reported. */
  | { readonly outcome: "sibling"; readonly manifest: Verified<Manifest> }
  | { readonly outcome: "refused"; readonly error: SallyportError };

/** The chain of manifest 1 alone; throws unless its hash is the pinned site id and enough of its own owners signed it. */
export async function acceptFirst(
  suite: VerifyingSuite,
  envelope: Envelope,
  pinned: SiteId,
): Promise<ManifestChain> {
  const payload = parseManifest(envelope);
  const hash = await hashEnvelope(envelope);
  // Attack: a whole site invented by the relay.
  if (payload.version !== 1 || (hash as string) !== pinned) {
    throw documentInvalid(`manifest "${hash}" is not the pinned first one, "${pinned}"`);
  }
  await checkEdgeIds(suite, payload);
  const held = await verifyDocument(suite, envelope, payload, ownersOf(payload), payload);
  requireOwners(payload, held.signers);
  return { site: pinned, hashes: [held.hash], held, predecessor: null };
}

/** Judges a manifest under the chain; never throws for what stands in it. */
export async function acceptNext(
  suite: VerifyingSuite,
  envelope: Envelope,
  chain: ManifestChain,
): Promise<Succession> {
  try {
    return await judge(suite, envelope, chain);
  } catch (thrown) {
    if (thrown instanceof SallyportError) return { outcome: "refused", error: thrown };
    throw thrown;
  }
}

/** The chain of manifests in order, from the pinned first; throws at the first that is not accepted. */
export async function walkChain(
  suite: VerifyingSuite,
  envelopes: readonly Envelope[],
  pinned: SiteId,
  mayRecover: (recovered: DocumentHash) => boolean = () => false,
): Promise<ManifestChain> {
  const [first, ...rest] = envelopes;
  if (first === undefined) throw documentInvalid("chain of manifests is empty");
  return extendChain(suite, rest, await acceptFirst(suite, first, pinned), mayRecover);
}

/**
 * The chain with further manifests in order; throws at the first that is not accepted. `mayRecover` says for which manifests signed by the
 * recovery key the wait is known to be over, as an edge's journal shows it.
 */
export async function extendChain(
  suite: VerifyingSuite,
  envelopes: readonly Envelope[],
  chain: ManifestChain,
  mayRecover: (recovered: DocumentHash) => boolean = () => false,
): Promise<ManifestChain> {
  let grown = chain;
  for (const envelope of envelopes) {
    const step = await acceptNext(suite, envelope, grown);
    if (step.outcome === "accepted") grown = step.chain;
    else if (step.outcome === "recovering" && mayRecover(step.chain.held.hash)) grown = step.chain;
    else if (step.outcome !== "known") throw errorOf(step);
  }
  return grown;
}

async function judge(
  suite: VerifyingSuite,
  envelope: Envelope,
  chain: ManifestChain,
): Promise<Succession> {
  const payload = parseManifest(envelope);
  const hash = await hashEnvelope(envelope);
  const { held, predecessor } = chain;
  const { version } = payload;
  if (chain.hashes[version - 1] === hash) return { outcome: "known" };
  if (version > held.payload.version + 1) {
    return { outcome: "gap", after: held.payload.version };
  }
  if (version === held.payload.version + 1) {
    const { manifest, by } = await verifySuccessor(suite, envelope, payload, held);
    const grown = { ...chain, hashes: [...chain.hashes, hash], held: manifest, predecessor: held };
    return { outcome: by === "owners" ? "accepted" : "recovering", chain: grown };
  }
  // Attack: an older or parallel manifest, with rights and keys that the owners have taken away since. One that owners really signed is an
  // alarm, so only that is called a sibling; anybody can write the rest.
  if (version === held.payload.version && predecessor !== null) {
    const { manifest, by } = await verifySuccessor(suite, envelope, payload, predecessor);
    if (by === "owners") return { outcome: "sibling", manifest };
  }
  throw new SallyportError(
    "manifest_rollback",
    `manifest of version ${version} is not the held or a newer one (${held.payload.version})`,
  );
}

async function verifySuccessor(
  suite: VerifyingSuite,
  envelope: Envelope,
  next: Manifest,
  held: Verified<Manifest>,
): Promise<{ manifest: Verified<Manifest>; by: "owners" | "recovery" }> {
  await checkSuccessor(suite, next, held);
  const { recovery } = held.payload;
  const recoveryKey: Candidate[] =
    recovery === null
      ? []
      : [{ name: "recovery", key: { kind: "ed25519", public: recovery.ed25519 } }];
  const candidates = [...ownersOf(held.payload), ...ownersOf(next), ...recoveryKey];
  const manifest = await verifyDocument(suite, envelope, next, candidates, next);
  requireOwners(next, manifest.signers);
  if (manifest.signers.some(({ key }) => isKey(key, recovery?.ed25519))) {
    return { manifest, by: "recovery" };
  }
  requireOwners(held.payload, manifest.signers);
  return { manifest, by: "owners" };
}

/** Throws unless `next` may follow the held manifest, whoever signs it: for whoever is about to. Its version is the caller's to compare. */
export async function checkSuccessor(
  suite: VerifyingSuite,
  next: Manifest,
  held: Verified<Manifest>,
): Promise<void> {
  // Attack: a manifest of another site with the same owners.
  if (next.site !== siteOf(held)) throw documentInvalid("manifest is of another site");
  // Attack: a manifest that grew on a line which the edge never held.
  if (next.previous !== held.hash) {
    throw new SallyportError(
      "manifest_fork",
      `manifest ${next.version} follows "${next.previous}", not the held "${held.hash}"`,
    );
  }
  if (next.issuedAt < held.payload.issuedAt) {
    throw documentInvalid("manifest was issued before its predecessor");
  }
  checkSigningPage(next, held.payload);
  await checkEdgeIds(suite, next);
}

// Attack: owners talked into signing a change of the page on which all later documents are signed. Passkeys would be lost with it, too.
function checkSigningPage(next: Manifest, held: Manifest): void {
  if (held.signing !== null && JSON.stringify(next.signing) !== JSON.stringify(held.signing)) {
    throw documentInvalid("manifest changes the signing page, which is fixed once it is named");
  }
}

// Attack: an edge listed under another edge's id.
async function checkEdgeIds(suite: VerifyingSuite, { edges }: Manifest): Promise<void> {
  for (const { id, signingKey } of edges) {
    if ((await edgeIdOf(suite, signingKey)) !== id) {
      throw documentInvalid(`edge "${id}" has a signing key of another fingerprint`);
    }
  }
}

function ownerPersons({ persons }: Manifest): Person[] {
  return persons.filter((person) => person.roles.includes("owner"));
}

function ownersOf(manifest: Manifest): Candidate[] {
  return ownerPersons(manifest).flatMap((person) => decidersOf(person, manifest.signing));
}

// A key may be listed under different persons in two manifests, so each threshold names the signers by its own manifest.
function requireOwners(manifest: Manifest, signers: readonly Signer[]): void {
  const owners = ownerPersons(manifest);
  const named = signers.flatMap((signer) => {
    const material = keyMaterial(signer.key);
    const owner = owners.find(({ keys }) => keys.some((key) => keyMaterial(key) === material));
    return owner === undefined ? [] : [{ ...signer, name: owner.id }];
  });
  const eligible = new Set(owners.map(({ id }) => id));
  requireThreshold(
    named,
    eligible,
    manifest.ownersNeeded,
    `owners of manifest ${manifest.version}`,
  );
}

function isKey(key: PublicKey, material: string | undefined): boolean {
  return keyMaterial(key) === material;
}

function errorOf(step: Exclude<Succession, { outcome: "accepted" | "known" }>): SallyportError {
  const error = (code: ErrorCode, message: string) => new SallyportError(code, message);
  switch (step.outcome) {
    case "refused":
      return step.error;
    case "sibling":
      return error("manifest_fork", `owners signed another manifest "${step.manifest.hash}"`);
    case "gap":
      return error("document_invalid", `manifests after version ${step.after} are missing`);
    case "recovering":
      return error("refused", "manifest is signed by the recovery key and has to wait 72 hours");
  }
}
