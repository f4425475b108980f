// The manifest: the signed description of a site (shared/protocol.md, "manifest"). Who may do what is decided under the one that is held.
// Invariant: what a payload names stands in it, and every public key stands in it once, in whatever role or form.
import * as v from "valibot";
import { fromBase64Url, toBase64Url } from "../bytes.ts";
import type { EdgeId, PersonId, PolicyId, TargetId } from "../ids.ts";
import type { Envelope } from "./envelope.ts";
import {
  companyId,
  documentHash,
  documentInvalid,
  edgeId,
  list,
  name,
  parsePayload,
  personId,
  policyId,
  record,
  requireUnique,
  secondsAt,
  siteId,
  targetId,
  version,
  whole,
  word,
} from "./fields.ts";
import {
  ed25519Public,
  keyMaterial,
  maxKeysPerPerson,
  parseSshEd25519,
  publicKey,
  sshEd25519Line,
  xwingPublic,
} from "./keys.ts";
import { maxThreshold, policy } from "./policy.ts";

// The lists together stay within an envelope's 256 KiB; each bound is far above the largest plant that one manifest should describe.
const maxPersons = 300;
const maxCompanies = 100;
const maxAdministrators = 8;
const maxRelays = 8;
const maxEdges = 64;
const maxTargets = 1000;
const maxPolicies = 64;
const maxOrigins = 4;
/** A target kind has a handful of rights. */
export const maxRights = 16;
/** A frozen edge trusts a manifest no longer than this. */
const maxManifestSeconds = 5 * 366 * 24 * 3600;
/** Release keys are three, of which two sign. */
const releaseKeys = 3;

const role = v.picklist(["owner", "approver", "auditor", "vendor"]);
export type Role = v.InferOutput<typeof role>;

/** The roles that an invitation may offer; a person may hold several. */
export const roles = v.pipe(
  list(role, 1, 4),
  v.check((items) => new Set(items).size === items.length, "a role stands twice"),
);

export const personKeys = list(publicKey, 1, maxKeysPerPerson);

const person = record({ id: personId, name, roles, keys: personKeys });
/** A person of the site itself. */
export type Person = v.InferOutput<typeof person>;

const administrator = record({ id: personId, name, keys: personKeys });
const company = record({
  id: companyId,
  name,
  administrators: list(administrator, 1, maxAdministrators),
});
export type Company = v.InferOutput<typeof company>;

/** An origin as browsers serialise it: scheme, host, port if not the default; nothing else. */
const origin = v.pipe(
  v.string(),
  v.maxLength(253),
  v.check(isSigningOrigin, "expected an https origin, or http on localhost, without path"),
);

/** The signing page's relying-party id and its origins; passkeys are bound to it for life. */
const signing = v.pipe(
  record({
    rpId: v.pipe(v.string(), v.maxLength(253), v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/)),
    origins: list(origin, 1, maxOrigins),
  }),
  v.check(
    ({ rpId, origins }) =>
      origins.every((item) => {
        const { hostname } = new URL(item);
        return hostname === rpId || hostname.endsWith(`.${rpId}`);
      }),
    "an origin is not under the relying-party id",
  ),
);
export type SigningPage = v.InferOutput<typeof signing>;

const relay = record({
  name,
  url: v.pipe(
    v.string(),
    v.maxLength(253),
    v.check(isRelayUrl, "expected an http or https address without path"),
  ),
  attestationKey: ed25519Public,
});
export type RelayEntry = v.InferOutput<typeof relay>;

const edge = record({
  id: edgeId,
  name,
  signingKey: ed25519Public,
  sealingKey: xwingPublic,
  sshHostKey: sshEd25519Line,
});
export type ManifestEdge = v.InferOutput<typeof edge>;

/** Rights by name, each once. */
export const rights = v.pipe(
  list(word, 1, maxRights),
  v.check((items) => new Set(items).size === items.length, "a right stands twice"),
);

const target = record({
  id: targetId,
  name,
  kind: word,
  edge: edgeId,
  rights,
  policy: policyId,
  /** The version of the device document in force; 0 while there is none. */
  deviceVersion: whole(0, 2 ** 31),
  legacy: v.boolean(),
});
export type ManifestTarget = v.InferOutput<typeof target>;

const schema = record({
  /** Null in version 1, whose hash the site's id is. */
  site: v.nullable(siteId),
  version,
  previous: v.nullable(documentHash),
  name,
  issuedAt: secondsAt,
  endsAt: secondsAt,
  ownersNeeded: whole(1, maxThreshold),
  signing: v.nullable(signing),
  persons: list(person, 1, maxPersons),
  companies: list(company, 0, maxCompanies),
  recovery: v.nullable(record({ ed25519: ed25519Public, xwing: xwingPublic })),
  audit: v.nullable(record({ xwing: xwingPublic })),
  relays: list(relay, 0, maxRelays),
  edges: list(edge, 0, maxEdges),
  targets: list(target, 0, maxTargets),
  policies: list(policy, 0, maxPolicies),
  release: v.nullable(
    record({ version: whole(1, 2 ** 31), keys: list(ed25519Public, releaseKeys, releaseKeys) }),
  ),
});
export type Manifest = v.InferOutput<typeof schema>;
export type Policy = Manifest["policies"][number];

/** Reads a manifest's payload; throws `document_invalid`. Checks no signature and no succession. */
export function parseManifest(envelope: Envelope): Manifest {
  const manifest = parsePayload(envelope, "manifest", schema);
  checkRoot(manifest);
  checkIds(manifest);
  checkKeysStandOnce(manifest);
  checkOwners(manifest);
  checkReferences(manifest);
  return manifest;
}

