// COSE public keys of passkeys (RFC 9053, WebAuthn §6.5.1.1) in the one CBOR form that CTAP2 allows (its canonical encoding).
// Invariant: a key has exactly one byte string, so a KeyId has one key and a key one KeyId.
import { fromBase64Url, toBase64Url } from "../bytes.ts";
import type { JwkAlgorithm, PublicJwk } from "../crypto/suite.ts";
import { documentInvalid } from "./fields.ts";

/** A COSE key of RSA-4096 has 532 bytes. */
export const maxCoseBytes = 600;

/** A passkey's public key as signatures are checked with it. */
export interface CoseKey {
  readonly algorithm: JwkAlgorithm;
  readonly jwk: PublicJwk;
}

type CborItem = number | Uint8Array;

// COSE's labels (RFC 9052 §7.1, RFC 9053 §7, RFC 8230 §4).
const labelKeyType = 1;
const labelAlgorithm = 3;
const keyTypeOkp = 1;
const keyTypeEc2 = 2;
const keyTypeRsa = 3;
const curveP256 = 1;
const curveEd25519 = 6;
const algorithmEs256 = -7;
const algorithmEdDsa = -8;
const algorithmRs256 = -257;
/** 65537. */
const publicExponent = "AQAB";

/** Reads base64url COSE; throws `document_invalid` for anything but a canonical ES256, EdDSA or RS256 public key. */
export function parseCoseKey(cose: string): CoseKey {
  const bytes = fromBase64Url(cose);
  const { map, end } = decodeMap(bytes);
  if (end !== bytes.length) throw documentInvalid("COSE key has bytes after its end");
  const isOf = (keyType: number, algorithm: number, size: number) =>
    map.get(labelKeyType) === keyType && map.get(labelAlgorithm) === algorithm && map.size === size;
  if (isOf(keyTypeEc2, algorithmEs256, 5) && map.get(-1) === curveP256) {
    return {
      algorithm: "ES256",
      jwk: { kty: "EC", crv: "P-256", x: text(map, -2, 32), y: text(map, -3, 32) },
    };
  }
  if (isOf(keyTypeOkp, algorithmEdDsa, 4) && map.get(-1) === curveEd25519) {
    return { algorithm: "EdDSA", jwk: { kty: "OKP", crv: "Ed25519", x: text(map, -2, 32) } };
  }
  if (isOf(keyTypeRsa, algorithmRs256, 4)) {
    const [n, e] = [text(map, -1, 256, 512), text(map, -2, 3)];
    if (e !== publicExponent) throw documentInvalid("COSE key's exponent is not 65537");
    return { algorithm: "RS256", jwk: { kty: "RSA", n, e } };
  }
  throw documentInvalid("COSE key is none of ES256 on P-256, EdDSA on Ed25519 and RS256");
}

/** The key's own bytes where others may follow it, as in authenticator data; throws `document_invalid`. */
export function coseAtStart(bytes: Uint8Array): Uint8Array {
  const room = bytes.subarray(0, maxCoseBytes);
  return room.subarray(0, decodeMap(room).end);
}

function text(map: ReadonlyMap<number, CborItem>, label: number, min: number, max = min): string {
  const value = map.get(label);
  if (!(value instanceof Uint8Array) || value.length < min || value.length > max) {
    throw documentInvalid(`COSE key's parameter ${label} is not of ${min} to ${max} bytes`);
  }
  return toBase64Url(value);
}

/** A CBOR map of integers to integers and byte strings, canonical: shortest heads, labels in CTAP2's order. */
function decodeMap(bytes: Uint8Array): { map: Map<number, CborItem>; end: number } {
  if (bytes.length > maxCoseBytes) {
    throw documentInvalid(`COSE key of ${bytes.length} bytes exceeds ${maxCoseBytes}`);
  }
  let offset = 0;
  const byte = (): number => {
    const value = bytes[offset];
    if (value === undefined) throw documentInvalid("COSE key is cut short");
    offset += 1;
    return value;
  };
  const head = (): { major: number; value: number } => {
    const first = byte();
    const major = first >> 5;
    const short = first & 31;
    if (short < 24) return { major, value: short };
    const value = short === 24 ? byte() : short === 25 ? byte() * 256 + byte() : undefined;
    if (value === undefined || value < (short === 24 ? 24 : 256)) {
      throw documentInvalid("COSE key is not canonical CBOR");
    }
    return { major, value };
  };
  const integer = ({ major, value }: { major: number; value: number }): number => {
    if (major > 1) throw documentInvalid("COSE key's label is not an integer");
    return major === 0 ? value : -1 - value;
  };
  const item = (): CborItem => {
    const { major, value } = head();
    if (major !== 2) return integer({ major, value });
    if (offset + value > bytes.length) throw documentInvalid("COSE key is cut short");
    offset += value;
    return bytes.slice(offset - value, offset);
  };
  const outer = head();
  if (outer.major !== 5) throw documentInvalid("COSE key is not a CBOR map");
  const map = new Map<number, CborItem>();
  let previous = -1;
  for (let index = 0; index < outer.value; index += 1) {
    const label = head();
    // CTAP2's order: by major type, then by value; all labels here have one-byte heads.
    const rank = label.major * 32 + label.value;
    if (rank <= previous || label.value > 23) {
      throw documentInvalid("COSE key's labels are not in canonical order");
    }
    previous = rank;
    map.set(integer(label), item());
  }
  return { map, end: offset };
}
