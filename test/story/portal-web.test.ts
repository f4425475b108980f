// A machine's web panel in a real browser, through the whole installation: signed in by the edge, under a name of its own, live, with a relay that dies
// in between and an end that cuts it; and what a panel under an attacker's hand can do to the portal, the signing page and the panel beside it.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request as httpsRequest } from "node:https";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { startWebHmi, type WebHmi } from "../plant/web-hmi.ts";
import { PortalPerson, type PortalPersonOptions } from "../support/portal-person.ts";
import { desktop, phone } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { askFor } from "../support/screen-story.ts";
import {
  signingOriginOf,
  startInstallation,
  type Installation,
  type InstallationOptions,
  type TargetToAdd,
} from "../support/installation.ts";

const limitMs = 30_000;
const cutMs = 1_000;
const options: InstallationOptions = { signingPage: true, secondFactor: "waived" };

await group("web panels in the portal", { timeoutMs: 240_000 }, (test) => {
  test("a panel opens in a tab of its own, signed in and live; no secret is in the browser; a dead relay is survived; the end cuts it", async () => {
    await using device = await startWebHmi();
    await using site = await startInstallation([panelOf(device, "press-web")], options);
    await using vic = await join(site, "vic");
    const touched = vic.device.touches();
    const job = await asks(vic, site, ["Web press-web"]);
    await vic.see("Whoever runs this relay owns the panel's address");
    await vic.check();
    const panel = await opens(vic);
    await isLive(panel);
    const { origin } = new URL(panel.url());
    assert.match(origin, /^https:\/\/[a-z2-7]{26}\.[0-9a-f]{32}\.web\.localhost:\d+$/);
    assert.is(new URL(panel.url()).pathname, "/panel/");
    assert.is(await panel.locator("body").getAttribute("data-self"), `${origin}/panel/press.json`);
    assert.is(await panel.evaluate("window.opener"), null);
    await vic.see("The panel is open in another tab");
    await vic.check();

    await worksIn(panel, device);
    await keepsNoSecret(vic, panel, device);
    await isForOneBrowser(site, panel);

    await site.relay.restart("SIGKILL");
    await vic.see("Connected again. Nothing was lost.");
    await reloadsLive(panel);
    assert.is(vic.device.touches(), touched + 1, "one touch for the job");

    // Anew, under another name: the old tab shows nothing more.
    const second = await opens(vic, "Open it again");
    await isLive(second);
    assert.not.equal(new URL(second.url()).origin, origin);
    assert.is(await reachable(panel), false);
    await second.close();

    const third = await opens(vic, "Open it again");
    await isLive(third);
    const before = device.process.count(/^socket over$/);
    const cut = device.process.line(/^socket over$/, limitMs, before).then(() => performance.now());
    const told = vic.see("Ended by ben").then(() => performance.now());
    await site.approver.do("end", job, "--yes");
    const lateMs = (await cut) - (await told);
    assert.ok(lateMs < cutMs, `WebSocket was cut ${Math.round(lateMs)} ms after the end was told`);
    await third.locator("body[data-live=no]").waitFor({ timeout: limitMs });
    assert.is(await reachable(third), false);
    assert.equal(vic.device.faults, []);
  });

  test("a panel under an attacker's hand gets no passkey, plants no cookie, frames and leads nothing away, and does not reach the panel beside it", async () => {
    await using evil = await startWebHmi();
    await using good = await startWebHmi();
    await using site = await startInstallation(
      [panelOf(evil, "evil"), panelOf(good, "good")],
      options,
    );
    await using vic = await join(site, "vic");
    await asks(vic, site, ["Web evil", "Web good"]);
    const hostile = await opens(vic);
    await isLive(hostile);
    await vic.page.getByRole("tab", { name: "Web good" }).click();
    const panel = await opens(vic);
    await isLive(panel);
    const sibling = new URL(panel.url()).origin;
    const own = new URL(hostile.url());
    const portal = site.relay.url;
    const signing = signingOriginOf(site.relay);
    const touched = vic.device.touches();
    const jobUrl = vic.page.url();
    const attack = (name: string, query: Record<string, string> = {}): Promise<string> =>
      outcomeOf(hostile, `${own.origin}/hostile/${name}?${new URLSearchParams(query).toString()}`);

    for (const rp of ["sign.localhost", "localhost", "web.localhost", own.hostname]) {
      assert.match(await attack("passkey", { rp }), /^\w+Error \w+Error$/, rp);
    }
    assert.is(vic.device.touches(), touched, "the authenticator was not touched");

    for (const domain of ["localhost", "sign.localhost", "web.localhost", "127.0.0.1"]) {
      await attack("cookies", { domain });
    }
    const { context } = vic.device;
    const planted = /planted|scripted|evil/;
    assert.not.match(JSON.stringify(await context.cookies([portal, signing])), planted);

    for (const url of [`${portal}/`, `${portal}/jobs`, `${signing}/`, `${sibling}/panel/`]) {
      assert.not.match(await attack("frames", { url }), /read/, url);
    }
    assert.is(await attack("opener", { url: "https://elsewhere.example" }), "no opener");

    const asked = good.process.count(/^asked POST/);
    for (const url of [`${sibling}/panel/run`, `${portal}/api/account`, `${signing}/`]) {
      assert.match(await attack("request", { url }), /^TypeError$|^answered 4\d\d$/, url);
    }
    assert.is(good.process.count(/^asked POST/), asked, "nothing reached the device beside it");

    // What was planted for all panels does not take the place of the session that the edge holds.
    await reloadsLive(panel);
    assert.is(vic.page.url(), jobUrl);
    await vic.see("The panel is open in another tab");
    assert.match(JSON.stringify(await context.cookies(sibling)), /__Host-sallyport/);
    assert.not.match(
      await panel.evaluate<string>("document.cookie"),
      /__Host-sallyport|session=[0-9a-f]/,
    );
  });

  test("on a phone, by the keyboard: who has only `connect` gets the command, and a device that is away is told", async () => {
    await using device = await startWebHmi();
    const connect = { ...panelOf(device, "tunnelled"), rights: ["connect"] };
    await using away = await startWebHmi();
    await using site = await startInstallation([connect, panelOf(away, "away")], options);
    await using vic = await join(site, "vic", { viewport: phone });
    const job = await asks(vic, site, ["Web tunnelled", "Web away"]);
    await vic.see(`sallyport connect ${job}`);
    assert.is(await vic.button("Open the panel").count(), 0);
    await vic.check();
    await vic.page.getByRole("tab", { name: "Web away" }).click();
    await vic.tabTo(vic.button("Open the panel"));
    await vic.see("The other way");
    const opening = vic.device.context.waitForEvent("page", { timeout: limitMs });
    await vic.page.keyboard.press("Enter");
    await isLive(await opening);
    await vic.press("Close the panel");
    await vic.see("The panel is closed");
    await away[Symbol.asyncDispose]();
    await vic.press("Open it again");
    await vic.see(/cannot be reached|did not answer|no connection|not reached/i);
    await vic.check();
  });
});

