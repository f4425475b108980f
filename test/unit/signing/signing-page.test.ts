// The signing page in Chromium: what it shows, what it signs, to whom it tells it, and what it refuses (shared/protocol.md, "Signing page").
import { createServer, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import * as assert from "uvu/assert";
import { toBase64Url, utf8 } from "../../../shared/bytes.ts";
import { addSignatures } from "../../../shared/document/envelope.ts";
import { verifyGrant } from "../../../shared/document/grant.ts";
import { verifyIntroduction } from "../../../shared/document/introduction.ts";
import { verifyInvitation } from "../../../shared/document/invitation.ts";
import { acceptNext } from "../../../shared/document/succession.ts";
import { group } from "../../support/group.ts";
import { accessibilityFaults } from "../../support/browser.ts";
import { paperAt, publicOf, refused, signed, signerOf, suite } from "../document/paper-site.ts";
import { SigningWorld, signAsk, signedEnvelope, type SigningWindow } from "./signing-world.ts";

/** The page's headline once it says something that matches. */
async function headline({ page }: SigningWindow, expected: RegExp): Promise<string> {
  const found = page.locator("h1").filter({ hasText: expected });
  await found.waitFor({ timeout: 40_000 });
  return (await found.textContent()) ?? "";
}

/** An act after which the window closes itself, perhaps before the browser has said that the act is done. */
const gone = (act: Promise<void>): Promise<void> => act.catch(() => undefined);

/** A registered passkey, its site, and an ask for a grant of it. */
async function grantWorld(stack: AsyncDisposableStack, look = {}) {
  const world = await SigningWorld.open(stack, look);
  const { key, credentials } = await world.register();
  const { site, request } = await world.siteOf(key);
  const ask = signAsk(site, key, "grant", await site.grant(request), [request.envelope]);
  return { world, key, credentials, site, request, ask };
}

await group("signing page", { timeoutMs: 120_000 }, (test) => {
  test("a grant that is touched there verifies offline, and the window closes by itself", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, credentials, site, request, ask } = await grantWorld(stack);
    const opened = await world.ask(ask, { credentials });
    assert.is(
      await headline(opened, /Let/),
      "Let Joe of Acme Drives work on Press HMI for 60 minutes?",
    );
    assert.is(await opened.page.evaluate("document.activeElement.tagName"), "H1");
    const closed = opened.page.waitForEvent("close");
    await gone(opened.page.click("button.main"));
    const envelope = signedEnvelope(ask, await opened.told());
    const { signers } = await verifyGrant(envelope, site.held(), { request });
    assert.equal(
      signers.map(({ name }) => name),
      ["pia"],
    );
    await closed;
  });
  test("a manifest that is touched there succeeds the held one, with another owner's signature", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, key, credentials, site } = await grantWorld(stack);
    const ask = signAsk(site, key, "manifest", site.next({ name: "Paper mill north" }));
    const opened = await world.ask(ask, { credentials });
    await headline(opened, /Change the site/);
    await opened.page.keyboard.press("Tab");
    await opened.page.locator("summary").focus();
    await opened.page.keyboard.press("Enter");
    assert.match(
      await opened.page.locator(".exact").innerText(),
      /name: "Paper mill" → "Paper mill north"/,
    );
    await opened.page.locator("button.main").focus();
    await gone(opened.page.keyboard.press("Enter"));
    const byPia = signedEnvelope(ask, await opened.told());
    const envelope = await addSignatures(byPia, [await signerOf("anna")]);
    const step = await acceptNext(suite, envelope, site.chain);
    assert.is(step.outcome, "accepted");
  });
  test("a passkey that is registered there introduces itself", async () => {
    await using stack = new AsyncDisposableStack();
    const world = await SigningWorld.open(stack);
    const { key, credentials } = await world.register();
    const { site } = await world.siteOf(key);
    const subject = { kind: "person", id: "emil", name: "Emil", roles: ["approver"] };
    const until = { issuedAt: paperAt, untilAt: paperAt + 3600 };
    const envelope = await signed(
      "invitation",
      {
        site: site.id,
        invitation: toBase64Url(new Uint8Array(16)),
        publicKey: await publicOf("one-time"),
        subject,
        ...until,
      },
      "anna",
    );
    const invitation = await verifyInvitation(envelope, site.held());
    // Whoever introduces a passkey is not in the manifest yet: another site's pia holds this one.
    const payload = {
      site: site.id,
      invitation: invitation.hash,
      keys: [key],
      edge: null,
      issuedAt: paperAt,
    };
    const ask = { ...signAsk(site, key, "introduction", payload, [envelope]), chain: [] };
    const opened = await world.ask(ask, { credentials });
    await headline(opened, /Join this site as Emil/);
    await gone(opened.page.click("button.main"));
    const byPasskey = signedEnvelope(ask, await opened.told());
    const whole = await addSignatures(byPasskey, [await signerOf("one-time")]);
    const { signers } = await verifyIntroduction(whole, site.held(), invitation);
    assert.is(signers.length, 2);
  });
  test("an asker whom the site's manifest does not list gets no signature and no button", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, credentials, ask } = await grantWorld(stack);
    const stranger = await world.context.newPage();
    await stranger.goto(world.strangerOrigin);
    const opened = await world.ask(ask, { credentials, from: stranger });
    await headline(opened, /does not sign that/);
    assert.is(await opened.page.locator("button.main").count(), 0);
    assert.match(await opened.page.locator(".detail").innerText(), /is not a relay of this site/);
    const told = await opened.told();
    assert.ok(told.tell === "failed");
    assert.is(told.code, "refused");
  });
  test("a document that names another one than was brought along, or has unknown keys, is refused", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, key, credentials, site, request, ask } = await grantWorld(stack);
    const other = await site.verifiedRequest({ reason: "another one" });
    const grant = await site.grant(request);
    for (const bad of [
      signAsk(site, key, "grant", grant, [other.envelope]),
      signAsk(site, key, "grant", { ...grant, more: true }, [request.envelope]),
      { ...ask, sallyport: "signing 2" },
      { ...ask, keys: [] },
      { ...ask, chain: Array<string>(5000).fill("") },
    ]) {
      const opened = await world.ask(bad, { credentials });
      await headline(opened, /does not sign that/);
      const told = await opened.told();
      assert.ok(told.tell === "failed");
      assert.is(told.code, "refused");
      await opened.page.close();
    }
  });
  test("the bytes that are signed are the bytes that were shown: a second ask changes nothing", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, key, credentials, site, request, ask } = await grantWorld(stack);
    const opened = await world.ask(ask, { credentials });
    const shown = await headline(opened, /Let/);
    const other = await site.verifiedRequest({ minutes: 45 });
    await opened.ask(signAsk(site, key, "grant", await site.grant(other), [other.envelope]));
    await opened.page.evaluate("new Promise(requestAnimationFrame)");
    assert.is(await headline(opened, /Let/), shown);
    await gone(opened.page.click("button.main"));
    const told = await opened.told();
    await verifyGrant(signedEnvelope(ask, told), site.held(), { request });
    const asOther = { ...signedEnvelope(ask, told), payload: utf8(JSON.stringify({})) };
    await refused(
      () => verifyGrant(asOther, site.held(), { request }),
      "document_invalid",
      /grant's site/,
    );
    assert.is((await opened.tells()).length, 2);
  });
  test("an opener that went to another address hears nothing", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, credentials, ask } = await grantWorld(stack);
    const opened = await world.ask(ask, { credentials });
    await headline(opened, /Let/);
    await world.portal.goto(world.strangerOrigin);
    await world.portal.evaluate(
      "window.heard = []; window.onmessage = ({ data }) => window.heard.push(data); null",
    );
    const closed = opened.page.waitForEvent("close");
    await gone(opened.page.click("button.main"));
    await closed;
    assert.equal(await world.portal.evaluate("window.heard"), []);
  });
  test("without an opener, or in a frame, it offers nothing", async () => {
    await using stack = new AsyncDisposableStack();
    const world = await SigningWorld.open(stack);
    const page = await world.context.newPage();
    await page.goto(world.signingOrigin);
    await page.locator("h1").filter({ hasText: "nothing to sign here" }).waitFor();
    assert.is(await page.locator("button.main").count(), 0);
    // A host that frames it is refused by the header already.
    await using framing = await frameOf(world.signingOrigin);
    const refusal = page.waitForEvent("console", (line) => /frame-ancestors/.test(line.text()));
    await page.goto(framing.url);
    await refusal;
    assert.is(await page.frames()[1]?.getByText("Sallyport").count(), 0);
  });
  test("where a host forgot the headers, the page itself refuses to run in a frame", async () => {
    await using stack = new AsyncDisposableStack();
    const world = await SigningWorld.open(stack);
    const page = await world.context.newPage();
    await using careless = await carelessHost(world.folder);
    await using framing = await frameOf(careless.url);
    await page.goto(framing.url);
    const framed = page.frameLocator("iframe").locator("h1");
    await framed.filter({ hasText: "does not run inside another page" }).waitFor();
  });
  test("who cancels, by button, Escape, the device or the window, signs nothing and may try again", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, credentials, site, request, ask } = await grantWorld(stack);
    const codeOf = async (opened: SigningWindow) => {
      const told = await opened.told();
      return told.tell === "failed" ? told.code : told.tell;
    };
    const byButton = await world.ask(ask, { credentials });
    await headline(byButton, /Let/);
    await gone(byButton.page.getByRole("button", { name: "Cancel" }).click());
    assert.is(await codeOf(byButton), "cancelled");

    const byKey = await world.ask(ask, { credentials });
    await headline(byKey, /Let/);
    await gone(byKey.page.keyboard.press("Escape"));
    assert.is(await codeOf(byKey), "cancelled");

    const byWindow = await world.ask(ask, { credentials });
    await headline(byWindow, /Let/);
    await byWindow.page.close({ runBeforeUnload: true });
    assert.is(await codeOf(byWindow), "cancelled");

    const byDevice = await world.ask(ask, { credentials });
    await headline(byDevice, /Let/);
    const { devtools, authenticatorId } = byDevice;
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
    await gone(byDevice.page.click("button.main"));
    await headline(byDevice, /Nothing was signed/);
    assert.is((await byDevice.tells()).length, 1);
    await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: true });
    await byDevice.page.getByRole("button", { name: "Try again" }).click();
    await headline(byDevice, /Let/);
    await gone(byDevice.page.click("button.main"));
    await verifyGrant(signedEnvelope(ask, await byDevice.told()), site.held(), { request });
  });
  test("a device without the passkey says so, and one that answers for another relying party is refused", async () => {
    await using stack = new AsyncDisposableStack();
    const { world, key, credentials, request, ask } = await grantWorld(stack);
    const without = await world.ask(ask);
    await headline(without, /Let/);
    await gone(without.page.click("button.main"));
    await headline(without, /Nothing was signed/);
    assert.match(await without.page.locator(".lead").innerText(), /no passkey for this site/);
    await without.page.close();
    // The manifest's relying party is a sibling, which this page cannot speak for.
    const { site } = await world.siteOf(key, (manifest) => ({
      ...manifest,
      signing: { rpId: "localhost", origins: ["http://other.localhost"] },
    }));
    const elsewhere = signAsk(site, key, "grant", await site.grant(request), [request.envelope]);
    const opened = await world.ask(elsewhere, { credentials });
    await headline(opened, /does not sign that/);
    const register = {
      sallyport: "signing 1",
      ask: "register",
      site: site.id,
      person: "pia",
      name: "Pia",
      rpId: "relay.example.org",
    };
    const foreign = await world.ask(register);
    await headline(foreign, /Make a passkey/);
    await gone(foreign.page.click("button.main"));
    await headline(foreign, /does not fit/);
    assert.is((await foreign.tells()).length, 1);
  });
  test("scripts in names, reasons and tickets are shown as text, and run nowhere", async () => {
    await using stack = new AsyncDisposableStack();
    const world = await SigningWorld.open(stack);
    const { key } = await world.register();
    const script = "<img src=x onerror=alert(1)><script>alert(1)</script>";
    const { site } = await world.siteOf(key, (manifest) => ({
      ...manifest,
      name: script,
      targets: manifest.targets.map((target) => ({ ...target, name: script })),
    }));
    const request = await site.verifiedRequest({
      reason: `${script} javascript:alert(1)`,
      ticket: script,
    });
    const opened = await world.openWindow();
    const dialogs: string[] = [];
    opened.page.on("dialog", (dialog) => {
      dialogs.push(dialog.message());
      void dialog.dismiss();
    });
    const grant = await site.grant(request);
    await opened.ask(signAsk(site, key, "grant", grant, [request.envelope]));
    assert.match(await headline(opened, /Let/), /<img src=x onerror=alert\(1\)>/);
    assert.is(await opened.page.locator("img, main script, iframe, a").count(), 0);
    assert.match(await opened.page.locator("dl").innerText(), /javascript:alert\(1\)/);
    assert.equal(dialogs, []);
  });
  test("axe-core finds no serious fault, in light and dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      await using stack = new AsyncDisposableStack();
      const { world, key, credentials, site, request } = await grantWorld(stack, { colorScheme });
      const grant = await site.grant(request, {}, { minutes: 30 });
      const narrowed = signAsk(site, key, "grant", grant, [request.envelope]);
      const opened = await world.ask(narrowed, { credentials });
      await headline(opened, /Let/);
      assert.equal(await accessibilityFaults(opened.page), [], colorScheme);
      const change = signAsk(site, key, "manifest", site.next({ recovery: null }));
      const manifest = await world.ask(change);
      await headline(manifest, /Change/);
      await manifest.page.click("summary");
      assert.equal(await accessibilityFaults(manifest.page), [], colorScheme);
      const { authenticatorId } = manifest;
      await manifest.devtools.send("WebAuthn.setUserVerified", {
        authenticatorId,
        isUserVerified: false,
      });
      await gone(manifest.page.click("button.main"));
      await headline(manifest, /Nothing was signed/);
      assert.equal(await accessibilityFaults(manifest.page), [], colorScheme);
      await opened.page.setViewportSize({ width: 320, height: 640 });
      const overflow =
        "document.documentElement.scrollWidth > document.documentElement.clientWidth";
      assert.is(await opened.page.evaluate(overflow), false, "scrolls sideways at 320 px");
    }
  });
});

/** A page elsewhere that holds the given one in a frame. */
async function frameOf(url: string): Promise<AsyncDisposable & { url: string }> {
  return serve("framing.localhost", (response) => {
    response
      .setHeader("content-type", "text/html")
      .end(`<!doctype html><title>frame</title><iframe src="${url}/"></iframe>`);
  });
}

/** The files of a folder, served without any of the headers that they ask for. */
async function carelessHost(folder: string): Promise<AsyncDisposable & { url: string }> {
  const types: Record<string, string> = { js: "text/javascript", css: "text/css" };
  return serve("careless.localhost", (response, path) => {
    const name = path === "/" ? "index.html" : path.slice(1);
    const type = types[name.split(".").at(-1) ?? ""] ?? "text/html";
    response.setHeader("content-type", type).end(readFileSync(join(folder, name)));
  });
}

async function serve(
  host: string,
  answer: (response: ServerResponse, path: string) => void,
): Promise<AsyncDisposable & { url: string }> {
  const server = createServer((request, response) => answer(response, request.url ?? "/"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}
