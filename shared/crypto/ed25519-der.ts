// RFC 8410 wrappings of raw Ed25519 keys, for platforms that import keys only as DER.

/** PKCS#8 up to the 32-byte seed. */
export const ed25519PrivatePrefix: Uint8Array = Uint8Array.fromHex(
  "302e020100300506032b657004220420",
);
/** SubjectPublicKeyInfo up to the 32-byte public key. */
export const ed25519PublicPrefix: Uint8Array = Uint8Array.fromHex("302a300506032b6570032100");
