// A whole site on paper for the document tests: two owners who approve, a third approver, a vendor, a company with a technician, one edge with
// two targets. Every key is made from a stated seed, so the same documents come out in every run.
import * as assert from "uvu/assert";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import type { Checkpoint } from "../../../shared/document/checkpoint.ts";
import { signEnvelope, type Envelope, type SignPae } from "../../../shared/document/envelope.ts";
import { embed } from "../../../shared/document/fields.ts";
import { draftGrant, type Grant, type GrantDraft } from "../../../shared/document/grant.ts";
import type { Held } from "../../../shared/document/held.ts";
import { ed25519Key, edgeIdOf, keyIdOf } from "../../../shared/document/keys.ts";
import type { Manifest, Policy, Role } from "../../../shared/document/manifest.ts";
import { verifyRequest, type Request } from "../../../shared/document/request.ts";
import { verifyRoster, type Roster } from "../../../shared/document/roster.ts";
import { ed25519Signer } from "../../../shared/document/signer.ts";
import {
  acceptFirst,
  acceptNext,
  type ManifestChain,
} from "../../../shared/document/succession.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { SallyportError } from "../../../shared/errors.ts";
import type { PersonId, PolicyId, SiteId, TargetId } from "../../../shared/ids.ts";
import { hashEnvelope } from "../../../shared/document/envelope.ts";

/** 2026-11-23T08:00:00Z: when everything on paper is issued. */
export const paperAt = 1_795_420_800;
export const suite = nodeCrypto;
export const bootId = "6f9c1f7e-3b0a-4c55-9d0e-2f1f6f6a7b11";
export const transcript = toBase64Url(new Uint8Array(32).fill(7));

/** The 32-byte seed of a name: its UTF-8 text, zero-padded. */
export function seedOf(name: string): Uint8Array {
  const seed = new Uint8Array(32);
  seed.set(utf8(name));
  return seed;
}

const pairs = new Map<string, Awaited<ReturnType<typeof suite.ed25519KeyPair>>>();

/** The Ed25519 pair of a name. */
export async function pairOf(name: string) {
  const pair = pairs.get(name) ?? (await suite.ed25519KeyPair(seedOf(name)));
  pairs.set(name, pair);
  return pair;
}

/** The raw public key of a name in base64url. */
export async function publicOf(name: string): Promise<string> {
  return toBase64Url((await pairOf(name)).publicKey);
}

/** The public key of a name as documents list it. */
export async function keyOf(name: string) {
  return ed25519Key((await pairOf(name)).publicKey);
}

/** A signer by the key of a name. */
export async function signerOf(name: string): Promise<SignPae> {
  return ed25519Signer(suite, await pairOf(name));
}

/** An X-Wing public key of a name in base64url, with its seed. */
export async function xwingOf(name: string) {
  const pair = await suite.xwingKeyPair(seedOf(name));
  return { public: toBase64Url(pair.publicKey), privateKey: pair.privateKey };
}

/** Any payload, well-formed or not, signed by the keys of some names. */
export async function signed(
  type: string,
  payload: object,
  ...names: readonly string[]
): Promise<Envelope> {
  return signEnvelope(type, payload, await Promise.all(names.map(signerOf)));
}

/** `ssh-ed25519 AAAA…` of a name's key. */
export async function sshLineOf(name: string): Promise<string> {
  const prefix = Uint8Array.fromHex("0000000b7373682d6564323535313900000020");
  const blob = new Uint8Array([...prefix, ...(await pairOf(name)).publicKey]);
  return `ssh-ed25519 ${blob.toBase64()}`;
}

async function person(id: string, ...roles: readonly Role[]) {
  return { id: id as PersonId, name: `Name of ${id}`, roles, keys: [await keyOf(id)] };
}

/** An edge entry whose keys come from a name. */
export async function edgeEntry(name: string) {
  return {
    id: await edgeIdOf(suite, await publicOf(name)),
    name,
    signingKey: await publicOf(name),
    sealingKey: (await xwingOf(name)).public,
    sshHostKey: await sshLineOf(`${name} ssh`),
  };
}

