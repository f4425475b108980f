// Requests and grants as an edge takes them: one line per request, anchored in its journal, never twice, never after a rollback.
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import type { Offer } from "../../../edge/jobs.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import { embed } from "../../../shared/document/fields.ts";
import type { Grant, GrantDraft } from "../../../shared/document/grant.ts";
import type { Request } from "../../../shared/document/request.ts";
import type { Verified } from "../../../shared/document/verify.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { embeddedAnchor, paperAt, signed, type PaperSite } from "../document/paper-site.ts";
import { settledEdge, type PaperEdge } from "./paper-edge.ts";

const hmiOnly = [{ id: "hmi" as TargetId, rights: ["terminal"] }];

async function asked() {
  const world = await settledEdge();
  const { site, edge } = world;
  const request = await site.verifiedRequest({ targets: hmiOnly });
  await edge.parts.jobs.find(request.envelope);
  const grant = async (
    change: Partial<Grant> = {},
    signers: readonly string[] = ["cleo"],
    draft: Partial<GrantDraft> = {},
  ): Promise<Envelope> => {
    const anchor = await edge.parts.checkpoint();
    const payload = await site.grant(request, change, { anchor, ...draft });
    return signed("grant", payload, ...signers);
  };
  return { ...world, request, grant, [Symbol.asyncDispose]: world[Symbol.asyncDispose] };
}

const outcomeOf = (offer: Offer): string =>
  offer.outcome === "refused" ? offer.reason : offer.outcome;

function inForce(edge: PaperEdge, request: Verified<Request>): Verified<Grant> {
  const found = edge.parts.jobs.get(request.hash)?.line.at(-1)?.grant;
  assert.ok(found);
  return found;
}

async function extension(
  site: PaperSite,
  edge: PaperEdge,
  request: Verified<Request>,
): Promise<Grant> {
  const anchor = await edge.parts.checkpoint();
  return site.grant(request, {}, { anchor, minutes: 60, replaced: inForce(edge, request) });
}