function panelOf({ device, password }: WebHmi, id: string): TargetToAdd {
  return { id, name: `Web ${id}`, kind: "http", rights: ["connect", "browser"], device, password };
}

function join(
  site: Installation,
  id: string,
  given: PortalPersonOptions = {},
): Promise<PortalPerson> {
  return PortalPerson.join(site, id, { roles: ["vendor"], viewport: desktop, ...given });
}

/** Asks for all rights, waits, is approved and is in; the number of the job. */
async function asks(
  vic: PortalPerson,
  site: Installation,
  machines: readonly string[],
): Promise<string> {
  const job = await askFor(vic, site, machines);
  await vic.see("What you do here is recorded by the site.");
  return job;
}

/** The tab that a press on the button opens. */
async function opens(vic: PortalPerson, button = "Open the panel"): Promise<Page> {
  const { context } = vic.device;
  const opening = context.waitForEvent("page", { timeout: limitMs });
  await vic.press(button);
  return opening;
}

/** Shows values of the press, which come by WebSocket. */
async function isLive(panel: Page): Promise<void> {
  try {
    await panel.locator("body[data-live=yes]").waitFor({ timeout: limitMs });
  } catch (cause) {
    throw new Error(`${panel.url()} shows:\n${await panel.content()}`, { cause });
  }
  await panel.locator("#temperature", { hasText: /^\d+\.\d$/ }).waitFor({ timeout: limitMs });
}

