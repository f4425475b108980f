// The auditor's key as it is made for a site: a file for the auditor, and a copy for the holder of the recovery sheet.
import { concatBytes, lengthPrefixed, toBase64Url, utf8 } from "../../shared/bytes.ts";
import { sealTo } from "../../shared/crypto/hpke.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { sealSeed } from "./sealed-seed.ts";

/** The auditor's X-Wing key: its public half, and a file that holds the private one twice, under a passphrase and under the X-Wing recovery key. */
export async function makeAuditKey(
  suite: CryptoSuite,
  passphrase: string,
  /** The site's recovery key, if it has one. */
  recovery: Uint8Array | undefined,
): Promise<{ readonly publicKey: string; readonly file: string }> {
  const pair = await suite.xwingKeyPair();
  const key = await sealSeed("audit", pair.privateKey, pair.publicKey, passphrase);
  const wrapped =
    recovery && (await sealTo(suite, recovery, auditInfo(pair.publicKey), pair.privateKey));
  const file = {
    key,
    recovery:
      wrapped === undefined
        ? null
        : {
            encapsulation: toBase64Url(wrapped.encapsulation),
            ciphertext: toBase64Url(wrapped.ciphertext),
          },
  };
  return { publicKey: toBase64Url(pair.publicKey), file: `${JSON.stringify(file, null, 2)}\n` };
}

/** HPKE info of the audit key's copy for the holder of the recovery sheet. */
function auditInfo(publicKey: Uint8Array): Uint8Array {
  return concatBytes(utf8("sallyport audit key v1"), lengthPrefixed(publicKey));
}
