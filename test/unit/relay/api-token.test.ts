// Tokens of limited scope: each thing that one may, beside what it may not; its end, its revocation, and what is kept of it.
import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";
import { PaperSite, signed, transcript } from "../document/paper-site.ts";
import { askForChannel, RelayPage } from "./relay-page.ts";
import { json, relayWithSite, type Answer, type RunningRelay } from "./running-relay.ts";

const daySeconds = 24 * 3600;

/** Asks for a token as the key of a name. */
async function make(
  relay: RunningRelay,
  site: PaperSite,
  name: string,
  change: object = {},
): Promise<Answer> {
  const token = await relay.signIn(name);
  const expiresAt = Math.floor(relay.clock.wallMs() / 1000) + 30 * daySeconds;
  const body = { name: "nightly", scope: "read", expiresAt, ...change };
  return relay.call("POST", `/sites/${site.id}/api-tokens`, { token, body });
}

async function tokenOf(
  relay: RunningRelay,
  site: PaperSite,
  name: string,
  scope: "read" | "draft",
): Promise<string> {
  const answer = await make(relay, site, name, { scope });
  assert.is(answer.status, 201, answer.body.message);
  return answer.body.token;
}

type Row = readonly [what: string, method: string, path: string, body: unknown, allowed: string];

/** With what each may be asked; a token of the scope that is named, a sign-in by key always. */
async function rows(site: PaperSite): Promise<readonly Row[]> {
  const next = json(await signed("manifest", site.next(), "anna", "ben"));
  const stop = { edge: site.edge.id, scope: "edge", id: null };
  const expiresAt = 2_000_000_000;
  return [
    ["reads the log", "GET", "documents", undefined, "read draft"],
    ["reads manifests", "GET", "manifests", undefined, "read draft"],
    ["reads edges", "GET", "edges", undefined, "read draft"],
    ["reads sessions", "GET", "sessions", undefined, "read draft"],
    ["reads the relay's record", "GET", "audit", undefined, "read draft"],
    ["reads drafts", "GET", "drafts", undefined, "read draft"],
    ["writes a draft", "PUT", "drafts/line-two", { content: { targets: [] } }, "draft"],
    ["deletes a draft", "DELETE", "drafts/line-two", undefined, "draft"],
    ["drops a document", "POST", "documents", { envelope: next }, ""],
    ["stops an edge", "POST", "stops", stop, ""],
    [
      "asks for an attestation",
      "POST",
      "attestations",
      { code: "1", transcriptHash: transcript },
      "",
    ],
    ["looks at the second factor", "GET", "totp", undefined, ""],
    ["enrols a second factor", "POST", "totp", {}, ""],
    ["confirms a second factor", "POST", "totp/confirm", { code: "123456" }, ""],
    ["resets another's second factor", "POST", "totp/reset", { person: "ben" }, ""],
    ["sets a password", "PUT", "account", { name: "anna", password: "x", code: "1" }, ""],
    [
      "changes a password",
      "POST",
      "account/password",
      { password: "x", newPassword: "y", code: "1" },
      "",
    ],
    ["makes recovery codes", "POST", "account/recovery-codes", { password: "x", code: "1" }, ""],
    ["removes a password", "POST", "account/remove", { code: "1" }, ""],
    ["lists tokens", "GET", "api-tokens", undefined, ""],
    ["makes a token", "POST", "api-tokens", { name: "more", scope: "read", expiresAt }, ""],
    ["ends a token", "DELETE", "api-tokens/some", undefined, ""],
  ];
}