export const paperPolicy: Policy = {
  id: "normal" as PolicyId,
  approversNeeded: 1,
  approvers: null,
  secondFactor: "required",
  passkeysOnly: false,
  deviceBound: false,
  maxMinutes: 120,
  concurrent: "one",
  recordingFull: "end",
  copyRecordings: false,
  supervised: false,
  recordKeys: false,
};

/** Manifest 1 of the paper site. */
export async function firstManifest(): Promise<Manifest> {
  const edge = await edgeEntry("edge");
  const target = { name: "A device", edge: edge.id, deviceVersion: 1, legacy: false };
  return {
    site: null,
    version: 1,
    previous: null,
    name: "Paper mill",
    issuedAt: paperAt - 3600,
    endsAt: paperAt + 365 * 24 * 3600,
    ownersNeeded: 2,
    signing: { rpId: "sign.example.org", origins: ["https://sign.example.org"] },
    persons: [
      await person("anna", "owner", "approver"),
      await person("ben", "owner", "approver"),
      await person("cleo", "approver"),
      await person("dora", "auditor"),
      await person("vera", "vendor"),
      await person("olaf", "owner"),
    ],
    companies: [
      {
        id: "acme" as never,
        name: "Acme Drives",
        administrators: [
          { id: "acme/adam" as PersonId, name: "Adam", keys: [await keyOf("adam")] },
        ],
      },
    ],
    recovery: { ed25519: await publicOf("recovery"), xwing: (await xwingOf("recovery")).public },
    audit: { xwing: (await xwingOf("audit")).public },
    relays: [
      {
        name: "relay.example.org",
        url: "https://relay.example.org",
        attestationKey: await publicOf("relay"),
      },
    ],
    edges: [edge],
    targets: [
      {
        ...target,
        id: "hmi" as TargetId,
        kind: "ssh",
        rights: ["terminal", "exec", "files"],
        policy: "normal" as PolicyId,
      },
      {
        ...target,
        id: "plc" as TargetId,
        kind: "tcp",
        rights: ["connect"],
        policy: "strict" as PolicyId,
      },
    ],
    policies: [
      paperPolicy,
      { ...paperPolicy, id: "strict" as PolicyId, approversNeeded: 2, maxMinutes: 60 },
    ],
    release: {
      version: 3,
      keys: [await publicOf("release a"), await publicOf("release b"), await publicOf("release c")],
    },
  };
}

/** The paper site as a verifier holds it, with builders of its documents. */
export class PaperSite {
  readonly chain: ManifestChain;
  readonly rosters: readonly Verified<Roster>[];

  constructor(chain: ManifestChain, rosters: readonly Verified<Roster>[] = []) {
    this.chain = chain;
    this.rosters = rosters;
  }

  /** The site of `firstManifest`, changed by `change`, with acme's roster that lists the technician joe. */
  static async make(change: (manifest: Manifest) => Manifest = (same) => same): Promise<PaperSite> {
    const envelope = await signed("manifest", change(await firstManifest()), "anna", "ben");
    const bare = await PaperSite.open(envelope);
    const roster = await signed("roster", await bare.roster(), "adam");
    return new PaperSite(bare.chain, [await verifyRoster(roster, bare.held())]);
  }

  /** The site that a signed first manifest founds, without rosters. */
  static async open(envelope: Envelope): Promise<PaperSite> {
    const pinned = (await hashEnvelope(envelope)) as string as SiteId;
    return new PaperSite(await acceptFirst(suite, envelope, pinned));
  }

  get id(): SiteId {
    return this.chain.site;
  }

  get manifest(): Manifest {
    return this.chain.held.payload;
  }

  get edge() {
    const [edge] = this.manifest.edges;
    assert.ok(edge);
    return edge;
  }

  held(nowAt: number = paperAt): Held {
    return { suite, manifest: this.chain.held, rosters: this.rosters, nowAt };
  }

