// Strict JSON (shared/protocol.md, "Strict JSON"): a text has exactly one reading, and a value exactly one text.
// Attacks stopped here: duplicate keys, odd numbers and white space (two readers, two meanings), `__proto__`, lone surrogates.
import { SallyportError } from "../errors.ts";

/** No document or message comes near it; without it the depth that a reader takes would be that of its stack. */
const maxDepth = 64;

/** The value of `text`; throws `json_invalid` unless `JSON.stringify` gives back the very same text. */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text, refuseProto);
  } catch (cause) {
    if (cause instanceof SallyportError) throw cause;
    throw new SallyportError("json_invalid", "text is not JSON", { cause });
  }
  if (!text.isWellFormed() || !isWellFormedValue(value, 0)) {
    throw new SallyportError("json_invalid", "text holds a lone surrogate");
  }
  if (JSON.stringify(value) !== text) {
    throw new SallyportError(
      "json_invalid",
      "text is not strict JSON (duplicate key, white space, or a number or string in another spelling)",
    );
  }
  return value;
}

function refuseProto(key: string, value: unknown): unknown {
  if (key === "__proto__") throw new SallyportError("json_invalid", "key `__proto__` is refused");
  return value;
}

// An escaped surrogate (`\ud800`) leaves the text itself well-formed, so the strings are looked at too.
function isWellFormedValue(value: unknown, depth: number): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null) return true;
  if (depth === maxDepth) {
    throw new SallyportError("json_invalid", `value is nested deeper than ${maxDepth}`);
  }
  if (Array.isArray(value)) return value.every((item) => isWellFormedValue(item, depth + 1));
  return Object.entries(value).every(
    ([key, item]) => key.isWellFormed() && isWellFormedValue(item, depth + 1),
  );
}
