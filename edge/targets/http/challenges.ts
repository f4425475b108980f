// What a device says of the ways to sign in to it: the WWW-Authenticate fields of its 401 (RFC 9110 §11.6.1). Pure.
// Invariant: what does not follow the grammar, or is longer than anybody needs, is no challenge; nothing in one holds a control sign.

/** Of one field; the longest known, of Windows' servers, have some hundred. */
const maxFieldLength = 4096;
const maxFields = 8;
/** Of one field. */
const maxChallenges = 16;
/** Of one challenge; RFC 7616 §3.3 names nine. */
const maxParameters = 32;

/** One way to sign in; names are in small letters, values without quotes and as latin1, a sign for a byte. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const scheme = new RegExp(`(${token})(?: +|(?=[ \\t]*(?:,|$)))`, "y");
/** RFC 9110 §5.6.4: name, and value as token or as quoted string. */
const parameter = new RegExp(
  `(${token})[ \\t]*=[ \\t]*(?:(${token})|"((?:[\\t !#-[\\]-~\\x80-\\xff]|\\\\[\\t -~\\x80-\\xff])*)")[ \\t]*(?=,|$)`,
  "y",
);
const token68 = /[A-Za-z0-9._~+/-]+=*[ \t]*(?=,|$)/y;
const between = /[ \t,]*/y;

/** All challenges, in the device's order; of a field that cannot be read, none. */
export function parseChallenges(fields: readonly string[]): readonly Challenge[] {
  return fields.slice(0, maxFields).flatMap((field) => challengesOf(field) ?? []);
}

function challengesOf(field: string): readonly Challenge[] | undefined {
  if (field.length > maxFieldLength) return undefined;
  const found: Challenge[] = [];
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(field);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  next(between);
  while (at < field.length) {
    const name = next(scheme)?.[1]?.toLowerCase();
    if (name === undefined || found.length === maxChallenges) return undefined;
    const parameters = new Map<string, string>();
    if (next(token68) === null) {
      for (let each = next(parameter); each !== null; each = next(parameter)) {
        const [, key = "", plain, quoted = ""] = each;
        // A name that comes twice says two things (RFC 9110 §11.2).
        if (parameters.has(key.toLowerCase()) || parameters.size === maxParameters)
          return undefined;
        parameters.set(key.toLowerCase(), plain ?? quoted.replaceAll(/\\(.)/g, "$1"));
        next(between);
      }
    }
    found.push({ scheme: name, parameters });
    next(between);
  }
  return found;
}
