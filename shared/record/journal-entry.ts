// One entry of an edge's journal (shared/protocol.md, "Journal"): a header in a hash chain, and beside it the details that it names by a salted hash.
// Invariant: headers alone prove order and completeness, so whoever may not read the details can still check the chain.
import * as v from "valibot";
import { fromBase64Url, lengthPrefixed, toBase64Url, utf8 } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import { parseStrictJson } from "../document/strict-json.ts";
import { messageOf, SallyportError } from "../errors.ts";

declare const brand: unique symbol;
/** Unpadded base64url of a header's hash: what the next header and every checkpoint name. */
export type EntryHash = string & { readonly [brand]: "EntryHash" };

/** An entry's line may not exceed this, so a reader knows when to stop looking for its end. */
export const maxEntryBytes = 64 * 1024;
const maxDetailsBytes = 48 * 1024;
const maxIds = 16;
const maxIdLength = 128;
const idKey = /^[a-z][A-Za-z]{0,31}$/;
const saltBytes = 16;
const headerContext = utf8("sallyport journal entry v1");
const detailsContext = utf8("sallyport journal details v1");

/** The head of an empty journal and the `previous` of entry 0: SHA-256 of "sallyport journal v1". */
export const emptyHead = "bfDfJpqE5FKX8q_QmJFRZncH9BrJtwRXEhY9sT0nZD0" as EntryHash;

/** Where an entry points to: document hashes under their document's type, and the ids of sessions, targets, persons, recordings. */
export type EntryIds = Readonly<Record<string, string>>;
/** What an entry tells beyond its header; any JSON object. */
export type EntryDetails = Readonly<Record<string, unknown>>;

export interface JournalHeader {
  /** Number of the entry, from 0 without a gap. */
  readonly n: number;
  readonly wallMs: number;
  /** Milliseconds of the boot's monotonic clock; comparable under one `bootId`. */
  readonly monotonicMs: number;
  readonly bootId: string;
  /** What happened, in the past tense: `recording-opened`. */
  readonly event: string;
  readonly ids: EntryIds;
  /** Salted hash of the details, if there are any. */
  readonly details: string | null;
  readonly previous: EntryHash;
}

export interface JournalEntry {
  readonly header: JournalHeader;
  readonly hash: EntryHash;
  readonly details?: { readonly salt: string; readonly value: EntryDetails };
}

/** A journal up to one point: what a checkpoint says. */
export interface JournalPoint {
  readonly length: number;
  readonly head: string;
}

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const hash = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/));

// valibot's `record` leaves out keys such as `constructor`, and what is left out cannot be hashed: both take the object as it is.
const ids = v.custom<EntryIds>(isIds, "ids are not at most 16 short words with short texts");
const details = v.custom<EntryDetails>(isObject, "details are not an object");

const headerSchema = v.strictObject({
  n: count,
  wallMs: v.pipe(v.number(), v.safeInteger()),
  monotonicMs: count,
  bootId: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{1,64}$/)),
  event: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,63}$/)),
  ids,
  details: v.nullable(hash),
  previous: hash,
});

const lineSchema = v.union([
  v.strictObject({ header: headerSchema }),
  v.strictObject({
    header: headerSchema,
    salt: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{22}$/)),
    details,
  }),
]);

/** The header that `text` spells in strict JSON, as a relay receives it; throws `journal_damaged`. */
export function parseHeader(text: string): JournalHeader {
  const header = parse(headerSchema, text) as JournalHeader;
  if (headerText(header) === text) return header;
  throw new SallyportError("journal_damaged", "journal entry's header has keys in another order");
}

/** The one text of a header: what is hashed and what a relay receives. */
export function headerText(header: JournalHeader): string {
  const { n, wallMs, monotonicMs, bootId, event, ids, details, previous } = header;
  return JSON.stringify({ n, wallMs, monotonicMs, bootId, event, ids, details, previous });
}

/** SHA-256 over the length-prefixed context string and header text. */
export async function hashHeader(suite: CryptoSuite, header: JournalHeader): Promise<EntryHash> {
  const text = lengthPrefixed(utf8(headerText(header)));
  return toBase64Url(await suite.sha256(lengthPrefixed(headerContext), text)) as EntryHash;
}

/** What one entry is to say, checked, its details under a fresh salt: all but its place in the chain. */
export interface PreparedEntry {
  readonly event: string;
  readonly ids: EntryIds;
  readonly detailsHash: string | null;
  readonly details?: { readonly salt: string; readonly value: EntryDetails };
}

