// What an owner wants changed, piece by piece, before any of it is signed; and the next manifest that all of it together makes. Changes are applied to
// the manifest that is held, so they outlive one that another owner signs in between. Pure: pages keep, show and sign what comes out.
import type { Held } from "../../../shared/document/held.ts";
import { keyMaterial } from "../../../shared/document/keys.ts";
import type {
  Manifest,
  ManifestTarget,
  Person,
  Policy,
  Role,
} from "../../../shared/document/manifest.ts";
import type { Device } from "../../../shared/document/device.ts";
import type { SecretDocument } from "../../../shared/document/secret.ts";
import type {
  CompanyId,
  DocumentHash,
  EdgeId,
  PersonId,
  PolicyId,
  TargetId,
} from "../../../shared/ids.ts";
import { withNewcomers, type Newcomer } from "../../../shared/site/introductions.ts";
import { deviceFault, missingPin, type DeviceToProbe } from "./device-words.ts";
import { presetOf, presetRules } from "./presets.ts";

/** A target as an owner describes it; which version its device has is not his to say. */
export type TargetWish = Omit<ManifestTarget, "deviceVersion">;

/** How a target's test went, as the page saw it. */
export interface Tested {
  readonly ok: boolean;
  readonly at: number;
}

export type Change =
  | { readonly kind: "newcomer"; readonly id: DocumentHash; readonly name: string }
  | { readonly kind: "person-removed"; readonly id: PersonId }
  /** `key`: what `keyMaterial` makes of it. */
  | { readonly kind: "key-removed"; readonly id: string; readonly person: PersonId }
  | { readonly kind: "roles"; readonly id: PersonId; readonly roles: readonly Role[] }
  | { readonly kind: "company"; readonly id: CompanyId; readonly name: string }
  | { readonly kind: "company-removed"; readonly id: CompanyId }
  | { readonly kind: "edge"; readonly id: EdgeId; readonly name: string }
  | { readonly kind: "edge-removed"; readonly id: EdgeId }
  | {
      readonly kind: "target";
      readonly id: TargetId;
      readonly target: TargetWish;
      /** Null: what the edge knows stays. */
      readonly device: DeviceToProbe | null;
      /** Sealed when it was typed; null: what the edge has stays. */
      readonly secret: SecretDocument | null;
      readonly tested: Tested | null;
    }
  | { readonly kind: "target-removed"; readonly id: TargetId }
  | { readonly kind: "policy"; readonly id: PolicyId; readonly policy: Policy }
  | { readonly kind: "policy-removed"; readonly id: PolicyId }
  | { readonly kind: "site"; readonly id: "name"; readonly name: string }
  | { readonly kind: "site"; readonly id: "end"; readonly endsAt: number }
  | { readonly kind: "site"; readonly id: "owners"; readonly ownersNeeded: number };

export type TargetChange = Extract<Change, { kind: "target" }>;

/** Two changes of one place do not stand beside each other: the later one counts. */
export function placeOf({ kind, id }: Change): string {
  return `${kind.replace(/-removed$/, "")} ${id}`;
}

/** The changes with one more. */
export function withChange(changes: readonly Change[], change: Change): readonly Change[] {
  const place = placeOf(change);
  return [...changes.filter((each) => placeOf(each) !== place), change];
}

/** What is known of the site beside its manifest. */
export interface Surroundings {
  readonly held: Held;
  readonly newcomers: readonly Newcomer[];
  /** The version that a target's next device document has. */
  readonly deviceVersion: (target: ManifestTarget) => number;
}

export interface DeviceToGive {
  readonly target: ManifestTarget;
  readonly version: number;
  readonly device: Device;
}

export interface Prepared {
  /** The next manifest but for what chains it to the held one. */
  readonly manifest: Manifest;
  readonly devices: readonly DeviceToGive[];
  readonly secrets: readonly SecretDocument[];
  /** Newcomers that it lets in. */
  readonly accepted: readonly Newcomer[];
  /** Changes that cannot be signed yet, and why. */
  readonly faults: readonly ChangeFault[];
}

