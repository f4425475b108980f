// What edges get and report, over the real control link and TLS: their own documents, stops; journal headers, checkpoints, receipts, introductions.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { hashEnvelope, parseEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { embed } from "../../../shared/document/fields.ts";
import type { Manifest } from "../../../shared/document/manifest.ts";
import { emptyHead } from "../../../shared/record/journal-entry.ts";
import { group } from "../../support/group.ts";
import {
  edgeEntry,
  paperAt,
  PaperSite,
  publicOf,
  signed,
  sshLineOf,
  suite,
  xwingOf,
} from "../document/paper-site.ts";
import { EdgeAtRelay, headersOf } from "./edge-at-relay.ts";
import { json, relayWithSite, type RunningRelay } from "./running-relay.ts";

const reason = "machine moves by itself";
const start = { length: 0, head: emptyHead };
const session = { session: "s1", person: "vera", request: toBase64Url(new Uint8Array(32)) };
const otherSession = { ...session, session: "s2", person: "acme/joe" };
const events = [
  ["edge-started", {}],
  ["session-admitted", session],
  ["session-admitted", otherSession],
  ["session-ended", { session: "s1" }],
] as const;

/** The paper site with a second edge and a target on it. */
async function withSecondEdge(): Promise<(manifest: Manifest) => Manifest> {
  const second = await edgeEntry("edge 2");
  return (manifest) => {
    const [hmi] = manifest.targets;
    assert.ok(hmi);
    return {
      ...manifest,
      edges: [...manifest.edges, second],
      targets: [...manifest.targets, { ...hmi, id: "hmi2" as never, edge: second.id }],
    };
  };
}

async function asked(site: PaperSite, change: object = {}) {
  return site.verifiedRequest({ nonce: toBase64Url(suite.randomBytes(16)), ...change });
}

async function takes(relay: RunningRelay, site: PaperSite, name: string, envelope: Envelope) {
  const answer = await relay.drop(site, await relay.signIn(name), envelope);
  assert.is(answer.status, 201, answer.body.message);
  return answer.body;
}

