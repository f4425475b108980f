// Who stands behind a signature now: a signature that verified once is judged again by each new manifest, roster and revocation. Pure.
import type { Envelope } from "../shared/document/envelope.ts";
import type { Role } from "../shared/document/manifest.ts";
import type { Signer } from "../shared/document/verify.ts";
import type { PersonId } from "../shared/ids.ts";
import type { RefusalReason } from "./refusal.ts";
import { isRevoked, surelyNowMs, type Situation } from "./situation.ts";

// WebAuthn §6.1: byte 32 of the authenticator data is the flags; bit 3 says that the credential may leave its device (backup eligible).
const flagsAt = 32;
const backupEligible = 0x08;

/** Why a signer is not, or no longer, that person with one of the roles, if so. */
export function faultOfSigner(
  signer: Signer,
  roles: readonly Role[],
  situation: Situation,
): RefusalReason | undefined {
  const known = situation.keys.get(signer.keyId);
  if (known === undefined || known.person !== signer.name) return "key-unknown";
  if (isRevoked(situation, "person", known.person) || isRevoked(situation, "key", signer.keyId)) {
    return "person-revoked";
  }
  return known.roles.some((role) => roles.includes(role)) ? undefined : "role-missing";
}

/** Why the roster that lists a signer is not believed any more, if so. Asked of newcomers alone: a session does not end with it. */
export function faultOfRoster(signer: Signer, situation: Situation): RefusalReason | undefined {
  const freshUntilAt = situation.keys.get(signer.keyId)?.freshUntilAt ?? null;
  if (freshUntilAt === null) return undefined;
  return surelyNowMs(situation) > freshUntilAt * 1000 ? "roster-stale" : undefined;
}

/** True if the signer holds the role now. */
export function mayStillSign(signer: Signer, role: Role, situation: Situation): boolean {
  return faultOfSigner(signer, [role], situation) === undefined;
}

/** The signer who is `person`, if one is. */
export function signerOf(signers: readonly Signer[], person: PersonId): Signer | undefined {
  return signers.find((signer) => signer.name === person);
}

/** True if the signature was made by a passkey that cannot leave its device. */
export function isDeviceBound(envelope: Envelope, signer: Signer): boolean {
  const signature = envelope.signatures.find(({ keyid }) => keyid === signer.keyId);
  const flags = signature?.passkey?.authenticatorData[flagsAt];
  return flags !== undefined && (flags & backupEligible) === 0;
}
