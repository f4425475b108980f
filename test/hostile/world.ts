// A whole installation whose relay is the attacker's: real relay and edge processes, real devices, and the commands of its people in this process.
import { openIdentity, type Identity } from "../../edge/identity.ts";
import { openKeyFile } from "../../edge/sealed-file.ts";
import { join } from "node:path";
import { toBase64Url } from "../../shared/bytes.ts";
import { systemClock, type Clock } from "../../shared/clock.ts";
import type { Flight } from "../../shared/channel/messages.ts";
import { openSession, type SessionChannel } from "../../shared/channel/session.ts";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import { dialChannel } from "../../broker/command/dial.ts";
import {
  encodeEnvelope,
  hashEnvelope,
  signEnvelope,
  type Envelope,
  type SignPae,
} from "../../shared/document/envelope.ts";
import { edgeKeys, type ManifestEdge } from "../../shared/document/manifest.ts";
import type { Proof, Purpose } from "../../shared/document/proof.ts";
import { walkChain, type ManifestChain } from "../../shared/document/succession.ts";
import {
  parseSiteId,
  type DocumentHash,
  type EdgeId,
  type PersonId,
  type SiteId,
} from "../../shared/ids.ts";
import { mkdirSync, readFileSync } from "node:fs";
import { startPlant, type Plant } from "../plant/plant.ts";
import { startEdge, startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { Actor } from "./actor.ts";
import { HostileRelay } from "./hostile-relay.ts";

export interface World extends AsyncDisposable {
  readonly plant: Plant;
  readonly installation: Installation;
  readonly relay: HostileRelay;
  readonly site: SiteId;
  readonly edge: ManifestEdge;
  readonly owner: Actor;
  readonly approver: Actor;
  readonly vendor: Actor;
  /** The manifests as the owner holds them. */
  readonly chain: () => Promise<ManifestChain>;
  /** A job that the vendor asked for by his command and the approver granted by hers. */
  grantedJob(...targets: readonly string[]): Promise<Job>;
  /** The newest checkpoint that the edge has sent. */
  checkpoint(): Promise<Envelope>;
  /** The box's own keys, as somebody who broke into it has them. */
  identity(): Promise<Identity>;
}

const edgeEnv = { SALLYPORT_EDGE_CLOCK: "proven" };

/** A granted job, and the vendor's sign-in at the relay. */
export interface Job {
  /** As people type it. */
  readonly id: string;
  readonly request: Envelope;
  readonly grant: Envelope;
  readonly token: string;
}

/** Starts it; `secondFactor` as the standard policy asks. */
export async function startWorld(secondFactor: "required" | "waived" = "waived"): Promise<World> {
  await using started = new AsyncDisposableStack();
  const plant = started.use(await startPlant());
  let front: HostileRelay | undefined;
  const installation = started.use(
    await startInstallation(plantTargets(plant), {
      secondFactor,
      // A clock that nobody but the machine sets, so that dates count.
      edgeEnv,
      openRelay: async (folder) => (front = await HostileRelay.start(folder)),
    }),
  );
  if (front === undefined) throw new Error("no front was started");
  const relay: HostileRelay = front;
  const site = parseSiteId(installation.site);
  const [owner, approver, vendor] = [
    installation.owner,
    installation.approver,
    installation.vendor,
  ].map((person) => new Actor(person)) as [Actor, Actor, Actor];
  const chain = async () => walkChain(suite, await owner.home.manifests(site), site);
  const [edge] = (await chain()).held.payload.edges;
  if (edge === undefined) throw new Error("the manifest lists no edge");
  const ending = started.move();
  return {
    plant,
    installation,
    relay,
    site,
    edge,
    owner,
    approver,
    vendor,
    chain,
    async checkpoint() {
      await relay.heard(
        ({ name }, from) => (name === "checkpoint" && from === edge.id) || undefined,
      );
      return relay.newestCheckpoint(edge.id);
    },
    async grantedJob(...targets) {
      const { job: id } = await vendor.ask<{ job: string }>(
        "request",
        ...targets,
        "--reason",
        "look at it",
      );
      await approver.do("approve", id, "--yes");
      const request = await relay.newestDocument(edge.id, "request");
      const grant = await relay.newestDocument(edge.id, "grant");
      await relay.journaled("grant-held", { grant: await hashEnvelope(grant) });
      const kept = await vendor.home.signIn(site);
      if (kept === undefined) throw new Error("the vendor is not signed in");
      return { id, request, grant, token: kept.token };
    },
    identity: () => identityIn(installation.edge.folder),
    [Symbol.asyncDispose]: () => ending.disposeAsync(),
  };
}

/** One world for the tests of a file, started by the first that asks; the file's last test disposes it. */
export function sharedWorld(secondFactor: "required" | "waived" = "waived"): () => Promise<World> {
  let world: Promise<World> | undefined;
  return () => (world ??= startWorld(secondFactor));
}

/** Brings up one more edge of the site by a claim of its own, and lists it. */
export async function addEdge(world: World, name: string): Promise<SecondEdge> {
  const { installation, owner, relay } = world;
  const folder = join(installation.folder.path, "second");
  mkdirSync(folder);
  const claim = join(folder, "claim.json");
  await owner.do("claim", name, "--out", claim);
  const running = await startEdge(folder, claim, edgeEnv);
  while ((await owner.ask<unknown[]>("accept", "--list")).length === 0);
  await owner.do("accept", "--yes");
  const listed = (await world.chain()).held.payload.edges.find((each) => each.name === name);
  if (listed === undefined) throw new Error(`edge "${name}" is not listed`);
  await relay.heard(
    ({ name: kind }, from) => (kind === "checkpoint" && from === listed.id) || undefined,
  );
  return { listed, running, identity: () => identityIn(running.folder) };
}

export interface SecondEdge {
  readonly listed: ManifestEdge;
  readonly running: Awaited<ReturnType<typeof startEdge>>;
  identity(): Promise<Identity>;
}

/** Gives a document to the relay in the name of somebody who is signed in. */
export async function publish(world: World, as: Actor, envelope: Envelope): Promise<void> {
  const { relay, site } = world;
  const body = { envelope: JSON.parse(encodeEnvelope(envelope)) as unknown };
  const token = await tokenOf(world, as);
  const answer = await relay.ask("POST", `/api/sites/${site}/documents`, body, token);
  if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
}

/** The keys in the state folder of an edge. */
export async function identityIn(folder: string): Promise<Identity> {
  const key = await openKeyFile(join(folder, "key"), suite);
  return openIdentity(suite, join(folder, "identity.sealed"), key);
}

export function nowAt(): number {
  return Math.floor(Date.now() / 1000);
}

/** What somebody brings to a handshake; by default a vendor who waits for a request's grant. */
export interface Visit {
  readonly person: string;
  readonly sign: SignPae;
  readonly request?: Envelope;
  readonly grant?: Envelope;
  readonly attest?: (transcript: string) => Promise<Envelope>;
  readonly purpose?: Purpose;
  readonly manifestHash?: DocumentHash;
  /** Lies in the proof. */
  readonly proof?: Partial<Proof>;
  readonly edge?: ManifestEdge;
  /** Of the vendor's side. */
  readonly clock?: Clock;
}

export interface Visited extends Disposable {
  readonly session: SessionChannel;
  /** `admitted`, `waiting`, `manifest-needed`, or the reason of a refusal. */
  readonly verdict: string;
}

/** Opens the vendor's session of a granted job. */
export function enter(world: World, job: Job, lies: Partial<Visit> = {}): Promise<Visited> {
  const { vendor } = world;
  const { request, grant, token } = job;
  return visit(world, token, { person: vendor.id, sign: vendor.sign, request, grant, ...lies });
}

/** Opens a session through the attacker's hands with the real sealed channel, and says what the edge answered. */
export async function visit(world: World, token: string, asked: Visit): Promise<Visited> {
  const { site } = world;
  const edge = asked.edge ?? world.edge;
  const session = await openSession({
    suite,
    clock: asked.clock ?? systemClock,
    site,
    edge: { id: edge.id, signingKey: edgeKeys(edge).signingKey },
    purpose: asked.purpose ?? (asked.grant === undefined ? "waiting" : "session"),
    dial: () => dial(world, edge.id, token),
    makeFlight: (transcriptHash) => makeFlight(world, edge.id, toBase64Url(transcriptHash), asked),
  });
  const verdict = Promise.withResolvers<string>();
  session.onControl = ({ type }) => verdict.resolve(type);
  session.onClose = (how, _error, reason) => verdict.resolve(reason ?? how);
  return {
    session,
    verdict: await verdict.promise,
    [Symbol.dispose]: () => session.abort("the visit is over"),
  };
}

/** A transport through the attacker's hands, as the vendor's command dials it. */
export function dial({ relay }: World, edge: EdgeId, token: string) {
  return dialChannel({
    relay: new URL(relay.url),
    edge,
    token,
    clock: systemClock,
    extraCa: readFileSync(relay.authority, "utf8"),
  });
}

async function makeFlight(
  { site, chain }: World,
  edge: EdgeId,
  transcript: string,
  { person, sign, request, grant, attest, purpose, manifestHash, proof }: Visit,
): Promise<Flight> {
  const payload: Proof = {
    site,
    edge,
    purpose: purpose ?? (grant === undefined ? "waiting" : "session"),
    person: person as PersonId,
    request: request === undefined ? null : await hashEnvelope(request),
    grant: grant === undefined ? null : await hashEnvelope(grant),
    transcript,
    issuedAt: nowAt(),
    ...proof,
  };
  const attestation = await attest?.(transcript);
  return {
    type: "flight",
    proof: encodeEnvelope(await signEnvelope("proof", payload, [sign])),
    attestation: attestation === undefined ? null : encodeEnvelope(attestation),
    request: request === undefined ? null : encodeEnvelope(request),
    grant: grant === undefined ? null : encodeEnvelope(grant),
    manifestHash: manifestHash ?? (await chain()).held.hash,
  };
}

/** A live sign-in of a person at the relay, which the attacker has too. */
export async function tokenOf(world: World, actor: Actor): Promise<string> {
  await actor.do("requests", "--json");
  const kept = await actor.home.signIn(world.site);
  if (kept === undefined) throw new Error(`${actor.id} is not signed in`);
  return kept.token;
}

/** An envelope as the API carries it. */
export function toWire(envelope: Envelope): unknown {
  return JSON.parse(encodeEnvelope(envelope));
}

/** A vendor asks for a job on one target; its id. */
export async function asksFor(
  vendor: Actor,
  target: string,
  ...options: readonly string[]
): Promise<string> {
  const asked = await vendor.ask<{ job: string }>(
    "request",
    target,
    "--reason",
    "look at it",
    ...options,
  );
  return asked.job;
}
