// What stays of a session, in the portal: a recording is found by what was on the screen, played, sought and taken away; the journal is checked; the
// evidence verifies on another machine. And one's own settings: authenticator, password, recovery codes, tokens, leaving.
import { readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { startTyped } from "../bench/typed-process.ts";
import { startPlant } from "../plant/plant.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { desktop } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { runProcess } from "../support/process.ts";

const shownMs = 30_000;
const options = { signingPage: true, secondFactor: "waived" } as const;
const codeSeconds = 30;
/** A site has a machine; nobody goes there. */
const nothing = {
  id: "press-plc",
  name: "Press controller",
  kind: "tcp",
  rights: ["connect"],
  device: ["--host", "127.0.0.1", "--port", "9"],
} as const;

await group("records and settings in the portal", { timeoutMs: 240_000 }, (test) => {
  test("a recording is listed, found by its text, played and sought; journal and evidence hold", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), options);
    await recordSessions(site);
    await using olga = await PortalPerson.join(site, "olga", {
      roles: ["owner"],
      viewport: desktop,
    });
    await olga.page.emulateMedia({ reducedMotion: "reduce" });
    await plays(olga, site);
    await showsBytes(olga);
    await readsJournal(olga);
    await evidenceVerifies(olga, site);
    await using vic = await PortalPerson.join(site, "vic", { roles: ["vendor"] });
    await readsNothing(vic);
  });

  test("authenticator, password, recovery codes and tokens are set up, used, and used up; leaving forgets the key", async () => {
    await using site = await startInstallation([nothing], options);
    await using nora = await PortalPerson.join(site, "nora", { roles: ["owner"] });
    await nora.page.emulateMedia({ reducedMotion: "reduce" });
    const secret = await enrols(nora);
    const codes = await setsPassword(nora, secret);
    await signsInByPassword(nora, secret, codes);
    await usesToken(nora, site);
    await leaves(nora);
  });
});