function checkRoot({ site, version: number, previous, issuedAt, endsAt }: Manifest): void {
  const isFirst = number === 1;
  if ((site === null) !== isFirst || (previous === null) !== isFirst) {
    throw documentInvalid("manifest 1 has neither site nor previous, every later one names both");
  }
  if (endsAt <= issuedAt || endsAt > issuedAt + maxManifestSeconds) {
    throw documentInvalid(`manifest's end ${endsAt} is not within five years of ${issuedAt}`);
  }
}

function checkIds(manifest: Manifest): void {
  const ids = <Id extends string>(items: readonly { readonly id: Id }[]) =>
    items.map((item) => item.id);
  const administrators = manifest.companies.flatMap((item) => item.administrators);
  requireUnique([...ids(manifest.persons), ...ids(administrators)], "person");
  requireUnique(ids(manifest.companies), "company");
  requireUnique(ids(manifest.edges), "edge");
  requireUnique(ids(manifest.targets), "target");
  requireUnique(ids(manifest.policies), "policy");
  requireUnique(
    manifest.relays.map((item) => item.url),
    "relay address",
  );
  // A technician's id must never be a site person's id, or a roster could speak for an owner.
  const outsider = manifest.persons.find((item) => item.id.includes("/"));
  if (outsider !== undefined) {
    throw documentInvalid(`person "${outsider.id}" has the id of a company's technician`);
  }
  for (const { id, administrators: own } of manifest.companies) {
    const foreign = own.find((item) => !item.id.startsWith(`${id}/`));
    if (foreign !== undefined) {
      throw documentInvalid(`administrator "${foreign.id}" is not of company "${id}"`);
    }
  }
}

// Attack: one key under two names would be counted as two persons, or an edge could speak as an owner.
function checkKeysStandOnce(manifest: Manifest): void {
  const { recovery, audit, release } = manifest;
  requireUnique(
    [
      ...personKeyMaterials(manifest),
      ...manifest.relays.map((item) => item.attestationKey),
      ...manifest.edges.flatMap((item) => [
        item.signingKey,
        item.sealingKey,
        toBase64Url(parseSshEd25519(item.sshHostKey)),
      ]),
      ...(recovery === null ? [] : [recovery.ed25519, recovery.xwing]),
      ...(audit === null ? [] : [audit.xwing]),
      ...(release === null ? [] : release.keys),
    ],
    "public key",
  );
}

function personKeyMaterials(manifest: Manifest): string[] {
  const administrators = manifest.companies.flatMap((item) => item.administrators);
  return [...manifest.persons, ...administrators].flatMap((item) => item.keys.map(keyMaterial));
}

function checkOwners({ persons, ownersNeeded }: Manifest): void {
  const owners = persons.filter((item) => item.roles.includes("owner")).length;
  if (ownersNeeded > owners) {
    throw documentInvalid(`manifest needs ${ownersNeeded} owners and has ${owners}`);
  }
}

function checkReferences({ edges, targets, policies, persons }: Manifest): void {
  const edgeIds = new Set<EdgeId>(edges.map((item) => item.id));
  const policyIds = new Set<PolicyId>(policies.map((item) => item.id));
  for (const item of targets) {
    if (!edgeIds.has(item.edge)) {
      throw documentInvalid(`target "${item.id}" names edge "${item.edge}", which is not listed`);
    }
    if (!policyIds.has(item.policy)) {
      throw documentInvalid(
        `target "${item.id}" names policy "${item.policy}", which is not listed`,
      );
    }
  }
  const approvers = new Set<PersonId>(
    persons.filter((item) => item.roles.includes("approver")).map((item) => item.id),
  );
  for (const item of policies) checkPolicy(item, approvers);
}

function checkPolicy(item: Policy, approvers: ReadonlySet<PersonId>): void {
  const named = item.approvers ?? [...approvers];
  requireUnique(named, `policy "${item.id}": approver`);
  const stranger = named.find((id) => !approvers.has(id));
  if (stranger !== undefined) {
    throw documentInvalid(
      `policy "${item.id}" names "${stranger}", who is not listed as an approver`,
    );
  }
  if (item.approversNeeded > named.length) {
    throw documentInvalid(
      `policy "${item.id}" needs ${item.approversNeeded} approvers and has ${named.length}`,
    );
  }
}

function isSigningOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.origin !== text) return false;
  const isLocal = url.hostname === "localhost" || url.hostname.endsWith(".localhost");
  return url.protocol === "https:" || (url.protocol === "http:" && isLocal);
}

function isRelayUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** The listed edge, if there is one of that id. */
export function findEdge(manifest: Manifest, id: EdgeId): ManifestEdge | undefined {
  return manifest.edges.find((item) => item.id === id);
}

/** The listed target, if there is one of that id. */
export function findTarget(manifest: Manifest, id: TargetId): ManifestTarget | undefined {
  return manifest.targets.find((item) => item.id === id);
}

/** The policy of a listed target; every target has one. */
export function policyOf(manifest: Manifest, item: ManifestTarget): Policy {
  const found = manifest.policies.find((listed) => listed.id === item.policy);
  if (found === undefined) throw documentInvalid(`policy "${item.policy}" is not listed`);
  return found;
}

/** Raw bytes of an edge's Ed25519 and X-Wing keys. */
export function edgeKeys(item: ManifestEdge): { signingKey: Uint8Array; sealingKey: Uint8Array } {
  return {
    signingKey: fromBase64Url(item.signingKey),
    sealingKey: fromBase64Url(item.sealingKey),
  };
}
