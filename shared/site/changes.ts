// What differs between two manifests, in lines that an owner can judge before signing. Reads the payloads only; decides nothing.
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Names, reasons and addresses are shorter and shown whole: what is signed must not hide behind a beginning. Only keys are longer. */
const longestShown = 260;
/** Of a longer value so much of its beginning and of its end is shown. */
const endShown = 30;

/** Not worth a line of their own: they change with every manifest. */
const chained = new Set(["site", "version", "previous", "issuedAt"]);

/** One line per difference: `+` added, `-` removed, `~` changed; empty if only the chain's own fields differ. */
export function changesBetween(before: unknown, after: unknown): string[] {
  return differences("", before as Json, after as Json).filter(
    (line) => !chained.has(line.slice(2).split(/[ :.]/, 1)[0] ?? ""),
  );
}

function differences(path: string, before: Json | undefined, after: Json | undefined): string[] {
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  if (before === undefined) return [`+ ${path}: ${shown(after)}`];
  if (after === undefined) return [`- ${path}: ${shown(before)}`];
  const left = keyed(before);
  const right = keyed(after);
  if (left === undefined || right === undefined) {
    return path.endsWith("At")
      ? [`~ ${path}: ${moment(before)} → ${moment(after)}`]
      : [`~ ${path}: ${shown(before)} → ${shown(after)}`];
  }
  const keys = new Set([...left.keys(), ...right.keys()]);
  return [...keys].flatMap((key) =>
    differences(path === "" ? key : `${path}.${key}`, left.get(key), right.get(key)),
  );
}

// Lists of things with an id are compared by that id, so that inserting one is one line.
function keyed(value: Json): Map<string, Json> | undefined {
  if (value === null || typeof value !== "object") return undefined;
  if (!isList(value)) return new Map(Object.entries(value));
  const ids = value.map((item) =>
    item !== null && typeof item === "object" && "id" in item
      ? JSON.stringify(item["id"])
      : undefined,
  );
  if (ids.some((id) => id === undefined)) return undefined;
  return new Map(value.map((item, at) => [(ids[at] ?? "").replaceAll('"', ""), item]));
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}

// Of a whole person, edge or target everything is named, because adding it is what the owner signs; long keys are cut short.
function shown(value: Json | undefined): string {
  if (value === null || typeof value !== "object") return short(value);
  if (isList(value)) return `[${value.map(shown).join(", ")}]`;
  const fields = Object.entries(value).filter(([key]) => key !== "id");
  return fields.map(([key, field]) => `${key} ${shown(field)}`).join(", ");
}

function moment(value: Json): string {
  return typeof value === "number" ? new Date(value * 1000).toISOString() : shown(value);
}

function short(value: Json | undefined): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= longestShown
    ? text
    : `${text.slice(0, endShown)}…${text.slice(-endShown)} (${text.length} characters)`;
}
