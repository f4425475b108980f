// Drafts: who may read and write them, that one does not overwrite another's unseen, and their bounds. They decide nothing.
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import { PaperSite, signed } from "../document/paper-site.ts";
import { relayWithSite } from "./running-relay.ts";

const content = { targets: [{ id: "hmi-2", name: "Press", note: "<b>old</b>" }], people: [] };

await group("relay drafts", { timeoutMs: 10_000 }, (test) => {
  test("a draft is kept as it was given, with its author, time and version, until somebody deletes it", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const anna = await relay.signIn("anna");
    const cleo = await relay.signIn("cleo");
    const path = `/sites/${site.id}/drafts/line-2`;
    const made = await relay.call("PUT", path, { token: cleo, body: { content } });
    assert.equal([made.status, made.body.version], [201, 1]);
    const read = await relay.call("GET", path, { token: anna });
    const at = Math.floor(relay.clock.wallMs() / 1000);
    const about = { name: "line-2", version: 1, author: "cleo", authorToken: null, at };
    assert.equal(read.body, { ...about, content });
    const listed = await relay.call("GET", `/sites/${site.id}/drafts`, { token: anna });
    assert.equal(listed.body.drafts, [{ ...about, bytes: JSON.stringify(content).length }]);
    const changed = await relay.call("PUT", path, { token: anna, body: { content: {} } });
    assert.equal([changed.status, changed.body.version], [200, 2]);
    assert.is((await relay.call("DELETE", path, { token: anna })).status, 204);
    assert.is((await relay.call("GET", path, { token: anna })).status, 404);
    assert.is((await relay.call("DELETE", path, { token: anna })).status, 404);
  });
  test("a change of what one has not seen is a conflict, and changes nothing", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("anna");
    const path = `/sites/${site.id}/drafts/next`;
    const put = async (replaces: number | null, text: string) =>
      (await relay.call("PUT", path, { token, body: { content: { text }, replaces } })).status;
    assert.is(await put(1, "of one that is not there"), 409);
    assert.is(await put(null, "first"), 201);
    assert.is(await put(null, "made again"), 409);
    assert.is(await put(1, "second"), 200);
    assert.is(await put(1, "of an old one"), 409);
    assert.equal((await relay.call("GET", path, { token })).body.content, { text: "second" });
  });
  test("owners, approvers and auditors keep drafts; vendors and administrators do not, nor does another site", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const twin = await PaperSite.make((manifest) => ({
      ...manifest,
      name: "Twin",
      persons: manifest.persons.filter((person) => person.id !== "cleo"),
    }));
    await relay.register(twin);
    const roster = await signed("roster", await site.roster(), "adam");
    await relay.drop(site, await relay.signIn("adam"), roster);
    const people: readonly [name: string, may: boolean][] = [
      ["anna", true],
      ["cleo", true],
      ["dora", true],
      ["olaf", true],
      ["vera", false],
      ["adam", false],
      ["joe", false],
    ];
    for (const [name, may] of people) {
      const token = await relay.signIn(name);
      const path = `/sites/${site.id}/drafts`;
      const put = await relay.call("PUT", `${path}/${name}`, { token, body: { content } });
      const list = await relay.call("GET", path, { token });
      const read = await relay.call("GET", `${path}/anna`, { token });
      const removed = await relay.call("DELETE", `${path}/${name}`, { token });
      const statuses = [put.status, list.status, removed.status];
      assert.equal(statuses, may ? [201, 200, 204] : [403, 403, 403], name);
      if (!may) assert.is(read.status, 403, name);
      if (name === "anna") {
        await relay.call("PUT", `${path}/anna`, { token, body: { content } });
      }
    }
    const cleo = await relay.signIn("cleo");
    for (const path of ["drafts", "drafts/anna"]) {
      assert.is(
        (await relay.call("GET", `/sites/${twin.id}/${path}`, { token: cleo })).status,
        404,
      );
    }
    const there = await relay.call("PUT", `/sites/${twin.id}/drafts/x`, {
      token: cleo,
      body: { content },
    });
    assert.is(there.status, 404);
    assert.is((await relay.call("GET", `/sites/${site.id}/drafts`)).status, 401);
  });
  test("a draft by a token of limited scope names the token", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const anna = await relay.signIn("anna");
    const expiresAt = Math.floor(relay.clock.wallMs() / 1000) + 3600;
    const { body } = await relay.call("POST", `/sites/${site.id}/api-tokens`, {
      token: anna,
      body: { name: "integrator's laptop", scope: "draft", expiresAt },
    });
    const path = `/sites/${site.id}/drafts/boxes`;
    const put = await relay.call("PUT", path, { token: body.token, body: { content } });
    assert.is(put.status, 201, put.body.message);
    const listed = await relay.call("GET", `/sites/${site.id}/drafts`, { token: anna });
    const [draft] = listed.body.drafts;
    assert.equal([draft?.author, draft?.authorToken], ["anna", "integrator's laptop"]);
  });
  const bounds: readonly [note: string, name: string, content: unknown, status: number][] = [
    ["of 128 KiB", "big", { text: "x".repeat(128 * 1024 - 11) }, 201],
    ["of a byte more", "big", { text: "x".repeat(128 * 1024 - 10) }, 400],
    ["that is no object", "odd", "text", 400],
    ["that is a list", "odd", [], 400],
    ["of none", "odd", null, 400],
    ["with a name of capitals", "Big", {}, 400],
    ["with a dot in its name", "..", {}, 404],
    ["with a name of 61 letters", "x".repeat(61), {}, 400],
    ["with a name of 60 letters", "x".repeat(60), {}, 201],
  ];
  for (const [note, name, given, status] of bounds) {
    test(`a draft ${note} is ${status === 201 ? "kept" : "refused"}`, async () => {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const token = await relay.signIn("anna");
      const path = `/sites/${site.id}/drafts/${name}`;
      const answer = await relay.call("PUT", path, { token, body: { content: given } });
      assert.is(answer.status, status, JSON.stringify(answer.body));
    });
  }
  test("a body that would reach into a prototype is refused", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("anna");
    const response = await fetch(`${relay.url}/api/sites/${site.id}/drafts/odd`, {
      method: "PUT",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: '{"content":{"__proto__":{"roles":["owner"]}}}',
    });
    assert.is(response.status, 400);
    await response.arrayBuffer();
  });
  test("a site has twenty drafts and no more; one of them can be changed still", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("anna");
    const put = async (name: string) =>
      (await relay.call("PUT", `/sites/${site.id}/drafts/${name}`, { token, body: { content } }))
        .status;
    for (let count = 0; count < 20; count += 1) assert.is(await put(`draft-${count}`), 201);
    assert.is(await put("one-more"), 409);
    assert.is(await put("draft-3"), 200);
  });
  test("a draft changes nothing of the site", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const token = await relay.signIn("anna");
    const path = `/sites/${site.id}`;
    const before = await relay.call("GET", `${path}/documents`, { token });
    const next = { ...site.next(), name: "Another name" };
    await relay.call("PUT", `${path}/drafts/next`, { token, body: { content: next } });
    const after = await relay.call("GET", `${path}/documents`, { token });
    assert.equal(after.body, before.body);
    assert.is((await relay.call("GET", "/session", { token })).body.sites[0]?.name, "Paper mill");
  });
});
