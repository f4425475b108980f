// Sign-ins of pages: a cookie that only the relay's own page can use, fresh each time, with limits; and signing out everywhere.
import { writeFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { parseRelayConfig } from "../../../broker/relay/config.ts";
import { startRelay } from "../../../broker/relay/app.ts";
import { passkeySigner } from "../../../shared/document/passkey.ts";
import type { PersonId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { PaperSite, signed, signerOf, suite, twinSite } from "../document/paper-site.ts";
import { SoftwarePasskey } from "../document/software-passkey.ts";
import { askForChannel, RelayPage, type Fields } from "./relay-page.ts";
import { relayWithSite, RunningRelay } from "./running-relay.ts";

/** A relay where anna has a passkey beside her browser's key. */
async function relayWithPasskey() {
  const passkey = new SoftwarePasskey("ES256");
  const { relay, site } = await relayWithSite((manifest) => ({
    ...manifest,
    persons: manifest.persons.map((person) =>
      person.id === "anna" ? { ...person, keys: [...person.keys, passkey.key] } : person,
    ),
  }));
  const touch = passkeySigner(suite, passkey.key, async (challenge) => passkey.assert(challenge));
  return { relay, site, touch };
}

await group("relay page sign-in", { timeoutMs: 20_000 }, (test) => {
  test("over HTTPS a page gets its sign-in as a cookie that no script and no sibling name can read or set", async () => {
    const { relay } = await relayWithSite(undefined, true);
    await using _relay = relay;
    const page = new RelayPage(relay);
    const answer = await page.signIn(await signerOf("anna"));
    assert.is(answer.status, 201, answer.body.message);
    assert.match(
      page.setCookie ?? "",
      /^__Host-sallyport=[A-Za-z0-9_-]{43}; Max-Age=43200; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    );
    assert.is(answer.body.token, undefined, "scripts of the page do not see it");
    assert.is((await page.call("GET", "/session")).body.method, "key");
    for (const field of ["access-control-allow-origin", "access-control-allow-credentials"]) {
      assert.is(answer.headers.get(field), null);
    }
  });
  test("a command gets a token and no cookie, as before", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const answer = await relay.trySignIn("anna");
    assert.equal(answer.headers.getSetCookie(), []);
    assert.match(answer.body.token, /^[A-Za-z0-9_-]{43}$/);
  });
  test("the session says who is signed in, how, and until when", async () => {
    const { relay, site, touch } = await relayWithPasskey();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const now = Math.floor(relay.clock.wallMs() / 1000);
    assert.equal((await page.call("GET", "/session")).body, {
      method: "key",
      isPage: true,
      expiresAt: now + 12 * 3600,
      idleSeconds: 3600,
      idleEndsAt: now + 3600,
      apiToken: null,
      sites: [
        {
          site: site.id,
          name: "Paper mill",
          person: "anna",
          displayName: "Name of anna",
          roles: ["owner", "approver"],
          totp: "none",
          account: null,
        },
      ],
    });
    const strong = new RelayPage(relay);
    assert.is((await strong.signIn(touch)).body.method, "passkey");
    assert.is((await strong.call("GET", "/session")).body.method, "passkey");
    const { body } = await relay.call("GET", "/session", { token: await relay.signIn("anna") });
    assert.equal([body.method, body.isPage, body.idleSeconds], ["key", false, null]);
  });
  const origins: readonly [note: string, fields: Fields, status: number][] = [
    ["the relay's own page", {}, 200],
    ["its own page that tells its origin", { origin: "own" }, 200],
    ["a page without our header, as any form or link is", { "sallyport-page": null }, 401],
    ["another site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }, 403],
    ["a sibling name", { "sec-fetch-site": "same-site", origin: "https://hmi.example.org" }, 403],
    ["an address bar or bookmark", { "sec-fetch-site": "none" }, 403],
    ["who does not say where from", { "sec-fetch-site": null }, 403],
    ["who says one thing and another", { origin: "https://evil.example" }, 403],
    ["a frame without an origin", { origin: "null" }, 403],
    ["another value of the header", { "sallyport-page": "2" }, 403],
  ];
  for (const [note, fields, status] of origins) {
    test(`a request with the cookie, by ${note}, is ${status === 200 ? "taken" : "refused"}`, async () => {
      const { relay, site } = await relayWithSite();
      await using _relay = relay;
      const page = await RelayPage.signedIn(relay, "anna");
      const told = { ...fields, ...(fields["origin"] === "own" && { origin: relay.url }) };
      for (const path of ["/session", `/sites/${site.id}/documents`]) {
        assert.is((await page.call("GET", path, undefined, told)).status, status, path);
      }
      if (status === 200) return;
      const out = await page.call("DELETE", "/session", undefined, told);
      const everywhere = await page.call("POST", "/session/everywhere-out", {}, told);
      assert.equal([out.status, everywhere.status], [status, status]);
      assert.is(await page.status(), 200, "nothing has changed");
    });
  }
  test("nobody is signed in from another site, neither by key nor by password", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = new RelayPage(relay);
    const foreign = { "sec-fetch-site": "cross-site", origin: "https://evil.example" };
    const byKey = await page.signIn(await signerOf("anna"), {}, foreign);
    const bare = { ...foreign, "sallyport-page": null };
    const asCommand = await page.signIn(await signerOf("anna"), {}, bare);
    const proof = { name: "anna", password: "never mind what", code: "123456" };
    const byPassword = await page.call("POST", "/sign-in/password", proof, foreign);
    const bareToo = await page.call("POST", "/sign-in/password", proof, bare);
    assert.equal([byKey.status, byPassword.status, bareToo.status], [403, 403, 400]);
    assert.is(asCommand.status, 201, "as any program can");
    assert.is(page.setCookie, undefined, "no cookie from any of them");
  });
  test("a preflight of another site's script is not answered with leave", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const asked = { origin: "https://evil.example", "access-control-request-method": "GET" };
    const answer = await page.call("OPTIONS", "/session", undefined, asked);
    assert.is(answer.status, 404);
    assert.is(answer.headers.get("access-control-allow-origin"), null);
  });
  test("a cookie is no bearer's token and a bearer's token no cookie", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const [, ofPage = ""] = page.cookie?.split("=") ?? [];
    const ofCommand = await relay.signIn("anna");
    assert.is((await relay.call("GET", "/session", { token: ofPage })).status, 401);
    assert.is((await relay.call("GET", "/session", { token: ofCommand })).status, 200);
    page.cookie = `__Host-sallyport=${ofCommand}`;
    assert.is(await page.status(), 401);
    assert.is(
      (await page.call("GET", "/session", undefined, { authorization: `Bearer ${ofCommand}` }))
        .status,
      401,
    );
  });
  test("a sign-in takes no token that was there before, ends it, and is another one each time", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = new RelayPage(relay);
    const planted = `__Host-sallyport=${"A".repeat(43)}`;
    page.cookie = planted;
    await page.signIn(await signerOf("anna"));
    const first = page.cookie;
    assert.is.not(first, planted);
    await page.signIn(await signerOf("anna"));
    const second = page.cookie;
    assert.is.not(second, first);
    assert.is(await page.status(), 200);
    for (const old of [planted, first]) {
      page.cookie = old;
      assert.is(await page.status(), 401);
    }
  });
  test("two cookies of the name count as none", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const own = page.cookie;
    page.cookie = `other=1; ${own}`;
    assert.is(await page.status(), 200);
    const planted = `__Host-sallyport=${"A".repeat(43)}`;
    for (const both of [`${planted}; ${own}`, `${own}; ${planted}`]) {
      page.cookie = both;
      assert.is(await page.status(), 401);
    }
  });
  test("a page that nobody uses is signed out after an hour; use counts, polling by itself does not", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    relay.clock.advanceMs(59 * 60_000);
    assert.is(await page.status(), 200);
    relay.clock.advanceMs(59 * 60_000);
    assert.is(await page.status(), 200, "the use before counted");
    relay.clock.advanceMs(40 * 60_000);
    const poll = { "sallyport-background": "1" };
    assert.is((await page.call("GET", "/session", undefined, poll)).status, 200);
    relay.clock.advanceMs(20 * 60_000);
    assert.is(await page.status(), 401);
  });
  test("a page is signed out after twelve hours however much it is used; a command has no idle limit", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const token = await relay.signIn("anna");
    for (let hour = 0; hour < 14; hour += 1) {
      if (hour === 11) assert.is((await relay.call("GET", "/session", { token })).status, 200);
      assert.is(await page.status(), 200);
      relay.clock.advanceMs(50 * 60_000);
    }
    relay.clock.advanceMs(25 * 60_000);
    assert.is(await page.status(), 401);
    assert.is((await relay.call("GET", "/session", { token })).status, 401);
  });
  test("signing out ends this sign-in and takes the cookie away; others go on", async () => {
    const { relay } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const other = await RelayPage.signedIn(relay, "anna");
    const { cookie } = page;
    assert.is((await page.call("DELETE", "/session")).status, 204);
    assert.match(
      page.setCookie ?? "",
      /^__Host-sallyport=; Max-Age=0; Path=\/; Secure; HttpOnly; SameSite=Strict$/,
    );
    page.cookie = cookie;
    assert.is(await page.status(), 401);
    assert.is(await other.status(), 200);
  });
  test("a channel's upgrade takes the cookie from the relay's own page and from no other", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "vera");
    const edge = site.edge.id;
    const cookie = page.cookie ?? "";
    const taken = ["503", "unreachable"]; // the edge is away
    assert.equal(await askForChannel(relay, edge, { cookie, origin: relay.url }), taken);
    for (const origin of ["https://evil.example", `${relay.url}.evil.example`, "null"]) {
      assert.equal(
        await askForChannel(relay, edge, { cookie, origin }),
        ["403", "forbidden"],
        origin,
      );
    }
    assert.equal(await askForChannel(relay, edge, { cookie }), ["403", "forbidden"], "no origin");
    assert.equal(await askForChannel(relay, edge, { origin: relay.url }), ["401", "unauthorised"]);
    const authorization = `Bearer ${await relay.signIn("vera")}`;
    assert.equal(
      await askForChannel(relay, edge, { authorization }),
      taken,
      "a command tells none",
    );
  });
  test("signing out everywhere ends pages, commands and tokens of the person, and of nobody else", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const other = await RelayPage.signedIn(relay, "anna");
    const ben = await RelayPage.signedIn(relay, "ben");
    const command = await relay.signIn("anna");
    const expiresAt = Math.floor(relay.clock.wallMs() / 1000) + 3600;
    const asked = { name: "script", scope: "read", expiresAt };
    const made = await page.call("POST", `/sites/${site.id}/api-tokens`, asked);
    const script = made.body.token;
    const path = `/sites/${site.id}/documents`;
    const byToken = async (token: string) => (await relay.call("GET", path, { token })).status;
    assert.equal([await byToken(command), await byToken(script)], [200, 200]);
    const out = await page.call("POST", "/session/everywhere-out", {});
    assert.equal([out.status, out.body.locked], [200, false], "there is nothing stronger");
    assert.equal([await page.status(path), await other.status(path)], [401, 401]);
    assert.is(await other.status("/session"), 401);
    assert.equal([await byToken(command), await byToken(script)], [401, 401]);
    assert.is(await ben.status(path), 200);
    assert.is(await byToken(await relay.signIn("anna")), 200, "signed in anew");
    assert.is(await (await RelayPage.signedIn(relay, "anna")).status(path), 200);
  });
  test("after signing out everywhere a browser's key alone is refused until a passkey joined it in that browser; commands go on", async () => {
    const { relay, site, touch } = await relayWithPasskey();
    await using _relay = relay;
    const key = await signerOf("anna");
    const page = await RelayPage.signedIn(relay, "anna");
    const out = await page.call("POST", "/session/everywhere-out", {});
    assert.is(out.body.locked, true);
    const refusal = await page.signIn(key);
    assert.equal([refusal.status, refusal.body.field], [403, "code"]);
    assert.is((await relay.trySignIn("anna")).status, 403, "nor as if it were a command's");
    assert.is((await relay.trySignIn("ben")).status, 201, "another person's");
    assert.is((await page.signIn(touch)).status, 201);
    assert.is(await page.status(`/sites/${site.id}/documents`), 200);
    assert.is((await new RelayPage(relay).signIn(key)).status, 403, "not joined yet");
    const envelope = await page.signInDocument(await signerOf("ben"));
    const strange = await page.call("POST", "/session/browser-key", { envelope });
    assert.is(strange.status, 403, "another person's key");
    const own = { envelope: await page.signInDocument(key) };
    assert.is((await page.call("POST", "/session/browser-key", own)).status, 204);
    assert.is((await new RelayPage(relay).signIn(key)).status, 201);
    const weak = await RelayPage.signedIn(relay, "ben");
    const byKey = { envelope: await weak.signInDocument(await signerOf("ben")) };
    assert.is(
      (await weak.call("POST", "/session/browser-key", byKey)).status,
      403,
      "key vouches for key",
    );
  });
  test("a key that no browser held signs in as a command after signing out everywhere", async () => {
    const { relay, touch } = await relayWithPasskey();
    await using _relay = relay;
    const page = new RelayPage(relay);
    await page.signIn(touch);
    assert.is((await page.call("POST", "/session/everywhere-out", {})).body.locked, true);
    assert.is((await relay.trySignIn("anna")).status, 201);
    assert.is((await page.signIn(await signerOf("anna"))).status, 403, "and not to pages");
  });
  test("a code of the person's own beside the key opens pages again, a wrong, used or foreign one does not", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "anna");
    const ben = await RelayPage.signedIn(relay, "ben");
    const foreign = await ben.enrol(site);
    const secret = await page.enrol(site);
    const used = page.codeOf(secret);
    assert.is((await page.call("POST", "/session/everywhere-out", {})).body.locked, true);
    const key = await signerOf("anna");
    for (const make of [() => used, () => ben.freshCodeOf(foreign), () => "000000", () => ""]) {
      const code = make();
      const refusal = await page.signIn(key, { code });
      assert.equal([refusal.status, refusal.body.field], [403, "code"], code);
    }
    relay.clock.advanceMs(60_000);
    assert.is((await page.signIn(key, { code: page.freshCodeOf(secret) })).status, 201);
    assert.is((await new RelayPage(relay).signIn(key)).status, 201, "alone from now on");
  });
  test("signing out everywhere at one site says nothing of the same key at another", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const twin = await twinSite();
    await relay.register(twin);
    const token = await relay.signIn("anna", site);
    const wide = await relay.signIn("anna");
    assert.is(
      (await relay.call("POST", "/session/everywhere-out", { token, body: {} })).status,
      200,
    );
    const status = async (where: PaperSite) =>
      (await relay.call("GET", `/sites/${where.id}/documents`, { token: wide })).status;
    assert.equal([await status(site), await status(twin)], [401, 200]);
  });
  test("the use notice is told before sign-in, and its hash recorded with each sign-in of a page", async () => {
    using folder = temporaryFolder();
    const path = folder.file("notice.txt");
    writeFileSync(path, "Use is recorded.\nOnly for those who may.\n");
    await using relay = await RunningRelay.start(false, { SALLYPORT_RELAY_USE_NOTICE_FILE: path });
    const site = await PaperSite.make();
    await relay.register(site);
    const told = await relay.call("GET", "/relay");
    assert.is(told.body.useNotice, "Use is recorded.\nOnly for those who may.");
    const page = await RelayPage.signedIn(relay, "anna");
    await relay.signIn("anna");
    const { body } = await page.call("GET", `/sites/${site.id}/audit`);
    const notices = body.entries
      .filter(({ event }) => event === "signed-in")
      .map(({ details }) => (details as Record<string, unknown>)["use-notice"]);
    const hash = Buffer.from(
      await suite.sha256(new TextEncoder().encode(told.body.useNotice ?? "")),
    ).toString("base64url");
    assert.equal(notices, [hash, undefined], "a page's, and a command's");
    await using other = await RunningRelay.start();
    assert.is((await other.call("GET", "/relay")).body.useNotice, null);
  });
  test("a use notice that is not there, empty or too long stops the start, naming the file", async () => {
    using folder = temporaryFolder();
    writeFileSync(folder.file("empty"), " \n");
    writeFileSync(folder.file("long"), "x".repeat(16 * 1024 + 1));
    for (const name of ["missing", "empty", "long"]) {
      const config = parseRelayConfig({
        environment: {
          SALLYPORT_RELAY_LISTEN: "127.0.0.1:0",
          SALLYPORT_RELAY_DATA_DIRECTORY: folder.file("data"),
          SALLYPORT_RELAY_USE_NOTICE_FILE: folder.file(name),
        },
      });
      const logTo = { write: () => undefined };
      let message = "started";
      try {
        await using _relay = await startRelay(config, {
          clock: new TurnedClock(),
          version: "0.0.0",
          logTo,
        });
      } catch (thrown) {
        message = (thrown as Error).message;
      }
      assert.match(message, new RegExp(`^use notice "[^"]*${name}": `));
    }
  });
  test("a key that leaves the manifest is out of pages at once", async () => {
    const { relay, site } = await relayWithSite();
    await using _relay = relay;
    const page = await RelayPage.signedIn(relay, "vera");
    const path = `/sites/${site.id}/manifests`;
    assert.is(await page.status(path), 200);
    const persons = site.manifest.persons.filter((person) => person.id !== ("vera" as PersonId));
    const next = await signed("manifest", site.next({ persons }), "anna", "ben");
    assert.is((await relay.drop(site, await relay.signIn("anna"), next)).status, 201);
    assert.is(await page.status(path), 404);
    assert.is(await page.status(), 401, "nobody anywhere any more");
  });
});
