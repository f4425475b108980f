// The first manifest of a site and the keys that are born with it: the owner's, the recovery sheet, the auditor's. Its hash is the site's id.
import { toBase64Url } from "../../shared/bytes.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import { sealTo } from "../../shared/crypto/hpke.ts";
import type { PublicKey } from "../../shared/document/keys.ts";
import type { Role } from "../../shared/document/manifest.ts";
import { lengthPrefixed, concatBytes, utf8 } from "../../shared/bytes.ts";
import { encodeSheet, recoveryKeys, type RecoveryKeys } from "../../shared/site/recovery-sheet.ts";
import { sealSeed } from "./sealed-seed.ts";
import { usualPolicy } from "./site-file.ts";

export interface Founding {
  readonly name: string;
  readonly owner: {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly Role[];
    readonly key: PublicKey;
  };
  readonly relay: { readonly name: string; readonly url: string; readonly attestationKey: string };
  readonly signing: { readonly rpId: string; readonly origins: readonly string[] } | null;
  readonly secondFactor: "required" | "waived";
  readonly issuedAt: number;
  readonly endsAt: number;
}

/** The recovery keys with the sheet that gives them back. */
export interface Recovery {
  readonly keys: RecoveryKeys;
  readonly sheet: string;
}

export async function makeRecovery(suite: CryptoSuite): Promise<Recovery> {
  const seed = suite.randomBytes(32);
  return { keys: await recoveryKeys(suite, seed), sheet: await encodeSheet(suite, seed) };
}

/** The auditor's X-Wing key: its public half, and a file that holds the private one twice, under a passphrase and under the recovery key. */
export async function makeAuditKey(
  suite: CryptoSuite,
  passphrase: string,
  recovery: RecoveryKeys | undefined,
): Promise<{ readonly publicKey: string; readonly file: string }> {
  const pair = await suite.xwingKeyPair();
  const key = await sealSeed("audit", pair.privateKey, pair.publicKey, passphrase);
  const wrapped =
    recovery &&
    (await sealTo(suite, recovery.xwing.publicKey, auditInfo(pair.publicKey), pair.privateKey));
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

/** Payload of manifest 1. */
export function firstManifest(
  founding: Founding,
  recovery: RecoveryKeys | undefined,
  auditKey: string | undefined,
): unknown {
  const { owner } = founding;
  const isApprover = owner.roles.includes("approver");
  return {
    site: null,
    version: 1,
    previous: null,
    name: founding.name,
    issuedAt: founding.issuedAt,
    endsAt: founding.endsAt,
    ownersNeeded: 1,
    signing: founding.signing,
    persons: [{ id: owner.id, name: owner.name, roles: owner.roles, keys: [owner.key] }],
    companies: [],
    recovery:
      recovery === undefined
        ? null
        : {
            ed25519: toBase64Url(recovery.ed25519.publicKey),
            xwing: toBase64Url(recovery.xwing.publicKey),
          },
    audit: auditKey === undefined ? null : { xwing: auditKey },
    relays: [founding.relay],
    edges: [],
    targets: [],
    policies: isApprover
      ? [{ id: "standard", ...usualPolicy, secondFactor: founding.secondFactor }]
      : [],
    release: null,
  };
}

/** HPKE info of the audit key's copy for the holder of the recovery sheet. */
function auditInfo(publicKey: Uint8Array): Uint8Array {
  return concatBytes(utf8("sallyport audit key v1"), lengthPrefixed(publicKey));
}
