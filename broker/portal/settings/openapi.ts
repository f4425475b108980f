// The relay's description of its API (OpenAPI 3.1) as a page reads it: operations in groups, each with the fields that go in and come out, one line
// a field. What a description leaves open is left out, never guessed.
import * as v from "valibot";

export interface ApiField {
  /** `tokens[].id`; empty for a value that is no object. */
  readonly name: string;
  readonly kind: string;
  readonly isRequired: boolean;
  readonly about: string;
}

export interface ApiParameter extends ApiField {
  readonly where: string;
}

export interface ApiAnswer {
  readonly status: string;
  readonly fields: readonly ApiField[];
}

export interface ApiOperation {
  /** Good as a link's fragment. */
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly summary: string;
  readonly needsSignIn: boolean;
  readonly parameters: readonly ApiParameter[];
  readonly body: readonly ApiField[];
  readonly answers: readonly ApiAnswer[];
}

export interface ApiGroup {
  /** First segment of the address; of a site's addresses the one after its id. */
  readonly name: string;
  readonly isOfSite: boolean;
  readonly operations: readonly ApiOperation[];
}

type Schema = Readonly<Record<string, unknown>>;

const schemaShape = v.custom<Schema>(isObject, "no schema");
const content = v.optional(
  v.record(v.string(), v.object({ schema: v.optional(schemaShape, {}) })),
  {},
);
const operationShape = v.object({
  summary: v.optional(v.string(), ""),
  security: v.optional(v.array(v.unknown()), []),
  parameters: v.optional(
    v.array(
      v.object({
        name: v.string(),
        in: v.string(),
        required: v.optional(v.boolean(), false),
        description: v.optional(v.string(), ""),
        schema: v.optional(schemaShape, {}),
      }),
    ),
    [],
  ),
  requestBody: v.optional(v.object({ content })),
  responses: v.optional(v.record(v.string(), v.object({ content })), {}),
});
const documentShape = v.object({
  info: v.object({ version: v.string() }),
  paths: v.record(v.string(), v.record(v.string(), operationShape)),
  components: v.optional(v.object({ schemas: v.optional(v.record(v.string(), schemaShape), {}) })),
});

/** What `GET /api/openapi.json` answers. */
export const openApiSchema = documentShape;
export type OpenApi = v.InferOutput<typeof documentShape>;

/** All operations in the order of the description, by what they are about. */
export function groupsOf(document: OpenApi): ApiGroup[] {
  const shared = document.components?.schemas ?? {};
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): ApiOperation => ({
      id: `${method}${path.replace(/[^A-Za-z0-9]+/g, "-")}`,
      method: method.toUpperCase(),
      path,
      summary: operation.summary,
      needsSignIn: operation.security.length > 0,
      parameters: operation.parameters.map(
        ({ name, in: where, required, description, schema }) => ({
          name,
          where,
          kind: kindOf(schema, shared),
          isRequired: required,
          about: description || aboutOf(schema),
        }),
      ),
      body: fieldsOf(schemaIn(operation.requestBody?.content), shared),
      answers: Object.entries(operation.responses).map(([status, answer]) => ({
        status,
        fields: fieldsOf(schemaIn(answer.content), shared),
      })),
    })),
  );
  const groups = Map.groupBy(operations, ({ path }) => groupName(path));
  return [...groups].map(([name, found]) => ({
    name: name.replace(/^site:/, ""),
    isOfSite: name.startsWith("site:"),
    operations: found,
  }));
}

/** The operations that fit, with groups that have none left out. */
export function fitting(groups: readonly ApiGroup[], wanted: string): ApiGroup[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = ({ method, path, summary }: ApiOperation): boolean => {
    const text = `${method} ${path} ${summary}`.toLowerCase();
    return words.every((word) => text.includes(word));
  };
  return groups
    .map((group) => ({ ...group, operations: group.operations.filter(fits) }))
    .filter(({ operations }) => operations.length > 0);
}

function groupName(path: string): string {
  const [, first = "", , ofSite] = path.split("/").slice(1);
  if (first === "sites" && ofSite !== undefined) return `site:${ofSite}`;
  return first === "relay" || first === "health" ? "" : first;
}

function schemaIn(media: v.InferOutput<typeof content> | undefined): Schema | undefined {
  return Object.values(media ?? {})[0]?.schema;
}

const deepest = 5;

function fieldsOf(
  given: Schema | undefined,
  shared: Readonly<Record<string, Schema>>,
  prefix = "",
  depth = 0,
): ApiField[] {
  if (given === undefined) return [];
  const schema = resolve(given, shared);
  const { properties } = schema;
  if (isObject(properties) && depth < deepest) {
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    return Object.entries(properties).flatMap(([key, value]) => {
      const name = prefix === "" ? key : `${prefix}.${key}`;
      const field = resolve(isObject(value) ? value : {}, shared);
      const own = {
        name,
        kind: kindOf(field, shared),
        isRequired: required.includes(key),
        about: aboutOf(field),
      };
      return [own, ...within(field, shared, name, depth)];
    });
  }
  if (prefix !== "") return [];
  const own = { name: "", kind: kindOf(schema, shared), isRequired: true, about: aboutOf(schema) };
  return Object.keys(schema).length === 0 ? [] : [own, ...within(schema, shared, "", depth)];
}

// What lies inside of a field: of an object its fields, of a list those of its items, of alternatives those of the one that has any.
function within(
  field: Schema,
  shared: Readonly<Record<string, Schema>>,
  name: string,
  depth: number,
): ApiField[] {
  const inner = alternatives(field).map((each) => resolve(each, shared));
  const whole = inner.find((each) => isObject(each["properties"]) || isObject(each["items"]));
  if (whole === undefined) return [];
  if (isObject(whole["items"])) {
    const item = resolve(whole["items"], shared);
    return isObject(item["properties"]) ? fieldsOf(item, shared, `${name}[]`, depth + 1) : [];
  }
  return fieldsOf(whole, shared, name, depth + 1);
}

function kindOf(given: Schema, shared: Readonly<Record<string, Schema>>): string {
  const schema = resolve(given, shared);
  const several = alternatives(schema);
  if (several.length > 1)
    return [...new Set(several.map((each) => kindOf(each, shared)))].join(" or ");
  const { enum: values, const: value, type, items } = schema;
  if (Array.isArray(values)) return values.map((each) => JSON.stringify(each)).join(" or ");
  if (value !== undefined) return JSON.stringify(value);
  if (type === "array") return isObject(items) ? `list of ${kindOf(items, shared)}` : "list";
  return typeof type === "string" ? (kinds[type] ?? type) : "anything";
}

const kinds: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  object: "object",
  null: "null",
};

function aboutOf(schema: Schema): string {
  const { description } = schema;
  return typeof description === "string" ? description : "";
}

function alternatives(schema: Schema): Schema[] {
  const several = schema["anyOf"] ?? schema["oneOf"];
  return Array.isArray(several) ? several.filter(isObject) : [schema];
}

function resolve(schema: Schema, shared: Readonly<Record<string, Schema>>): Schema {
  const { $ref: reference } = schema;
  if (typeof reference !== "string") return schema;
  return shared[reference.slice(reference.lastIndexOf("/") + 1)] ?? {};
}

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