  /** The payload of a manifest that follows the held one. */
  next(change: Partial<Manifest> = {}): Manifest {
    const { held, site } = this.chain;
    const { payload, hash } = held;
    return { ...payload, site, version: payload.version + 1, previous: hash, ...change };
  }

  /** The site after `next(change)`, signed by anna and ben. */
  async succeed(change: Partial<Manifest> = {}): Promise<PaperSite> {
    const envelope = await signed("manifest", this.next(change), "anna", "ben");
    const step = await acceptNext(suite, envelope, this.chain);
    if (step.outcome === "refused") throw step.error;
    assert.is(step.outcome, "accepted");
    return new PaperSite(step.outcome === "accepted" ? step.chain : this.chain, this.rosters);
  }

  async roster(change: Partial<Roster> = {}): Promise<Roster> {
    return {
      site: this.id,
      company: "acme" as never,
      version: 1,
      issuedAt: paperAt - 60,
      freshUntilAt: paperAt + 7 * 24 * 3600,
      technicians: [{ id: "acme/joe" as PersonId, name: "Joe", keys: [await keyOf("joe")] }],
      ...change,
    };
  }

  async request(change: Partial<Request> = {}, signer = "vera"): Promise<Request> {
    return {
      site: this.id,
      edge: this.edge.id,
      vendor: "vera" as PersonId,
      key: await keyIdOf(suite, await keyOf(signer)),
      targets: [
        { id: "hmi" as TargetId, rights: ["terminal", "exec"] },
        { id: "plc" as TargetId, rights: ["connect"] },
      ],
      minutes: 30,
      startBeforeAt: paperAt + 3600,
      waitUntilAt: paperAt + 1800,
      reason: "drive 7 trips, read its fault memory",
      ticket: "T-1001",
      windows: null,
      issuedAt: paperAt,
      nonce: toBase64Url(new Uint8Array(16).fill(1)),
      ...change,
    };
  }

  async verifiedRequest(
    change: Partial<Request> = {},
    signer = "vera",
  ): Promise<Verified<Request>> {
    const envelope = await signed("request", await this.request(change, signer), signer);
    return verifyRequest(envelope, this.held());
  }

  checkpoint(change: Partial<Checkpoint> = {}): Checkpoint {
    return {
      site: this.id,
      edge: this.edge.id,
      bootId,
      length: 12,
      head: toBase64Url(new Uint8Array(32).fill(9)),
      manifest: this.chain.held.hash,
      at: paperAt - 30,
      ...change,
    };
  }

  async anchor(change: Partial<Checkpoint> = {}): Promise<Envelope> {
    return signed("checkpoint", this.checkpoint(change), "edge");
  }

  async grant(
    request: Verified<Request>,
    change: Partial<Grant> = {},
    draft: Partial<GrantDraft> = {},
  ): Promise<Grant> {
    const { hash: manifest } = this.chain.held;
    const anchor = await this.anchor();
    return {
      ...draftGrant({ request, manifest, anchor, issuedAt: paperAt + 60, ...draft }),
      ...change,
    };
  }
}

/** Another site with the same people, so that all its signatures are good ones. */
export async function twinSite(): Promise<PaperSite> {
  return PaperSite.make((manifest) => ({ ...manifest, name: "Paper mill 2" }));
}

/** An anchor signed by any name, embedded. */
export async function embeddedAnchor(payload: Checkpoint, name: string) {
  return embed(await signed("checkpoint", payload, name));
}

/** Asserts that `act` throws our error with this code, and a text that matches. */
export async function refused(
  act: () => unknown,
  code: ErrorCode,
  expected: RegExp,
): Promise<void> {
  let thrown: unknown;
  try {
    await act();
  } catch (caught) {
    thrown = caught;
  }
  assert.instance(thrown, SallyportError, "nothing was refused");
  const error = thrown as SallyportError;
  assert.match(error.message, expected);
  assert.is(error.code, code, error.message);
}