/** One terminal with a pause in it, one command. */
async function recordSessions({ vendor, approver }: Installation): Promise<void> {
  const why = ["--minutes", "30", "--reason", "replace the axis drive's parameters"];
  const { job } = await vendor.ask<{ job: string }>("request", "press-hmi", ...why);
  await using held = vendor.start(["connect", job, "--json"]);
  await held.line(/"event":"waiting"/);
  await approver.do("approve", job, "--yes");
  await held.line(/"event":"connected"/);
  await vendor.do("ssh", "press-hmi", "--", "echo axis-drive-7 ready");
  await using terminal = startTyped(vendor, ["ssh", "press-hmi"]);
  await terminal.shown(/[$#] $/);
  terminal.type("echo first-'line'; sleep 4; echo second-'line'\r");
  await terminal.shown(/second-line/);
  terminal.type("exit\r");
  await terminal.shown(/logout/);
}

async function plays(olga: PortalPerson, { owner }: Installation): Promise<void> {
  const { page } = olga;
  await olga.goto("/recordings");
  await olga.see("2 recordings");
  await olga.check();
  await page.getByRole("combobox", { name: "Machine" }).click();
  await page.getByRole("option", { name: "Press HMI" }).click();
  await olga.see("2 recordings");
  await page.getByLabel("Day").fill("2020-01-01");
  await olga.see("Nothing fits these filters");
  await olga.press("Clear the filters");

  // Searched on the edge; what is found opens at its second.
  await page.getByLabel("Text in recordings").fill("SECOND-line");
  await olga.press("Search");
  await olga.see("1 line holds");
  await olga.check();
  await olga.follow(/second-line/);
  await olga.see("vera on Press HMI");
  const screen = page.getByRole("img", { name: "What the terminal showed" });
  await screen.getByText("first-line").first().waitFor({ timeout: shownMs });
  const foundAt = Number(new URL(page.url()).searchParams.get("at"));
  assert.ok(foundAt > 3.5, `${foundAt} s`);
  assert.ok(Math.abs((await positionOf(page)) - foundAt) < 1, "opens at the second found");

  // From the start nothing is there yet; played, everything comes; four seconds of waiting are skipped.
  await olga.press("From the start");
  await screen.getByText("first-line").waitFor({ state: "hidden", timeout: shownMs });
  await page.getByText("8×", { exact: true }).click();
  await olga.press("Play");
  await screen.getByText("second-line").first().waitFor({ timeout: shownMs });
  await screen.getByText("logout").first().waitFor({ timeout: shownMs });
  await olga.button("Play").waitFor({ timeout: shownMs });
  assert.ok((await positionOf(page)) > foundAt, "the clock shows real seconds");
  await olga.check();

  // Sought by keyboard, and by a line of the text.
  await page.getByRole("slider", { name: "Position" }).focus();
  await page.keyboard.press("Home");
  await screen.getByText("second-line").first().waitFor({ state: "hidden", timeout: shownMs });
  await olga.press("As text");
  await page.getByLabel("Find here").fill("second-line");
  await olga.see("1 entry");
  await olga.check();
  await page.getByRole("list", { name: "Timeline" }).getByRole("button").first().click();
  await screen.getByText("first-line").first().waitFor({ timeout: shownMs });

  // The open format is the very one that the command gives.
  const [download] = await Promise.all([page.waitForEvent("download"), olga.press("Download")]);
  assert.match(download.suggestedFilename(), /^press-hmi-vera-.*\.cast$/);
  const id = Buffer.from(new URL(page.url()).pathname.split("/")[3] ?? "", "base64url");
  const { stdout } = await owner.do("play", id.toString("hex").slice(0, 10));
  assert.is(readFileSync(await download.path(), "utf8"), stdout);
}

async function positionOf(page: Page): Promise<number> {
  const slider = page.getByRole("slider", { name: "Position" });
  return Number(await slider.getAttribute("aria-valuenow"));
}

async function showsBytes(olga: PortalPerson): Promise<void> {
  await olga.goto("/recordings?find=axis-drive");
  await olga.follow(/axis-drive-7 ready/);
  await olga.see("from the machine");
  await olga.see("19 bytes");
  await olga.see("Ended with code 0");
  await olga.check();
  await olga.page.getByLabel("Find here").fill("no such text");
  await olga.see("Nothing here fits");
}

async function readsJournal(olga: PortalPerson): Promise<void> {
  await olga.goto("/sessions");
  await olga.see("Who is on a machine now.");
  await olga.check();
  await olga.follow("Journal of Hall 3");
  await olga.see(/Entries 0 to \d+ follow each other without a gap/);
  await olga.see(/The first \d+ are those whose fingerprint/);
  await olga.see("Recordings were searched for “SECOND-line”.");
  await olga.see("Press HMI was opened (terminal).");
  await olga.check();
  await olga.page
    .getByRole("button", { name: /^Details: / })
    .first()
    .click();
  await olga.see('"previous"');
}

async function evidenceVerifies(olga: PortalPerson, site: Installation): Promise<void> {
  const { page } = olga;
  // A browser that cannot write while it receives, as Firefox and Safari: its bundle comes as a download.
  await page.addInitScript("delete window.showSaveFilePicker");
  await olga.goto("/evidence");
  await olga.see("has countersigned");
  await olga.see("at most 536.9 MB");
  await olga.check();
  const [bundle] = await Promise.all([
    page.waitForEvent("download"),
    olga.press("Download the bundle"),
  ]);
  await olga.see("is complete");
  const [witness] = await Promise.all([
    page.waitForEvent("download"),
    olga.press("Download the witness"),
  ]);
  const line = await page
    .getByText(/^sallyport verify --site /)
    .first()
    .innerText();
  const at = (name: string): string => join(site.folder.path, name);
  await bundle.saveAs(at(bundle.suggestedFilename()));
  await witness.saveAs(at(witness.suggestedFilename()));
  // The line as it stands on the page, where the two files lie.
  const words = line.split(" ").slice(1);
  const given = words.map((word) => (/\.(tar|json)$/.test(word) ? at(word) : word));
  const stranger = site.newPerson("stranger");
  const { stdout } = await stranger.do(...given);
  assert.match(stdout, /witnessed to/);
  const [, , , bundlePath = ""] = given;
  const bytes = readFileSync(bundlePath);
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  writeFileSync(bundlePath, bytes);
  assert.is((await stranger.run(given)).code, 65);
}

/** A vendor finds no way there, and the edge lets none in who knows the address. */
async function readsNothing(vic: PortalPerson): Promise<void> {
  assert.is(await vic.page.getByRole("link", { name: "Recordings" }).count(), 0);
  await vic.goto("/recordings");
  await vic.see("Hall 3 does not answer");
  await vic.see(/Refused|You may not/);
  assert.is(await vic.page.getByText("on Press HMI").count(), 0);
}

async function enrols(nora: PortalPerson): Promise<string> {
  const { page } = nora;
  await nora.goto("/settings");
  await nora.see("Key of this browser");
  await nora.see("Set up authenticator codes first");
  await nora.check();
  await nora.press("Set up");
  await page.getByRole("img", { name: "QR code for your authenticator app" }).waitFor();
  await nora.check();
  const secret = (await page.getByText(/^([A-Z2-7]{4} ?)+$/).innerText()).replaceAll(" ", "");
  await page.getByLabel("Six digits that the app shows").fill("000000");
  await nora.press("Confirm");
  await nora.see("Code is wrong or used, wait for the next one.");
  await page.getByLabel("Six digits that the app shows").fill(await freshCode(secret));
  await nora.press("Confirm");
  await nora.see("Your authenticator is set up");
  return secret;
}

async function setsPassword(nora: PortalPerson, secret: string): Promise<readonly string[]> {
  const { page } = nora;
  await nora.press("Set a password");
  await page.getByLabel("Name to sign in with").fill("nora@plant.example");
  await nora.field("Password").fill("short");
  await nora.field("Code").fill(await freshCode(secret));
  await nora.press("Set a password");
  await nora.see(/expected 12/);
  await nora.field("Password").fill("press shop hall three");
  await nora.press("Set a password");
  await nora.see("Your recovery codes");
  await nora.check();
  const codes = await page.getByRole("main").getByRole("listitem").allInnerTexts();
  assert.is(codes.length, 10);
  await nora.press("I have kept them");
  await nora.see("You sign in as nora@plant.example");
  await nora.see("10 of 10 recovery codes are left");
  await nora.check();
  return codes;
}

async function signsInByPassword(
  nora: PortalPerson,
  secret: string,
  [recovery = ""]: readonly string[],
): Promise<void> {
  await signOut(nora);
  await passwordForm(nora, recovery);
  await nora.goto("/settings");
  await nora.see("9 of 10 recovery codes are left");
  await nora.see("To create tokens, sign in by key or passkey.");
  await signOut(nora);
  // The same one a second time.
  await passwordForm(nora, recovery);
  await nora.see("name, password or code is wrong");
  await passwordForm(nora, await freshCode(secret));
  await nora.goto("/settings");
  await nora.see("You sign in as nora@plant.example");
  await signOut(nora);
  await nora.press("Continue on this device");
  await nora.page.getByRole("navigation", { name: "Main navigation" }).waitFor();
}

async function passwordForm(nora: PortalPerson, code: string): Promise<void> {
  const { page } = nora;
  const name = nora.field("Name");
  if (!(await name.isVisible())) await nora.press("Sign in with password");
  await name.fill("nora@plant.example");
  await nora.field("Password").fill("press shop hall three");
  await nora.field("Code").fill(code);
  const answered = page.waitForResponse((response) => response.url().endsWith("/sign-in/password"));
  await nora.press("Sign in");
  await answered;
}

async function signOut(nora: PortalPerson): Promise<void> {
  await nora.press("Account");
  await nora.page.getByRole("menuitem", { name: "Sign out" }).click();
  await nora.page.getByRole("button", { name: "Sign in with password" }).waitFor();
}

async function usesToken(nora: PortalPerson, site: Installation): Promise<void> {
  const { page } = nora;
  await nora.goto("/settings");
  await nora.see("No tokens yet");
  await nora.press("Create a token");
  await page.getByLabel("What it is for").fill("spare-parts report");
  await nora.press("Create a token");
  await nora.see("it is not shown again");
  await nora.check();
  const token = await page.getByText(/^spt_/).innerText();
  await nora.press("I have it");
  assert.is(await page.getByText(token).count(), 0);
  const path = `/api/sites/${site.site}`;
  assert.is(await ask(site, "GET", `${path}/edges`, token), 200);
  assert.is(await ask(site, "PUT", `${path}/drafts/one`, token), 403);
  assert.is(await ask(site, "GET", `${path}/edges`, `${token}x`), 401);
  await nora.press("Revoke spare-parts report");
  await page.getByRole("dialog").getByRole("button", { name: "Revoke" }).click();
  await nora.see("No tokens yet");
  assert.is(await ask(site, "GET", `${path}/edges`, token), 401);

  await nora.follow("What a program can ask");
  await nora.page.getByRole("searchbox", { name: "Find" }).fill("tokens of limited scope");
  await nora.check();
  await nora.goto("/api-docs#delete-api-sites-site-api-tokens-id-");
  await nora.see("32 bytes, base64url without padding");
}

async function leaves(nora: PortalPerson): Promise<void> {
  const { page } = nora;
  await nora.goto("/settings");
  await page.getByText("Larger").click();
  const size = await page.evaluate("getComputedStyle(document.documentElement).fontSize");
  assert.is(size, "21.6px");
  await nora.check();
  await nora.press("Sign out everywhere");
  await page.getByRole("dialog").getByRole("button", { name: "Sign out everywhere" }).click();
  // The key alone is not enough any more; the passkey is.
  await nora.press("Continue on this device");
  await nora.see("You were signed out everywhere");
  await nora.touch(() => nora.press("Sign in with passkey"));
  await page.getByRole("navigation", { name: "Main navigation" }).waitFor();
  await nora.goto("/settings");
  await nora.press("Forget me in this browser");
  await page.getByRole("dialog").getByRole("button", { name: "Delete the key" }).click();
  await nora.see("New here?");
  const kept = await page.evaluate(
    `new Promise((resolve) => { const r = indexedDB.open("sallyport"); r.onsuccess = () => {
      const keys = r.result.transaction("keys").objectStore("keys").count(); keys.onsuccess = () => resolve(keys.result); }; })`,
  );
  assert.is(kept, 0);
}

let lastStep = 0;

/** A code that was not used yet; waits for the authenticator's next one if it must. */
async function freshCode(secret: string): Promise<string> {
  const nextAtMs = (lastStep + 1) * codeSeconds * 1000;
  if (Date.now() < nextAtMs)
    await new Promise((resolve) => setTimeout(resolve, nextAtMs - Date.now() + 50));
  lastStep = Math.floor(Date.now() / 1000 / codeSeconds);
  const at = new Date().toISOString().replace("T", " ").slice(0, 19);
  const { stdout } = await runProcess("oathtool", ["--totp", "-b", "-", "-N", `${at} UTC`], {
    input: `${secret}\n`,
  });
  return stdout.trim();
}

/** The status that a program gets, as curl would ask. */
function ask({ relay }: Installation, method: string, path: string, token: string) {
  const ca = readFileSync(relay.authority);
  return new Promise<number>((resolve, reject) => {
    const request = https.request(`${relay.url}${path}`, {
      ca,
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on("error", reject);
    request.end(method === "GET" ? undefined : JSON.stringify({ content: {} }));
  });
}
