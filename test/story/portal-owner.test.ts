// The first run in browsers alone: from a relay that knows nothing to a vendor at a machine's prompt-to-be, with real relay, edge, sshd and Chromium. It takes the
// owner four signatures; each step says in the page who does it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { startSshd } from "../plant/sshd.ts";
import { accessibilityFaults, phone, startDevice, type Device } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startEdge, startRelay, type RunningRelay } from "../support/installation.ts";
import {
  answerLink,
  closeSigning,
  enter,
  factsKept,
  linkShown,
  see,
  touch,
} from "../support/portal-people.ts";
import { temporaryFolder } from "../support/temporary.ts";

const field = (page: Page, name: string) => page.getByRole("textbox", { name, exact: true });
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
const follow = (page: Page, name: string) => page.getByRole("link", { name, exact: true }).click();

async function axeClean(page: Page, where: string): Promise<void> {
  assert.equal(await accessibilityFaults(page), [], where);
}

/** Founds the site; one signature. */
async function found(device: Device, relay: RunningRelay): Promise<void> {
  const { page } = device;
  await page.goto(relay.url);
  await follow(page, "Set up a new site");
  await field(page, "Name of the site").fill("Press shop");
  await field(page, "Your name").fill("Anna Berg");
  assert.is(await field(page, "Your short name").inputValue(), "anna-berg");
  await field(page, "Registration token").fill("guessed");
  await axeClean(page, "founding a site");
  await press(page, "Continue");
  await page.getByRole("button", { name: "Create my passkey" }).waitFor();
  await touch(device, () => press(page, "Create my passkey"));
  await press(page, "Continue");

  // The sheet is on paper before anything is given away.
  const sheet = await page.getByTestId("recovery-sheet").innerText();
  assert.is(sheet.trim().split(/\s+/).length, 14, "groups of four");
  await axeClean(page, "the recovery sheet");
  await field(page, "Type the last group of four").fill("XXXX");
  await press(page, "Continue");
  await see(page, "That is not the last group of the sheet.");
  await field(page, "Type the last group of four").fill(sheet.trim().slice(-4).toLowerCase());
  await press(page, "Continue");

  await closeSigning(device, () => press(page, "Sign and set up"));
  await see(page, "Nothing was signed.");
  const asked = await touch(device, () => press(page, "Sign and set up"));
  assert.match(asked, /Found the site Press shop\?/);
  // A wrong token costs no second signature.
  await see(page, "The relay does not take this token.");
  const token = readFileSync(relay.registrationToken, "utf8").trim();
  await field(page, "Registration token").fill(token);
  await press(page, "Sign and set up");
  await see(page, "2 of 10 done");
  assert.is(device.touches(), 1, "founding takes one signature");
  const kept = await page.evaluate(
    "JSON.stringify({ ...localStorage, ...sessionStorage }) + document.documentElement.outerHTML",
  );
  for (const line of sheet.trim().split("\n")) assert.not.ok(String(kept).includes(line), "sheet");
}

async function invite(page: Page, step: string, name: string): Promise<string> {
  await follow(page, step);
  await field(page, "Name").fill(name);
  await press(page, "Make the link");
  const link = await linkShown(page);
  await axeClean(page, `the link of ${name}`);
  await press(page, "Done");
  return link;
}

