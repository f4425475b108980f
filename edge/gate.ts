// The gate: who may pass, judged from verified documents and the situation alone. Pure and synchronous, so that it can be asked again on every change.
// Model: one reason per mismatch, the first that is found; what the far side sees of it is in refusal.ts.
// Invariant: an Admission is made here and nowhere else; whatever touches a device, a secret or a recording asks for one.
import type { Attestation } from "../shared/document/attestation.ts";
import type { ManifestTarget, Policy, Role } from "../shared/document/manifest.ts";
import { rolesFor, type Proof, type Purpose } from "../shared/document/proof.ts";
import { maxWaitSeconds } from "../shared/document/request.ts";
import type { Signer, Verified } from "../shared/document/verify.ts";
import type { DocumentHash, KeyId, PersonId, TargetId } from "../shared/ids.ts";
import type { SpentStep } from "./consumption.ts";
import {
  clockSkewMs,
  faultOfLine,
  faultOfWindow,
  grantInForce,
  grantedTargets,
  targetsHere,
  leftMs,
  startedNow,
  startLeftMs,
  windowNow,
  type GrantedTarget,
  type Job,
} from "./grant-line.ts";
import { shownReason, type RefusalReason, type ShownReason } from "./refusal.ts";
import { faultOfRoster, faultOfSigner, isDeviceBound, signerOf } from "./signers.ts";
import { isRevoked, surelyNowMs, type Situation } from "./situation.ts";

/** Somebody at the far end of a channel, with what he brought. */
export interface Caller {
  readonly purpose: Purpose;
  /** Hash of this channel's `open` handshake, unpadded base64url. */
  readonly transcript: string;
  readonly proof: Verified<Proof>;
  readonly attestation: Verified<Attestation> | undefined;
  /** The last time step that this person used. */
  readonly spentStep: SpentStep | undefined;
  /** True once admitted: what is asked of newcomers alone is not asked again. */
  readonly running: boolean;
}

declare const admissionBrand: unique symbol;

/** Leave to hold a session, as long as the gate says so when asked again. */
export interface Admission {
  readonly [admissionBrand]: "session";
  readonly person: PersonId;
  readonly request: DocumentHash;
  readonly grant: DocumentHash;
  /** At least one. */
  readonly targets: readonly GrantedTarget[];
  /** Time of the job that is left, or would be if it began now. */
  readonly leftMs: number;
  /** Time after which the answer is another one by the clock alone. */
  readonly validMs: number;
  readonly hasStarted: boolean;
  /** Of a standing job: the start of the window, in Unix seconds, whose minutes these are. */
  readonly window: number | null;
}

/** Leave to open one stream to one target. */
export interface OpeningAdmission {
  readonly [admissionBrand]: "opening";
  readonly person: PersonId;
  readonly request: DocumentHash;
  readonly grant: DocumentHash;
  readonly target: ManifestTarget;
  readonly policy: Policy;
  readonly rights: readonly string[];
  /** Fingerprints of host keys and certificates that this job's approvers accepted on this target beside the pinned ones. */
  readonly acceptedKeys: readonly string[];
}

/** Leave to read what a purpose reads. */
export interface ReadingAdmission {
  readonly [admissionBrand]: "reading";
  readonly person: PersonId;
  readonly purpose: Purpose;
}

export interface Refused {
  readonly kind: "refused";
  readonly reason: RefusalReason;
  readonly shown: ShownReason;
  /** Who is in, where somebody else is. */
  readonly occupant?: PersonId;
}

export type Decision<Granted> =
  | { readonly kind: "admitted"; readonly admission: Granted }
  | Refused;

export type SessionDecision =
  | Decision<Admission>
  /** For at most so long. */
  | { readonly kind: "waiting"; readonly forMs: number };

/** What a stream is asked for. */
export interface AskedOpening {
  readonly target: TargetId;
  /** Any of these rights suffices; none can be had for a mode that the target's kind does not know. */
  readonly anyOf: readonly string[];
  /** Whether its input can be withheld while nobody watches. */
  readonly canBeSupervised: boolean;
  /** It was let in before: who is on the target since does not stop it, whatever the policy says of a second now. */
  readonly isIn: boolean;
}

type Fault = RefusalReason | undefined;

