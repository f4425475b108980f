// The documents drop: who may drop and see what, rubbish refused, quorums joined, the log followed, sites kept apart.
import * as assert from "uvu/assert";
import { addSignatures, hashEnvelope, type Envelope } from "../../../shared/document/envelope.ts";
import { keyIdOf } from "../../../shared/document/keys.ts";
import { group } from "../../support/group.ts";
import {
  edgeEntry,
  keyOf,
  paperAt,
  PaperSite,
  publicOf,
  signed,
  signerOf,
  sshLineOf,
  suite,
  twinSite,
  xwingOf,
} from "../document/paper-site.ts";
import { embed } from "../../../shared/document/fields.ts";
import { toBase64Url } from "../../../shared/bytes.ts";
import { json, relayWithSite, RunningRelay, turnUntil } from "./running-relay.ts";

const strangeHash = toBase64Url(new Uint8Array(32).fill(5));
const hmi = { id: "hmi", rights: ["terminal", "exec"] } as never;

/** Who may drop and who may see each type, by the people of the paper site. */
const people = ["anna", "cleo", "dora", "olaf", "vera", "joe", "adam"] as const;
type Name = (typeof people)[number];

async function tokens(relay: RunningRelay, site: PaperSite): Promise<Record<Name, string>> {
  const adam = await relay.signIn("adam");
  await relay.drop(site, adam, await signed("roster", await site.roster(), "adam"));
  const all = await Promise.all(people.map(async (name) => [name, await relay.signIn(name)]));
  return Object.fromEntries(all);
}

async function invitation(site: PaperSite, subject: object, signer = "anna"): Promise<Envelope> {
  const payload = {
    site: site.id,
    invitation: toBase64Url(suite.randomBytes(16)),
    publicKey: await publicOf("one-time"),
    subject,
    issuedAt: paperAt,
    untilAt: paperAt + 3600,
  };
  return signed("invitation", payload, signer);
}

async function introductionOf(site: PaperSite, claim: Envelope, name: string): Promise<Envelope> {
  const { id } = await edgeEntry(name);
  const checkpoint = { ...site.checkpoint({ edge: id, length: 0 }) };
  const edge = {
    signingKey: await publicOf(name),
    sealingKey: (await xwingOf(name)).public,
    sshHostKey: await sshLineOf(`${name} ssh`),
    checkpoint: embed(await signed("checkpoint", checkpoint, name)),
  };
  const payload = {
    site: site.id,
    invitation: await hashEnvelope(claim),
    keys: [],
    edge,
    issuedAt: paperAt,
  };
  return signed("introduction", payload, "one-time", name);
}

async function request(site: PaperSite, signer: string, change: object = {}): Promise<Envelope> {
  const vendor = signer === "joe" ? "acme/joe" : signer;
  const key = await keyIdOf(suite, await keyOf(signer));
  const nonce = toBase64Url(suite.randomBytes(16));
  const payload = await site.request({ vendor, key, nonce, ...change } as never, signer);
  return signed("request", payload, signer);
}

const reason = "drive is locked";

