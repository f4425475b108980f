// The gate as the sealed channel meets it: documents that a far side brings are verified before they are judged, with the paper site's signatures.
import * as assert from "uvu/assert";
import type { Verdict } from "../../../shared/channel/admission.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { encodeEnvelope, hashEnvelope as hashOf } from "../../../shared/document/envelope.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { signed } from "../document/paper-site.ts";
import { openSessions, text } from "./sessions-world.ts";
import { NotedChannel } from "./session-world.ts";

const reasonOf = (verdict: Verdict): string =>
  verdict.verdict === "refused" ? (verdict.reason.split(":")[0] ?? "") : verdict.verdict;

await group("sessions", {}, (test) => {
  test("a flight with request, grant, proof and code is admitted, and everything that it brought is kept", async () => {
    await using edge = await openSessions();
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
    await using edge = await openSessions();
    const { verdict } = await edge.ask("waiting", {
      proof: text(await edge.proof({ purpose: "waiting" })) ?? "",
      attestation: text(await edge.attestation()),
      request: text(edge.request.envelope),
    });
    assert.is(reasonOf(verdict), "waiting");
  });

  test("forged and borrowed proofs are refused, all with one word", async () => {
    await using edge = await openSessions();
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
    await using edge = await openSessions();
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
    await using edge = await openSessions();
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
    await using edge = await openSessions();
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
    await using edge = await openSessions();
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
    await using edge = await openSessions();
    const channel = new NotedChannel("stranger");
    const opening = { type: "opening", mode: "ssh", target: "hmi" as TargetId } as const;
    const verdict = await edge.sessions.onOpening({ session: channel, channel, opening });
    assert.is(verdict.admitted, false);
    assert.is(await edge.sessions.onResume(channel), false);
  });

  test("where manifests are asked for nothing else is taken, and nothing is written for it", async () => {
    await using edge = await openSessions();
    const next = await edge.site.succeed();
    const { length } = edge.edge.parts.journal;
    const lockdown = await signed(
      "lockdown",
      {
        site: edge.site.id,
        scope: { kind: "site" },
        reason: "noise",
        issuedAt: next.manifest.issuedAt,
        nonce: "AAAAAAAAAAAAAAAAAAAAAA",
      },
      "vera",
    );
    const flight = { proof: "", manifestHash: next.chain.held.hash };
    const { verdict } = await edge.ask("status", flight, [encodeEnvelope(lockdown)]);
    assert.is(reasonOf(verdict), "manifest-needed");
    assert.is(edge.edge.parts.journal.length, length);
    const broken = await edge.ask("status", flight, ["nonsense"]);
    assert.is(reasonOf(broken.verdict), "manifest-needed");
  });

  test("one person who knocks without end is let in at a bounded rate, and is nobody else's trouble", async () => {
    await using edge = await openSessions();
    const knock = async (person: string) =>
      edge.ask("status", {
        proof: text(await edge.proof({ purpose: "status", request: null, person }, person)) ?? "",
      });
    const { length } = edge.edge.parts.journal;
    for (let count = 0; count < 300; count += 1) {
      const { verdict, channel } = await knock("vera");
      channel.onClose("ended");
      if (verdict.verdict === "refused") break;
    }
    assert.is(reasonOf((await knock("vera")).verdict), "unavailable");
    assert.is(edge.edge.parts.journal.length, length + 256);
    assert.is((await knock("dora")).verdict.verdict, "admitted");
    edge.edge.clock.advanceMs(10_000);
    assert.is((await knock("vera")).verdict.verdict, "admitted");
  });
});
