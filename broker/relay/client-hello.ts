// The server's name in a TLS ClientHello (RFC 8446 §4.1.2, RFC 6066 §3), read before any TLS: which of those behind the relay's port is meant.
// Invariants: nothing else of the message is looked at and nothing in it is believed; a message that is no ClientHello has no name.

/** A browser's hello with post-quantum keys has about 2 KiB; what is longer is not read on. */
export const maxHelloBytes = 16 * 1024;

/** More pieces than any client makes of a hello; each is looked at with every packet that comes. */
const maxRecords = 64;

const handshakeRecord = 22;
const recordHeaderBytes = 5;
const clientHello = 1;
const handshakeHeaderBytes = 4;
const serverNameExtension = 0;
const hostNameType = 0;
const versionAndRandomBytes = 2 + 32;

export type HelloName =
  /** More bytes are needed. */
  | { readonly isWhole: false }
  /** `name` is in lower case; undefined without one, and for whatever is no ClientHello. */
  | { readonly isWhole: true; readonly name: string | undefined };

const nameless: HelloName = { isWhole: true, name: undefined };

/** Looks at what a client has sent so far. */
export function readHelloName(received: Uint8Array): HelloName {
  const message = messageIn(received);
  if (message === "foreign") return nameless;
  if (message === undefined) {
    return received.length < maxHelloBytes ? { isWhole: false } : nameless;
  }
  try {
    return { isWhole: true, name: nameIn(new Reader(message)) };
  } catch (thrown) {
    if (thrown instanceof RangeError) return nameless;
    throw thrown;
  }
}

// A hello may be spread over several records. Undefined while it is not whole.
function messageIn(received: Uint8Array): Uint8Array | "foreign" | undefined {
  let message = Buffer.alloc(0);
  let offset = 0;
  for (let records = 0; records < maxRecords; records += 1) {
    const [type = handshakeRecord, major = 3] = received.subarray(offset);
    if (type !== handshakeRecord || major !== 3) return "foreign";
    if (offset + recordHeaderBytes > received.length) return undefined;
    const length = ((received[offset + 3] ?? 0) << 8) | (received[offset + 4] ?? 0);
    if (length === 0 || length > maxHelloBytes) return "foreign";
    offset += recordHeaderBytes;
    const part = received.subarray(offset, offset + length);
    message = Buffer.concat([message, part]);
    const wanted = wantedBytes(message);
    if (wanted > maxHelloBytes) return "foreign";
    if (message.length >= wanted) return message.subarray(handshakeHeaderBytes, wanted);
    if (part.length < length) return undefined;
    offset += length;
  }
  return "foreign";
}

// Header and body of the handshake message, as far as the header says it; endless for another message than a hello.
function wantedBytes(message: Uint8Array): number {
  const [type = clientHello, high = 0, middle = 0, low = 0] = message;
  if (type !== clientHello) return Infinity;
  if (message.length < handshakeHeaderBytes) return handshakeHeaderBytes;
  return handshakeHeaderBytes + ((high << 16) | (middle << 8) | low);
}

function nameIn(hello: Reader): string | undefined {
  hello.take(versionAndRandomBytes);
  hello.take(hello.number(1)); // session id
  hello.take(hello.number(2)); // cipher suites
  hello.take(hello.number(1)); // compression methods
  if (hello.isAtEnd) return undefined;
  const extensions = new Reader(hello.take(hello.number(2)));
  while (!extensions.isAtEnd) {
    const type = extensions.number(2);
    const content = extensions.take(extensions.number(2));
    if (type === serverNameExtension) return hostNameIn(new Reader(content));
  }
  return undefined;
}

function hostNameIn(extension: Reader): string | undefined {
  const names = new Reader(extension.take(extension.number(2)));
  while (!names.isAtEnd) {
    const type = names.number(1);
    const name = names.take(names.number(2));
    if (type === hostNameType) return Buffer.from(name).toString("latin1").toLowerCase();
  }
  return undefined;
}

class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError("message is shorter than it says");
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }

  number(length: 1 | 2): number {
    const [first = 0, second = 0] = this.take(length);
    return length === 1 ? first : (first << 8) | second;
  }
}