await group("the first run in browsers", { timeoutMs: 240_000 }, (test) => {
  test("from nothing to a rehearsed request: four signatures of the owner, no command line", async () => {
    using folder = temporaryFolder();
    await using relay = await startRelay(folder.path);
    await using ssh = await startSshd();
    await using laptop = await startDevice(relay.url);
    const { page } = laptop;

    await page.goto(`${relay.url}/start`);
    await page.getByRole("heading", { name: "Set up a new site" }).waitFor();
    await found(laptop, relay);
    await axeClean(page, "first steps");

    // The box gets its file; people get their links, by the owner's own hand.
    await follow(page, "Prepare a box");
    await page.getByRole("textbox", { name: "Name of the box" }).fill("Hall 3");
    await press(page, "Make the file");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download the file" }).click(),
    ]);
    const claim = join(folder.path, "claim.json");
    await download.saveAs(claim);
    await press(page, "Show it as a QR code");
    await page.getByRole("img", { name: /QR code of the claim file/ }).waitFor();
    await axeClean(page, "the claim file");
    // The relay of this test has an authority of its own, which the box is told to trust.
    const trusts = { SALLYPORT_EDGE_AUTHORITY: relay.authority };
    await using _edge = await startEdge(folder.path, claim, trusts);

    await follow(page, "First steps");
    const second = await invite(page, "Invite a second owner", "Otto Kern");
    await using owner2 = await answerLink(relay.url, second);
    const vendorLink = await invite(page, "Invite a vendor", "Vera Lund");
    await using vendor = await answerLink(relay.url, vendorLink);
    await press(page, "Add my phone");
    const own = await linkShown(page);
    await using mobile = await answerLink(relay.url, own, { viewport: phone });
    await page.keyboard.press("Escape");

    // One signature lets all of them in.
    await follow(page, "See who waits");
    await page.getByRole("button", { name: "Accept all 4" }).click();
    await axeClean(page, "people");
    await follow(page, "Look and sign");
    for (const sentence of [
      "Otto Kern joins as owner, approver",
      "Vera Lund joins as vendor",
      "Anna Berg gets 2 more keys",
      "The box Hall 3 joins",
    ])
      await see(page, sentence);
    await axeClean(page, "what is to be signed");
    const accepting = await touch(laptop, () => press(page, "Sign"));
    assert.match(accepting, /Otto Kern/);
    await see(page, "Signed. The boxes take it over");
    await Promise.all([enter(owner2), enter(vendor), enter(mobile)]);

    // The box tries the machine before it is signed: a wrong password is found now, not at three in the morning.
    await follow(page, "Boxes");
    await page.getByText("online", { exact: true }).waitFor({ timeout: 60_000 });
    await axeClean(page, "boxes");
    await follow(page, "Machines");
    await follow(page, "Add a machine");
    await field(page, "Name").fill("Press 4 panel");
    await field(page, "Address").fill(ssh.host);
    await field(page, "Port").fill(String(ssh.port));
    await field(page, "Login name").fill(ssh.login);
    const withPassword = ssh.password !== undefined;
    if (withPassword) await field(page, "Password").fill("not the password");
    else await page.getByRole("radio", { name: "SSH key" }).check();
    if (!withPassword) await field(page, "SSH private key").fill(ssh.privateKey);
    const tried = await touch(laptop, () => press(page, "Test"));
    assert.match(tried, /Let Hall 3 try out a device\?/);
    await see(page, "Compare this with the machine's own display");
    await axeClean(page, "a machine's key");
    await press(page, "It is right: pin this key");
    if (withPassword) {
      await see(page, "Something does not work yet.");
      await field(page, "Password").fill(ssh.password ?? "");
      await press(page, "Test again");
    }
    await see(page, "Everything works.");
    await see(page, "The login works");
    await axeClean(page, "a tested machine");
    await press(page, "Add to what will be signed");
    await see(page, "not signed");
    await follow(page, "Look and sign");
    await see(page, "New machine Press 4 panel behind Hall 3");
    await page.getByText("tested", { exact: true }).waitFor();
    await touch(laptop, () => press(page, "Sign"));
    await see(page, "Signed. The boxes take it over");
    const stored = await factsKept(page);
    const { password } = ssh;
    if (password !== undefined)
      assert.not.ok(stored.includes(password), "password in the browser's database");

    // The rehearsal: the vendor asks, the owner's phone answers.
    const joined = mobile.touches();
    const asking = vendor.page;
    await asking.getByRole("link", { name: "Ask for access" }).first().click();
    await asking.getByLabel("Press 4 panel").check();
    await asking.getByLabel("What will you do, and why?").fill("rehearsal");
    await touch(vendor, () => press(asking, "Ask"));
    await see(asking, "Waits here");
    const answering = mobile.page;
    await answering.goto(`${relay.url}/requests`);
    await answering.getByText("Look and answer").click();
    await touch(mobile, () => answering.getByRole("button", { name: /^Approve/ }).click());
    await follow(page, "First steps");
    await see(page, "10 of 10 done");
    await axeClean(page, "all done");

    // One touch more lets the box try the machine, however often: it is a proof, and adds nothing.
    const decisions = laptop.touches() - 1 + mobile.touches() - joined;
    assert.is(
      decisions,
      4,
      "the owner's signatures: the site, who joins, the machine, the request",
    );
    assert.equal([...laptop.faults, ...mobile.faults, ...owner2.faults], []);
    await press(page, "Hide this list");
    await see(page, "The list is hidden.");
  });
});
