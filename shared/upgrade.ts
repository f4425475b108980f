// RFC 6455 §4 opening handshakes and RFC 9110 §9.3.6 CONNECT, as text: pure helpers of whoever dials or accepts.
// shared/protocol.md, "Control and tunnels". Invariant: a head is bounded, and whatever is not plainly the expected answer is refused.
import { fromUtf8, toBase64, utf8 } from "./bytes.ts";
import type { ErrorCode } from "./errors.ts";
import { SallyportError } from "./errors.ts";

/** A response's status line and fields. */
export const maxHeadBytes = 16 * 1024;
/** What of a refusal's body is read. */
export const maxRefusalBytes = 4 * 1024;
/** The subprotocol of tunnels and channels. */
export const subprotocol = "sallyport.v1";
/** The relay's one message to a standby tunnel, and the edge's one answer; behind them the two ends speak alone. */
export const pairedWord = "paired";
export const readyWord = "ready";
/** In its place for a browser's own TLS connection to a web panel: behind it come that connection's bytes as they are. */
export const webWord = "web";

const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const fieldText = /^[\t\x20-\x7e]*$/;

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; a repeated field is joined by commas. */
  readonly fields: ReadonlyMap<string, string>;
  /** The bytes behind the head. */
  readonly rest: Uint8Array;
}

/** A fresh Sec-WebSocket-Key. */
export function makeUpgradeKey(): string {
  return toBase64(crypto.getRandomValues(new Uint8Array(16)));
}

/** The Sec-WebSocket-Accept that answers `key`. */
export async function acceptKeyOf(key: string): Promise<string> {
  const bytes = utf8(key + acceptSuffix) as Uint8Array<ArrayBuffer>;
  return toBase64(new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)));
}

/** The request that opens a WebSocket; throws `usage` on a field that does not fit one line. */
export function upgradeRequest(
  authority: string,
  path: string,
  key: string,
  fields: Readonly<Record<string, string>>,
): Uint8Array {
  return requestHead(`GET ${path} HTTP/1.1`, {
    Host: authority,
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": key,
    "Sec-WebSocket-Protocol": subprotocol,
    ...fields,
  });
}

/** The server's half: 101 for a request of `key`. */
export async function upgradeResponse(key: string): Promise<Uint8Array> {
  return requestHead("HTTP/1.1 101 Switching Protocols", {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Accept": await acceptKeyOf(key),
    "Sec-WebSocket-Protocol": subprotocol,
  });
}

/** The request to an HTTP proxy, with Basic credentials (`name:password`) if given. */
export function connectRequest(authority: string, credentials: string | undefined): Uint8Array {
  return requestHead(`CONNECT ${authority} HTTP/1.1`, {
    Host: authority,
    ...(credentials !== undefined && {
      "Proxy-Authorization": `Basic ${toBase64(utf8(credentials))}`,
    }),
  });
}

/** The head of a response once it is whole, undefined before; throws `upgrade_refused` if it is none or endless. */
export function parseResponseHead(received: Uint8Array): ResponseHead | undefined {
  const end = endOfHead(received);
  if (end === undefined) {
    if (received.length > maxHeadBytes)
      throw refusal(`answer's head exceeds ${maxHeadBytes} bytes`);
    return undefined;
  }
  const [statusLine = "", ...lines] = headText(received.subarray(0, end)).split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5][0-9][0-9])( |$)/.exec(statusLine)?.[1];
  if (status === undefined) throw refusal("answer is not HTTP/1.1");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) throw refusal("answer has a malformed field");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const former = fields.get(name);
    fields.set(name, former === undefined ? value : `${former}, ${value}`);
  }
  return { status: Number(status), fields, rest: received.subarray(end + 4) };
}

/** Throws `upgrade_refused` unless a 101 is the right answer to the key. */
export function checkUpgraded(head: ResponseHead, expectedAccept: string): void {
  const { fields } = head;
  if (fields.get("upgrade")?.toLowerCase() !== "websocket")
    throw refusal("answer is no WebSocket upgrade");
  if (fields.get("sec-websocket-accept") !== expectedAccept)
    throw refusal("answer is to another key");
  if (fields.has("sec-websocket-extensions"))
    throw refusal("answer names an extension, expected none");
  if (fields.get("sec-websocket-protocol") !== subprotocol)
    throw refusal(`answer's protocol is not ${subprotocol}`);
}

/** Whether more of a refusal's body is worth waiting for. */
export function isRefusalWhole(head: ResponseHead): boolean {
  const length = Number(head.fields.get("content-length") ?? 0);
  return !(head.rest.length < Math.min(length, maxRefusalBytes));
}

/** The error that stands for an answer other than the wished one; `by` says whose answer it is. */
export function refusalOf(head: ResponseHead, by: "relay" | "proxy"): SallyportError {
  const { code, retryable } = refusalKinds.get(head.status) ?? {
    code: "upgrade_refused" as const,
    retryable: head.status >= 500,
  };
  const said = by === "relay" ? messageIn(head.rest) : undefined;
  const text = `${by} answered ${head.status}${said === undefined ? "" : `: ${said}`}`;
  return new SallyportError(code, text, { retryable });
}

const refusalKinds = new Map<number, { code: ErrorCode; retryable: boolean }>([
  [401, { code: "unauthorised", retryable: false }],
  [403, { code: "forbidden", retryable: false }],
  [404, { code: "not_found", retryable: false }],
  [407, { code: "unauthorised", retryable: false }],
  [429, { code: "rate_limited", retryable: true }],
  [503, { code: "unreachable", retryable: true }],
  [504, { code: "timeout", retryable: true }],
]);

// The far side's words are shown only if they are plain and short.
function messageIn(body: Uint8Array): string | undefined {
  try {
    const value: unknown = JSON.parse(fromUtf8(body.subarray(0, maxRefusalBytes)));
    if (typeof value !== "object" || value === null || !("message" in value)) return undefined;
    const { message } = value;
    return typeof message === "string" && fieldText.test(message)
      ? message.slice(0, 200)
      : undefined;
  } catch {
    return undefined;
  }
}

function requestHead(first: string, fields: Readonly<Record<string, string>>): Uint8Array {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  for (const line of [first, ...lines]) {
    if (!fieldText.test(line)) {
      throw new SallyportError(
        "usage",
        "a field of the request holds a line break or control character",
      );
    }
  }
  return utf8(`${[first, ...lines].join("\r\n")}\r\n\r\n`);
}

function endOfHead(bytes: Uint8Array): number | undefined {
  const limit = Math.min(bytes.length, maxHeadBytes) - 3;
  for (
    let index = bytes.indexOf(13);
    index >= 0 && index < limit;
    index = bytes.indexOf(13, index + 1)
  ) {
    if (bytes[index + 1] === 10 && bytes[index + 2] === 13 && bytes[index + 3] === 10) return index;
  }
  return undefined;
}

function headText(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes);
  } catch (cause) {
    throw new SallyportError("upgrade_refused", "answer's head is not text", { cause });
  }
}

function refusal(text: string): SallyportError {
  return new SallyportError("upgrade_refused", text);
}
