// A small site as the gate sees it, for tables: a plant with a relay, people of every role, two policies, and a job that is admitted.
// Each row changes one thing. Values are verified by decree: signatures are the business of shared/document and its tests.
import type { Consumed } from "../../../edge/consumption.ts";
import type { Caller } from "../../../edge/gate.ts";
import type { Anchor, Job } from "../../../edge/grant-line.ts";
import type { KnownKey, Situation } from "../../../edge/situation.ts";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import type { Attestation } from "../../../shared/document/attestation.ts";
import type { EnvelopeSignature } from "../../../shared/document/envelope.ts";
import type { Grant } from "../../../shared/document/grant.ts";
import type { PublicKey } from "../../../shared/document/keys.ts";
import type { Manifest, Policy, Role } from "../../../shared/document/manifest.ts";
import type { Proof } from "../../../shared/document/proof.ts";
import type { Request } from "../../../shared/document/request.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import type {
  CompanyId,
  DocumentHash,
  EdgeId,
  KeyId,
  PersonId,
  PolicyId,
  SiteId,
  TargetId,
} from "../../../shared/ids.ts";

export const nowAt = 1_800_000_000;
export const minute = 60;
export const hour = 3600;

export const site = "the-site" as SiteId;
export const edge = "the-edge" as EdgeId;
export const transcript = "the-transcript";
export const bootId = "boot-1";
/** A hash that is told by its word. */
export const hash = (text: string): DocumentHash =>
  toBase64Url(utf8(text.padEnd(32, "."))) as DocumentHash;
export const target = (text: string): TargetId => text as TargetId;
export const person = (text: string): PersonId => text as PersonId;
/** A person's first key is called like the person. */
export const key = (text: string): KeyId => text as KeyId;

export interface SignedBy {
  readonly name: string;
  readonly keyId?: KeyId;
  readonly kind?: "ed25519" | "passkey";
  readonly deviceBound?: boolean;
}

/** A document that counts as verified, signed by these persons. */
export function verified<Payload>(
  payload: Payload,
  documentHash: string,
  ...signers: readonly (SignedBy | string)[]
): Verified<Payload> {
  const all = signers.map((item) => (typeof item === "string" ? { name: item } : item));
  const value = {
    payload,
    hash: hash(documentHash),
    signers: all.map((item) => ({
      name: item.name,
      keyId: item.keyId ?? key(item.name),
      key: { kind: item.kind ?? "ed25519" } as PublicKey,
    })),
    envelope: { type: "any", payload: new Uint8Array(), signatures: all.map(signatureOf) },
  };
  return value as unknown as Verified<Payload>;
}

function signatureOf(signer: SignedBy): EnvelopeSignature {
  const base = { keyid: signer.keyId ?? key(signer.name), sig: new Uint8Array() };
  if (signer.kind !== "passkey") return base;
  const authenticatorData = new Uint8Array(37);
  authenticatorData[32] = 0x05 | (signer.deviceBound === true ? 0 : 0x08);
  return { ...base, passkey: { authenticatorData, clientDataJSON: new Uint8Array() } };
}

export function policyWith(id: string, change: Partial<Policy> = {}): Policy {
  return {
    id: id as PolicyId,
    approversNeeded: 1,
    approvers: null,
    secondFactor: "required",
    passkeysOnly: false,
    deviceBound: false,
    maxMinutes: 240,
    concurrent: "one",
    recordingFull: "end",
    copyRecordings: false,
    supervised: false,
    recordKeys: false,
    ...change,
  };
}

export function manifestWith(
  change: Partial<Manifest> = {},
  policy: Partial<Policy> = {},
): Manifest {
  const plant = (id: string, edgeId: EdgeId = edge, policyId = "standard") => ({
    id: target(id),
    name: id,
    kind: "ssh",
    edge: edgeId,
    rights: ["terminal", "exec", "files"],
    policy: policyId as PolicyId,
    deviceVersion: 1,
    legacy: false,
  });
  return {
    site,
    version: 3,
    previous: hash("manifest-2"),
    name: "plant",
    issuedAt: nowAt - 1000 * hour,
    endsAt: nowAt + 1000 * hour,
    ownersNeeded: 1,
    signing: null,
    persons: [],
    companies: [],
    recovery: null,
    audit: null,
    relays: [],
    edges: [],
    targets: [
      plant("hmi"),
      plant("plc"),
      plant("press", edge, "several"),
      plant("elsewhere", "other-edge" as EdgeId),
    ],
    policies: [
      policyWith("standard", policy),
      policyWith("several", { ...policy, concurrent: "several" }),
    ],
    release: null,
    ...change,
  };
}

