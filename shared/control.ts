// The small messages between an edge and its relay: MQTT topics, payloads, and how an edge signs in (shared/protocol.md, "Control and
// tunnels"). Invariant: a topic names one edge, and both sides build and read topics only here; a payload is strict JSON within bounds.
import * as v from "valibot";
import {
  concatBytes,
  fromBase64Url,
  fromUtf8,
  lengthPrefixed,
  toBase64Url,
  utf8,
} from "./bytes.ts";
import type { Envelope } from "./document/envelope.ts";
import { encodeEnvelope, maxEnvelopeBytes, parseEnvelope } from "./document/envelope.ts";
import { parseStrictJson } from "./document/strict-json.ts";
import { SallyportError } from "./errors.ts";
import type { EdgeId } from "./ids.ts";
import { parseEdgeId } from "./ids.ts";

/** A control message holds at most one document and what stands beside it. */
export const maxControlBytes = maxEnvelopeBytes + 2048;
/** Journal headers in one message, and the bytes of one header. */
export const maxJournalHeaders = 64;
export const maxJournalHeaderBytes = 2048;
/** A relay refuses a longer keepalive; an edge keeps some way below. */
export const maxKeepaliveSeconds = 20;
/** WebSocket close codes of the control connection: a newer connection of the same edge came; the relay shuts down. */
export const displacedCode = 4001;
export const leavingCode = 1001;
/** Web panels that are open at once on one edge. */
export const maxWebNames = 32;
/** A certificate request, or a chain of certificates. */
const maxPemCharacters = 32 * 1024;
/** Tunnels that one `dial` may ask for. */
export const maxDialledTunnels = 8;

const label = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "expected a label, never an address"),
);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const shortText = v.pipe(v.string(), v.minLength(1), v.maxLength(120));
const token = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,128}$/));

/** A name that a web panel has while it is open: 128 bits, RFC 4648 base32 in lower case. */
const webName = v.pipe(v.string(), v.regex(/^[a-z2-7]{26}$/));
const pem = v.pipe(v.string(), v.minLength(1), v.maxLength(maxPemCharacters));

const envelope = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Envelope => {
    try {
      return parseEnvelope(JSON.stringify(dataset.value));
    } catch (thrown) {
      addIssue({ message: thrown instanceof Error ? thrown.message : "expected an envelope" });
      return NEVER;
    }
  }),
);

/** What an edge says. `session` names one connection, so that the will of a displaced one is known as stale. */
const upSchemas = {
  presence: v.variant("online", [
    v.strictObject({
      online: v.literal(true),
      session: token,
      version: shortText,
      bootId: shortText,
      /** False: this box has no proven time, and takes the relay's as provisional. */
      timeProven: v.boolean(),
    }),
    v.strictObject({ online: v.literal(false), session: token }),
  ]),
  /** Consecutive headers, each in its exact text, the first being entry number `from`. */
  journal: v.strictObject({
    from: count,
    headers: v.pipe(
      v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(maxJournalHeaderBytes))),
      v.minLength(1),
      v.maxLength(maxJournalHeaders),
    ),
  }),
  checkpoint: v.strictObject({ envelope }),
  receipt: v.strictObject({ envelope }),
  introduced: v.strictObject({ envelope }),
  /** Sent after every connect: which log of documents, and up to where in it, this edge has read. */
  need: v.strictObject({ log: v.nullable(token), after: count }),
  /** The names of this edge's web panels that are open now, all of them: only for these the relay asks for tunnels. */
  web: v.strictObject({ names: v.pipe(v.array(webName), v.maxLength(maxWebNames)) }),
  /** PKCS #10 (RFC 2986) in PEM, for `*.<label of this edge>.<web domain>`; the answer is `certificate`. */
  certify: v.strictObject({ request: pem }),
};

/** What the relay says. Nothing here is trusted beyond delaying, dropping and the unsigned stop. */
const downSchemas = {
  /** Dial one tunnel per nonce, at the flashed host name, for the relay of this label. */
  dial: v.strictObject({
    label,
    nonces: v.pipe(v.array(token), v.minLength(1), v.maxLength(maxDialledTunnels)),
  }),
  /** `log` is random and made with the relay's store: a restored store has another one, and counts anew. */
  document: v.strictObject({ log: token, seq: count, envelope }),
  /** An unsigned stop: it lasts 15 minutes at most. `id` is a request's hash or a target's id; null for the whole edge. */
  stop: v.strictObject({
    stop: token,
    scope: v.picklist(["grant", "target", "edge"]),
    id: v.nullable(shortText),
    by: v.nullable(shortText),
  }),
  /** The relay holds the headers of entries 0 to `journal` - 1. Sent after every connect and every stored message. */
  ack: v.strictObject({ journal: count }),
  /** Where web panels have their names, sent after every connect; null: this relay carries none. */
  web: v.strictObject({
    domain: v.nullable(
      v.pipe(v.string(), v.maxLength(200), v.regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/)),
    ),
    port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  }),
  /** The chain for the key of the last `certify`, the edge's own certificate first; null: none could be had, and why. */
  certificate: v.strictObject({ chain: v.nullable(pem), why: v.nullable(shortText) }),
  /** The relay shuts down: what runs may go on for `graceMs`, nothing new is paired. */
  leaving: v.strictObject({ graceMs: count }),
};

