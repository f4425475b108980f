// The readable site file (YAML): a manifest as an owner edits it. Keys of persons and edges do not stand in it; they come from verified
// introductions alone, so a file from anywhere can at most rename, regroup or remove. Faults are reported all together, with line and key.
import * as v from "valibot";
import { isMap, LineCounter, parseDocument, stringify, type Document } from "yaml";
import type { DocumentHash, EdgeId, SiteId } from "../../shared/ids.ts";
import type { Manifest, ManifestEdge, Policy } from "../../shared/document/manifest.ts";
import { faultOfRights } from "../../shared/document/rights.ts";
import { opensNothing } from "../../shared/site/right-choice.ts";
import { CommandError } from "./exit-codes.ts";
import { nothingOpened } from "./right-words.ts";

const words = v.array(v.string());

const policySchema = v.strictObject({
  approversNeeded: v.optional(v.number(), 1),
  approvers: v.optional(v.nullable(words), null),
  secondFactor: v.optional(v.picklist(["required", "waived"]), "required"),
  passkeysOnly: v.optional(v.boolean(), false),
  deviceBound: v.optional(v.boolean(), false),
  maxMinutes: v.optional(v.number(), 480),
  concurrent: v.optional(v.picklist(["one", "several"]), "one"),
  recordingFull: v.optional(v.literal("end"), "end"),
  copyRecordings: v.optional(
    v.literal(false, "expected false: recordings stay on the edge"),
    false,
  ),
  supervised: v.optional(v.boolean(), false),
  recordKeys: v.optional(v.boolean(), false),
});

const siteFileSchema = v.strictObject({
  name: v.string(),
  ends: v.pipe(
    v.string(),
    v.check((text) => !Number.isNaN(Date.parse(text)), "expected a date like 2028-11-01"),
  ),
  ownersNeeded: v.number(),
  persons: v.record(v.string(), v.strictObject({ name: v.string(), roles: words })),
  companies: v.optional(
    v.record(
      v.string(),
      v.strictObject({
        name: v.string(),
        administrators: v.record(v.string(), v.strictObject({ name: v.string() })),
      }),
    ),
    {},
  ),
  relays: v.optional(
    v.array(v.strictObject({ name: v.string(), url: v.string(), attestationKey: v.string() })),
    [],
  ),
  edges: v.optional(v.record(v.string(), v.strictObject({ id: v.string() })), {}),
  policies: v.optional(v.record(v.string(), policySchema), {}),
  targets: v.optional(
    v.record(
      v.string(),
      v.pipe(
        v.strictObject({
          name: v.string(),
          kind: v.string(),
          edge: v.string(),
          rights: words,
          policy: v.string(),
          legacy: v.optional(v.boolean(), false),
        }),
        v.check(
          ({ kind, rights }) => faultOfRights(kind, rights) === undefined,
          ({ input: { kind, rights } }) => faultOfRights(kind, rights) ?? "",
        ),
        v.check(
          ({ kind, rights }) => rights.length === 0 || !opensNothing(kind, rights),
          ({ input: { kind, rights } }) => nothingOpened(kind, rights),
        ),
      ),
    ),
    {},
  ),
});
export type SiteFile = v.InferOutput<typeof siteFileSchema>;

/** What a policy says where a file says nothing. */
export const usualPolicy = v.parse(policySchema, {});

/** Reads a site file; throws one `CommandError` that lists every fault as `path:line: key: what`. */
export function parseSiteFile(text: string, path: string): SiteFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, strict: true, schema: "core" });
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    throw faulty(
      syntax.map(
        (fault) => `${path}:${lines.linePos(fault.pos[0]).line}: ${fault.message.split("\n")[0]}`,
      ),
    );
  }
  const parsed = v.safeParse(siteFileSchema, plain(document, path));
  if (parsed.success) return parsed.output;
  throw faulty(
    parsed.issues.map((issue) => {
      const keys = (issue.path ?? []).map((item) => item.key);
      // What a check of ours says quotes values as they are written.
      const what = issue.type === "check" ? issue.message : issue.message.toLowerCase();
      return `${path}:${lineOf(document, lines, keys)}: ${keys.join(".") || "file"}: ${what}`;
    }),
  );
}

// An alias could grow a small file into an enormous one; nothing in a site file needs any.
function plain(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw faulty([`${path}:1: file: aliases are not taken`]);
  }
}

/** A manifest as a site file, with what must be known to edit it. */
export function renderSiteFile(manifest: Manifest, site: SiteId): string {
  const edgeName = edgeNames(manifest.edges);
  const file: SiteFile = {
    name: manifest.name,
    ends: dayOf(manifest.endsAt),
    ownersNeeded: manifest.ownersNeeded,
    persons: byId(manifest.persons, ({ name, roles }) => ({ name, roles: [...roles] })),
    companies: byId(manifest.companies, ({ name, administrators }) => ({
      name,
      administrators: byId(administrators, (administrator) => ({ name: administrator.name })),
    })),
    relays: manifest.relays.map((relay) => ({ ...relay })),
    edges: Object.fromEntries(manifest.edges.map(({ id }) => [edgeName(id), { id }])),
    policies: byId(manifest.policies, policyInFile),
    targets: byId(manifest.targets, ({ name, kind, edge, rights, policy, legacy }) => ({
      name,
      kind,
      edge: edgeName(edge),
      rights: [...rights],
      policy,
      legacy,
    })),
  };
  return (
    `# Site ${site}, manifest ${manifest.version}.\n` +
    "# Edit and apply: sallyport site apply <this file>. Persons and edges are added by invitation, claim and accept; here they are named,\n" +
    "# given roles or removed. Addresses and secrets of targets: sallyport site devices, sallyport site secrets.\n" +
    stringify(file, { lineWidth: 0 })
  );
}