/** May this caller hold a session for this job, or wait for its grant? */
export function decideSession(caller: Caller, job: Job, situation: Situation): SessionDecision {
  const { proof } = caller;
  const fault =
    faultOfCaller(caller, rolesFor.session, situation) ??
    faultOfRequest(caller, job, situation) ??
    faultOfAttestation(caller, situation);
  if (fault !== undefined) return refused(fault);
  if (job.line.length === 0) return decideWaiting(caller, job, situation);

  const targets = grantedTargets(job, situation);
  const open = targets.filter(
    ({ target }) => faultOfPlaces(target.id, job, situation) === undefined,
  );
  const lineFault =
    faultOfNamedGrant(caller, job) ??
    faultOfLine(job, situation) ??
    faultOfWindow(job, situation) ??
    faultOfFactors(caller, targets, situation) ??
    faultOfEverywhere(job, situation) ??
    (open.length === 0 ? faultOfPlaces(targets[0]?.target.id, job, situation) : undefined);
  if (lineFault !== undefined) return refused(lineFault);

  const left = leftMs(job, situation);
  const manifestLeftMs = situation.manifest.endsAt * 1000 - surelyNowMs(situation);
  return admitted<Admission>({
    person: proof.payload.person,
    request: job.request.hash,
    grant: grantInForce(job)?.grant.hash ?? job.request.hash,
    targets: open,
    leftMs: left,
    validMs: Math.min(
      startLeftMs(job, situation) === Infinity ? left : startLeftMs(job, situation),
      left,
      manifestLeftMs,
    ),
    hasStarted: startedNow(job, situation) !== undefined,
    window: windowNow(job, situation)?.startsAt ?? null,
  });
}

/** May this caller, in a session for this job, open a stream to this target? */
export function decideOpening(
  caller: Caller,
  job: Job,
  asked: AskedOpening,
  situation: Situation,
): Decision<OpeningAdmission> {
  const session = decideSession(caller, job, situation);
  if (session.kind === "waiting") return refused("request-missing");
  if (session.kind === "refused") return session;
  const { person, request, grant, targets } = session.admission;
  const granted = targets.find(({ target }) => target.id === asked.target);
  if (granted === undefined) {
    return refused(faultOfPlaces(asked.target, job, situation) ?? "target-unknown");
  }
  if (!asked.anyOf.some((right) => granted.rights.includes(right))) return refused("right-missing");
  if (granted.policy.supervised && !asked.canBeSupervised) return refused("supervision-impossible");
  const occupant = situation.occupations.find(
    (item) => item.target === asked.target && item.request !== request,
  );
  if (granted.policy.concurrent === "one" && occupant !== undefined && !asked.isIn) {
    return { ...refused("target-in-use"), occupant: occupant.person };
  }
  const acceptedKeys = (grantInForce(job)?.grant.payload.deviceKeys ?? [])
    .filter((item) => item.target === asked.target)
    .map(({ fingerprint }) => fingerprint);
  return admitted<OpeningAdmission>({ person, request, grant, acceptedKeys, ...granted });
}

/**
 * May this caller read what his purpose reads? By proof and role; a lockdown does not blind those who must see it. To probe is to touch
 * a device, though: that waits for the lift.
 */
export function decideReading(caller: Caller, situation: Situation): Decision<ReadingAdmission> {
  const { proof, purpose } = caller;
  const fault =
    faultOfCaller(caller, isReading(purpose) ? rolesFor[purpose] : [], situation) ??
    (purpose === "probe" ? faultOfEdge(situation) : undefined);
  if (fault !== undefined) return refused(fault);
  return admitted<ReadingAdmission>({ person: proof.payload.person, purpose });
}

/** True for the purposes that hold no job. */
export function isReading(purpose: Purpose): boolean {
  return purpose !== "session" && purpose !== "waiting";
}

// The only place that makes an admission; the brand exists for the compiler alone.
function admitted<Granted>(admission: Omit<Granted, typeof admissionBrand>): {
  readonly kind: "admitted";
  readonly admission: Granted;
} {
  return { kind: "admitted", admission: admission as Granted };
}

function refused(reason: RefusalReason): Refused {
  return { kind: "refused", reason, shown: shownReason(reason) };
}

// A proof's own date is not looked at: its transcript makes it fresh, and vendors' laptops have wrong clocks.
function faultOfCaller(caller: Caller, roles: readonly Role[], situation: Situation): Fault {
  const { payload, signers } = caller.proof;
  if (payload.site !== situation.site) return "foreign-site";
  if (payload.edge !== situation.edge) return "foreign-edge";
  if (payload.transcript !== caller.transcript) return "other-transcript";
  if (!servesPurpose(payload.purpose, caller.purpose)) return "other-purpose";
  const signer = signerOf(signers, payload.person);
  if (signer === undefined) return "person-unknown";
  return (
    faultOfSigner(signer, roles, situation) ??
    (caller.running ? undefined : faultOfRoster(signer, situation)) ??
    (surelyNowMs(situation) >= situation.manifest.endsAt * 1000 ? "manifest-ended" : undefined)
  );
}

// One touch: the proof that was given for waiting opens the session for which it waited.
function servesPurpose(proven: Purpose, purpose: Purpose): boolean {
  return proven === purpose || (proven === "waiting" && purpose === "session");
}

function faultOfRequest({ proof }: Caller, { request }: Job, situation: Situation): Fault {
  const { payload, hash, signers } = request;
  const caller = proof.payload;
  if (payload.site !== situation.site) return "foreign-site";
  if (payload.edge !== situation.edge) return "foreign-edge";
  if (caller.request !== hash) return "request-missing";
  if (payload.vendor !== caller.person) return "request-of-other-person";
  const asker = signerOf(signers, payload.vendor);
  if (asker === undefined) return "request-of-other-person";
  if (!provesRequest(signerOf(proof.signers, caller.person), payload.key)) {
    return "request-of-other-key";
  }
  if (isRevoked(situation, "request", hash)) return "request-revoked";
  // A passkey does not revive what a key asked for that the person has lost since.
  return faultOfSigner(asker, rolesFor.session, situation);
}