export type UpName = keyof typeof upSchemas;
export type DownName = keyof typeof downSchemas;
export type UpMessage<Name extends UpName> = v.InferOutput<(typeof upSchemas)[Name]>;
export type DownMessage<Name extends DownName> = v.InferOutput<(typeof downSchemas)[Name]>;
/** Any message of an edge, told apart by `name`. */
export type AnyUpMessage = { [Name in UpName]: { name: Name; message: UpMessage<Name> } }[UpName];
export type AnyDownMessage = {
  [Name in DownName]: { name: Name; message: DownMessage<Name> };
}[DownName];

/** The topic of one message of or to one edge. */
export function upTopic(edge: EdgeId, name: UpName): string {
  return `edge/${edge}/up/${name}`;
}

export function downTopic(edge: EdgeId, name: DownName): string {
  return `edge/${edge}/down/${name}`;
}

/** The one subscription of an edge. */
export function downFilter(edge: EdgeId): string {
  return `edge/${edge}/down/#`;
}

/** The name in a topic that `edge` may publish to; undefined for every other topic. */
export function upNameOf(edge: EdgeId, topic: string): UpName | undefined {
  const name = afterPrefix(topic, `edge/${edge}/up/`);
  return name !== undefined && Object.hasOwn(upSchemas, name) ? (name as UpName) : undefined;
}

/** The name in a topic that the relay sends to `edge`; undefined for every other topic. */
export function downNameOf(edge: EdgeId, topic: string): DownName | undefined {
  const name = afterPrefix(topic, `edge/${edge}/down/`);
  return name !== undefined && Object.hasOwn(downSchemas, name) ? (name as DownName) : undefined;
}

/** The checked message of an edge; throws `message_invalid`. */
export function decodeUp(name: UpName, payload: Uint8Array): AnyUpMessage {
  return { name, message: decode(upSchemas[name], name, payload) } as AnyUpMessage;
}

/** The checked message of the relay; throws `message_invalid`. */
export function decodeDown(name: DownName, payload: Uint8Array): AnyDownMessage {
  return { name, message: decode(downSchemas[name], name, payload) } as AnyDownMessage;
}

/** The strict JSON of a message, ready to be published. */
export function encodeControl(message: UpMessage<UpName> | DownMessage<DownName>): Uint8Array {
  if (!("envelope" in message)) return utf8(JSON.stringify(message));
  const nested: unknown = JSON.parse(encodeEnvelope(message.envelope));
  return utf8(JSON.stringify({ ...message, envelope: nested }));
}

/** What an edge signs in for: a signature for one is none for the other. */
export type EdgeSignInPurpose = "control" | "tunnel";

/** Proof that the holder of an edge's signing key answers this nonce. The edge's id is the hash of `publicKey`: nobody takes another's name. */
export interface EdgeCredential {
  readonly publicKey: Uint8Array;
  readonly nonce: string;
  readonly signature: Uint8Array;
}

/** The answer of `GET /api/edge/nonce?edge=…`. */
export const edgeNonceSchema = v.strictObject({
  /** The relay's name, as the manifest lists it: it enters the signature, so that no relay can sign in to another. */
  relay: shortText,
  nonce: token,
  /** The relay's wall time in Unix seconds: provisional for a box without a clock. */
  at: count,
});

/** The Authorization scheme of a tunnel's upgrade request; the MQTT password is the credential alone. */
export const edgeAuthorizationScheme = "Sallyport-Edge";

/** The bytes that an edge signs: a context string, then relay, purpose and nonce, length-prefixed. */
export function edgeSignInMessage(
  relay: string,
  purpose: EdgeSignInPurpose,
  nonce: string,
): Uint8Array {
  const fields = [relay, purpose, nonce].map((field) => lengthPrefixed(utf8(field)));
  return concatBytes(utf8("sallyport edge sign-in v1"), ...fields);
}

/** `<public key>.<nonce>.<signature>`. */
export function encodeEdgeCredential(credential: EdgeCredential): string {
  const { publicKey, nonce, signature } = credential;
  return `${toBase64Url(publicKey)}.${nonce}.${toBase64Url(signature)}`;
}

/** Reads a credential; throws `message_invalid` or `encoding_invalid`. Checks no signature. */
export function parseEdgeCredential(text: string): EdgeCredential {
  const [publicKey, nonce, signature, ...rest] = text.split(".");
  if (signature === undefined || rest.length > 0 || !v.is(token, nonce)) {
    throw new SallyportError("message_invalid", "edge's credential is not three fields");
  }
  return {
    publicKey: fromBase64Url(publicKey ?? "", 32),
    nonce,
    signature: fromBase64Url(signature, 64),
  };
}

/** The id of the edge with this Ed25519 key. */
export async function edgeIdOf(publicKey: Uint8Array): Promise<EdgeId> {
  const digest = await crypto.subtle.digest("SHA-256", publicKey as Uint8Array<ArrayBuffer>);
  return parseEdgeId(toBase64Url(new Uint8Array(digest)));
}

function afterPrefix(text: string, prefix: string): string | undefined {
  return text.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}

function decode(schema: v.GenericSchema, name: string, payload: Uint8Array): unknown {
  if (payload.length > maxControlBytes) {
    const text = `"${name}" of ${payload.length} bytes exceeds ${maxControlBytes}`;
    throw new SallyportError("message_invalid", text);
  }
  let value: unknown;
  try {
    value = parseStrictJson(fromUtf8(payload));
  } catch (cause) {
    throw new SallyportError("message_invalid", `"${name}" is not strict JSON`, { cause });
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  const where = v.getDotPath(issue) ?? "message";
  throw new SallyportError("message_invalid", `"${name}": ${where}: ${issue.message}`);
}