await group("relay edges", { timeoutMs: 10_000 }, (test) => {
  test("an edge gets the documents that are for it, in order, and each new one", async () => {
    const { relay, site } = await relayWithSite(await withSecondEdge(), true);
    await using _relay = relay;
    await takes(relay, site, "adam", await signed("roster", await site.roster(), "adam"));
    const request = await asked(site);
    await takes(relay, site, "vera", request.envelope);
    const hmi2 = [{ id: "hmi2", rights: ["terminal"] }];
    const edge2 = (await edgeEntry("edge 2")).id;
    const elsewhere = await asked(site, { edge: edge2, targets: hmi2 });
    await takes(relay, site, "vera", elsewhere.envelope);
    await using edge = await EdgeAtRelay.connect(relay);
    await edge.until(() => edge.documents.length === 3);
    assert.is(edge.types, "manifest roster request");
    const grant = await site.grant(request);
    const partial = await takes(relay, site, "anna", await signed("grant", grant, "anna"));
    assert.is(partial.state, "partial");
    const whole = await takes(relay, site, "cleo", await signed("grant", grant, "cleo"));
    await edge.until(() => edge.documents.length === 4);
    assert.is(edge.documents[3]?.envelope.signatures.length, 2, "the partial one was not sent");
    assert.is(edge.documents[3]?.seq, whole.seq);
    await using second = await EdgeAtRelay.connect(relay, { name: "edge 2" });
    await second.until(() => second.documents.length === 3);
    assert.is(await hashEnvelope(second.documents[2]!.envelope), elsewhere.hash);
  });
  test("an edge that comes back gets what it missed, and all of a log that it does not know", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const first = await asked(site);
    await takes(relay, site, "vera", first.envelope);
    let log = "";
    let after = 0;
    {
      await using edge = await EdgeAtRelay.connect(relay);
      await edge.until(() => edge.documents.length === 2);
      ({ log, seq: after } = edge.documents[1]!);
    }
    const second = await asked(site);
    await takes(relay, site, "vera", second.envelope);
    await relay.restart();
    await using edge = await EdgeAtRelay.connect(relay, { need: { log, after } });
    await edge.until(() => edge.documents.length === 1);
    assert.is(await hashEnvelope(edge.documents[0]!.envelope), second.hash);
    await edge[Symbol.asyncDispose]();
    const need = { log: "another-stores-log", after: 99 };
    await using anew = await EdgeAtRelay.connect(relay, { need });
    await anew.until(() => anew.documents.length === 3);
  });
  test("of what is replaced an edge gets the newest alone", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    for (const version of [1, 2, 3]) {
      const roster = await signed("roster", await site.roster({ version }), "adam");
      await takes(relay, site, "adam", roster);
    }
    await using edge = await EdgeAtRelay.connect(relay);
    await edge.until(() => edge.documents.length === 2);
    assert.match(new TextDecoder().decode(edge.documents[1]!.envelope.payload), /"version":3/);
  });
  test("a new edge introduces itself over its link, reads manifests, and gets everything once one names it", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    await takes(relay, site, "adam", await signed("roster", await site.roster(), "adam"));
    const claim = await signed(
      "invitation",
      {
        site: site.id,
        invitation: toBase64Url(suite.randomBytes(16)),
        publicKey: await publicOf("one-time"),
        subject: { kind: "edge", name: "Hall 2" },
        issuedAt: paperAt,
        untilAt: paperAt + 3600,
      },
      "anna",
    );
    await takes(relay, site, "anna", claim);
    await using box = await EdgeAtRelay.connect(relay, { name: "box" });
    const entry = await edgeEntry("box");
    const checkpoint = site.checkpoint({ edge: entry.id, length: 0 });
    const introduction = await signed(
      "introduction",
      {
        site: site.id,
        invitation: await hashEnvelope(claim),
        keys: [],
        edge: {
          signingKey: await publicOf("box"),
          sealingKey: (await xwingOf("box")).public,
          sshHostKey: await sshLineOf("box ssh"),
          checkpoint: embed(await signed("checkpoint", checkpoint, "box")),
        },
        issuedAt: paperAt,
      },
      "one-time",
      "box",
    );
    const token = await relay.signIn("anna");
    const path = `/sites/${site.id}/documents?type=introduction&wait=30`;
    const waiting = relay.call("GET", path, { token });
    box.link.sendIntroduction(introduction);
    assert.is((await waiting).body.documents.length, 1);
    await using again = await EdgeAtRelay.connect(relay, { name: "box" });
    await again.until(() => again.documents.length === 1);
    assert.equal([again.types, again.documents[0]?.seq], ["manifest", 0]);
    const edges = [...site.manifest.edges, entry];
    const next = await signed("manifest", site.next({ edges }), "anna", "ben");
    await takes(relay, site, "anna", next);
    await again.until(() => again.documents.length === 4);
    assert.is(again.types, "manifest manifest roster manifest");
  });
  test("an introduction over the link of another edge is let go", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    await using edge = await EdgeAtRelay.connect(relay, { name: "mallory's box" });
    const foreign = await signed("introduction", { site: site.id }, "box");
    edge.link.sendIntroduction(foreign);
    const request = await asked(site);
    await takes(relay, site, "vera", request.envelope);
    const token = await relay.signIn("anna");
    const path = `/sites/${site.id}/documents?type=introduction`;
    assert.equal((await relay.call("GET", path, { token })).body.documents, []);
  });
  test("journal headers are kept, acknowledged, and shown to staff, and sessions follow from them", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const { headers } = await headersOf(events, start);
    await using edge = await EdgeAtRelay.connect(relay, { headers });
    await edge.until(() => edge.acknowledged === headers.length);
    const query = `edge=${site.edge.id}&from=1&limit=2`;
    const path = `/sites/${site.id}/journal?${query}`;
    for (const name of ["anna", "cleo", "dora"]) {
      const { body } = await relay.call("GET", path, { token: await relay.signIn(name) });
      assert.equal([body.headers, body.length], [headers.slice(1, 3), headers.length]);
    }
    for (const name of ["vera", "adam"]) {
      const token = await relay.signIn(name);
      assert.is((await relay.call("GET", path, { token })).status, 403, name);
    }
    const sessions = async (name: string) => {
      const token = await relay.signIn(name);
      const { body } = await relay.call("GET", `/sites/${site.id}/sessions`, { token });
      return body.sessions.map((item) => `${item.session} ${item.endedAt === null}`).toSorted();
    };
    assert.equal(await sessions("dora"), ["s1 false", "s2 true"]);
    assert.equal(await sessions("vera"), ["s1 false"]);
  });
  test("headers that contradict those before are not taken in their place", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const { headers } = await headersOf(events, start);
    {
      await using edge = await EdgeAtRelay.connect(relay, { headers: headers.slice(0, 2) });
      await edge.until(() => edge.acknowledged === 2);
    }
    const rolled = await headersOf([["edge-started", { why: "rolled-back" }], ...events], start);
    {
      await using edge = await EdgeAtRelay.connect(relay, { headers: rolled.headers });
      assert.is(edge.acknowledged, 2);
    }
    const token = await relay.signIn("anna");
    const path = `/sites/${site.id}/journal?edge=${site.edge.id}`;
    assert.equal((await relay.call("GET", path, { token })).body.headers, headers.slice(0, 2));
  });
  test("a checkpoint is witnessed by the relay's key, and one that goes back is not", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const { headers, head } = await headersOf(events, start);
    await using edge = await EdgeAtRelay.connect(relay, { headers });
    await edge.until(() => edge.acknowledged === headers.length);
    const path = `/sites/${site.id}/edges`;
    const anna = await relay.signIn("anna");
    const known = async () => {
      const { body } = await relay.call("GET", path, { token: anna });
      return body.edges[0];
    };
    const sent = async (payload: object) => {
      const envelope = await signed("checkpoint", payload, "edge");
      edge.link.sendCheckpoint(envelope);
      return envelope;
    };
    const good = await sent(site.checkpoint({ length: headers.length, head }));
    while ((await known())?.checkpoint === null) relay.clock.advanceMs(200);
    assert.equal((await known())?.checkpoint, json(good));
    const witness = parseEnvelope(JSON.stringify((await known())?.witness));
    assert.is(await hashEnvelope(witness), await hashEnvelope(good));
    assert.is(witness.signatures.length, 2);
    for (const [note, change] of [
      ["goes back", { length: 2 }],
      [
        "contradicts the journal",
        { length: headers.length, head: toBase64Url(new Uint8Array(32)) },
      ],
    ] as const) {
      const told = relay.lines.length;
      await sent(site.checkpoint(change));
      while (!relay.lines.slice(told).some((line) => line.includes('\\"checkpoint\\" let go'))) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal((await known())?.checkpoint, json(good), note);
    }
    const { body } = await relay.call("GET", path, { token: await relay.signIn("vera") });
    const [shown] = body.edges;
    assert.equal([shown?.online, shown?.checkpoint, shown?.witness], [true, null, null]);
  });
  test("a receipt reaches those who may see its document, and a forged one nobody", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const scope = { kind: "person", id: "vera" };
    const payload = { site: site.id, edge: null, scope, reason, issuedAt: paperAt };
    const revocation = await signed("revocation", payload, "cleo");
    const { hash: document } = await takes(relay, site, "cleo", revocation);
    await using edge = await EdgeAtRelay.connect(relay);
    const entry = { index: 3, hash: toBase64Url(new Uint8Array(32)) };
    const { id } = site.edge;
    const receipt = {
      site: site.id,
      edge: id,
      document,
      outcome: "done",
      reason: null,
      entry,
      at: paperAt,
    };
    edge.link.sendReceipt(await signed("receipt", { ...receipt, at: paperAt + 1 }, "mallory"));
    const cleo = await relay.signIn("cleo");
    const path = `/sites/${site.id}/documents?type=receipt&wait=30`;
    const waiting = relay.call("GET", path, { token: cleo });
    const done = await signed("receipt", receipt, "edge");
    edge.link.sendReceipt(done);
    const { documents } = (await waiting).body;
    assert.equal(
      documents.map((item) => item.hash),
      [await hashEnvelope(done)],
    );
    const receipts = async (name: string) => {
      const token = await relay.signIn(name);
      const query = `/sites/${site.id}/receipts?document=${document}`;
      return (await relay.call("GET", query, { token })).body.receipts.length;
    };
    assert.is(await receipts("vera"), 1, "whose access ended sees why");
    assert.is(await receipts("dora"), 1);
    assert.is(await receipts("adam"), 0);
  });
  test("a stop reaches the edge at once, or when it is back within 15 minutes, and is on record", async () => {
    const { relay, site } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const { id: edge } = site.edge;
    const path = `/sites/${site.id}/stops`;
    const stop = async (name: string, body: object) =>
      relay.call("POST", path, { token: await relay.signIn(name), body });
    for (const name of ["vera", "dora", "adam"]) {
      assert.is((await stop(name, { edge, scope: "edge", id: null })).status, 403, name);
    }
    const away = await stop("cleo", { edge, scope: "target", id: "hmi" });
    assert.equal([away.status, away.body.sent], [202, false]);
    {
      await using back = await EdgeAtRelay.connect(relay);
      await back.until(() => back.stops.length === 1);
      assert.equal(back.stops[0], { stop: away.body.stop, scope: "target", id: "hmi", by: "cleo" });
      const now = await stop("olaf", { edge, scope: "edge", id: null });
      assert.equal([now.status, now.body.sent], [202, true]);
      await back.until(() => back.stops.length === 2);
    }
    relay.clock.advanceMs(15 * 60_000);
    await using late = await EdgeAtRelay.connect(relay);
    await takes(relay, site, "vera", (await asked(site)).envelope);
    await late.until(() => late.documents.length === 2);
    assert.equal(late.stops, []);
    const token = await relay.signIn("dora");
    const { entries } = (await relay.call("GET", `/sites/${site.id}/audit`, { token })).body;
    const stops = entries.filter((entry) => entry.event === "stop-asked");
    assert.equal(
      stops.map((entry) => entry.person),
      ["cleo", "olaf"],
    );
  });
  test("a stop names what is there, by its field", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("cleo");
    const { id: edge } = site.edge;
    const strange = toBase64Url(new Uint8Array(32).fill(3));
    for (const [body, status, field] of [
      [{ edge: strange, scope: "edge", id: null }, 404, undefined],
      [{ edge, scope: "edge", id: "hmi" }, 400, "id"],
      [{ edge, scope: "target", id: "pump" }, 400, "id"],
      [{ edge, scope: "target", id: null }, 400, "id"],
      [{ edge, scope: "grant", id: "hmi" }, 400, "id"],
      [{ edge, scope: "plant", id: null }, 400, "scope"],
      [{ edge, scope: "edge" }, 400, "id"],
    ] as const) {
      const answer = await relay.call("POST", `/sites/${site.id}/stops`, { token, body });
      assert.equal([answer.status, answer.body.field], [status, field], JSON.stringify(body));
    }
  });
  test("an edge belongs to the site that named it first", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const thief = await PaperSite.make((manifest) => ({ ...manifest, name: "Thief" }));
    await relay.register(thief);
    const token = await relay.signIn("cleo", thief);
    const body = { edge: site.edge.id, scope: "edge", id: null };
    assert.is((await relay.call("POST", `/sites/${thief.id}/stops`, { token, body })).status, 404);
    const { edges } = (await relay.call("GET", `/sites/${thief.id}/edges`, { token })).body;
    assert.equal(edges, []);
  });
});
