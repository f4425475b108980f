// Bytes and their text forms, alike in Node and browsers (no Buffer).
// Decoders are strict: only the one canonical text of a byte string is accepted, so a value has one spelling.
import { SallyportError } from "./errors.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of a string. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Text of UTF-8 bytes; throws `encoding_invalid` on malformed input. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new SallyportError("encoding_invalid", "bytes are not UTF-8 text", { cause });
  }
}

/** RFC 4648 §5 text without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Bytes of canonical unpadded base64url text, of exactly `length` bytes if given; throws `encoding_invalid`. */
export function fromBase64Url(text: string, length?: number): Uint8Array {
  const bytes = decode(text, "base64url");
  if (toBase64Url(bytes) !== text) {
    throw new SallyportError("encoding_invalid", "text is not canonical unpadded base64url");
  }
  if (length !== undefined && bytes.length !== length) {
    throw new SallyportError(
      "encoding_invalid",
      `value of ${bytes.length} bytes, expected ${length}`,
    );
  }
  return bytes;
}

/** RFC 4648 §4 text with padding, as DSSE envelopes carry it. */
export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64();
}

/** Bytes of canonical padded base64 text; throws `encoding_invalid`. */
export function fromBase64(text: string): Uint8Array {
  const bytes = decode(text, "base64");
  if (toBase64(bytes) !== text) {
    throw new SallyportError("encoding_invalid", "text is not canonical padded base64");
  }
  return bytes;
}

/** The same bytes in memory of their own. Never `slice`: of a Buffer, which is what Node's sockets read into, that is a view of the same memory. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** One new array with all parts in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

/** Equality in time that depends on the lengths alone. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) {
    difference |= (left[index] ?? 0) ^ (right[index] ?? 0);
  }
  return difference === 0;
}

/** A length-prefixed field (u32 big-endian, then the bytes), so that concatenations have one reading. */
export function lengthPrefixed(bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(4 + bytes.length);
  new DataView(field.buffer).setUint32(0, bytes.length);
  field.set(bytes, 4);
  return field;
}

function decode(text: string, alphabet: "base64" | "base64url"): Uint8Array {
  try {
    return Uint8Array.fromBase64(text, { alphabet, lastChunkHandling: "loose" });
  } catch (cause) {
    throw new SallyportError("encoding_invalid", `text is not ${alphabet}`, { cause });
  }
}
