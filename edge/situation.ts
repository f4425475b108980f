// What the gate judges under: one consistent picture of everything that the edge holds at a moment. The gate reads nothing else.
// Invariant: a picture is never changed; a change of anything in it makes a new one, and every running session is judged again.
import type { LockdownScope } from "../shared/document/lockdown.ts";
import type { Manifest, Role } from "../shared/document/manifest.ts";
import type { RevocationScope } from "../shared/document/revocation.ts";
import type { DocumentHash, EdgeId, KeyId, PersonId, SiteId, TargetId } from "../shared/ids.ts";
import type { ClockReading } from "./time.ts";

/** Whose key it is, by manifest or roster. */
export interface KnownKey {
  readonly person: PersonId;
  readonly name: string;
  readonly roles: readonly Role[];
  /** Until when the roster that lists it is believed; null where the manifest itself lists it. */
  readonly freshUntilAt: number | null;
}

/** What an unsigned stop covers. */
export type StopScope =
  | { readonly kind: "request"; readonly id: DocumentHash }
  | { readonly kind: "target"; readonly id: TargetId }
  | { readonly kind: "edge" };

/** A target with somebody on it. */
export interface Occupation {
  readonly target: TargetId;
  readonly request: DocumentHash;
  readonly person: PersonId;
}

/** The part of it that follows from documents alone. */
export interface TrustedSituation {
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly manifest: Manifest;
  readonly manifestHash: DocumentHash;
  /** Hashes of the held manifest and of all before it. */
  readonly lineage: ReadonlySet<DocumentHash>;
  readonly keys: ReadonlyMap<KeyId, KnownKey>;
  /** Ids of the manifest's attestation keys. */
  readonly relayKeys: ReadonlySet<KeyId>;
  /** Of this edge, or of all edges. */
  readonly revocations: readonly RevocationScope[];
  /** Those not lifted. */
  readonly lockdowns: readonly LockdownScope[];
}

export interface Situation extends TrustedSituation {
  /** Unsigned stops that have not run out. */
  readonly stops: readonly StopScope[];
  /** Targets whose interlock is open. */
  readonly interlocks: ReadonlySet<TargetId>;
  readonly occupations: readonly Occupation[];
  readonly time: ClockReading;
}

/** True if a revocation names it: for good. */
export function isRevoked(
  situation: Situation,
  kind: "request" | "person" | "key" | "target",
  id: string,
): boolean {
  return situation.revocations.some((scope) => scope.kind === kind && scope.id === id);
}

/** The earliest moment that it can be by what is proven, in Unix milliseconds: the wall where it is proven, else the floor. */
export function surelyNowMs(situation: Situation): number {
  return situation.time.proven ? situation.time.wallMs : situation.time.floorMs;
}