/** What was cut is asked for until it is there again. */
async function reloadsLive(panel: Page): Promise<void> {
  for (let attempt = 0; attempt < 20; attempt += 1) {
    if (await reachable(panel)) break;
  }
  await isLive(panel);
}

async function reachable(panel: Page): Promise<boolean> {
  const answer = await panel.reload().catch(() => null);
  return answer?.ok() === true;
}

async function worksIn(panel: Page, device: WebHmi): Promise<void> {
  await panel.locator("#celsius").fill("65");
  await panel.getByRole("button", { name: "Set" }).click();
  await device.process.line(/^setpoint 65\.0$/, limitMs);
  await isLive(panel);
  const recipe = Buffer.alloc(300_000, "recipe");
  const hash = createHash("sha256").update(recipe).digest("hex");
  const file = { name: "recipe.bin", mimeType: "application/octet-stream", buffer: recipe };
  await panel.locator("#recipe").setInputFiles(file);
  await device.process.line(new RegExp(`^upload ${recipe.length} ${hash}$`), limitMs);
  await panel.getByText(`${recipe.length} bytes taken`).waitFor({ timeout: limitMs });
  const saving = panel.waitForEvent("download", { timeout: limitMs });
  await panel.getByRole("link", { name: "Download" }).click();
  assert.is(readFileSync(await (await saving).path()).length, 20_000);
}

/** Neither the device's password nor its session, in a page, cookie or storage; and the panel's own cookie is no script's. */
async function keepsNoSecret(vic: PortalPerson, panel: Page, device: WebHmi): Promise<void> {
  const stored =
    "JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, document.documentElement.outerHTML])";
  const texts = [
    await panel.evaluate<string>(stored),
    await vic.page.evaluate<string>(stored),
    JSON.stringify(await vic.device.context.cookies()),
  ];
  for (const text of texts) {
    assert.is(text.includes(device.password), false, "the device's password");
    assert.not.match(text, /"?session"?[=:]/, "the device's session");
  }
  assert.not.match(texts[0] ?? "", /__Host-sallyport/);
  const cookies = await vic.device.context.cookies(panel.url());
  const own = cookies.find(({ name }) => name === "__Host-sallyport");
  assert.equal(
    [own?.httpOnly, own?.secure, own?.sameSite, own?.path, own?.domain],
    [true, true, "Lax", "/", new URL(panel.url()).hostname],
  );
}

/** Somebody else who learns the address gets nothing. */
async function isForOneBrowser({ relay }: Installation, panel: Page): Promise<void> {
  const { host, hostname } = new URL(panel.url());
  const request = httpsRequest({
    host: "127.0.0.1",
    port: relay.port,
    servername: hostname,
    ca: readFileSync(relay.authority),
    path: "/panel/",
    headers: { host },
    agent: false,
  });
  request.end();
  const [response] = await once(request, "response");
  response.resume();
  assert.is(response.statusCode, 403);
}

/** What a hostile page says of itself. */
async function outcomeOf(page: Page, url: string): Promise<string> {
  await page.goto(url);
  const body = page.locator("body:not([data-outcome=pending])");
  await body.waitFor({ state: "attached", timeout: limitMs });
  return (await body.getAttribute("data-outcome")) ?? "";
}
