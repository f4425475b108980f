import * as assert from "uvu/assert";
import { pickJob } from "../../../broker/command/job-choice.ts";
import { jobId, jobsAmong, type Job } from "../../../shared/site/jobs.ts";
import type { StoredDocument } from "../../../shared/site/relay-client.ts";
import { hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { group } from "../../support/group.ts";
import { edgeEntry, PaperSite, paperAt, signed } from "../document/paper-site.ts";
import { toBase64Url } from "../../../shared/bytes.ts";

async function stored(...envelopes: readonly Envelope[]): Promise<StoredDocument[]> {
  return Promise.all(
    envelopes.map(async (envelope, at) => ({
      seq: at,
      hash: await hashEnvelope(envelope),
      type: envelope.type,
      state: "complete" as const,
      envelope,
    })),
  );
}

async function jobs(
  site: PaperSite,
  nowAt: number,
  ...envelopes: readonly Envelope[]
): Promise<Job[]> {
  return jobsAmong(await stored(...envelopes), site.held(nowAt));
}

const hmiOnly = async (site: PaperSite) =>
  site.verifiedRequest({ targets: [{ id: "hmi" as never, rights: ["terminal"] }] });

await group("jobs out of what a relay shows", {}, (test) => {
  test("a request waits, is granted, and is over after the grant's end", async () => {
    const site = await PaperSite.make();
    const request = await hmiOnly(site);
    const grant = await signed("grant", await site.grant(request), "cleo");
    assert.equal(
      (await jobs(site, paperAt + 60, request.envelope)).map(({ state }) => state),
      ["waiting"],
    );
    const [granted] = await jobs(site, paperAt + 60, request.envelope, grant);
    assert.is(granted?.state, "granted");
    assert.is(granted?.grant?.payload.minutes, 30);
    assert.is(
      (await jobs(site, paperAt + 24 * 3600, request.envelope, grant))[0]?.state,
      "expired",
    );
    assert.is((await jobs(site, paperAt + 24 * 3600, request.envelope))[0]?.state, "expired");
  });
  test("a quorum's first signature is kept as the exact bytes to sign", async () => {
    const site = await PaperSite.make();
    const request = await site.verifiedRequest();
    const first = await signed("grant", await site.grant(request), "cleo");
    const [job] = await jobs(site, paperAt + 60, request.envelope, first);
    assert.is(job?.state, "partly approved");
    assert.equal(job?.partial, first);
  });
  test("an extension replaces, in the order of its line whatever came between", async () => {
    const site = await PaperSite.make();
    const request = await hmiOnly(site);
    const grant = await signed("grant", await site.grant(request), "cleo");
    const [before] = await jobs(site, paperAt + 60, request.envelope, grant);
    assert.ok(before?.grant);
    const longer = await signed(
      "grant",
      await site.grant(request, {}, { replaced: before.grant, minutes: 45 }),
      "cleo",
    );
    assert.is(
      (await jobs(site, paperAt + 60, request.envelope, grant, longer))[0]?.grant?.payload.minutes,
      45,
    );
  });
  test("forged, foreign and self-approved documents are as good as not there", async () => {
    const site = await PaperSite.make();
    const request = await hmiOnly(site);
    const forged: readonly [note: string, envelope: Envelope][] = [
      ["by the vendor", await signed("grant", await site.grant(request), "vera")],
      ["by a stranger", await signed("grant", await site.grant(request), "mallory")],
      [
        "more than asked",
        await signed(
          "grant",
          await site.grant(request, { minutes: 31, endsAt: paperAt + 60 }),
          "cleo",
        ),
      ],
      [
        "revoked by a vendor",
        await signed(
          "revocation",
          {
            site: site.id,
            edge: site.edge.id,
            scope: { kind: "request", id: request.hash },
            reason: "",
            issuedAt: paperAt,
          },
          "vera",
        ),
      ],
      [
        "denied by a vendor",
        await signed(
          "deny",
          { site: site.id, request: request.hash, reason: "", issuedAt: paperAt },
          "vera",
        ),
      ],
    ];
    for (const [note, envelope] of forged) {
      const [job] = await jobs(site, paperAt + 60, request.envelope, envelope);
      assert.is(job?.state, "waiting", note);
    }
    const foreign = await signed("request", await site.request(), "mallory");
    assert.equal(await jobs(site, paperAt, foreign), []);
  });
  test('a revoked job is only "end asked" until the edge\'s own receipt', async () => {
    const site = await PaperSite.make();
    const request = await hmiOnly(site);
    const scope = { kind: "request", id: request.hash };
    const revocation = await signed(
      "revocation",
      { site: site.id, edge: site.edge.id, scope, reason: "done", issuedAt: paperAt },
      "anna",
    );
    const receipt = {
      site: site.id,
      edge: site.edge.id,
      document: await hashEnvelope(revocation),
      outcome: "done",
      reason: null,
      entry: { index: 3, hash: toBase64Url(new Uint8Array(32)) },
      at: paperAt + 1,
    };
    assert.is((await jobs(site, paperAt, request.envelope, revocation))[0]?.state, "end asked");
    const byRelay = await signed("receipt", receipt, "relay");
    assert.is(
      (await jobs(site, paperAt, request.envelope, revocation, byRelay))[0]?.state,
      "end asked",
    );
    const byEdge = await signed("receipt", receipt, "edge");
    assert.is((await jobs(site, paperAt, request.envelope, revocation, byEdge))[0]?.state, "ended");
  });
  test("another edge's receipt ends no job, and another edge's revocation asks for none", async () => {
    const other = await edgeEntry("edge two");
    const site = await PaperSite.make((manifest) => ({
      ...manifest,
      edges: [...manifest.edges, other],
    }));
    const request = await hmiOnly(site);
    const scope = { kind: "request", id: request.hash };
    const revoke = { site: site.id, edge: null, scope, reason: "", issuedAt: paperAt };
    const revocation = await signed("revocation", revoke, "anna");
    const receipt = {
      site: site.id,
      edge: other.id,
      document: await hashEnvelope(revocation),
      outcome: "done",
      reason: null,
      entry: { index: 3, hash: toBase64Url(new Uint8Array(32)) },
      at: paperAt + 1,
    };
    const said = await signed("receipt", receipt, "edge two");
    const [job] = await jobs(site, paperAt, request.envelope, revocation, said);
    assert.is(job?.state, "end asked");
    const elsewhere = await signed("revocation", { ...revoke, edge: other.id }, "anna");
    assert.is((await jobs(site, paperAt, request.envelope, elsewhere))[0]?.state, "waiting");
  });
  test("are picked by the beginning of their number or the whole hash, never by a guess", async () => {
    const site = await PaperSite.make();
    const request = await hmiOnly(site);
    const all = await jobs(site, paperAt, request.envelope);
    const id = jobId(request.hash);
    assert.match(id, /^[0-9a-f]{10}$/);
    for (const wanted of [id, id.slice(0, 4), id.toUpperCase(), request.hash])
      assert.is(pickJob(all, wanted).id, id);
    for (const wanted of [id.slice(0, 3), "ffffffffff", ""])
      assert.throws(() => pickJob(all, wanted), /is not known/);
    assert.throws(() => pickJob([...all, ...all], id), /is ambiguous/);
  });
});
