// Signing in by key: one nonce, one relay, one person; a token is good as long as its key is in the manifest, and only at its sites.
import * as assert from "uvu/assert";
import { toBase64Url } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";
import { PaperSite, signed, twinSite } from "../document/paper-site.ts";
import { json, relayName, relayWithSite, RunningRelay } from "./running-relay.ts";

const strange = toBase64Url(new Uint8Array(32).fill(3));

await group("relay sign-in", { timeoutMs: 8000 }, (test) => {
  test("a person signs in and learns who they are at each site", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const twin = await twinSite();
    await relay.register(twin);
    const answer = await relay.trySignIn("anna");
    assert.is(answer.status, 201);
    assert.is(answer.body.expiresAt, Math.floor(relay.clock.wallMs() / 1000) + 12 * 3600);
    const sites = answer.body.sites.toSorted((left, right) => (left.name < right.name ? -1 : 1));
    assert.equal(sites, [
      { site: site.id, name: "Paper mill", person: "anna", roles: ["owner", "approver"] },
      { site: twin.id, name: "Paper mill 2", person: "anna", roles: ["owner", "approver"] },
    ]);
    const again = await relay.call("GET", "/sign-in", { token: answer.body.token });
    assert.is(again.status, 200);
    assert.is(again.body.sites.length, 2);
  });
  test("a technician of a fresh roster and an administrator sign in", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const adam = await relay.trySignIn("adam");
    assert.equal(adam.body.sites[0]?.roles, ["administrator"]);
    assert.is((await relay.trySignIn("joe")).status, 401);
    const roster = await signed("roster", await site.roster(), "adam");
    assert.is((await relay.drop(site, adam.body.token, roster)).status, 201);
    const joe = await relay.trySignIn("joe");
    assert.is(joe.body.sites[0]?.person, "acme/joe");
    relay.clock.advanceMs(8 * 24 * 3_600_000);
    assert.is((await relay.trySignIn("joe")).status, 401, "the roster is no longer fresh");
  });
  const refusals: readonly [note: string, name: string, change: object, status: number][] = [
    ["a key that no site knows", "mallory", {}, 401],
    ["another person's name", "anna", { person: "ben" }, 401],
    ["a site that is not here", "anna", { site: strange }, 401],
    ["another relay's name", "anna", { relay: "relay.example.com" }, 401],
    ["a nonce that this relay did not give", "anna", { nonce: strange }, 401],
  ];
  for (const [note, name, change, status] of refusals) {
    test(`a sign-in with ${note} is refused`, async () => {
      const { relay } = await relayWithSite();
      await using _relay = relay;
      const answer = await relay.trySignIn(name, change);
      assert.is(answer.status, status, JSON.stringify(answer.body));
      assert.is(answer.body.code, "unauthorised");
    });
  }
  test("a nonce counts once, and not after two minutes, also after a restart", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const answerTo = async (nonce: string) => {
      const payload = { relay: relayName, nonce, person: null, site: null, issuedAt: 0 };
      const envelope = json(await signed("sign-in", payload, "anna"));
      return (await relay.call("POST", "/sign-in", { body: { envelope } })).status;
    };
    const ask = async () => (await relay.call("POST", "/sign-in/nonce")).body.nonce;
    const first = await ask();
    const second = await ask();
    assert.is(await answerTo(first), 201);
    assert.is(await answerTo(first), 401);
    await relay.restart();
    assert.is(await answerTo(first), 401, "replayed after a restart");
    relay.clock.advanceMs(121_000);
    assert.is(await answerTo(second), 401, "too old");
  });
  test("a sign-in that somebody else signed is refused", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const { body } = await relay.call("POST", "/sign-in/nonce");
    const payload = { relay: relayName, nonce: body.nonce, person: null, site: null, issuedAt: 0 };
    const mine = await signed("sign-in", payload, "mallory");
    const anna = await signed("sign-in", payload, "anna");
    const [signature] = mine.signatures;
    const [named] = anna.signatures;
    assert.ok(signature && named);
    const forged = { ...mine, signatures: [{ ...signature, keyid: named.keyid }] };
    const answer = await relay.call("POST", "/sign-in", { body: { envelope: json(forged) } });
    assert.is(answer.body.code, "signature_invalid");
  });
  test("a token ends after twelve hours, at sign-out, and never was one if it is made up", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const path = `/sites/${site.id}/manifests`;
    const token = await relay.signIn("anna");
    assert.is((await relay.call("GET", path, { token })).status, 200);
    assert.is((await relay.call("GET", path)).status, 401);
    assert.is((await relay.call("GET", path, { token: strange })).status, 401);
    assert.is((await relay.call("DELETE", "/sign-in", { token })).status, 204);
    assert.is((await relay.call("GET", path, { token })).status, 401);
    const later = await relay.signIn("anna");
    relay.clock.advanceMs(12 * 3_600_000);
    assert.is((await relay.call("GET", path, { token: later })).status, 401);
  });
  test("a key that leaves the manifest is out at once", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const vera = await relay.signIn("vera");
    const path = `/sites/${site.id}/manifests`;
    assert.is((await relay.call("GET", path, { token: vera })).status, 200);
    const persons = site.manifest.persons.filter((person) => person.id !== "vera");
    const next = await signed("manifest", site.next({ persons }), "anna", "ben");
    assert.is((await relay.drop(site, await relay.signIn("anna"), next)).status, 201);
    assert.is((await relay.call("GET", path, { token: vera })).status, 404);
  });
  test("a token for one site is unknown at another, and so is a person of the other", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const twin = await PaperSite.make((manifest) => ({
      ...manifest,
      name: "Twin",
      persons: manifest.persons.filter((person) => person.id !== "vera"),
    }));
    await relay.register(twin);
    const narrow = await relay.signIn("anna", site);
    const vera = await relay.signIn("vera");
    for (const token of [narrow, vera]) {
      assert.is((await relay.call("GET", `/sites/${site.id}/manifests`, { token })).status, 200);
      for (const path of ["manifests", "documents", "edges", "sessions", "totp", "audit"]) {
        const there = await relay.call("GET", `/sites/${twin.id}/${path}`, { token });
        const nowhere = await relay.call("GET", `/sites/${strange}/${path}`, { token });
        assert.is(there.status, 404, path);
        assert.equal(there.body, nowhere.body, "another site is answered like none");
      }
    }
  });
  test("strangers who ask too often are told to slow down", async () => {
    await using relay = await RunningRelay.start();
    const statuses: number[] = [];
    for (let count = 0; count < 61; count += 1) {
      statuses.push((await relay.call("POST", "/sign-in/nonce")).status);
    }
    assert.equal([statuses.indexOf(429), statuses.length], [60, 61]);
    const refusal = await relay.call("POST", "/sign-in/nonce");
    assert.is(refusal.body.code, "rate_limited");
    assert.is(refusal.headers.get("retry-after"), "1");
    relay.clock.advanceMs(1000);
    assert.is((await relay.call("POST", "/sign-in/nonce")).status, 200);
  });
});