export type FaultWord =
  | "newcomerGone"
  | "edgeGone"
  | "addressMissing"
  | "hostKeyMissing"
  | "certificateMissing"
  | "deviceInvalid"
  | "deviceKind";

export interface ChangeFault {
  readonly change: Change;
  readonly word: FaultWord;
}

/** The next manifest with all changes in it, and what is to be signed after it. */
export async function prepare(
  changes: readonly Change[],
  { held, newcomers, deviceVersion }: Surroundings,
): Promise<Prepared> {
  const before = held.manifest.payload;
  const faults: ChangeFault[] = [];
  const accepted: Newcomer[] = [];
  for (const change of changes) {
    if (change.kind !== "newcomer") continue;
    const found = newcomers.find(({ introduction }) => introduction.invitation === change.id);
    if (found === undefined) faults.push({ change, word: "newcomerGone" });
    else accepted.push(found);
  }
  let manifest: Manifest = before;
  // Removals come first: a person whose old keys go gets the new ones in the same manifest.
  for (const change of changes) manifest = removed(manifest, change);
  manifest = await withNewcomers(manifest, accepted, held);
  const devices: DeviceToGive[] = [];
  const secrets: SecretDocument[] = [];
  for (const change of changes) {
    if (change.kind !== "target") manifest = changed(manifest, change);
    else {
      const fault = faultOfTarget(change, before, manifest);
      if (fault !== undefined) faults.push({ change, word: fault });
      const known = before.targets.find(({ id }) => id === change.id);
      const version =
        change.device === null
          ? (known?.deviceVersion ?? 0)
          : deviceVersion({ ...change.target, deviceVersion: known?.deviceVersion ?? 0 });
      const target = { ...change.target, deviceVersion: version };
      manifest = { ...manifest, targets: put(manifest.targets, target) };
      if (fault === undefined && change.device !== null)
        devices.push({ target, version, device: change.device });
      if (change.secret !== null) secrets.push(change.secret);
    }
  }
  return { manifest: fitted(manifest), devices, secrets, accepted, faults };
}

function removed(manifest: Manifest, change: Change): Manifest {
  const { persons, companies } = manifest;
  switch (change.kind) {
    case "person-removed":
      return {
        ...manifest,
        persons: without(persons, change.id),
        companies: companies
          .map((company) => ({
            ...company,
            administrators: without(company.administrators, change.id),
          }))
          .filter(({ administrators }) => administrators.length > 0),
      };
    case "key-removed": {
      const keep = <Item extends { readonly id: string; readonly keys: Person["keys"] }>(
        item: Item,
      ): Item =>
        item.id === change.person
          ? { ...item, keys: item.keys.filter((key) => keyMaterial(key) !== change.id) }
          : item;
      return {
        ...manifest,
        persons: persons.map(keep),
        companies: companies.map((company) => ({
          ...company,
          administrators: company.administrators.map(keep),
        })),
      };
    }
    case "company-removed":
      return { ...manifest, companies: without(companies, change.id) };
    case "edge-removed":
      return {
        ...manifest,
        edges: without(manifest.edges, change.id),
        targets: manifest.targets.filter(({ edge }) => edge !== change.id),
      };
    case "target-removed":
      return { ...manifest, targets: without(manifest.targets, change.id) };
    case "policy-removed":
      return { ...manifest, policies: without(manifest.policies, change.id) };
    case "newcomer":
    case "roles":
    case "company":
    case "edge":
    case "target":
    case "policy":
    case "site":
      return manifest;
  }
}

