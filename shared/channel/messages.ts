// Control messages under the seal: strict JSON, checked by schema on both sides (shared/protocol.md, "Control messages").
// Documents inside are the exact text of their envelopes, as stored and as hashed.
import * as v from "valibot";
import { fromUtf8, utf8 } from "../bytes.ts";
import { deviceToProbe } from "../document/device.ts";
import { maxEnvelopeBytes } from "../document/envelope.ts";
import {
  documentHash,
  list,
  name,
  personId,
  reason,
  record,
  secondsAt,
  targetId,
  whole,
  word,
} from "../document/fields.ts";
import { secretInClear } from "../document/secret.ts";
import { parseStrictJson } from "../document/strict-json.ts";
import { messageOf, SallyportError } from "../errors.ts";
import { maxControlBytes } from "./bounds.ts";

const count = whole(0, Number.MAX_SAFE_INTEGER);
const minutes = v.pipe(v.number(), v.finite(), v.minValue(0));
const port = whole(1, 65_535);
const cells = whole(1, 10_000);
const pixels = whole(1, 16_384);
const envelopeText = v.pipe(v.string(), v.minLength(1), v.maxLength(maxEnvelopeBytes));
const terminal = record({
  columns: cells,
  rows: cells,
  term: v.pipe(v.string(), v.regex(/^[A-Za-z0-9._+-]{1,64}$/)),
});

const target = record({
  id: targetId,
  name,
  kind: word,
  rights: list(word, 0, 16),
  ports: list(port, 0, 64),
});

/** One name, of no folder and not hidden. */
const fileName = v.pipe(
  v.string(),
  v.maxLength(200),
  v.regex(/^[^./\\\p{Cc}][^/\\\p{Cc}]*$/u, "expected a file's name without folder"),
);

/** What one `further` channel is for: the first message on it. */
const openings = [
  /** A shell on a terminal: raw bytes, with resize, signal and exit as control messages. */
  v.strictObject({
    type: v.literal("opening"),
    mode: v.literal("terminal"),
    target: targetId,
    terminal,
  }),
  /** One command, on a terminal if one is given. */
  v.strictObject({
    type: v.literal("opening"),
    mode: v.literal("exec"),
    target: targetId,
    command: v.pipe(v.string(), v.minLength(1), v.maxLength(8_000)),
    terminal: v.nullable(terminal),
  }),
  /** An SSH connection inside the channel, whose server is the edge. */
  v.strictObject({ type: v.literal("opening"), mode: v.literal("ssh"), target: targetId }),
  v.strictObject({ type: v.literal("opening"), mode: v.literal("tcp"), target: targetId, port }),
  /** A screen: data is RFB (RFC 6143) with the edge in the server's role and no authentication. The size is the one that would fit. */
  v.strictObject({
    type: v.literal("opening"),
    mode: v.literal("screen"),
    target: targetId,
    width: pixels,
    height: pixels,
  }),
  /** A web panel under a name of its own for as long as this channel is open; the answer is `web`. */
  v.strictObject({ type: v.literal("opening"), mode: v.literal("web"), target: targetId }),
  /** A file of the drive that a desktop's session has: `list` answers lines of JSON, `put` takes data to its end, `get` gives it. */
  v.strictObject({
    type: v.literal("opening"),
    mode: v.literal("file"),
    target: targetId,
    action: v.picklist(["list", "put", "get", "remove"]),
    name: v.nullable(fileName),
  }),
] as const;

const opening = v.variant("mode", openings);

