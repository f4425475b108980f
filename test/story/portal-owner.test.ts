// The first run in browsers alone: from a relay that knows nothing to a vendor at a machine's prompt-to-be, with real relay, edge, sshd and Chromium. It takes the
// owner four signatures; each step says in the page who does it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startSshd } from "../plant/sshd.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { desktop } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startEdge, startRelay, type RunningRelay } from "../support/installation.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** Founds the site; one signature. */
async function found(anna: PortalPerson, relay: RunningRelay): Promise<void> {
  const { page } = anna;
  await anna.goto("/");
  await anna.follow("Set up a new site");
  await anna.field("Name of the site").fill("Press shop");
  await anna.field("Your name").fill("Anna Berg");
  assert.is(await anna.field("Your short name").inputValue(), "anna-berg");
  await anna.field("Registration token").fill("guessed");
  await anna.check();
  await anna.press("Continue");
  await anna.button("Create my passkey").waitFor();
  await anna.touch(() => anna.press("Create my passkey"));
  await anna.press("Continue");

  // The sheet is on paper before anything is given away.
  const sheet = await page.getByTestId("recovery-sheet").innerText();
  assert.is(sheet.trim().split(/\s+/).length, 14, "groups of four");
  await anna.check();
  await anna.field("Type the last group of four").fill("XXXX");
  await anna.press("Continue");
  await anna.see("That is not the last group of the sheet.");
  await anna.field("Type the last group of four").fill(sheet.trim().slice(-4).toLowerCase());
  await anna.press("Continue");

  await anna.closeSigning(() => anna.press("Sign and set up"));
  await anna.see("Nothing was signed.");
  const asked = await anna.touch(() => anna.press("Sign and set up"));
  assert.match(asked, /Found the site Press shop\?/);
  // A wrong token costs no second signature.
  await anna.see("The relay does not take this token.");
  const token = readFileSync(relay.registrationToken, "utf8").trim();
  await anna.field("Registration token").fill(token);
  await anna.press("Sign and set up");
  await anna.see("2 of 10 done");
  assert.is(anna.device.touches(), 1, "founding takes one signature");
  const kept = await page.evaluate(
    "JSON.stringify({ ...localStorage, ...sessionStorage }) + document.documentElement.outerHTML",
  );
  for (const line of sheet.trim().split("\n")) assert.not.ok(String(kept).includes(line), "sheet");
}

async function invite(anna: PortalPerson, step: string, name: string): Promise<string> {
  await anna.follow(step);
  await anna.field("Name").fill(name);
  await anna.press("Make the link");
  const link = await anna.linkShown();
  await anna.check();
  await anna.press("Done");
  return link;
}