function changed(manifest: Manifest, change: Change): Manifest {
  const { persons, companies, edges } = manifest;
  switch (change.kind) {
    case "roles":
      return { ...manifest, persons: patch(persons, change.id, { roles: change.roles }) };
    case "company":
      return { ...manifest, companies: patch(companies, change.id, { name: change.name }) };
    case "edge":
      return { ...manifest, edges: patch(edges, change.id, { name: change.name }) };
    case "policy":
      return { ...manifest, policies: put(manifest.policies, change.policy) };
    case "site":
      if (change.id === "name") return { ...manifest, name: change.name };
      if (change.id === "end") return { ...manifest, endsAt: change.endsAt };
      return { ...manifest, ownersNeeded: change.ownersNeeded };
    case "newcomer":
    case "target":
    case "person-removed":
    case "key-removed":
    case "company-removed":
    case "edge-removed":
    case "target-removed":
    case "policy-removed":
      return manifest;
  }
}

// Who approves under a policy must be listed as an approver: one who is so no more leaves the policies too. And what is strict asks for two approvers
// from the moment that there are two.
function fitted(manifest: Manifest): Manifest {
  const approvers = new Set(
    manifest.persons.filter(({ roles }) => roles.includes("approver")).map(({ id }) => id),
  );
  const policies = manifest.policies.map((policy) => {
    const named = policy.approvers?.filter((id) => approvers.has(id)) ?? [];
    const next = { ...policy, approvers: named.length === 0 ? null : named };
    return presetOf(next) === "strict"
      ? { ...next, ...presetRules("strict", approvers.size) }
      : next;
  });
  return { ...manifest, policies };
}

function faultOfTarget(
  { target, device }: TargetChange,
  before: Manifest,
  next: Manifest,
): FaultWord | undefined {
  if (!next.edges.some(({ id }) => id === target.edge)) return "edgeGone";
  const known = before.targets.find(({ id }) => id === target.id);
  if (device === null) {
    // What one box knows, another cannot read; and without an address nothing is reached.
    const isKnown = known !== undefined && known.edge === target.edge && known.deviceVersion > 0;
    return isKnown && known.kind === target.kind ? undefined : "addressMissing";
  }
  if (device.kind !== target.kind) return "deviceKind";
  const pin = missingPin(device);
  if (pin !== undefined) return `${pin}Missing`;
  return deviceFault(device) === undefined ? undefined : "deviceInvalid";
}

/** The targets of the held manifest as changes leave them, with the change that touches each. */
export function targetsWith(
  manifest: Manifest,
  changes: readonly Change[],
): readonly {
  readonly target: TargetWish & { readonly deviceVersion: number };
  readonly change: Change | undefined;
}[] {
  const ofTarget = new Map(
    changes
      .filter(({ kind }) => kind === "target" || kind === "target-removed")
      .map((change) => [change.id as string, change]),
  );
  const listed = manifest.targets.map((target) => {
    const change = ofTarget.get(target.id);
    const wish = change?.kind === "target" ? change.target : target;
    return { target: { ...wish, deviceVersion: target.deviceVersion }, change };
  });
  const known = new Set(manifest.targets.map(({ id }) => id));
  const fresh = changes
    .filter((change) => change.kind === "target")
    .filter(({ id }) => !known.has(id))
    .map((change) => ({ target: { ...change.target, deviceVersion: 0 }, change }));
  return [...listed, ...fresh];
}

function without<Item extends { readonly id: string }>(
  items: readonly Item[],
  gone: string,
): readonly Item[] {
  return items.filter(({ id }) => id !== gone);
}

function put<Item extends { readonly id: string }>(
  items: readonly Item[],
  item: Item,
): readonly Item[] {
  return items.some(({ id }) => id === item.id)
    ? items.map((each) => (each.id === item.id ? item : each))
    : [...items, item];
}

function patch<Item extends { readonly id: string }>(
  items: readonly Item[],
  id: string,
  fields: Partial<Item>,
): readonly Item[] {
  return items.map((each) => (each.id === id ? { ...each, ...fields } : each));
}