await group("relay documents", { timeoutMs: 10_000 }, (test) => {
  test("a site is registered with the operator's token, and not without", async () => {
    await using relay = await RunningRelay.start();
    const site = await PaperSite.make();
    const envelope = json(site.chain.held.envelope);
    const guess = await relay.call("POST", "/sites", {
      body: { registrationToken: "guess", envelope },
    });
    assert.equal([guess.status, guess.body.code], [403, "forbidden"]);
    await relay.register(site);
    const { registrationToken } = relay;
    const again = await relay.call("POST", "/sites", { body: { registrationToken, envelope } });
    assert.is(again.status, 200);
  });
  test("a first manifest that too few owners signed registers nothing", async () => {
    await using relay = await RunningRelay.start();
    const site = await PaperSite.make();
    const envelope = json(await signed("manifest", site.manifest, "anna"));
    const { registrationToken } = relay;
    const answer = await relay.call("POST", "/sites", { body: { registrationToken, envelope } });
    assert.equal([answer.status, answer.body.code], [400, "threshold_missed"]);
  });

  type Make = (site: PaperSite, claim: Envelope) => Promise<Envelope>;
  const drops: readonly [type: string, make: Make, may: readonly Name[]][] = [
    [
      "manifest",
      (site) => signed("manifest", site.next({ name: "Mill" }), "anna", "ben"),
      ["anna", "olaf"],
    ],
    [
      "roster",
      async (site) => signed("roster", await site.roster({ version: 2 }), "adam"),
      ["adam"],
    ],
    [
      "invitation",
      (site) => invitation(site, { kind: "edge", name: "Hall 2" }),
      ["anna", "olaf", "adam"],
    ],
    ["request", (site) => request(site, "vera"), ["vera", "joe"]],
    [
      "deny",
      async (site) => {
        const asked = (await site.verifiedRequest()).hash;
        return signed("deny", { site: site.id, request: asked, reason, issuedAt: paperAt }, "cleo");
      },
      ["anna", "cleo", "olaf"],
    ],
    [
      "grant",
      async (site) =>
        signed("grant", await site.grant(await site.verifiedRequest()), "anna", "cleo"),
      ["anna", "cleo"],
    ],
    [
      "revocation",
      (site) => {
        const scope = { kind: "person", id: "vera" };
        const payload = { site: site.id, edge: null, scope, reason, issuedAt: paperAt };
        return signed("revocation", payload, "cleo");
      },
      ["anna", "cleo", "olaf"],
    ],
    [
      "lockdown",
      (site) => {
        const nonce = toBase64Url(new Uint8Array(16));
        const payload = {
          site: site.id,
          scope: { kind: "site" },
          reason,
          issuedAt: paperAt,
          nonce,
        };
        return signed("lockdown", payload, "cleo");
      },
      ["anna", "cleo", "olaf"],
    ],
    [
      "lift",
      (site) => {
        const { id: edge } = site.edge;
        const payload = { site: site.id, edge, lockdown: strangeHash, reason, issuedAt: paperAt };
        return signed("lift", payload, "cleo");
      },
      ["anna", "cleo", "olaf"],
    ],
  ];
  for (const [type, make, may] of drops) {
    test(`a ${type} is dropped by those who may, and by nobody else`, async () => {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const token = await tokens(relay, site);
      await relay.drop(site, token.vera, (await site.verifiedRequest()).envelope);
      const claim = await invitation(site, { kind: "edge", name: "Hall 1" });
      const envelope = await make(site, claim);
      assert.is((await relay.drop(site, undefined, envelope)).status, 401, "nobody");
      for (const name of people.filter((item) => !may.includes(item))) {
        const refusal = await relay.drop(site, token[name], envelope);
        assert.equal([refusal.status, refusal.body.code], [403, "forbidden"], name);
      }
      const [first = "anna", ...others] = may;
      const taken = await relay.drop(site, token[first], envelope);
      assert.equal([taken.status, taken.body.state], [201, "complete"], taken.body.message);
      assert.is(taken.body.hash, await hashEnvelope(envelope));
      for (const name of others) {
        const again = await relay.drop(site, token[name], envelope);
        assert.equal([again.status, again.body.seq], [200, taken.body.seq], name);
      }
    });
  }

  const rubbish: readonly [note: string, make: Make, dropper: Name, code: string][] = [
    [
      "a request that another person signed",
      (site) => request(site, "joe", { vendor: "vera" }),
      "vera",
      "signature_invalid",
    ],
    [
      "a request of another site",
      async () => request(await twinSite(), "vera"),
      "vera",
      "document_invalid",
    ],
    [
      "a grant for a request that nobody made",
      async (site) => {
        const asked = await site.verifiedRequest({ nonce: toBase64Url(suite.randomBytes(16)) });
        return signed("grant", await site.grant(asked), "anna", "cleo");
      },
      "anna",
      "not_found",
    ],
    [
      "a manifest that skips a version",
      (site) => signed("manifest", { ...site.next(), version: 3 }, "anna", "ben"),
      "anna",
      "conflict",
    ],
    [
      "a roster of no higher version",
      async (site) => signed("roster", await site.roster({ issuedAt: paperAt - 1 }), "adam"),
      "adam",
      "document_invalid",
    ],
    [
      "a receipt",
      (site) => signed("receipt", { site: site.id }, "edge"),
      "anna",
      "document_invalid",
    ],
    [
      "a document of an unknown type",
      (site) => signed("wish", { site: site.id }, "anna"),
      "anna",
      "document_invalid",
    ],
    [
      "an invitation by an administrator to be a person of the site",
      (site) =>
        invitation(site, { kind: "person", id: "eve", name: "Eve", roles: ["owner"] }, "adam"),
      "adam",
      "signature_invalid",
    ],
  ];
  for (const [note, make, dropper, code] of rubbish) {
    test(`${note} is refused, and nothing of it is kept`, async () => {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const token = await tokens(relay, site);
      const log = () => relay.call("GET", `/sites/${site.id}/documents`, { token: token.anna });
      const before = (await log()).body.after;
      const envelope = await make(site, site.chain.held.envelope);
      const answer = await relay.drop(site, token[dropper], envelope);
      assert.is(answer.body.code, code, answer.body.message);
      assert.is((await log()).body.after, before);
    });
  }

  test("a quorum's signatures are joined, in whatever order they come", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await tokens(relay, site);
    const asked = await site.verifiedRequest();
    await relay.drop(site, token.vera, asked.envelope);
    const grant = await site.grant(asked);
    const first = await signed("grant", grant, "anna");
    const second = await signed("grant", grant, "cleo");
    const partial = await relay.drop(site, token.anna, first);
    assert.equal([partial.status, partial.body.state], [201, "partial"]);
    const again = await relay.drop(site, token.anna, first);
    assert.equal([again.status, again.body.seq], [200, partial.body.seq]);
    const whole = await relay.drop(site, token.cleo, second);
    assert.equal([whole.status, whole.body.state], [201, "complete"]);
    const path = `/sites/${site.id}/documents/${whole.body.hash}`;
    const { body } = await relay.call("GET", path, { token: token.vera });
    assert.equal(body.envelope, json(await addSignatures(first, [await signerOf("cleo")])));
  });
  test("a forged signature joins nothing", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await tokens(relay, site);
    const asked = await site.verifiedRequest();
    await relay.drop(site, token.vera, asked.envelope);
    const grant = await site.grant(asked);
    await relay.drop(site, token.anna, await signed("grant", grant, "anna"));
    for (const name of ["vera", "olaf", "mallory"]) {
      const forged = await relay.drop(site, token.anna, await signed("grant", grant, name));
      assert.equal([forged.status, forged.body.code], [400, "signature_invalid"], name);
    }
  });
  test("owners of a manifest sign one after the other, and it is in force with the last", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const anna = await relay.signIn("anna");
    const next = site.next({ name: "New mill" });
    const path = `/sites/${site.id}/manifests`;
    const versions = async () =>
      (await relay.call("GET", path, { token: anna })).body.manifests.map((item) => item.version);
    const partial = await relay.drop(site, anna, await signed("manifest", next, "anna"));
    assert.is(partial.body.state, "partial");
    assert.equal(await versions(), [1]);
    const whole = await relay.drop(site, anna, await signed("manifest", next, "olaf"));
    assert.is(whole.body.state, "complete");
    assert.equal(await versions(), [1, 2]);
    const sibling = await signed("manifest", site.next({ name: "Fork" }), "anna", "ben");
    const fork = await relay.drop(site, anna, sibling);
    assert.equal([fork.status, fork.body.code], [409, "manifest_fork"]);
    assert.equal(
      (await relay.call("GET", `${path}?from=2`, { token: anna })).body.manifests.length,
      1,
    );
  });
  test("a long chain of manifests is read in pages", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const anna = await relay.signIn("anna");
    let newest = site;
    for (let version = 2; version <= 20; version += 1) {
      newest = await newest.succeed({ name: `Mill ${version}` });
      await relay.drop(site, anna, newest.chain.held.envelope);
    }
    const page = async (from: number) => {
      const path = `/sites/${site.id}/manifests?from=${from}`;
      const { body } = await relay.call("GET", path, { token: anna });
      return [body.manifests.map(({ version }) => version), body.newest] as const;
    };
    assert.equal(await page(1), [Array.from({ length: 16 }, (_, at) => at + 1), 20]);
    assert.equal(await page(17), [[17, 18, 19, 20], 20]);
    assert.equal(await page(21), [[], 20]);
  });
  test("a manifest by the recovery key waits for 72 hours and for no veto", async () => {
    for (const isVetoed of [false, true]) {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const next = await signed(
        "manifest",
        site.next({ name: "Recovered" }),
        "anna",
        "ben",
        "recovery",
      );
      const take = async () =>
        (await relay.drop(site, await relay.signIn("anna"), next)).body.state;
      assert.is(await take(), "recovering");
      relay.clock.advanceMs(71 * 3_600_000);
      assert.is(await take(), "recovering");
      if (isVetoed) {
        const scope = { kind: "manifest", id: await hashEnvelope(next) };
        const veto = { site: site.id, edge: null, scope, reason, issuedAt: paperAt };
        const envelope = await signed("revocation", veto, "olaf");
        assert.is((await relay.drop(site, await relay.signIn("olaf"), envelope)).status, 201);
      }
      relay.clock.advanceMs(3_600_000);
      assert.is(await take(), isVetoed ? "recovering" : "complete");
    }
  });

  test("an invitation admits one introduction without a sign-in, a second voids both, a third is refused", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const anna = await relay.signIn("anna");
    const claim = await invitation(site, { kind: "edge", name: "Hall 2" });
    const early = await relay.drop(site, undefined, await introductionOf(site, claim, "box"));
    assert.equal([early.status, early.body.code], [404, "not_found"], "no such claim on file");
    await relay.drop(site, anna, claim);
    const path = `/sites/${site.id}/invitations/${await hashEnvelope(claim)}`;
    const state = async () => (await relay.call("GET", path)).body.state;
    assert.is(await state(), "open");
    for (const [name, status, expected] of [
      ["box", 201, "introduced"],
      ["box", 200, "introduced"],
      ["mallory's box", 201, "void"],
      ["a third box", 409, "void"],
    ] as const) {
      const answer = await relay.drop(site, undefined, await introductionOf(site, claim, name));
      assert.is(answer.status, status, `${name}: ${answer.body.message}`);
      assert.is(await state(), expected);
    }
    const edges = (await relay.call("GET", `/sites/${site.id}/edges`, { token: anna })).body.edges;
    assert.equal(edges.map((edge) => edge.state).toSorted(), [
      "admitted",
      "introduced",
      "introduced",
    ]);
    const other = await invitation(site, { kind: "edge", name: "Hall 3" });
    await relay.drop(site, anna, other);
    relay.clock.advanceMs(3_601_000);
    const late = await relay.drop(site, undefined, await introductionOf(site, other, "late"));
    assert.is(late.body.code, "expired");
    const unknown = await relay.call("GET", `/sites/${site.id}/invitations/${strangeHash}`);
    assert.is(unknown.status, 404);
  });
  test("an introduction that lacks a key's own signature is refused", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const claim = await invitation(site, { kind: "edge", name: "Hall 2" });
    await relay.drop(site, await relay.signIn("anna"), claim);
    const whole = await introductionOf(site, claim, "box");
    const cut = { ...whole, signatures: whole.signatures.slice(0, 1) };
    const answer = await relay.drop(site, undefined, cut);
    assert.is(answer.body.code, "threshold_missed");
  });

  test("everybody sees what concerns them and nothing else", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await tokens(relay, site);
    const asked = await site.verifiedRequest({ targets: [hmi] });
    await relay.drop(site, token.vera, asked.envelope);
    await relay.drop(site, token.joe, await request(site, "joe"));
    const grant = await signed("grant", await site.grant(asked), "anna");
    assert.is((await relay.drop(site, token.anna, grant)).body.state, "complete");
    const technician = { kind: "technician", company: "acme", id: "acme/kim", name: "Kim" };
    await relay.drop(site, token.adam, await invitation(site, technician, "adam"));
    await relay.drop(site, token.anna, await invitation(site, { kind: "edge", name: "Hall 2" }));
    const seen = async (name: Name) => {
      const { body } = await relay.call("GET", `/sites/${site.id}/documents`, {
        token: token[name],
      });
      return body.documents.map((item) => item.type).join(" ");
    };
    const all = "manifest roster request request grant invitation invitation";
    assert.is(await seen("anna"), all);
    assert.is(await seen("dora"), all);
    assert.is(await seen("cleo"), "manifest roster request request grant");
    assert.is(await seen("vera"), "manifest request grant");
    assert.is(await seen("joe"), "manifest roster request");
    assert.is(await seen("adam"), "manifest roster invitation");
    const path = `/sites/${site.id}/documents/${asked.hash}`;
    assert.is((await relay.call("GET", path, { token: token.vera })).status, 200);
    assert.is((await relay.call("GET", path, { token: token.joe })).status, 404);
    assert.is((await relay.call("GET", path, { token: token.adam })).status, 404);
  });
  test("a reader waits for the next entry, is woken by it, and not by what is not for them", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await tokens(relay, site);
    const path = `/sites/${site.id}/documents?type=request,grant&wait=30`;
    const vera = relay.call("GET", path, { token: token.vera });
    const cleo = relay.call("GET", path, { token: token.cleo });
    await relay.drop(site, token.joe, await request(site, "joe"));
    const first = await cleo;
    assert.equal(
      first.body.documents.map((item) => item.type),
      ["request"],
    );
    await relay.drop(site, token.vera, await request(site, "vera"));
    const own = await vera;
    assert.is(own.body.documents.length, 1);
    assert.ok(own.body.after > first.body.after);
    const rest = await relay.call("GET", `${path}&after=${first.body.after}`, {
      token: token.cleo,
    });
    assert.is(rest.body.documents[0]?.hash, own.body.documents[0]?.hash);
    const empty = relay.call("GET", `${path}&after=${own.body.after}`, { token: token.cleo });
    const none = await turnUntil(relay.clock, empty);
    assert.equal(none.body.documents, []);
  });
  test("a wait of more than 30 seconds, an unknown type and an unknown key are refused by name", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("anna");
    for (const [query, field] of [
      ["wait=31", "wait"],
      ["type=request,wish", "type"],
      ["sort=up", "sort"],
      ["after=-1", "after"],
      ["limit=all", "limit"],
    ]) {
      const answer = await relay.call("GET", `/sites/${site.id}/documents?${query}`, { token });
      assert.equal([answer.status, answer.body.field], [400, field], query);
    }
  });
  test("the log is read on in pieces, and outlasts a restart", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("vera");
    const sent: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      sent.push((await relay.drop(site, token, await request(site, "vera"))).body.hash);
    }
    await relay.restart();
    const read: string[] = [];
    let after = 0;
    for (;;) {
      const path = `/sites/${site.id}/documents?type=request&limit=2&after=${after}`;
      const { body } = await relay.call("GET", path, { token });
      if (body.documents.length === 0) break;
      read.push(...body.documents.map((item) => item.hash));
      after = body.after;
    }
    assert.equal(read, sent);
  });
  test("a person who drops too many documents is told to slow down", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("vera");
    const body = { envelope: json(await request(site, "vera")) };
    const path = `/sites/${site.id}/documents`;
    let status = 0;
    for (let count = 0; count < 250 && status !== 429; count += 1) {
      ({ status } = await relay.call("POST", path, { token, body }));
    }
    assert.is(status, 429);
    const other = await relay.drop(site, await relay.signIn("anna"), site.chain.held.envelope);
    assert.is(other.status, 200, "others go on");
  });
});