await group("the first run in browsers", { timeoutMs: 240_000 }, (test) => {
  test("from nothing to a rehearsed request: four signatures of the owner, no command line", async () => {
    using folder = temporaryFolder();
    await using relay = await startRelay(folder.path);
    await using ssh = await startSshd();
    await using anna = await PortalPerson.start(relay.url, { viewport: desktop });
    const { page } = anna;

    await anna.goto("/start");
    await page.getByRole("heading", { name: "Set up a new site" }).waitFor();
    await found(anna, relay);
    await anna.check();

    // The box gets its file; people get their links, by the owner's own hand.
    await anna.follow("Prepare a box");
    await anna.field("Name of the box").fill("Hall 3");
    await anna.press("Make the file");
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      anna.follow("Download the file"),
    ]);
    const claim = join(folder.path, "claim.json");
    await download.saveAs(claim);
    await anna.press("Show it as a QR code");
    await page.getByRole("img", { name: /QR code of the claim file/ }).waitFor();
    await anna.check();
    // The relay of this test has an authority of its own, which the box is told to trust.
    const trusts = { SALLYPORT_EDGE_AUTHORITY: relay.authority };
    await using _edge = await startEdge(folder.path, claim, trusts);

    await anna.follow("First steps");
    const ottosLink = await invite(anna, "Invite a second owner", "Otto Kern");
    await using otto = await PortalPerson.answering(relay.url, ottosLink, { viewport: desktop });
    const verasLink = await invite(anna, "Invite a vendor", "Vera Lund");
    await using vera = await PortalPerson.answering(relay.url, verasLink, { viewport: desktop });
    await anna.press("Add my phone");
    const own = await anna.linkShown();
    await using phone = await PortalPerson.answering(relay.url, own);
    await page.keyboard.press("Escape");

    // One signature lets all of them in.
    await anna.follow("See who waits");
    await anna.press("Accept all 4");
    await anna.check();
    await anna.follow("Look and sign");
    for (const sentence of [
      "Otto Kern joins as owner, approver",
      "Vera Lund joins as vendor",
      "Anna Berg gets 2 more keys",
      "The box Hall 3 joins",
    ])
      await anna.see(sentence);
    await anna.check();
    const accepting = await anna.touch(() => anna.press("Sign"));
    assert.match(accepting, /Otto Kern/);
    await anna.see("Signed. The boxes take it over");
    await Promise.all([otto.enter(), vera.enter(), phone.enter()]);

    // The box tries the machine before it is signed: a wrong password is found now, not at three in the morning.
    await anna.follow("Boxes");
    await page.getByText("online", { exact: true }).waitFor({ timeout: 60_000 });
    await anna.check();
    await anna.follow("Machines");
    await anna.follow("Add a machine");
    await anna.field("Name").fill("Press 4 panel");
    await anna.field("Address").fill(ssh.host);
    await anna.field("Port").fill(String(ssh.port));
    await anna.field("Login name").fill(ssh.login);
    const withPassword = ssh.password !== undefined;
    if (withPassword) await anna.field("Password").fill("not the password");
    else await page.getByRole("radio", { name: "SSH key" }).check();
    if (!withPassword) await anna.field("SSH private key").fill(ssh.privateKey);
    const tried = await anna.touch(() => anna.press("Test"));
    assert.match(tried, /Let Hall 3 try out a device\?/);
    await anna.see("Compare this with the machine's own display");
    await anna.check();
    await anna.press("It is right: pin this key");
    if (withPassword) {
      await anna.see("Something does not work yet.");
      await anna.field("Password").fill(ssh.password ?? "");
      await anna.press("Test again");
    }
    await anna.see("Everything works.");
    await anna.see("The login works");
    await anna.check();
    await anna.press("Add to what will be signed");
    await anna.see("not signed");
    await anna.follow("Look and sign");
    await anna.see("New machine Press 4 panel behind Hall 3");
    await page.getByText("tested", { exact: true }).waitFor();
    await anna.touch(() => anna.press("Sign"));
    await anna.see("Signed. The boxes take it over");
    const stored = await anna.factsKept();
    const { password } = ssh;
    if (password !== undefined)
      assert.not.ok(stored.includes(password), "password in the browser's database");

    // The rehearsal: the vendor asks, the owner's phone answers.
    const joined = phone.device.touches();
    await vera.follow("Ask for access");
    await vera.page.getByLabel("Press 4 panel").check();
    await vera.page.getByLabel("What will you do, and why?").fill("rehearsal");
    await vera.touch(() => vera.press("Ask"));
    await vera.see("Waits here");
    await phone.goto("/requests");
    await phone.follow("Look and answer");
    await phone.touch(() => phone.press(/^Approve/));
    await anna.follow("First steps");
    await anna.see("10 of 10 done");
    await anna.check();

    // One touch more lets the box try the machine, however often: it is a proof, and adds nothing.
    const decisions = anna.device.touches() - 1 + phone.device.touches() - joined;
    assert.is(
      decisions,
      4,
      "the owner's signatures: the site, who joins, the machine, the request",
    );
    for (const { device } of [anna, phone, otto]) assert.equal(device.faults, []);
    await anna.press("Hide this list");
    await anna.see("The list is hidden.");
  });
});
