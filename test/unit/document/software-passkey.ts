// A passkey made of node:crypto, so that tests can sign assertions with any one fault in them. Its COSE encoder is its own.
import { createHash, generateKeyPairSync, sign as signBytes, type KeyObject } from "node:crypto";
import type { PublicJwk } from "../../../shared/crypto/suite.ts";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import type { PasskeyPublic } from "../../../shared/document/keys.ts";
import type { Assertion } from "../../../shared/document/passkey.ts";

export type Algorithm = PasskeyPublic["algorithm"];

/** What the browser and the authenticator put in; each may be made wrong. */
export interface Touch {
  readonly rpId: string;
  /** UP, UV: 0x05; BE 0x08, BS 0x10. */
  readonly flags: number;
  readonly client: Readonly<Record<string, unknown>>;
  /** Bytes after the 37 of the authenticator data. */
  readonly extensions: Uint8Array;
}

const hash = (bytes: Uint8Array): Uint8Array => createHash("sha256").update(bytes).digest();

/** CBOR head of a major type and a value below 2^16. */
function head(major: number, value: number): Uint8Array {
  const top = major << 5;
  if (value < 24) return Uint8Array.of(top | value);
  return value < 256
    ? Uint8Array.of(top | 24, value)
    : Uint8Array.of(top | 25, value >> 8, value & 255);
}

/** CBOR of a map of integers to integers or bytes, in the order given. */
export function cborMap(entries: readonly (readonly [number, number | Uint8Array])[]): Uint8Array {
  const item = (value: number | Uint8Array): Uint8Array => {
    if (typeof value === "number") return value < 0 ? head(1, -1 - value) : head(0, value);
    return new Uint8Array([...head(2, value.length), ...value]);
  };
  const items = entries.flatMap(([label, value]) => [...item(label), ...item(value)]);
  return new Uint8Array([...head(5, entries.length), ...items]);
}

function coseOf(algorithm: Algorithm, jwk: PublicJwk): Uint8Array {
  const bytes = (text: string | undefined) => new Uint8Array(Buffer.from(text ?? "", "base64url"));
  const { x, y, n, e } = jwk;
  if (algorithm === "ES256") {
    return cborMap([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ]);
  }
  if (algorithm === "EdDSA")
    return cborMap([
      [1, 1],
      [3, -8],
      [-1, 6],
      [-2, bytes(x)],
    ]);
  return cborMap([
    [1, 3],
    [3, -257],
    [-1, bytes(n)],
    [-2, bytes(e)],
  ]);
}

function pairOf(algorithm: Algorithm): { publicKey: KeyObject; privateKey: KeyObject } {
  if (algorithm === "ES256") return generateKeyPairSync("ec", { namedCurve: "P-256" });
  if (algorithm === "EdDSA") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

export class SoftwarePasskey {
  readonly key: PasskeyPublic;
  readonly jwk: PublicJwk;
  readonly #privateKey: KeyObject;

  constructor(algorithm: Algorithm) {
    const { publicKey, privateKey } = pairOf(algorithm);
    this.#privateKey = privateKey;
    this.jwk = publicKey.export({ format: "jwk" }) as PublicJwk;
    this.key = {
      kind: "passkey",
      algorithm,
      cose: toBase64Url(coseOf(algorithm, this.jwk)),
      credentialId: toBase64Url(hash(utf8(`${algorithm} credential`))),
    };
  }

  /** The authenticator data of its registration: AT, UP and UV set, no AAGUID. */
  register(): Uint8Array {
    const { cose, credentialId } = this.key;
    const id = Uint8Array.fromBase64(credentialId, { alphabet: "base64url" });
    const key = Uint8Array.fromBase64(cose, { alphabet: "base64url" });
    const start = [
      ...hash(utf8("sign.example.org")),
      0x45,
      ...new Uint8Array(4 + 16),
      0,
      id.length,
    ];
    return new Uint8Array([...start, ...id, ...key]);
  }

  /** An assertion over `challenge` as the paper site's signing page gets it, changed by `fault`. */
  assert(challenge: Uint8Array, fault: Partial<Touch> = {}): Assertion {
    const touch: Touch = {
      rpId: "sign.example.org",
      flags: 0x05,
      client: {},
      extensions: new Uint8Array(),
      ...fault,
    };
    const client = {
      type: "webauthn.get",
      challenge: toBase64Url(challenge),
      origin: "https://sign.example.org",
      crossOrigin: false,
      ...touch.client,
    };
    const clientDataJSON = utf8(JSON.stringify(client));
    const authenticatorData = new Uint8Array([
      ...hash(utf8(touch.rpId)),
      touch.flags,
      0,
      0,
      0,
      1,
      ...touch.extensions,
    ]);
    const message = new Uint8Array([...authenticatorData, ...hash(clientDataJSON)]);
    const digest = this.key.algorithm === "EdDSA" ? null : "sha256";
    const signature = new Uint8Array(signBytes(digest, message, this.#privateKey));
    return { authenticatorData, clientDataJSON, signature };
  }
}