await group("relay tokens of limited scope", { timeoutMs: 15_000 }, (test) => {
  for (const scope of ["read", "draft"] as const) {
    test(`a token of scope ${scope} may what it says and nothing else, a sign-in by key may all of it`, async () => {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const token = await tokenOf(relay, site, "anna", scope);
      const byKey = await relay.signIn("anna");
      await relay.call("PUT", `/sites/${site.id}/drafts/line-two`, {
        token: byKey,
        body: { content: {} },
      });
      for (const [what, method, path, body, allowed] of await rows(site)) {
        const where = `/sites/${site.id}/${path}`;
        const answer = await relay.call(method, where, { token, body });
        const isRefused = answer.status === 403 && answer.body.message.includes("scope");
        assert.is(isRefused, !allowed.includes(scope), `${what}: ${JSON.stringify(answer.body)}`);
        if (!isRefused) assert.ok(answer.status < 300, `${what}: ${answer.status}`);
        const owner = await relay.call(method, where, { token: byKey, body });
        assert.not.match(owner.body.message ?? "", /scope/, what);
      }
    });
  }
  test("a token signs nobody out, joins no key, and opens no channel", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await tokenOf(relay, site, "anna", "draft");
    for (const [method, path] of [
      ["DELETE", "/session"],
      ["DELETE", "/sign-in"],
      ["POST", "/session/everywhere-out"],
    ] as const) {
      const body = method === "POST" ? {} : undefined;
      assert.is((await relay.call(method, path, { token, body })).status, 403, path);
    }
    const envelope = json(site.chain.held.envelope);
    const joined = await relay.call("POST", "/session/browser-key", { token, body: { envelope } });
    assert.is(joined.status, 403);
    const page = new RelayPage(relay);
    page.cookie = `__Host-sallyport=${token}`;
    assert.is(await page.status(), 401, "it is no cookie");
    const channel = async (bearer: string) =>
      askForChannel(relay, site.edge.id, { authorization: `Bearer ${bearer}` });
    assert.equal(await channel(token), ["403", "forbidden"]);
    assert.equal(await channel(await relay.signIn("anna")), ["503", "unreachable"]);
    assert.is((await relay.call("GET", "/session", { token })).status, 200, "it is still good");
  });
  test("it says of itself what it is, and nothing of what protects the person", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    await (await RelayPage.signedIn(relay, "anna")).enrol(site);
    const token = await tokenOf(relay, site, "anna", "read");
    const { body } = await relay.call("GET", "/session", { token });
    assert.equal([body.method, body.isPage, body.idleSeconds], ["api-token", false, null]);
    assert.equal([body.apiToken?.name, body.apiToken?.scope], ["nightly", "read"]);
    assert.equal([body.sites[0]?.totp, body.sites[0]?.account], ["none", null]);
  });
  test("a token is of one site and sees there what its maker sees", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const twin = await PaperSite.make((manifest) => ({ ...manifest, name: "Twin" }));
    await relay.register(twin);
    const token = await tokenOf(relay, site, "vera", "read");
    assert.is((await relay.call("GET", `/sites/${site.id}/documents`, { token })).status, 200);
    assert.is((await relay.call("GET", `/sites/${twin.id}/documents`, { token })).status, 404);
    const audit = await relay.call("GET", `/sites/${site.id}/audit`, { token });
    assert.equal([audit.status, audit.body.code], [403, "forbidden"], "a vendor's");
    const drafts = await relay.call("GET", `/sites/${site.id}/drafts`, { token });
    assert.is(drafts.status, 403);
  });
  const asked: readonly [
    note: string,
    name: string,
    change: (now: number) => object,
    status: number,
  ][] = [
    ["for a year", "anna", (now) => ({ expiresAt: now + 365 * daySeconds }), 201],
    ["for longer than a year", "anna", (now) => ({ expiresAt: now + 367 * daySeconds }), 400],
    ["that is over", "anna", (now) => ({ expiresAt: now }), 400],
    ["of scope draft by an approver", "cleo", () => ({ scope: "draft" }), 201],
    ["of scope draft by a vendor", "vera", () => ({ scope: "draft" }), 403],
    ["of scope read by a vendor", "vera", () => ({ scope: "read" }), 201],
    ["of another scope", "anna", () => ({ scope: "admin" }), 400],
    ["without a name", "anna", () => ({ name: "" }), 400],
    ["with a line break in its name", "anna", () => ({ name: "a\nb" }), 400],
  ];
  for (const [note, name, change, status] of asked) {
    test(`a token ${note} is ${status === 201 ? "made" : "refused"}`, async () => {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const now = Math.floor(relay.clock.wallMs() / 1000) + 2; // signing in takes that long
      const answer = await make(relay, site, name, change(now));
      assert.is(answer.status, status, JSON.stringify(answer.body));
    });
  }
  test("a token ends at its end, when its maker ends it, and with its maker's key", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const path = `/sites/${site.id}/documents`;
    const read = async (token: string) => (await relay.call("GET", path, { token })).status;
    const vera = await tokenOf(relay, site, "vera", "read");
    const [first, second] = [
      await make(relay, site, "anna"),
      await make(relay, site, "anna", { name: "weekly" }),
    ];
    assert.equal([await read(first.body.token), await read(second.body.token)], [200, 200]);
    const one = `/sites/${site.id}/api-tokens/${first.body.id}`;
    const bens = await relay.call("DELETE", one, { token: await relay.signIn("ben") });
    assert.is(bens.status, 404, "not another's");
    const anna = await relay.signIn("anna");
    assert.is((await relay.call("DELETE", one, { token: anna })).status, 204);
    assert.equal([await read(first.body.token), await read(second.body.token)], [401, 200]);
    const persons = site.manifest.persons.filter((person) => person.id !== "vera");
    const next = await signed("manifest", site.next({ persons }), "anna", "ben");
    assert.is(await read(vera), 200);
    assert.is((await relay.drop(site, anna, next)).status, 201);
    assert.is(await read(vera), 404);
    relay.clock.advanceMs(30 * daySeconds * 1000);
    assert.is(await read(second.body.token), 401);
  });
  test("a token is shown once, listed without itself but with its last use, and kept as a hash", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const made = await make(relay, site, "anna");
    assert.match(made.body.token, /^spt_[A-Za-z0-9_-]{43}$/);
    const list = async (name: string) => {
      const path = `/sites/${site.id}/api-tokens`;
      return (await relay.call("GET", path, { token: await relay.signIn(name) })).body.tokens;
    };
    assert.equal(
      (await list("anna")).map(({ lastUsedAt }) => lastUsedAt),
      [null],
    );
    const { token } = made.body;
    await relay.call("GET", `/sites/${site.id}/edges`, { token });
    const usedAt = Math.floor(relay.clock.wallMs() / 1000);
    assert.equal(
      (await list("anna")).map(({ lastUsedAt }) => lastUsedAt),
      [usedAt],
    );
    assert.equal(await list("ben"), [], "one's own");
    const store = ["store.sqlite", "store.sqlite-wal"]
      .map((file) => readFileSync(relay.folder.file(file), "latin1"))
      .join("");
    assert.is(store.includes(token) || store.includes(token.slice(4)), false);
    assert.is(JSON.stringify(await list("anna")).includes(token.slice(4)), false);
    const strange = `spt_${toBase64Url(new Uint8Array(32).fill(3))}`;
    assert.is((await relay.call("GET", `/sites/${site.id}/edges`, { token: strange })).status, 401);
    const log = relay.lines.join("");
    assert.is(log.includes(token.slice(4)), false);
    const events = (
      await relay.call("GET", `/sites/${site.id}/audit`, { token: await relay.signIn("anna") })
    ).body.entries.filter(({ event }) => event === "api-token-made");
    assert.equal(
      events.map(({ details }) => details),
      [{ name: "nightly", scope: "read" }],
    );
  });
  test("a person has twenty tokens at a site and no more", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const expiresAt = Math.floor(relay.clock.wallMs() / 1000) + daySeconds;
    const statuses: number[] = [];
    for (let count = 0; count < 21; count += 1) {
      const body = { name: `script ${count}`, scope: "read", expiresAt };
      statuses.push((await page.call("POST", `/sites/${site.id}/api-tokens`, body)).status);
    }
    assert.equal([statuses.indexOf(409), statuses.length], [20, 21]);
  });
});
