// The first manifest of a site, whose hash is the site's id, and the recovery keys that are born with it.
import { toBase64Url } from "../bytes.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { PublicKey } from "../document/keys.ts";
import type { Policy, Role } from "../document/manifest.ts";
import { encodeSheet, recoveryKeys, type RecoveryKeys } from "./recovery-sheet.ts";

export interface Founding {
  readonly name: string;
  readonly owner: {
    readonly id: string;
    readonly name: string;
    readonly roles: readonly Role[];
    readonly keys: readonly PublicKey[];
  };
  readonly relay: { readonly name: string; readonly url: string; readonly attestationKey: string };
  readonly signing: { readonly rpId: string; readonly origins: readonly string[] } | null;
  /** The first policy, called `standard`. */
  readonly policy: Omit<Policy, "id">;
  readonly issuedAt: number;
  readonly endsAt: number;
}

/** What most sites start with, and what a policy has that says nothing else. */
export const usualPolicy: Omit<Policy, "id"> = {
  approversNeeded: 1,
  approvers: null,
  secondFactor: "required",
  passkeysOnly: false,
  deviceBound: false,
  maxMinutes: 480,
  concurrent: "one",
  recordingFull: "end",
  copyRecordings: false,
  supervised: false,
  recordKeys: false,
};

/** The recovery keys with the sheet that gives them back. */
export interface Recovery {
  readonly keys: RecoveryKeys;
  readonly sheet: string;
}

export async function makeRecovery(suite: CryptoSuite): Promise<Recovery> {
  const seed = suite.randomBytes(32);
  return { keys: await recoveryKeys(suite, seed), sheet: await encodeSheet(suite, seed) };
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
    persons: [{ id: owner.id, name: owner.name, roles: owner.roles, keys: owner.keys }],
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
    policies: isApprover ? [{ id: "standard", ...founding.policy }] : [],
    release: null,
  };
}
