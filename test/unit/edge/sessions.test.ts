// The gate as the sealed channel meets it: documents that a far side brings are verified before they are judged, with the paper site's signatures.
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Devices } from "../../../edge/devices.ts";
import { openRecordings } from "../../../edge/recording.ts";
import { Sessions } from "../../../edge/sessions.ts";
import { openVault } from "../../../edge/vault.ts";
import type { AskedOpen, Verdict } from "../../../shared/channel/admission.ts";
import type { Flight } from "../../../shared/channel/messages.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import {
  encodeEnvelope,
  hashEnvelope as hashOf,
  type Envelope,
} from "../../../shared/document/envelope.ts";
import type { Purpose } from "../../../shared/document/proof.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { paperAt, pairOf, seedOf, signed, suite } from "../document/paper-site.ts";
import { settledEdge } from "./paper-edge.ts";
import { NotedChannel } from "./session-world.ts";

const transcript = toBase64Url(new Uint8Array(32));
const hmiOnly = [{ id: "hmi" as TargetId, rights: ["terminal"] }];
const text = (envelope: Envelope | null) => envelope && encodeEnvelope(envelope);

async function opened() {
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
  const sign = async () => ({ keyid: "" as never, sig: new Uint8Array(64) });
  const sessions = new Sessions({
    ...ground,
    recordings,
    devices: new Devices({ ...ground, vault, sealing }),
    hostKey: await pairOf("edge ssh"),
    idleLimitMs: 3_600_000,
    log: (line) => void edge.logged.push(line),
    openTarget: async () => undefined,
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
  let count = 0;
  const ask = async (
    purpose: Purpose,
    flight: Partial<Flight>,
    manifests: readonly string[] = [],
  ): Promise<{ verdict: Verdict; channel: NotedChannel }> => {
    count += 1;
    const channel = new NotedChannel(`channel-${count}`);
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
    sessions,
    request,
    grant,
    proof,
    attestation,
    ask,
    [Symbol.asyncDispose]: async () => {
      await sessions.endAll("edge-failing");
      await world[Symbol.asyncDispose]();
    },
  };
}

const reasonOf = (verdict: Verdict): string =>
  verdict.verdict === "refused" ? (verdict.reason.split(":")[0] ?? "") : verdict.verdict;

await group("sessions", {}, (test) => {
  test("a flight with request, grant, proof and code is admitted, and everything that it brought is kept", async () => {
    await using edge = await opened();
    const { request, grant } = edge;
    const proof = await edge.proof({ grant: await hashOf(grant) });
    const { verdict } = await edge.ask("session", {
      proof: encodeEnvelope(proof),
      attestation: text(await edge.attestation()),
      request: text(request.envelope),
      grant: text(grant),
    });
    assert.is(reasonOf(verdict), "admitted");
    const { archive } = edge.edge.parts;
    for (const envelope of [proof, grant, request.envelope]) {
      assert.ok(await archive.get(envelope.type, await hashOf(envelope)), envelope.type);
    }
  });

  test("with the request alone it waits", async () => {
    await using edge = await opened();
    const { verdict } = await edge.ask("waiting", {
      proof: text(await edge.proof({ purpose: "waiting" })) ?? "",
      attestation: text(await edge.attestation()),
      request: text(edge.request.envelope),
    });
    assert.is(reasonOf(verdict), "waiting");
  });

  test("forged and borrowed proofs are refused, all with one word", async () => {
    await using edge = await opened();
    const grant = await hashOf(edge.grant);
    const proofs = [
      await edge.proof({ grant }, "anna"),
      await edge.proof({ grant, transcript: toBase64Url(new Uint8Array(32).fill(1)) }),
      await edge.proof({ grant, person: "dora" }, "dora"),
      await edge.proof({ grant, person: "nobody" }),
      await signed("grant", { not: "a proof" }, "vera"),
    ];
    for (const proof of proofs) {
      const { verdict } = await edge.ask("session", {
        proof: encodeEnvelope(proof),
        attestation: text(await edge.attestation()),
        request: text(edge.request.envelope),
        grant: text(edge.grant),
      });
      assert.is(reasonOf(verdict), "not-permitted");
    }
    const { verdict } = await edge.ask("session", { proof: "nonsense" });
    assert.is(reasonOf(verdict), "not-permitted");
  });

  test("an attestation for another person, by another key, or missing, asks for a code", async () => {
    await using edge = await opened();
    const proof = text(await edge.proof({ grant: await hashOf(edge.grant) })) ?? "";
    const attestations = [
      null,
      await edge.attestation({ person: "anna" }),
      await edge.attestation({}, "anna"),
      await edge.attestation({ transcript: toBase64Url(new Uint8Array(32).fill(1)) }),
    ];
    for (const attestation of attestations) {
      const { verdict } = await edge.ask("session", {
        proof,
        attestation: text(attestation),
        request: text(edge.request.envelope),
        grant: text(edge.grant),
      });
      assert.is(reasonOf(verdict), "second-factor-needed");
    }
  });

  test("a far side that knows a newer manifest is asked for it, once, and it counts from then on", async () => {
    await using edge = await opened();
    const next = await edge.site.succeed();
    const flight = {
      proof:
        text(await edge.proof({ purpose: "status", request: null, person: "anna" }, "anna")) ?? "",
      manifestHash: next.chain.held.hash,
    };
    const first = await edge.ask("status", flight);
    assert.is(first.verdict.verdict, "manifest-needed");
    const other = await edge.site.succeed({ name: "another" });
    const wrong = await edge.ask("status", flight, [
      encodeEnvelope((await other.succeed()).chain.held.envelope),
    ]);
    assert.is(reasonOf(wrong.verdict), "manifest-needed");
    assert.is(wrong.verdict.verdict, "refused");
    const right = await edge.ask("status", flight, [encodeEnvelope(next.chain.held.envelope)]);
    assert.is(right.verdict.verdict, "admitted");
    assert.is(edge.edge.parts.trust.situation()?.manifest.version, 2);
  });

  test("an auditor reads the journal, a vendor does not, and both are in it", async () => {
    await using edge = await opened();
    const journalOf = async (person: string) =>
      edge.ask("journal", {
        proof: text(await edge.proof({ purpose: "journal", request: null, person }, person)) ?? "",
      });
    assert.is(reasonOf((await journalOf("vera")).verdict), "not-permitted");
    const { verdict, channel } = await journalOf("dora");
    assert.is(verdict.verdict, "admitted");
    const ended = new Promise<void>((resolve) => (channel.end = resolve));
    channel.onControl({ type: "read", recording: null, from: 0, follow: false, search: null });
    await ended;
    const events = await edge.edge.events();
    assert.equal(events.slice(-2), ["reading-admitted", "read"]);
  });

  test("a reader is shown out when he is no auditor any more", async () => {
    await using edge = await opened();
    const { channel } = await edge.ask("journal", {
      proof:
        text(await edge.proof({ purpose: "journal", request: null, person: "dora" }, "dora")) ?? "",
    });
    const persons = edge.site.manifest.persons.filter(({ id }) => id !== "dora");
    const next = await edge.site.succeed({ persons });
    await edge.edge.parts.trust.accept(next.chain.held.envelope);
    edge.sessions.rejudge();
    assert.match(channel.abortedWith ?? "", /^not-permitted/);
  });

  test("what no session stands behind may neither open nor resume", async () => {
    await using edge = await opened();
    const channel = new NotedChannel("stranger");
    const opening = { type: "opening", mode: "ssh", target: "hmi" as TargetId } as const;
    const verdict = await edge.sessions.onOpening({ session: channel, channel, opening });
    assert.is(verdict.admitted, false);
    assert.is(await edge.sessions.onResume(channel), false);
  });
});
