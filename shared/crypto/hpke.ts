// HPKE (RFC 9180) over X-Wing (KEM 0x647a, draft-ietf-hpke-pq) with HKDF-SHA256: modes base and PSK.
// Export-only contexts key the sealed channel; single-shot sealing (ChaCha20-Poly1305, which both suites have) wraps secrets, devices and file keys.
// Invariant: a context is bound to mode, info and PSK; whoever differs in one of them derives unrelated keys.
import { concatBytes, utf8 } from "../bytes.ts";
import { SallyportError } from "../errors.ts";
import type { CryptoSuite } from "./suite.ts";
import { recordKeyBytes, recordNonceBytes } from "./suite.ts";

const kemXWing = 0x647a;
const kdfHkdfSha256 = 0x0001;
const aeadChaCha20Poly1305 = 0x0003;
const aeadExportOnly = 0xffff;
const exporterSecretBytes = 32;
const empty = new Uint8Array();

/** A pre-shared key of at least 32 bytes of entropy, with the id that both sides know it by. */
export interface Psk {
  readonly key: Uint8Array;
  readonly id: Uint8Array;
}

/** What both sides derive from one encapsulation. */
export interface HpkeContext {
  /** RFC 9180 §5.3: `length` bytes for `label`; different labels give independent secrets. */
  export(label: Uint8Array, length: number): Promise<Uint8Array>;
}

export interface HpkeSender extends HpkeContext {
  readonly encapsulation: Uint8Array;
}

/** A plaintext sealed to one X-Wing key. */
export interface SealedTo {
  readonly encapsulation: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The sender's export-only context (SetupBaseS, or SetupPSKS if `psk` is given). */
export async function setupSender(
  suite: CryptoSuite,
  publicKey: Uint8Array,
  info: Uint8Array,
  psk?: Psk,
): Promise<HpkeSender> {
  const { encapsulation, sharedSecret } = await suite.xwingEncapsulate(publicKey);
  const schedule = await keySchedule(suite, aeadExportOnly, sharedSecret, info, psk);
  return { encapsulation, export: (label, length) => schedule.export(label, length) };
}

/** The receiver's export-only context (SetupBaseR, or SetupPSKR if `psk` is given). */
export async function setupReceiver(
  suite: CryptoSuite,
  encapsulation: Uint8Array,
  privateKey: Uint8Array,
  info: Uint8Array,
  psk?: Psk,
): Promise<HpkeContext> {
  const sharedSecret = await suite.xwingDecapsulate(encapsulation, privateKey);
  const schedule = await keySchedule(suite, aeadExportOnly, sharedSecret, info, psk);
  return { export: (label, length) => schedule.export(label, length) };
}

/** RFC 9180 §6.1 single-shot SealBase; `info` binds what the plaintext is for. */
export async function sealTo(
  suite: CryptoSuite,
  publicKey: Uint8Array,
  info: Uint8Array,
  plaintext: Uint8Array,
): Promise<SealedTo> {
  const { encapsulation, sharedSecret } = await suite.xwingEncapsulate(publicKey);
  const schedule = await keySchedule(suite, aeadChaCha20Poly1305, sharedSecret, info);
  const { cipher, nonce } = await schedule.firstMessage();
  return { encapsulation, ciphertext: concatBytes(...cipher.seal(nonce, [plaintext])) };
}

/** RFC 9180 §6.1 single-shot OpenBase; throws `record_invalid` unless sealed to this key under this `info`. */
export async function openFrom(
  suite: CryptoSuite,
  privateKey: Uint8Array,
  info: Uint8Array,
  sealed: SealedTo,
): Promise<Uint8Array> {
  const sharedSecret = await suite.xwingDecapsulate(sealed.encapsulation, privateKey);
  const schedule = await keySchedule(suite, aeadChaCha20Poly1305, sharedSecret, info);
  const { cipher, nonce } = await schedule.firstMessage();
  return new Uint8Array(cipher.open(nonce, sealed.ciphertext));
}

// RFC 9180 §5.1. A KEM's shared secret enters as it is; the roles differ in nothing after it.
async function keySchedule(
  suite: CryptoSuite,
  aead: number,
  sharedSecret: Uint8Array,
  info: Uint8Array,
  psk?: Psk,
) {
  if (psk !== undefined && (psk.key.length < 32 || psk.id.length === 0)) {
    throw new SallyportError("handshake_failed", "PSK needs at least 32 bytes and an id");
  }
  const suiteId = concatBytes(utf8("HPKE"), uint16(kemXWing), uint16(kdfHkdfSha256), uint16(aead));
  const extract = (salt: Uint8Array, label: string, inputKey: Uint8Array) =>
    suite.hkdfExtract(salt, concatBytes(utf8("HPKE-v1"), suiteId, utf8(label), inputKey));
  const expand = (key: Uint8Array, label: string, info_: Uint8Array, length: number) =>
    suite.hkdfExpand(
      key,
      concatBytes(uint16(length), utf8("HPKE-v1"), suiteId, utf8(label), info_),
      length,
    );
  const mode = psk === undefined ? 0 : 1;
  const context = concatBytes(
    Uint8Array.of(mode),
    await extract(empty, "psk_id_hash", psk?.id ?? empty),
    await extract(empty, "info_hash", info),
  );
  const secret = await extract(sharedSecret, "secret", psk?.key ?? empty);
  const exporterSecret = await expand(secret, "exp", context, exporterSecretBytes);
  return {
    export: (label: Uint8Array, length: number) => expand(exporterSecret, "sec", label, length),
    // The sequence number of a single shot is 0, so the base nonce is its nonce.
    firstMessage: async () => ({
      cipher: suite.recordCipher(
        "chacha20-poly1305",
        await expand(secret, "key", context, recordKeyBytes),
      ),
      nonce: await expand(secret, "base_nonce", context, recordNonceBytes),
    }),
  };
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
