// The main job in browsers alone, with real relay, edge, sshd and Chromium: two newcomers answer their links, the vendor asks with one touch, the
// approver answers on a phone with one touch, the terminal opens by itself, and what was done plays afterwards.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { desktop, phone } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";

/** What an attacker would write where others read it: it has to stay text. */
const reason = `axis 2 trips <img src=x onerror="document.title='owned'"> <script>document.title='owned'</script>`;

/** The link of an invitation; the owner accepts later. */
async function invites(
  { owner }: Installation,
  id: string,
  name: string,
  role: string,
): Promise<string> {
  const { link } = await owner.ask<{ link: string }>("invite", id, "--name", name, "--role", role);
  return link;
}

/** A link that lost its end on the way says so, and the whole one in the same tab goes on. */
async function opensLink(person: PortalPerson, link: string): Promise<void> {
  await person.page.goto(link.slice(0, -4));
  await person.see("This is not a whole invitation link");
  await person.answer(link);
}

/** The same in an app on a home screen, which no link opens: the link is pasted. */
async function pastesLink(person: PortalPerson, link: string): Promise<void> {
  await person.goto("/");
  await person.follow("I have an invitation link");
  await person.field("Invitation link").fill("https://elsewhere.example/join#a.b.c");
  await person.press("Go on");
  await person.see("This is not a whole invitation link");
  await person.field("Invitation link").fill(link);
  await person.press("Go on");
  await person.introduce();
}

/** What the terminal shows, as one text. */
async function terminalText(page: Page): Promise<string> {
  return page.locator(".xterm-rows").innerText();
}

async function untilShown(page: Page, text: RegExp): Promise<void> {
  const endMs = Date.now() + 20_000;
  for (;;) {
    const shown = await terminalText(page);
    if (text.test(shown)) return;
    if (Date.now() > endMs) throw new Error(`terminal does not show ${text}:\n${shown}`);
    await page.waitForTimeout(50);
  }
}

await group("the main job in browsers", { timeoutMs: 240_000 }, (test) => {
  test("a vendor and an approver need one touch each and no command line", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { signingPage: true });
    await using vic = await PortalPerson.start(site.relay.url, { viewport: desktop });
    await opensLink(vic, await invites(site, "vic", "Vic Wolf", "vendor"));
    await using mia = await PortalPerson.start(site.relay.url, { viewport: phone });
    await pastesLink(mia, await invites(site, "mia", "Mia Berg", "approver"));
    const { page: asking } = vic;
    const { page: answering } = mia;
    for (const page of [asking, answering])
      assert.not.ok(page.url().includes("#"), "the link's secret has left the address bar");
    await site.owner.do("accept", "--yes");
    await Promise.all([vic.enter(), mia.enter()]);
    const touchesBefore = { vic: vic.device.touches(), mia: mia.device.touches() };

    // The vendor asks: one touch, and a page that waits.
    await vic.follow("Ask for access");
    await asking.getByLabel("Press HMI").check();
    await asking.getByLabel("What will you do, and why?").fill(reason);
    await vic.check();
    await vic.touch(() => vic.press("Ask"));
    await vic.see("Stop waiting");
    await vic.check();

    // The approver's phone shows it by itself: one question, one touch.
    await mia.follow("Look and answer");
    await mia.see(reason);
    await mia.check();
    const question = await mia.touch(() => mia.press(/^Approve/));
    assert.match(question, /Vic Wolf/);

    // The vendor's page opens by itself; the device's prompt is there, and its password is nowhere in the browser.
    await asking.locator(".xterm-helper-textarea").focus();
    await untilShown(asking, /\$/);
    await asking.keyboard.type("echo $((40+2)) sallyport\n");
    await untilShown(asking, /42 sallyport/);
    assert.is(vic.device.touches() - touchesBefore.vic, 1, "touches of the vendor");
    assert.is(mia.device.touches() - touchesBefore.mia, 1, "touches of the approver");
    const { password } = plant.ssh;
    if (password !== undefined) {
      const stored = await asking.evaluate(
        "JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie + document.documentElement.outerHTML",
      );
      assert.not.ok(String(stored).includes(password), "the device's password is not in the page");
    }
    await vic.check();

    // A second press within three seconds ends it; the vendor is told by whom, and the record plays.
    const end = mia.button(/End at once|Press again/);
    await end.click();
    await end.click();
    await vic.see(/ended by the site|stopped|was ended/i);
    await mia.see(/The box confirmed it after/);
    for (const page of [asking, answering])
      assert.not.match(await page.title(), /owned/, "a reason is text wherever it is shown");
    assert.equal([...vic.device.faults, ...mia.device.faults], []);
  });
});