const control = v.variant("type", [
  /** Vendor, at most once before the flight: a person is being asked for a touch, give it time. */
  v.strictObject({ type: v.literal("asking") }),
  /** Vendor, first message of an `open` channel but for `asking`. `manifestHash`: the newest that this side knows. */
  v.strictObject({
    type: v.literal("flight"),
    proof: envelopeText,
    attestation: v.nullable(envelopeText),
    request: v.nullable(envelopeText),
    grant: v.nullable(envelopeText),
    manifestHash: documentHash,
  }),
  /** Edge: the flight names a manifest that it does not hold; it holds `version`, whose hash is `held`. */
  v.strictObject({ type: v.literal("manifest-needed"), version: count, held: documentHash }),
  /** Vendor: the next manifests in order, one message each. After the last one the gate runs again. */
  v.strictObject({ type: v.literal("manifest"), envelope: envelopeText, last: v.boolean() }),
  /** Edge: the session runs. If `startsOnFirstOpening`, the minutes begin with the first admitted opening. */
  v.strictObject({
    type: v.literal("admitted"),
    targets: list(target, 0, 8),
    minutesLeft: minutes,
    startsOnFirstOpening: v.boolean(),
    /** The latest end by the wall clock, if there is one. */
    endsAt: v.nullable(secondsAt),
  }),
  /** Edge: the request awaits its grant until then; this very channel will say `admitted`. */
  v.strictObject({ type: v.literal("waiting"), untilAt: secondsAt }),
  v.strictObject({ type: v.literal("warning"), secondsLeft: count }),
  v.strictObject({
    type: v.literal("extended"),
    minutesLeft: minutes,
    endsAt: v.nullable(secondsAt),
  }),
  /** Edge: the session ends now, and why. */
  v.strictObject({ type: v.literal("ending"), reason }),
  /** Edge: who else is on the target of this channel. */
  v.strictObject({ type: v.literal("present"), persons: list(personId, 0, 64) }),
  ...openings,
  /** Edge: the opening's target is connected. */
  v.strictObject({ type: v.literal("opened") }),
  /** Edge, before `opened` of mode `web`: post the ticket as `ticket` to `/.sallyport/enter` of this origin, once and soon. */
  v.strictObject({
    type: v.literal("web"),
    origin: v.pipe(v.string(), v.maxLength(300), v.regex(/^https:\/\/[a-z0-9.-]+(:\d+)?$/)),
    ticket: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/)),
  }),
  /** Edge, under a policy that asks for it: whether somebody of the site watches this stream. While nobody does, input is dropped. */
  v.strictObject({ type: v.literal("supervised"), isWatched: v.boolean() }),
  /** Reader who follows a recording: a person is looking at it now. Sent every five seconds. */
  v.strictObject({ type: v.literal("watching") }),
  v.strictObject({ type: v.literal("resize"), columns: cells, rows: cells }),
  v.strictObject({
    type: v.literal("signal"),
    signal: v.pipe(v.string(), v.regex(/^[A-Z0-9]{1,16}$/)),
  }),
  v.strictObject({
    type: v.literal("exit"),
    code: v.nullable(count),
    signal: v.nullable(v.pipe(v.string(), v.regex(/^[A-Z0-9]{1,16}$/))),
  }),
  /** Vendor, on a channel whose purpose is to read: what. The answer is data. */
  v.strictObject({
    type: v.literal("read"),
    recording: v.nullable(v.pipe(v.string(), v.maxLength(120))),
    from: count,
    follow: v.boolean(),
    search: v.nullable(reason),
  }),
  /** Vendor (an owner), on a channel of purpose `probe`: tries a device, and signs in if a secret is given. The answer is data; then the next. */
  v.strictObject({
    type: v.literal("probe"),
    device: deviceToProbe,
    secret: v.nullable(secretInClear),
  }),
]);

/** Any control message, told apart by `type`. */
export type ControlMessage = v.InferOutput<typeof control>;
export type ControlMessageOf<Type extends ControlMessage["type"]> = Extract<
  ControlMessage,
  { type: Type }
>;
export type Flight = ControlMessageOf<"flight">;
export type Read = ControlMessageOf<"read">;
export type Probe = ControlMessageOf<"probe">;
export type Opening = v.InferOutput<typeof opening>;
export type AdmittedTarget = v.InferOutput<typeof target>;

/** UTF-8 of the message's strict JSON; throws `message_invalid` for what the other side would refuse. */
export function encodeControl(message: ControlMessage): Uint8Array {
  const bytes = utf8(JSON.stringify(message));
  parseControl(bytes);
  return bytes;
}

/** A message of the other side; throws `message_invalid`. */
export function parseControl(bytes: Uint8Array): ControlMessage {
  if (bytes.length > maxControlBytes) {
    throw invalid(`control message of ${bytes.length} bytes exceeds ${maxControlBytes}`);
  }
  let value: unknown;
  try {
    value = parseStrictJson(fromUtf8(bytes));
  } catch (cause) {
    throw invalid(`control message: ${messageOf(cause)}`, cause);
  }
  const parsed = v.safeParse(control, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const path = v.getDotPath(issue) ?? "value";
  // What does not fit might be a password in the wrong place.
  const why = path.startsWith("secret") ? "is neither a password nor an SSH key" : issue.message;
  throw invalid(`control message's ${path}: ${why}`);
}

function invalid(message: string, cause?: unknown): SallyportError {
  return new SallyportError("message_invalid", message, { cause });
}
