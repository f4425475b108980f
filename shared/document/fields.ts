// The vocabulary that all payload schemas are written in: ids, names, times, bytes, lists (shared/protocol.md, "Documents").
// Invariant: a payload is read by its own strict schema alone; unknown keys, second spellings and unbounded lists are refused here.
import * as v from "valibot";
import { fromBase64Url } from "../bytes.ts";
import { messageOf, SallyportError } from "../errors.ts";
import {
  parseCompanyId,
  parseDocumentHash,
  parseEdgeId,
  parseKeyId,
  parsePersonId,
  parsePolicyId,
  parseSiteId,
  parseTargetId,
} from "../ids.ts";
import {
  encodeEnvelope,
  maxEnvelopeBytes,
  parseEnvelope,
  payloadOf,
  type Envelope,
} from "./envelope.ts";

/** 9999-12-31T23:59:59Z: every time has a four-digit year in every page and log. */
const lastSecond = 253_402_300_799;
/** A name fits one line of a phone, twice over. */
const maxNameChars = 120;
/** A reason is a short paragraph. */
const maxReasonChars = 1000;
/** A fault that quotes a value quotes only its beginning. */
const maxFaultChars = 200;

// Control characters would break a log line; the bidirectional ones would show an approver another text than the one that is signed.
const plainText = /^[^\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u;

/** A strict object: an unknown or missing key is refused. */
export function record<const Entries extends v.ObjectEntries>(entries: Entries) {
  return v.pipe(v.strictObject(entries), v.readonly());
}

/** A list of `min` to `max` items. */
export function list<const Item extends v.GenericSchema>(item: Item, min: number, max: number) {
  return v.pipe(v.array(item), v.minLength(min), v.maxLength(max), v.readonly());
}

/** A text that `parse` takes; what it throws becomes the field's fault. */
function parsed<Output>(parse: (text: string) => Output) {
  return v.pipe(
    v.string(),
    v.rawTransform<string, Output>(({ dataset, addIssue, NEVER }) => {
      try {
        return parse(dataset.value);
      } catch (thrown) {
        addIssue({ message: messageOf(thrown) });
        return NEVER;
      }
    }),
  );
}

export const siteId = parsed(parseSiteId);
export const edgeId = parsed(parseEdgeId);
export const keyId = parsed(parseKeyId);
export const documentHash = parsed(parseDocumentHash);
export const personId = parsed(parsePersonId);
export const companyId = parsed(parseCompanyId);
export const targetId = parsed(parseTargetId);
export const policyId = parsed(parsePolicyId);

/** Unpadded base64url of exactly `length` bytes. */
export function bytes(length: number) {
  return parsed((text) => {
    fromBase64Url(text, length);
    return text;
  });
}

/** Unpadded base64url of `min` to `max` bytes. */
export function bytesBetween(min: number, max: number) {
  return parsed((text) => {
    const { length } = fromBase64Url(text);
    if (length < min || length > max) {
      throw new SallyportError(
        "encoding_invalid",
        `value of ${length} bytes, expected ${min} to ${max}`,
      );
    }
    return text;
  });
}

/** SHA-256, unpadded base64url. */
export const digest = bytes(32);

/** Integer Unix seconds. */
export const secondsAt = whole(0, lastSecond);

/** An integer of `min` to `max`. */
export function whole(min: number, max: number) {
  return v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));
}

/** The version of a document that replaces its predecessors; it only rises. */
export const version = whole(1, 2 ** 31);

/** One line for people. */
export const name = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(maxNameChars),
  v.regex(plainText, "a name holds no control characters"),
);

/** Why, in a person's words; may be empty. */
export const reason = v.pipe(
  v.string(),
  v.maxLength(maxReasonChars),
  v.regex(plainText, "a reason holds no control characters"),
);

/** A short lower-case word of the protocol that may grow: a target's kind, a right, a secret's name. */
export const word = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9-]{0,31}$/, "a word is of a-z, 0-9 and -, at most 32"),
);

const embeddedSignature = v.looseObject({ keyid: v.string(), sig: v.string() });

/** A whole envelope inside a payload. Its own signatures are checked where it is used. */
export const embedded = v.pipe(
  v.strictObject({
    payload: v.pipe(v.string(), v.maxLength(maxEnvelopeBytes)),
    payloadType: v.string(),
    signatures: v.array(embeddedSignature),
  }),
  v.readonly(),
);
export type Embedded = v.InferOutput<typeof embedded>;

/** An envelope as a payload embeds it. */
export function embed(envelope: Envelope): Embedded {
  return v.parse(embedded, JSON.parse(encodeEnvelope(envelope)));
}

/** The envelope that a payload embeds; throws as `parseEnvelope` does. */
export function unembed(value: Embedded): Envelope {
  return parseEnvelope(JSON.stringify(value));
}

/** The payload of an envelope of `type` by its schema; throws `document_invalid` naming type and field. Checks no signature. */
export function parsePayload<const Schema extends v.GenericSchema>(
  envelope: Envelope,
  type: string,
  schema: Schema,
): v.InferOutput<Schema> {
  return parseFields(payloadOf(envelope, type), type, schema);
}

/** A strict JSON value by its schema; throws `document_invalid` naming `what` and field. */
export function parseFields<const Schema extends v.GenericSchema>(
  value: unknown,
  what: string,
  schema: Schema,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const message = issue.message.charAt(0).toLowerCase() + issue.message.slice(1, maxFaultChars);
  throw documentInvalid(`${what}${path === null ? "" : `'s ${path}`}: ${message}`);
}

/** The error of a document that contradicts itself or what it names. */
export function documentInvalid(message: string): SallyportError {
  return new SallyportError("document_invalid", message);
}

/** The first value that occurs twice, if any. */
export function firstDouble<Value>(values: readonly Value[]): Value | undefined {
  const seen = new Set<Value>();
  return values.find((value) => seen.has(value) || !seen.add(value));
}

/** Throws `document_invalid` if a value stands twice. */
export function requireUnique(values: readonly string[], what: string): void {
  const double = firstDouble(values);
  if (double !== undefined) throw documentInvalid(`${what} "${double}" stands twice`);
}
