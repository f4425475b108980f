// The one small interface between our protocol and a platform's cryptography (shared/protocol.md, "Primitives").
// Handshakes and signatures are async, because browsers have them so; sealing and opening of records is sync, so that their order is the call order.
// Invariant: nothing outside shared/crypto touches a platform's cryptography, and all randomness of a suite comes from its one `randomBytes`.

/** Ciphers of records; both take a 32-byte key, a 12-byte nonce and append a 16-byte tag. The names stand on the wire. */
export type RecordCipherName = "aes-256-gcm" | "chacha20-poly1305";

export const recordCipherNames: readonly RecordCipherName[] = ["aes-256-gcm", "chacha20-poly1305"];

export const recordKeyBytes = 32;
export const recordNonceBytes = 12;
export const recordTagBytes = 16;
export const ed25519PublicKeyBytes = 32;
export const ed25519SignatureBytes = 64;
export const xwingPublicKeyBytes = 1216;
export const xwingEncapsulationBytes = 1120;
/** X-Wing and Ed25519 private keys are both held as their 32-byte seeds. */
export const seedBytes = 32;

/** An AEAD under one key. The caller owns the nonces: one nonce seals once. */
export interface RecordCipher {
  /** Seals the concatenation of `parts`; the result's parts, in order, are ciphertext and tag, and may be written without joining them. */
  seal(nonce: Uint8Array, parts: readonly Uint8Array[]): Uint8Array[];
  /** The plaintext in memory of its own; throws `record_invalid` if the tag does not match, without having given out a byte. */
  open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array;
}

export interface Ed25519KeyPair {
  readonly publicKey: Uint8Array;
  /** The 32-byte seed (RFC 8032's private key). */
  readonly privateKey: Uint8Array;
}

export interface XWingKeyPair {
  readonly publicKey: Uint8Array;
  /** The 32-byte seed (X-Wing's decapsulation key). */
  readonly privateKey: Uint8Array;
}

export interface Encapsulation {
  readonly encapsulation: Uint8Array;
  readonly sharedSecret: Uint8Array;
}

/** What signs with keys that are not raw Ed25519: passkeys, by the algorithm of the stored key. */
export type JwkAlgorithm = "ES256" | "EdDSA" | "RS256";

/** RFC 7517 public key, as far as the algorithms above need it. */
export interface PublicJwk {
  readonly kty: "EC" | "OKP" | "RSA";
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** A platform's cryptography. Arguments are never changed; results are memory of their own. */
export interface CryptoSuite {
  readonly name: "node" | "browser";
  randomBytes(length: number): Uint8Array;
  /** SHA-256 of the parts' concatenation. */
  sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array>;
  /** RFC 5869 HKDF-Extract with SHA-256. */
  hkdfExtract(salt: Uint8Array, inputKey: Uint8Array): Promise<Uint8Array>;
  /** RFC 5869 HKDF-Expand with SHA-256, at most 255 * 32 bytes. */
  hkdfExpand(key: Uint8Array, info: Uint8Array, length: number): Promise<Uint8Array>;
  /** A fresh pair, or the pair of a 32-byte seed. */
  ed25519KeyPair(seed?: Uint8Array): Promise<Ed25519KeyPair>;
  ed25519Sign(privateKey: Uint8Array, message: Uint8Array): Promise<Uint8Array>;
  /** False for a signature that does not verify, whatever is wrong with it or with the key. */
  ed25519Verify(
    publicKey: Uint8Array,
    message: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean>;
  /** Like `ed25519Verify`, for a public key as JWK. An ES256 signature is ASN.1 DER, as WebAuthn carries it. */
  verifyJwk(
    jwk: PublicJwk,
    algorithm: JwkAlgorithm,
    message: Uint8Array,
    signature: Uint8Array,
  ): Promise<boolean>;
  /** A fresh pair, or the pair of a 32-byte seed. */
  xwingKeyPair(seed?: Uint8Array): Promise<XWingKeyPair>;
  /** Throws `handshake_failed` for a key that X-Wing does not take. */
  xwingEncapsulate(publicKey: Uint8Array): Promise<Encapsulation>;
  /** X-Wing rejects implicitly: a wrong encapsulation of the right length gives a secret that nobody shares. */
  xwingDecapsulate(encapsulation: Uint8Array, privateKey: Uint8Array): Promise<Uint8Array>;
  /** Throws `handshake_failed` if this platform does not have the cipher in sync form. */
  recordCipher(cipher: RecordCipherName, key: Uint8Array): RecordCipher;
  /** What this platform seals with, fastest first; never empty. */
  ciphersByPreference(): readonly RecordCipherName[];
}

/** What it takes to verify documents: hashes and signatures. Every platform has these by itself, without libsodium. */
export type VerifyingSuite = Pick<CryptoSuite, "sha256" | "ed25519Verify" | "verifyJwk">;

/** Where a suite takes its randomness from. */
export type RandomSource = (length: number) => Uint8Array;