// The key that asked, or a passkey of the same person: it verifies the person, so it is the stronger one. Never the other way round.
function provesRequest(signer: Signer | undefined, key: KeyId): boolean {
  return signer !== undefined && (signer.keyId === key || signer.key.kind === "passkey");
}

// A proof for a session names a grant of the line; it need not be the newest, which may have come while the vendor was away.
function faultOfNamedGrant({ proof }: Caller, { line }: Job): Fault {
  const named = proof.payload.grant;
  if (named === null || line.some(({ grant }) => grant.hash === named)) return undefined;
  return "grant-of-other-request";
}

// The second factor is asked for here already: the session opens without another touch.
function decideWaiting(caller: Caller, { request }: Job, situation: Situation): SessionDecision {
  const { waitUntilAt, issuedAt } = request.payload;
  const targets = targetsHere(request.payload.targets, situation);
  if (targets.length === 0) return refused("target-unknown");
  const fault = faultOfFactors(caller, targets, situation);
  if (fault !== undefined) return refused(fault);
  const { proven, wallMs, floorMs } = situation.time;
  const nowMs = proven ? wallMs : Math.max(floorMs, issuedAt * 1000);
  if (nowMs >= waitUntilAt * 1000) return refused("request-over");
  const forMs = waitUntilAt * 1000 - nowMs;
  if (forMs > maxWaitSeconds * 1000 + clockSkewMs) return refused("request-waits-too-long");
  return { kind: "waiting", forMs };
}

// An attestation that is there must be right, needed or not. A re-check of the handshake that used the step is no second use.
function faultOfAttestation(caller: Caller, situation: Situation): Fault {
  const { attestation, spentStep, transcript, proof } = caller;
  if (attestation === undefined) return undefined;
  const { payload, signers } = attestation;
  if (payload.site !== situation.site) return "foreign-site";
  if (payload.person !== proof.payload.person) return "attestation-of-other-person";
  if (payload.transcript !== transcript) return "attestation-of-other-transcript";
  const isRelay = ({ keyId }: Signer): boolean =>
    situation.relayKeys.has(keyId) && !isRevoked(situation, "key", keyId);
  if (!signers.some(isRelay)) {
    return "attestation-by-unknown-relay";
  }
  const isSpent = spentStep !== undefined && payload.timeStep <= spentStep.timeStep;
  return isSpent && spentStep.transcript !== transcript ? "attestation-reused" : undefined;
}

// Two factors: a passkey is both; an Ed25519 key needs the relay's word on the code. The strictest policy of the job's targets decides.
function faultOfFactors(
  { proof, attestation }: Caller,
  targets: readonly GrantedTarget[],
  situation: Situation,
): Fault {
  const policies = targets.map(({ policy }) => policy);
  const signer = signerOf(proof.signers, proof.payload.person);
  if (signer === undefined || !situation.keys.has(signer.keyId)) return "key-unknown";
  const isPasskey = signer.key.kind === "passkey";
  if (!isPasskey && policies.some(({ passkeysOnly }) => passkeysOnly)) return "passkey-needed";
  if (policies.some(({ deviceBound }) => deviceBound) && !isDeviceBound(proof.envelope, signer)) {
    return "device-bound-key-needed";
  }
  const isNeeded = policies.some(({ secondFactor }) => secondFactor === "required");
  return isNeeded && !isPasskey && attestation === undefined ? "second-factor-missing" : undefined;
}

// What closes the whole edge or the whole job, whatever the target.
function faultOfEverywhere({ request }: Job, situation: Situation): Fault {
  const isStopped = situation.stops.some(
    (scope) => scope.kind === "request" && scope.id === request.hash,
  );
  return faultOfEdge(situation) ?? (isStopped ? "stopped" : undefined);
}

function faultOfEdge({ lockdowns, stops, edge }: Situation): Fault {
  const isLocked = lockdowns.some(
    (scope) => scope.kind === "site" || (scope.kind === "edge" && scope.id === edge),
  );
  if (isLocked) return "locked-down";
  return stops.some((scope) => scope.kind === "edge") ? "stopped" : undefined;
}

// What closes one target and leaves the others of the job open.
function faultOfPlaces(target: TargetId | undefined, job: Job, situation: Situation): Fault {
  const { lockdowns, stops, interlocks } = situation;
  const asked = grantInForce(job)?.grant.payload.targets.some(({ id }) => id === target) ?? false;
  if (target === undefined || !asked) return "target-unknown";
  if (isRevoked(situation, "target", target)) return "target-revoked";
  if (lockdowns.some((scope) => scope.kind === "target" && scope.id === target)) {
    return "locked-down";
  }
  if (stops.some((scope) => scope.kind === "target" && scope.id === target)) return "stopped";
  return interlocks.has(target) ? "interlocked" : undefined;
}
