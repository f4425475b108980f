// What only a real browser decides: Chromium keeps and sends the page's cookie, tells where requests come from, and how far a sibling name and a
// foreign site get with it. A missing /usr/bin/chromium is a failure (Debian package chromium).
import { chromium, type BrowserContext, type Page } from "playwright-core";
import * as assert from "uvu/assert";
import { chromiumFlags, chromiumPath } from "../../support/browser.ts";
import { group } from "../../support/group.ts";
import { freePort } from "../../support/port.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { PaperSite, signerOf } from "../document/paper-site.ts";
import { RelayPage } from "./relay-page.ts";
import { RunningRelay } from "./running-relay.ts";

interface BrowserWorld extends AsyncDisposable {
  readonly relay: RunningRelay;
  readonly site: PaperSite;
  readonly context: BrowserContext;
  /** A tab under the relay's own name in which anna signed in. */
  readonly own: Page;
  /** A tab that the same server fills under another name. */
  readonly tabUnder: (name: string) => Promise<Page>;
}

async function signedInBrowser(): Promise<BrowserWorld> {
  await using started = new AsyncDisposableStack();
  const port = await freePort();
  const relay = started.use(
    await RunningRelay.start(true, {
      SALLYPORT_RELAY_LISTEN: `127.0.0.1:${port}`,
      SALLYPORT_RELAY_URL: `https://portal.plant.localhost:${port}`,
    }),
  );
  const site = await PaperSite.make();
  await relay.register(site);
  const profile = started.use(temporaryFolder());
  const context = await chromium.launchPersistentContext(profile.path, {
    executablePath: chromiumPath,
    headless: true,
    args: [...chromiumFlags],
    ignoreHTTPSErrors: true,
    bypassCSP: true, // the pages here are answers of the API, which let no script run
  });
  started.defer(() => context.close());
  const tabUnder = async (name: string): Promise<Page> => {
    const page = await context.newPage();
    await page.goto(`https://${name}:${port}/api/relay`);
    return page;
  };
  const own = await tabUnder("portal.plant.localhost");
  const envelope = await new RelayPage(relay).signInDocument(await signerOf("anna"));
  assert.is(await ask(own, "POST", "/api/sign-in", { envelope }), 201);
  const ending = started.move();
  const dispose = () => ending.disposeAsync();
  return { relay, site, context, own, tabUnder, [Symbol.asyncDispose]: dispose };
}

/** The status that a script of the tab gets, as our own pages ask. */
async function ask(page: Page, method: string, path: string, body?: object): Promise<number> {
  return page.evaluate<number, string>(
    `(async () => (await fetch(${JSON.stringify(path)}, {
      method: ${JSON.stringify(method)},
      headers: { "sallyport-page": "1"${body === undefined ? "" : ', "content-type": "application/json"'} },
      body: ${body === undefined ? "undefined" : JSON.stringify(JSON.stringify(body))},
    })).status)()` as never,
    "",
  );
}

/** What the relay answers to a foreign tab's plain request with all that the browser sends along. */
async function plainRequest(page: Page, relay: RunningRelay, path: string) {
  const url = `${relay.url}${path}`;
  // The browser keeps the answer from such a page (Cross-Origin-Resource-Policy), so the relay's log tells of it.
  await Promise.all([
    page.waitForEvent("requestfailed", (failed) => failed.url() === url),
    page.evaluate(
      `fetch(${JSON.stringify(url)}, { mode: "no-cors", credentials: "include" }).catch(() => undefined)`,
    ),
  ]);
  return relay.lines
    .map((line) => JSON.parse(line) as { route?: string; status?: number })
    .findLast(({ route }) => route === path)?.status;
}

/** Whether a script of the tab may ask as our own pages do. */
async function scriptGets(page: Page, url: string): Promise<boolean> {
  return page.evaluate<boolean>(
    `fetch(${JSON.stringify(url)}, { credentials: "include", headers: { "sallyport-page": "1" } }).then(() => true, () => false)`,
  );
}

/** Sends a form from the tab, as any page can, and says how it was answered. */
async function sendForm(page: Page, url: string): Promise<number> {
  const [response] = await Promise.all([
    page.waitForResponse(url),
    page.evaluate(`(() => {
      const form = Object.assign(document.createElement("form"), { method: "POST", action: ${JSON.stringify(url)}, enctype: "text/plain" });
      document.body.append(form);
      form.submit();
    })()`),
  ]);
  return response.status();
}

/** The status with which a WebSocket of the tab is refused. */
async function refusedSocket(page: Page, url: string): Promise<string> {
  const [message] = await Promise.all([
    page.waitForEvent("console", (told) => told.text().includes("WebSocket")),
    page.evaluate(`void new WebSocket(${JSON.stringify(url)}, "sallyport.v1")`),
  ]);
  if (message.text().includes("HTTP Authentication failed")) return "401";
  return /response code: (\d+)/.exec(message.text())?.[1] ?? message.text();
}

await group("relay pages in Chromium", { timeoutMs: 60_000 }, (test) => {
  test("the relay's own page is signed in by a cookie that its scripts cannot see", async () => {
    await using world = await signedInBrowser();
    const { own, context, relay, site } = world;
    assert.is(await own.evaluate("document.cookie"), "");
    const [cookie] = await context.cookies(relay.url);
    assert.equal(
      [cookie?.name, cookie?.httpOnly, cookie?.secure, cookie?.sameSite, cookie?.path],
      ["__Host-sallyport", true, true, "Strict", "/"],
    );
    assert.is(await ask(own, "GET", "/api/session"), 200);
    assert.is(await ask(own, "GET", `/api/sites/${site.id}/documents`), 200);
    const channel = `${relay.url.replace(/^http/, "ws")}/channel/${site.edge.id}`;
    assert.is(await refusedSocket(own, channel), "503", "let in; the edge is away");
    assert.is(await ask(own, "DELETE", "/api/session"), 204);
    assert.equal(await context.cookies(relay.url), [], "and away again");
  });
  const foreign: readonly [note: string, name: string, socket: string][] = [
    ["a sibling name, for which the browser sends the cookie along", "hmi.plant.localhost", "403"],
    ["a foreign site", "evil.localhost", "401"],
  ];
  for (const [note, name, socket] of foreign) {
    test(`a page under ${note}, gets nothing by request, form or socket`, async () => {
      await using world = await signedInBrowser();
      const { relay, own, site, tabUnder } = world;
      const session = `${relay.url}/api/session`;
      const channel = `${relay.url.replace(/^http/, "ws")}/channel/${site.edge.id}`;
      const page = await tabUnder(name);
      assert.is(await plainRequest(page, relay, "/api/session"), 401);
      assert.is(await scriptGets(page, session), false);
      assert.is(await refusedSocket(page, channel), socket);
      assert.is(await sendForm(page, `${session}/everywhere-out`), 400);
      assert.is(await ask(own, "GET", "/api/session"), 200, "still signed in");
    });
  }
});
