// The edge's sessions and readers as the sealed channel meets them: the paper edge with what stands behind its gate, and people who knock.
import { join } from "node:path";
import { ChangedDevices } from "../../../edge/changed-devices.ts";
import { Devices } from "../../../edge/devices.ts";
import { openRecordings } from "../../../edge/recording.ts";
import { Sessions } from "../../../edge/sessions.ts";
import { probeDevice } from "../../../edge/targets/probe.ts";
import { openVault } from "../../../edge/vault.ts";
import { Watchers } from "../../../edge/watchers.ts";
import type { AskedOpen, Verdict } from "../../../shared/channel/admission.ts";
import type { Flight } from "../../../shared/channel/messages.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { encodeEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import type { Purpose } from "../../../shared/document/proof.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { paperAt, pairOf, seedOf, signed, signerOf, suite } from "../document/paper-site.ts";
import { settledEdge } from "./paper-edge.ts";
import { NotedChannel } from "./session-world.ts";

const transcript = toBase64Url(new Uint8Array(32));
const hmiOnly = [{ id: "hmi" as TargetId, rights: ["terminal"] }];
/** A document as a flight carries it. */
export const text = (envelope: Envelope | null) => envelope && encodeEnvelope(envelope);

export async function openSessions() {
  const world = await settledEdge();
  const { site, edge } = world;
  const sealing = await suite.xwingKeyPair(seedOf("edge"));
  const { parts, clock } = edge;
  const ground = { ...parts, suite, clock, site: site.id, edge: site.edge.id };
  const recordings = await openRecordings({
    ...ground,
    folder: join(edge.folder, "recordings"),
    edgeKeys: sealing,
    auditKey: undefined,
    quotaBytes: 1_000_000,
    warnPercent: 80,
    onSpaceLow: () => undefined,
  });
  const vault = await openVault({
    path: join(edge.folder, "vault"),
    keyFile: join(edge.folder, "key"),
    suite,
  });
  const sign = await signerOf("edge");
  const changedDevices = new ChangedDevices(clock);
  const sessions = new Sessions({
    ...ground,
    recordings,
    devices: new Devices({ ...ground, vault, sealing, changedDevices }),
    changedDevices,
    watchers: new Watchers(ground.clock),
    hostKey: await pairOf("edge ssh"),
    idleLimitMs: 3_600_000,
    log: (line) => void edge.logged.push(line),
    openWeb: async () => Promise.reject(new Error("no web panels here")),
    openTarget: async () => undefined,
    probeDevice: async (...asked) => probeDevice(...asked),
    evidence: () => ({ recordings, archive: parts.archive, manifest: site.chain.held.hash, sign }),
    status: () => ({ up: true }),
  });
  const request = await site.verifiedRequest({ targets: hmiOnly });
  const grantPayload = await site.grant(request, {}, { anchor: await parts.checkpoint() });
  const grant = await signed("grant", grantPayload, "cleo");

  const proof = (change: object = {}, ...by: readonly string[]) =>
    signed(
      "proof",
      {
        site: site.id,
        edge: site.edge.id,
        purpose: "session",
        person: "vera",
        request: request.hash,
        grant: null,
        transcript,
        issuedAt: paperAt,
        ...change,
      },
      ...(by.length === 0 ? ["vera"] : by),
    );
  const attestation = (change: object = {}, by = "relay") =>
    signed(
      "attestation",
      {
        site: site.id,
        person: "vera",
        transcript,
        timeStep: 59_847_360,
        issuedAt: paperAt,
        ...change,
      },
      by,
    );
  /** An approver locks the whole site down. */
  const lockDown = async (): Promise<void> => {
    const lockdown = {
      site: site.id,
      scope: { kind: "site" },
      reason: "smoke",
      issuedAt: parts.time.seconds(),
      nonce: "AAAAAAAAAAAAAAAAAAAAAA",
    };
    await parts.trust.accept(await signed("lockdown", lockdown, "cleo"));
    sessions.rejudge();
  };
  let count = 0;
  const ask = async (
    purpose: Purpose,
    flight: Partial<Flight>,
    manifests: readonly string[] = [],
    makeChannel: (id: string) => NotedChannel = (id) => new NotedChannel(id),
  ): Promise<{ verdict: Verdict; channel: NotedChannel }> => {
    count += 1;
    const channel = makeChannel(`channel-${count}`);
    const asked: AskedOpen = {
      channel,
      purpose,
      manifests,
      flight: {
        type: "flight",
        proof: "",
        attestation: null,
        request: null,
        grant: null,
        manifestHash: parts.trust.situation()?.manifestHash ?? site.chain.held.hash,
        ...flight,
      },
    };
    return { channel, verdict: await sessions.onOpen(asked) };
  };
  return {
    ...world,
    recordings,
    sessions,
    request,
    grant,
    proof,
    attestation,
    lockDown,
    ask,
    [Symbol.asyncDispose]: async () => {
      await sessions.endAll("edge-failing");
      await world[Symbol.asyncDispose]();
    },
  };
}
