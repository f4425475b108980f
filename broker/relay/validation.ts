// Checks requests by the TypeBox schema that stands beside each route, and gives handlers its type.
// Invariant: a body is taken as it is (no defaults, no conversion, no silent removal of keys); only query strings and paths are converted.
import type { FastifySchemaCompiler, FastifyTypeProvider } from "fastify";
import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import type { TLocalizedValidationError } from "typebox/error";
import Value from "typebox/value";
import { FieldError } from "./answers.ts";

/** Handlers see what their schemas say. */
export interface TypeBoxProvider extends FastifyTypeProvider {
  validator: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
  serializer: this["schema"] extends TSchema ? Static<this["schema"]> : unknown;
}

/** Fastify's validator compiler. */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const validator = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === "body" ? given : Value.Convert(schema, given);
    if (validator.Check(value)) return { value };
    return { error: faultOf(validator.Errors(value), httpPart ?? "request") };
  };
};

function faultOf(errors: readonly TLocalizedValidationError[], part: string): FieldError {
  // An unknown key is reported twice; the one that names it in `params` says it better.
  const error = errors.find((item) => item.keyword !== "boolean") ?? errors[0];
  const path = error?.instancePath.slice(1).replaceAll("/", ".") ?? "";
  if (error?.keyword === "additionalProperties") {
    const name = [path, error.params.additionalProperties[0]].filter(Boolean).join(".");
    return new FieldError(name, `${part} has an unknown key "${name}"`);
  }
  if (error?.keyword === "required") {
    const name = [path, error.params.requiredProperties[0]].filter(Boolean).join(".");
    return new FieldError(name, `${part} lacks "${name}"`);
  }
  const where = path === "" ? part : path;
  return new FieldError(where, `${where} ${error?.message ?? "is malformed"}`);
}
