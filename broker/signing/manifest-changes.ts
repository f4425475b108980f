// What differs between two manifests, in sentences. Whatever has no sentence of its own is named by its field, so that nothing is left out;
// every single value stands below, folded away (shared/site/changes.ts).
import { keyMaterial } from "../../shared/document/keys.ts";
import type { Manifest } from "../../shared/document/manifest.ts";
import { moment, rightsWords, rolesWords, site } from "./texts.ts";
import { listed, say, type Words } from "./words.ts";

/** An edge's id or a key is longer, and tells a person nothing. */
const longestShown = 40;

interface Item {
  readonly id: string;
  readonly name?: string;
}

/** One sentence a difference; empty if only version and dates of issue differ. */
export function manifestChanges(before: Manifest, after: Manifest): Words[] {
  const known = new Set(["site", "version", "previous", "issuedAt"]);
  const sentences: Words[] = [];
  const same = (field: keyof Manifest): boolean => {
    known.add(field);
    return JSON.stringify(before[field]) === JSON.stringify(after[field]);
  };
  const list = (field: "persons" | "companies" | "edges" | "targets" | "policies"): void => {
    if (!same(field)) sentences.push(...listChanges(field, before[field], after[field]));
  };
  if (!same("name")) sentences.push(site.renamed(before.name, after.name));
  list("persons");
  list("companies");
  list("edges");
  list("targets");
  list("policies");
  if (!same("ownersNeeded")) {
    sentences.push(site.neededChanged(before.ownersNeeded, after.ownersNeeded));
  }
  if (!same("signing")) sentences.push(...(after.signing?.origins ?? []).map(site.pageNamed));
  if (!same("recovery")) sentences.push(site.sheetChanged);
  if (!same("audit")) sentences.push(site.auditChanged);
  if (!same("release")) sentences.push(site.releaseChanged);
  if (!same("endsAt")) sentences.push(site.endsChanged(moment(after.endsAt)));
  if (!same("relays")) sentences.push(...relayChanges(before, after));
  // A field that comes later must not pass unseen.
  for (const field of Object.keys(after)) {
    if (known.has(field) || same(field as keyof Manifest)) continue;
    sentences.push(site.field(field, undefined, undefined));
  }
  return sentences;
}

const nouns = {
  persons: "person",
  companies: "company",
  edges: "box",
  targets: "device",
  policies: "policy",
} as const;

function listChanges(
  field: keyof typeof nouns,
  before: readonly Item[],
  after: readonly Item[],
): Words[] {
  const noun = nouns[field];
  const older = new Map(before.map((item) => [item.id, item]));
  const newer = new Map(after.map((item) => [item.id, item]));
  const gone = before
    .filter(({ id }) => !newer.has(id))
    .map((item) => site.removed(noun, item.name ?? item.id, item.id));
  const changes = after.flatMap((item) => {
    const old = older.get(item.id);
    if (old === undefined) return [added(noun, item)];
    return itemChanges(noun, old, item);
  });
  const sentences = [...gone, ...changes];
  // The order alone has changed; it means nothing, and still it is said.
  return sentences.length > 0 ? sentences : [site.reordered(field)];
}

function added(noun: string, item: Item): Words {
  const sentence = site.added(noun, item.name ?? item.id, item.id);
  if ("roles" in item) {
    return site.withFields(sentence, rolesWords(item.roles as readonly string[]));
  }
  const shown = Object.entries(item)
    .filter(([key]) => key !== "id" && key !== "name")
    .flatMap(([key, value]) => {
      const words = valueWords(key, value, item);
      return words === undefined ? [] : [site.field(key, undefined, words)];
    });
  return shown.length === 0 ? sentence : site.withFields(sentence, listed(shown));
}

// Values that say something to a person; keys and whole objects stand in the exact list.
function valueWords(field: string, value: unknown, item: object): Words | undefined {
  if (typeof value === "boolean") return value ? site.yes : site.no;
  if (typeof value === "number") return say`${value}`;
  if (value === null) return site.nobody;
  if (typeof value === "string" && value.length <= longestShown) return say`${value}`;
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) return undefined;
  return field === "rights"
    ? rightsWords(value, "kind" in item ? String(item.kind) : undefined)
    : listed(value.map((each) => say`${each}`));
}

function itemChanges(noun: string, before: Item, after: Item): Words[] {
  const name = after.name ?? after.id;
  const older = Object.entries(before);
  const fields = Object.entries(after)
    .filter(([key, value]) => {
      const old = older.find(([other]) => other === key)?.[1] as unknown;
      return JSON.stringify(old) !== JSON.stringify(value);
    })
    .map(([key]) => key);
  const sentences: Words[] = [];
  const rest: Words[] = [];
  for (const field of fields) {
    if (field === "name") sentences.push(site.renamed(before.name ?? before.id, name));
    else if (field === "roles" && "roles" in before && "roles" in after) {
      const [old, now] = [before.roles, after.roles] as (readonly string[])[];
      sentences.push(site.rolesAre(name, rolesWords(old ?? []), rolesWords(now ?? [])));
    } else if (field === "keys" && "keys" in before && "keys" in after) {
      sentences.push(keyChange(name, before.keys as Keys, after.keys as Keys));
    } else {
      const values = [before, after].map((item) =>
        valueWords(field, Object.entries(item).find(([key]) => key === field)?.[1], item),
      );
      rest.push(site.field(field, values[0], values[1]));
    }
  }
  if (rest.length > 0) {
    sentences.push(site.otherwise(noun, name, listed(rest)));
  }
  return sentences;
}

type Keys = Manifest["persons"][number]["keys"];

function keyChange(name: string, before: Keys, after: Keys): Words {
  const older = new Set(before.map(keyMaterial));
  const newer = new Set(after.map(keyMaterial));
  return site.keysChanged(name, newer.difference(older).size, older.difference(newer).size);
}

function relayChanges(before: Manifest, after: Manifest): Words[] {
  const urls = (manifest: Manifest) => new Set(manifest.relays.map(({ url }) => url));
  const [older, newer] = [urls(before), urls(after)];
  const sentences = [
    ...before.relays
      .filter(({ url }) => !newer.has(url))
      .map(({ name, url }) => site.removed("relay", name, url)),
    ...after.relays
      .filter(({ url }) => !older.has(url))
      .map(({ name, url }) => site.added("relay", name, url)),
    ...after.relays
      .filter((relay) => {
        const old = before.relays.find(({ url }) => url === relay.url);
        return old !== undefined && JSON.stringify(old) !== JSON.stringify(relay);
      })
      .map(({ name }) => site.relayChanged(name)),
  ];
  return sentences.length > 0 ? sentences : [site.reordered("relays")];
}