const roles: Readonly<Record<string, readonly Role[]>> = {
  olga: ["owner"],
  anna: ["approver"],
  bert: ["approver"],
  both: ["approver", "vendor"],
  audrey: ["auditor"],
  vera: ["vendor"],
  "acme/joe": ["vendor"],
  "acme/ada": [],
};

export function keysWith(change: Readonly<Record<string, Partial<KnownKey>>> = {}) {
  const entries = Object.entries(roles).map(([id, held]): [KeyId, KnownKey] => {
    const freshUntilAt = id === "acme/joe" ? nowAt + hour : null;
    return [key(id), { person: person(id), name: id, roles: held, freshUntilAt, ...change[id] }];
  });
  // A second key of the same approver, and further keys of the same vendor.
  const second: [KeyId, KnownKey] = [
    key("anna-2"),
    { person: person("anna"), name: "anna", roles: ["approver"], freshUntilAt: null },
  ];
  const others = ["vera-2", "vera-phone"].map((id): [KeyId, KnownKey] => [
    key(id),
    { person: person("vera"), name: "vera", roles: ["vendor"], freshUntilAt: null, ...change[id] },
  ]);
  return new Map([...entries, second, ...others]);
}

export const company = "acme" as CompanyId;

export function situationWith(change: Partial<Situation> = {}): Situation {
  return {
    site,
    edge,
    manifest: manifestWith(),
    manifestHash: hash("manifest-3"),
    lineage: new Set([hash("manifest-1"), hash("manifest-2"), hash("manifest-3")]),
    keys: keysWith(),
    relayKeys: new Set([key("relay")]),
    revocations: [],
    lockdowns: [],
    stops: [],
    interlocks: new Set<TargetId>(),
    occupations: [],
    time: {
      bootId,
      monotonicMs: 5_000_000,
      wallMs: nowAt * 1000,
      proven: true,
      floorMs: (nowAt - 2 * hour) * 1000,
    },
    ...change,
  };
}

export function requestWith(change: Partial<Request> = {}, by: SignedBy | string = "vera") {
  const payload: Request = {
    site,
    edge,
    vendor: person("vera"),
    key: key("vera"),
    targets: [
      { id: target("hmi"), rights: ["terminal", "exec"] },
      { id: target("press"), rights: ["terminal"] },
    ],
    minutes: 60,
    startBeforeAt: nowAt + 2 * hour,
    waitUntilAt: nowAt + 3 * hour,
    reason: "replace the pump's parameters",
    ticket: null,
    windows: null,
    issuedAt: nowAt - 10 * minute,
    nonce: "n",
    ...change,
  };
  return verified(payload, "the-request", by);
}

export const grantPayload: Grant = {
  site,
  edge,
  request: hash("the-request"),
  vendor: person("vera"),
  targets: requestWith().payload.targets,
  startBeforeAt: nowAt + 2 * hour,
  minutes: 60,
  endsAt: nowAt + 3 * hour,
  manifest: hash("manifest-3"),
  anchor: { payload: "", payloadType: "", signatures: [] },
  replaces: null,
  deviceKeys: [],
  windows: null,
  issuedAt: nowAt - 5 * minute,
};

export const heldAnchor: Anchor = { kind: "held", bootId, monotonicMs: 4_000_000 };

export function grantWith(
  change: Partial<Grant> = {},
  by: readonly (SignedBy | string)[] = ["anna"],
  documentHash = "grant-1",
  anchor: Anchor = heldAnchor,
) {
  return { grant: verified({ ...grantPayload, ...change }, documentHash, ...by), anchor };
}

export function consumedWith(change: Partial<Consumed> = {}): Consumed {
  return { request: hash("the-request"), line: [], started: undefined, window: null, ...change };
}

export function jobWith(change: Partial<Job> = {}): Job {
  return { request: requestWith(), line: [grantWith()], consumed: consumedWith(), ...change };
}

export function proofWith(change: Partial<Proof> = {}, by: SignedBy | string = "vera") {
  const payload: Proof = {
    site,
    edge,
    purpose: "session",
    person: person("vera"),
    request: hash("the-request"),
    grant: hash("grant-1"),
    transcript,
    issuedAt: nowAt,
    ...change,
  };
  return verified(payload, "the-proof", by);
}

export function attestationWith(change: Partial<Attestation> = {}, by = "relay") {
  const payload: Attestation = {
    site,
    person: person("vera"),
    transcript,
    timeStep: 60_000_000,
    issuedAt: nowAt,
    ...change,
  };
  return verified(payload, "the-attestation", by);
}

export function callerWith(change: Partial<Caller> = {}): Caller {
  return {
    purpose: "session",
    transcript,
    proof: proofWith(),
    attestation: attestationWith(),
    spentStep: undefined,
    running: false,
    ...change,
  };
}