function policyInFile(policy: Policy): SiteFile["policies"][string] {
  return v.parse(
    policySchema,
    Object.fromEntries(Object.entries(policy).filter(([key]) => key !== "id")),
  );
}

/** The manifest that follows `held` when the file is applied; throws listing everything that the file names and nobody introduced. */
export function nextManifest(
  held: Manifest,
  file: SiteFile,
  next: { readonly site: SiteId; readonly previous: DocumentHash; readonly issuedAt: number },
): unknown {
  const faults: string[] = [];
  const known = <Item extends { readonly id: string }>(
    items: readonly Item[],
    id: string,
    otherwise: string,
  ): Item | undefined => {
    const found = items.find((item) => item.id === id);
    if (found === undefined) faults.push(otherwise);
    return found;
  };
  const edges = Object.entries(file.edges).map(([name, { id }]) => {
    const edge = known(
      held.edges,
      id,
      `edge "${name}": no edge "${id}" was introduced; make its claim: sallyport claim "${name}"`,
    );
    return { ...edge, name };
  });
  const edgeId = new Map(
    edges.flatMap(
      (edge) =>
        [
          [edge.name, edge.id],
          [edge.id, edge.id],
        ] as [string | undefined, string | undefined][],
    ),
  );
  const persons = Object.entries(file.persons).map(([id, { name, roles }]) => {
    const person = known(
      held.persons,
      id,
      `person "${id}" has no key yet; invite first: sallyport invite ${id}`,
    );
    return { id, name, roles, keys: person?.keys };
  });
  const companies = Object.entries(file.companies).map(([id, company]) => {
    const introduced = known(
      held.companies,
      id,
      `company "${id}" has no administrator yet; invite one: sallyport invite ${id}/<name> --administrator`,
    );
    const administrators = Object.entries(company.administrators).map(([person, { name }]) => {
      const keys =
        introduced &&
        known(
          introduced.administrators,
          person,
          `administrator "${person}" has no key yet; invite first`,
        )?.keys;
      return { id: person, name, keys };
    });
    return { id, name: company.name, administrators };
  });
  const targets = Object.entries(file.targets).map(([id, { edge, legacy, ...target }]) => {
    const found = edgeId.get(edge);
    if (found === undefined)
      faults.push(`target "${id}": edge "${edge}" is not listed under edges`);
    const deviceVersion = held.targets.find((each) => each.id === id)?.deviceVersion ?? 0;
    const { name, kind, rights, policy } = target;
    return { id, name, kind, edge: found, rights, policy, deviceVersion, legacy };
  });
  if (faults.length > 0) throw faulty(faults);
  return {
    ...held,
    ...next,
    version: held.version + 1,
    name: file.name,
    endsAt:
      file.ends === dayOf(held.endsAt) ? held.endsAt : Math.floor(Date.parse(file.ends) / 1000),
    ownersNeeded: file.ownersNeeded,
    persons,
    companies,
    relays: file.relays,
    edges,
    targets,
    policies: Object.entries(file.policies).map(([id, policy]) => ({ id, ...policy })),
  };
}

function dayOf(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().slice(0, 10);
}

/** What an edge is called in a file: its name, or its id where two share a name. */
export function edgeNames(edges: readonly ManifestEdge[]): (id: EdgeId) => string {
  const shared = (name: string) => edges.filter((edge) => edge.name === name).length > 1;
  return (id) => {
    const name = edges.find((edge) => edge.id === id)?.name ?? id;
    return shared(name) ? id : name;
  };
}

function byId<Item extends { readonly id: string }, Value>(
  items: readonly Item[],
  valueOf: (item: Item) => Value,
): Record<string, Value> {
  return Object.fromEntries(items.map((item) => [item.id, valueOf(item)]));
}

// A missing key has no place of its own: the fault then points at what should hold it.
function lineOf(document: Document, lines: LineCounter, keys: readonly unknown[]): number {
  for (let depth = keys.length; depth >= 0; depth -= 1) {
    const parent = depth === 0 ? document.contents : document.getIn(keys.slice(0, depth - 1), true);
    const key = keys[depth - 1];
    const pair = isMap(parent)
      ? parent.items.find((item) => String(item.key) === String(key))
      : undefined;
    const node = pair?.key ?? (depth === 0 ? parent : document.getIn(keys.slice(0, depth), true));
    const range =
      node && typeof node === "object" && "range" in node ? (node.range as [number] | null) : null;
    if (range) return lines.linePos(range[0]).line;
  }
  return 1;
}

function faulty(faults: readonly string[]): CommandError {
  const [first = "", ...others] = faults;
  return new CommandError("invalid", first, ...others);
}