/** Checks what is to be journaled; throws `message_invalid` for an odd event or id, or details that are too long or have no strict JSON text. */
export async function prepareEntry(
  suite: CryptoSuite,
  event: string,
  ids: EntryIds,
  value?: EntryDetails,
): Promise<PreparedEntry> {
  const named = v.safeParse(v.pick(headerSchema, ["event", "ids"]), { event, ids });
  if (!named.success) {
    const issue = named.issues[0];
    const where = v.getDotPath(issue) ?? "entry";
    throw new SallyportError("message_invalid", `journal entry's ${where}: ${issue.message}`);
  }
  if (value === undefined) return { ...named.output, detailsHash: null };
  const text = JSON.stringify(value);
  if (utf8(text).length > maxDetailsBytes) {
    throw new SallyportError(
      "message_invalid",
      `journal details of ${text.length} characters exceed ${maxDetailsBytes} bytes`,
    );
  }
  const salt = toBase64Url(suite.randomBytes(saltBytes));
  const details = { salt, value: parseStrictJson(text) as EntryDetails };
  return { ...named.output, detailsHash: await hashDetails(suite, salt, text), details };
}

/** The entry that continues the chain after `point`. */
export async function nextEntry(
  suite: CryptoSuite,
  point: JournalPoint,
  at: Pick<JournalHeader, "wallMs" | "monotonicMs" | "bootId">,
  prepared: PreparedEntry,
): Promise<JournalEntry> {
  const header = {
    n: point.length,
    ...at,
    event: prepared.event,
    ids: prepared.ids,
    details: prepared.detailsHash,
    previous: point.head as EntryHash,
  };
  const hash = await hashHeader(suite, header);
  return { header, hash, ...(prepared.details && { details: prepared.details }) };
}

/** An entry's line, without the line feed. */
export function encodeEntry(entry: JournalEntry): string {
  const { header, details } = entry;
  const tail = details && { salt: details.salt, details: details.value };
  return `{"header":${headerText(header)}${tail ? `,${JSON.stringify(tail).slice(1)}` : "}"}`;
}

/** The entry of the line at `point` and the point after it; throws `journal_damaged` with the entry's number if anything about it was changed. */
export async function readEntry(
  suite: CryptoSuite,
  line: string,
  point: JournalPoint,
): Promise<{ entry: JournalEntry; next: JournalPoint }> {
  let entry: JournalEntry;
  try {
    entry = await parseEntry(suite, line);
  } catch (cause) {
    throw new SallyportError(
      "journal_damaged",
      `journal entry ${point.length}: ${messageOf(cause)}`,
      { cause },
    );
  }
  return { entry, next: checkNext(entry, point) };
}

/** The point after `entry`; throws `journal_damaged` with the number unless `entry` is the one next after `point`. */
export function checkNext(
  entry: Pick<JournalEntry, "header" | "hash">,
  point: JournalPoint,
): JournalPoint {
  const { n, previous } = entry.header;
  if (n !== point.length) damaged(point.length, `entry ${n} stands in its place`);
  if (previous !== point.head) damaged(n, "it does not continue the entry before it");
  return { length: n + 1, head: entry.hash };
}

/** Throws `journal_damaged` about entry `n`. */
export function damaged(n: number, why: string): never {
  throw new SallyportError("journal_damaged", `journal entry ${n}: ${why}`);
}

async function parseEntry(suite: CryptoSuite, line: string): Promise<JournalEntry> {
  const parsed = parse(lineSchema, line);
  const header = parsed.header as JournalHeader;
  const hash = await hashHeader(suite, header);
  if (!("salt" in parsed)) {
    if (header.details === null) return requireSpelling({ header, hash }, line);
    throw new SallyportError("journal_damaged", "its details are missing");
  }
  const details = { salt: parsed.salt, value: parsed.details };
  const expected = await hashDetails(suite, details.salt, JSON.stringify(details.value));
  if (header.details === expected) return requireSpelling({ header, hash, details }, line);
  throw new SallyportError("journal_damaged", "its details are not those that it names");
}

async function hashDetails(suite: CryptoSuite, salt: string, text: string): Promise<string> {
  const parts = [detailsContext, fromBase64Url(salt, saltBytes), utf8(text)];
  return toBase64Url(await suite.sha256(...parts.map(lengthPrefixed)));
}

// An entry has one line: a reader that takes another could be shown another entry than the next one.
function requireSpelling(entry: JournalEntry, line: string): JournalEntry {
  if (encodeEntry(entry) === line) return entry;
  throw new SallyportError("journal_damaged", "its keys stand in another order");
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isIds(value: unknown): boolean {
  if (!isObject(value)) return false;
  const pairs = Object.entries(value as object);
  return pairs.length <= maxIds && pairs.every(([key, id]) => idKey.test(key) && isId(id));
}

function isId(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= maxIdLength;
}

function parse<Schema extends v.GenericSchema>(
  schema: Schema,
  text: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, parseStrictJson(text));
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const where = v.getDotPath(issue) ?? "entry";
  throw new SallyportError("journal_damaged", `journal entry's ${where}: ${issue.message}`);
}