await group("jobs", {}, (test) => {
  test("a grant for a known request founds its line, on the disk", async () => {
    await using world = await asked();
    const { edge, request, grant } = world;
    assert.is(outcomeOf(await edge.parts.jobs.offer(await grant())), "accepted");
    assert.is(edge.parts.consumption.of(request.hash).line.length, 1);
    assert.ok((await edge.events()).includes("grant-held"));
  });

  test("after a kill the line is there again, out of the archive", async () => {
    await using world = await asked();
    const { edge, request, grant } = world;
    const envelope = await grant();
    await edge.parts.jobs.offer(envelope);
    await edge.restart();
    const job = await edge.parts.jobs.find(request.hash);
    assert.is(job.line.length, 1);
    assert.is(outcomeOf(await edge.parts.jobs.offer(envelope)), "known");
  });

  test("a grant for a request that never came waits for it", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const request = await site.verifiedRequest({ targets: hmiOnly });
    const anchor = await edge.parts.checkpoint();
    const payload = await site.grant(request, {}, { anchor });
    const envelope = await signed("grant", payload, "cleo");
    assert.is(outcomeOf(await edge.parts.jobs.offer(envelope)), "request-missing");
    await edge.parts.jobs.find(request.envelope);
    assert.is(outcomeOf(await edge.parts.jobs.offer(envelope)), "accepted");
  });

  test("a second grant for one request is a sibling, whoever signed it", async () => {
    await using world = await asked();
    const { edge, grant } = world;
    await edge.parts.jobs.offer(await grant());
    const sibling = await grant({ minutes: 20, endsAt: paperAt + 1800 }, ["anna"]);
    assert.is(outcomeOf(await edge.parts.jobs.offer(sibling)), "grant-is-sibling");
  });

  test("of two that arrive at once, one is taken", async () => {
    await using world = await asked();
    const { edge, request, grant } = world;
    const both = [await grant(), await grant({ minutes: 20, endsAt: paperAt + 1800 }, ["anna"])];
    const offers = await Promise.all(both.map((item) => edge.parts.jobs.offer(item)));
    assert.equal(offers.map(outcomeOf), ["accepted", "grant-is-sibling"]);
    assert.is(edge.parts.consumption.of(request.hash).line.length, 1);
  });

  test("a replacing grant follows, its sibling does not, and an unsigned stop of the job ends with it", async () => {
    await using world = await asked();
    const { site, edge, request, grant } = world;
    await edge.parts.jobs.offer(await grant());
    const scope = { kind: "request", id: request.hash } as const;
    await edge.parts.stops.begin("relay 1", scope, "relay");
    const next = await extension(site, edge, request);
    assert.is(
      outcomeOf(await edge.parts.jobs.offer(await signed("grant", next, "anna"))),
      "accepted",
    );
    assert.equal(edge.parts.stops.running(), []);
    const sibling = { ...next, minutes: 45, endsAt: next.startBeforeAt + 45 * 60 };
    const offer = await edge.parts.jobs.offer(await signed("grant", sibling, "ben"));
    assert.is(outcomeOf(offer), "grant-is-sibling");
  });

  test("signed by a vendor, or by too few, it is refused", async () => {
    await using world = await asked();
    const { edge, grant } = world;
    assert.is(outcomeOf(await edge.parts.jobs.offer(await grant({}, ["vera"]))), "grant-invalid");
    const strict = [{ id: "plc" as TargetId, rights: ["connect"] }];
    const request = await world.site.verifiedRequest({ targets: strict });
    await edge.parts.jobs.find(request.envelope);
    const anchor = await edge.parts.checkpoint();
    const payload = await world.site.grant(request, {}, { anchor });
    const { jobs } = edge.parts;
    assert.is(
      outcomeOf(await jobs.offer(await signed("grant", payload, "anna"))),
      "approvers-missing",
    );
    assert.is(
      outcomeOf(await jobs.offer(await signed("grant", payload, "anna", "ben"))),
      "accepted",
    );
  });

  test("under a manifest that the edge does not hold it waits for that manifest", async () => {
    await using world = await asked();
    const { site, edge, request } = world;
    const next = await site.succeed();
    const anchor = await edge.parts.checkpoint();
    const envelope = await signed("grant", await next.grant(request, {}, { anchor }), "cleo");
    assert.is(outcomeOf(await edge.parts.jobs.offer(envelope)), "manifest-unknown");
    await edge.parts.trust.accept(next.chain.held.envelope);
    assert.is(outcomeOf(await edge.parts.jobs.offer(envelope)), "accepted");
  });

  test("under a manifest before the held one it is judged by the held one", async () => {
    await using world = await asked();
    const { site, edge, grant } = world;
    const envelope = await grant();
    const persons = site.manifest.persons.filter(({ id }) => id !== "cleo");
    const next = await site.succeed({ persons });
    await edge.parts.trust.accept(next.chain.held.envelope);
    assert.is(outcomeOf(await edge.parts.jobs.offer(envelope)), "grant-invalid");
  });

  test("anchored by another key it is refused without an alarm", async () => {
    await using world = await asked();
    const { site, edge, grant } = world;
    const anchor = await embeddedAnchor(site.checkpoint(), "relay");
    const offer = await edge.parts.jobs.offer(await grant({ anchor }));
    assert.is(outcomeOf(offer), "grant-invalid");
    assert.equal(edge.rollbacks, []);
  });

  test("anchored in what this edge signed and has no more, it raises the alarm: the state was put back", async () => {
    await using world = await asked();
    const { edge, grant } = world;
    const [state, copy] = [edge.folder, join(edge.folder, "..", `${edge.parts.journal.head}-copy`)];
    await cp(state, copy, { recursive: true });
    await edge.parts.journal.append("something-happened", {});
    const anchor = embed(await edge.parts.checkpoint());
    await edge.parts.journal[Symbol.asyncDispose]();
    for (const name of ["journal", "trust.json", "consumption", "time.json"]) {
      await rm(join(state, name), { recursive: true });
      await cp(join(copy, name), join(state, name), { recursive: true });
    }
    await rm(copy, { recursive: true });
    await edge.restart();
    await edge.parts.jobs.find(world.request.envelope);
    assert.is(outcomeOf(await edge.parts.jobs.offer(await grant({ anchor }))), "anchor-lost");
    assert.is(edge.rollbacks.length, 1);
    assert.is(outcomeOf(await edge.parts.jobs.offer(await grant())), "accepted");
  });

  test("an account stays as long as any grant for its request could still start, so that no sibling founds a second line", async () => {
    await using world = await asked();
    const { site, edge, request, grant } = world;
    // Attacks: a sibling that was refused, or the founder that was shortened, offered again once the short one has ended.
    const founder = await grant({ endsAt: paperAt + 5000 });
    const sibling = await grant({ minutes: 20, endsAt: paperAt + 4000 }, ["anna"]);
    await edge.parts.jobs.offer(founder);
    const next = { ...(await extension(site, edge, request)), endsAt: paperAt + 1200 };
    await edge.parts.jobs.offer(await signed("grant", next, "cleo"));
    for (const stepMs of [1_300_000, 2_500_000]) {
      edge.clock.advanceMs(stepMs);
      await edge.restart();
      const { jobs } = edge.parts;
      await jobs.prune();
      await jobs.find(request.envelope);
      assert.is(outcomeOf(await jobs.offer(sibling)), "grant-is-sibling");
      assert.ok(["known", "grant-is-sibling"].includes(outcomeOf(await jobs.offer(founder))));
    }
  });

  test("accounts of jobs whose grants have ended are dropped once the floor says so", async () => {
    await using world = await asked();
    const { edge, request, grant } = world;
    const envelope = await grant();
    await edge.parts.jobs.offer(envelope);
    await edge.parts.jobs.prune();
    assert.is(edge.parts.consumption.of(request.hash).line.length, 1);
    edge.clock.advanceMs(3 * 3_600_000);
    await edge.parts.jobs.prune();
    assert.is(edge.parts.consumption.of(request.hash).line.length, 0);
    await edge.restart();
    await edge.parts.jobs.find(request.envelope);
    assert.is(outcomeOf(await edge.parts.jobs.offer(envelope)), "start-missed");
  });

  test("a vendor who asks without end loses his own oldest requests and nobody else's", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const { jobs } = edge.parts;
    const joes = await site.verifiedRequest(
      { vendor: "acme/joe" as never, targets: hmiOnly },
      "joe",
    );
    await jobs.find(joes.envelope);
    const first = await site.verifiedRequest({ targets: hmiOnly });
    await jobs.find(first.envelope);
    for (let number = 0; number < 64; number += 1) {
      const nonce = toBase64Url(new Uint8Array(16).fill(number + 2));
      await jobs.find((await site.verifiedRequest({ targets: hmiOnly, nonce })).envelope);
    }
    assert.is(jobs.get(first.hash), undefined);
    assert.ok(jobs.get(joes.hash));
  });
});
