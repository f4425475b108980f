// Documents as an attacker makes them: his own keys under other people's names, changed payloads under true signatures, and what persons of the site
// would really sign, put together in ways that no command of ours would.
import { toBase64Url, utf8 } from "../../shared/bytes.ts";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import {
  parseEnvelope,
  signEnvelope,
  type Envelope,
  type SignPae,
} from "../../shared/document/envelope.ts";
import { draftGrant, type Grant } from "../../shared/document/grant.ts";
import { edgeIdOf } from "../../shared/document/keys.ts";
import type { Manifest } from "../../shared/document/manifest.ts";
import { parseRequest, type Request } from "../../shared/document/request.ts";
import { ed25519Signer } from "../../shared/document/signer.ts";
import { hashEnvelope } from "../../shared/document/envelope.ts";
import type { DocumentHash, EdgeId, KeyId, PersonId, SiteId, TargetId } from "../../shared/ids.ts";
import type { Verified } from "../../shared/document/verify.ts";

/** A key pair of the attacker's, whose signatures name whatever key he likes. */
export async function strangersKey(seed?: Uint8Array): Promise<{
  readonly public: string;
  readonly sign: SignPae;
  signAs(keyid: string): SignPae;
  /** Of an edge that would sign with it. */
  edgeId(): Promise<EdgeId>;
}> {
  const pair = await suite.ed25519KeyPair(seed);
  const sign = ed25519Signer(suite, pair);
  return {
    public: toBase64Url(pair.publicKey),
    sign,
    edgeId: () => edgeIdOf(suite, toBase64Url(pair.publicKey)),
    signAs: (keyid) => async (pae) => ({ ...(await sign(pae)), keyid: keyid as KeyId }),
  };
}

/** The same signatures over a payload that was changed. */
export function altered(envelope: Envelope, change: Readonly<Record<string, unknown>>): Envelope {
  const payload = JSON.parse(new TextDecoder().decode(envelope.payload)) as object;
  return { ...envelope, payload: utf8(JSON.stringify({ ...payload, ...change })) };
}

export function payloadJson<Payload>(envelope: Envelope): Payload {
  return JSON.parse(new TextDecoder().decode(envelope.payload)) as Payload;
}

/** An envelope as the API carries it, and back. */
export function fromWire(value: unknown): Envelope {
  return parseEnvelope(JSON.stringify(value));
}

export interface JobPlan {
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly vendor: string;
  readonly key: string;
  readonly targets: readonly { readonly id: string; readonly rights: readonly string[] }[];
  readonly nowAt: number;
  readonly changes?: Partial<Request>;
}

/** A request for half an hour's work that starts within an hour. */
export async function makeRequest(plan: JobPlan, ...sign: readonly SignPae[]): Promise<Envelope> {
  const { site, edge, nowAt } = plan;
  const payload: Request = {
    site,
    edge,
    vendor: plan.vendor as PersonId,
    key: plan.key as KeyId,
    targets: plan.targets.map(({ id, rights }) => ({ id: id as TargetId, rights: [...rights] })),
    minutes: 30,
    startBeforeAt: nowAt + 3600,
    waitUntilAt: nowAt + 3600,
    reason: "look at the drive",
    ticket: null,
    windows: null,
    issuedAt: nowAt,
    nonce: toBase64Url(suite.randomBytes(16)),
    ...plan.changes,
  };
  return signEnvelope("request", payload, sign);
}

/** The grant that an approver's command would draft for a request, with changes. */
export async function makeGrant(
  request: Envelope,
  base: {
    readonly manifest: DocumentHash;
    readonly anchor: Envelope;
    readonly changes?: Partial<Grant>;
  },
  ...sign: readonly SignPae[]
): Promise<Envelope> {
  const payload = parseRequest(request);
  const draft = draftGrant({
    request: { payload, hash: await hashEnvelope(request) } as Verified<Request>,
    manifest: base.manifest,
    anchor: base.anchor,
    issuedAt: payload.issuedAt,
    ...(base.changes?.minutes !== undefined && { minutes: base.changes.minutes }),
  });
  return signEnvelope("grant", { ...draft, ...base.changes }, sign);
}

/** The next manifest after `held`, changed, signed by whoever signs. */
export async function makeManifest(
  held: Verified<Manifest>,
  site: SiteId,
  nowAt: number,
  change: Partial<Manifest>,
  ...sign: readonly SignPae[]
): Promise<Envelope> {
  const payload: Manifest = {
    ...held.payload,
    site,
    version: held.payload.version + 1,
    previous: held.hash,
    issuedAt: Math.max(nowAt, held.payload.issuedAt),
    ...change,
  };
  return signEnvelope("manifest", payload, sign);
}
