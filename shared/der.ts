// DER (X.690) as certificates and requests for them need it: values written definite and shortest, and one reader of a tag and its length.
import { concatBytes } from "./bytes.ts";

/** Contents of more bytes are none of ours. */
const maxLength = 0xffff;

/** A value of this tag around its contents. */
export function tagged(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concatBytes(...contents);
  return concatBytes(Uint8Array.of(tag), derLength(content.length), content);
}

export const sequence = (...parts: readonly Uint8Array[]) => tagged(0x30, ...parts);
export const integer = (bytes: Uint8Array) => tagged(0x02, bytes);
export const boolean = (value: boolean) => tagged(0x01, Uint8Array.of(value ? 0xff : 0));
/** `bytes` begins with the number of unused bits. */
export const bitString = (bytes: Uint8Array) => tagged(0x03, bytes);
export const octetString = (...parts: readonly Uint8Array[]) => tagged(0x04, ...parts);
/** `hex`: the encoded arcs. */
export const objectId = (hex: string) => tagged(0x06, Uint8Array.fromHex(hex));

/** The first value in `bytes`, and what follows it; undefined if there is none, or it is longer than anything of ours or than `bytes`. */
export function readDer(
  bytes: Uint8Array,
): { readonly tag: number; readonly content: Uint8Array; readonly rest: Uint8Array } | undefined {
  const [tag, first = 0, second = 0, third = 0] = bytes;
  const [head, length] =
    first < 0x80
      ? [2, first]
      : first === 0x81
        ? [3, second]
        : first === 0x82
          ? [4, (second << 8) | third]
          : [0, Infinity];
  if (tag === undefined || head + length > bytes.length) return undefined;
  return {
    tag,
    content: bytes.subarray(head, head + length),
    rest: bytes.subarray(head + length),
  };
}

/** RFC 7468 text with lines of 64 characters. */
export function pem(label: string, der: Uint8Array): string {
  const lines = der.toBase64().replace(/.{1,64}/g, "$&\n");
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

/** The bytes of the one block of this label that `text` is; undefined for anything else. */
export function fromPem(label: string, text: string): Uint8Array | undefined {
  const block = new RegExp(
    `^-----BEGIN ${label}-----\\n((?:[A-Za-z0-9+/=]{1,76}\\n)+)-----END ${label}-----\\n?$`,
  ).exec(text.replaceAll("\r\n", "\n"));
  if (block?.[1] === undefined) return undefined;
  try {
    return Uint8Array.fromBase64(block[1].replaceAll("\n", ""));
  } catch {
    return undefined;
  }
}

function derLength(length: number): Uint8Array {
  if (length < 0x80) return Uint8Array.of(length);
  if (length < 0x100) return Uint8Array.of(0x81, length);
  if (length > maxLength) throw new RangeError(`${length} bytes exceed ${maxLength}`);
  return Uint8Array.of(0x82, length >> 8, length & 0xff);
}
