// Boxes that only an edge and the holder of the site's recovery key open (shared/protocol.md, "Sealed payloads"): HPKE over X-Wing.
// Invariant: what a plaintext is for is bound by HPKE's `info`, so a relay can move neither password nor address to another target or version.
import * as v from "valibot";
import { concatBytes, fromBase64Url, lengthPrefixed, toBase64Url, utf8 } from "../bytes.ts";
import { openFrom, sealTo } from "../crypto/hpke.ts";
import { xwingEncapsulationBytes, type CryptoSuite } from "../crypto/suite.ts";
import { bytes, bytesBetween, documentInvalid, record } from "./fields.ts";
import type { Manifest } from "./manifest.ts";

/** An RSA-4096 private key in PEM has about 3.3 KB; a device has a few host keys. */
const maxPlaintextBytes = 16 * 1024;
const tagBytes = 16;

const box = record({
  encapsulation: bytes(xwingEncapsulationBytes),
  ciphertext: bytesBetween(tagBytes + 2, maxPlaintextBytes + tagBytes),
});
type SealedBox = v.InferOutput<typeof box>;

export const sealed = record({ edge: box, recovery: v.nullable(box) });
/** One plaintext, sealed to the edge, and to the site's recovery key if it has one. */
export type SealedBoxes = v.InferOutput<typeof sealed>;

/** X-Wing public keys in base64url. */
export interface Recipients {
  readonly edge: string;
  readonly recovery: string | null;
}

/** A private key (seed) and whose it is. */
export interface Holder {
  readonly kind: keyof SealedBoxes;
  readonly privateKey: Uint8Array;
}

/** HPKE's `info`: a context string, then each field in UTF-8 with its length before it. */
export function sealedInfo(context: string, fields: readonly string[]): Uint8Array {
  return concatBytes(utf8(context), ...fields.map((field) => lengthPrefixed(utf8(field))));
}

/** Seals one plaintext to each recipient. */
export async function sealBoxes(
  suite: CryptoSuite,
  recipients: Recipients,
  info: Uint8Array,
  plaintext: Uint8Array,
): Promise<SealedBoxes> {
  const seal = async (publicKey: string): Promise<SealedBox> => {
    const made = await sealTo(suite, fromBase64Url(publicKey), info, plaintext);
    return {
      encapsulation: toBase64Url(made.encapsulation),
      ciphertext: toBase64Url(made.ciphertext),
    };
  };
  return {
    edge: await seal(recipients.edge),
    recovery: recipients.recovery === null ? null : await seal(recipients.recovery),
  };
}

/** Throws `document_invalid` unless something is sealed to the recovery key if, and only if, the site has one. */
export function requireRecoveryBox(boxes: SealedBoxes, manifest: Manifest): void {
  if ((boxes.recovery === null) !== (manifest.recovery === null)) {
    const fault = manifest.recovery === null ? "unknown" : "missing";
    throw documentInvalid(`what is sealed to the recovery key is ${fault}`);
  }
}

/** Opens the holder's box; throws `record_invalid` unless it was sealed to that key under this `info`. */
export async function openBox(
  suite: CryptoSuite,
  boxes: SealedBoxes,
  holder: Holder,
  info: Uint8Array,
): Promise<Uint8Array> {
  const own = boxes[holder.kind];
  if (own === null) throw documentInvalid("nothing is sealed to the recovery key");
  return openFrom(suite, holder.privateKey, info, {
    encapsulation: fromBase64Url(own.encapsulation),
    ciphertext: fromBase64Url(own.ciphertext),
  });
}
