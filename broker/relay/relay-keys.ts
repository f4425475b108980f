// The relay's own secrets: the attestation key that manifests name, what seals the store's TOTP seeds, and what goes into password hashes.
// Invariant: one key, one use; what is sealed for one person of one site opens for no other.
import { join } from "node:path";
import { concatBytes, lengthPrefixed, utf8 } from "../../shared/bytes.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { recordNonceBytes } from "../../shared/crypto/suite.ts";
import type { SignPae } from "../../shared/document/envelope.ts";
import { ed25519Key, keyIdOf } from "../../shared/document/keys.ts";
import type { PersonId, SiteId } from "../../shared/ids.ts";
import { openKeyFile } from "./key-files.ts";

export interface RelayKeys {
  /** Raw Ed25519 key, as manifests name it. */
  readonly attestationKey: Uint8Array;
  readonly sign: SignPae;
  readonly seeds: SeedSeal;
  readonly passwordSecret: Uint8Array;
}

/** Opens the two key files of a data directory, making them at first start; throws `file_invalid`. */
export async function openRelayKeys(directory: string, suite: CryptoSuite): Promise<RelayKeys> {
  const attestation = await suite.ed25519KeyPair(
    await openKeyFile(join(directory, "attestation.key")),
  );
  const root = await openKeyFile(join(directory, "sealing.key"));
  const keyid = await keyIdOf(suite, ed25519Key(attestation.publicKey));
  return {
    attestationKey: attestation.publicKey,
    sign: async (pae) => ({ keyid, sig: await suite.ed25519Sign(attestation.privateKey, pae) }),
    seeds: new SeedSeal(suite, await suite.hkdfExpand(root, utf8("sallyport totp seeds v1"), 32)),
    passwordSecret: await suite.hkdfExpand(root, utf8("sallyport passwords v1"), 32),
  };
}

/** Seals TOTP seeds at rest, each person's under a key of their own. */
export class SeedSeal {
  readonly #suite: CryptoSuite;
  readonly #key: Uint8Array;

  constructor(suite: CryptoSuite, key: Uint8Array) {
    this.#suite = suite;
    this.#key = key;
  }

  async seal(site: SiteId, person: PersonId, seed: string): Promise<Uint8Array> {
    const nonce = this.#suite.randomBytes(recordNonceBytes);
    const cipher = await this.#cipher(site, person);
    return concatBytes(nonce, ...cipher.seal(nonce, [utf8(seed)]));
  }

  /** The seed; throws `record_invalid` for one that was sealed for somebody else or under another key file. */
  async open(site: SiteId, person: PersonId, sealed: Uint8Array): Promise<string> {
    const cipher = await this.#cipher(site, person);
    const nonce = sealed.subarray(0, recordNonceBytes);
    return new TextDecoder().decode(cipher.open(nonce, sealed.subarray(recordNonceBytes)));
  }

  async #cipher(site: SiteId, person: PersonId) {
    const info = concatBytes(lengthPrefixed(utf8(site)), lengthPrefixed(utf8(person)));
    return this.#suite.recordCipher(
      "aes-256-gcm",
      await this.#suite.hkdfExpand(this.#key, info, 32),
    );
  }
}
