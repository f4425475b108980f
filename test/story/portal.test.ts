// The main job in browsers alone, with real relay, edge, sshd and Chromium: two newcomers answer their links, the vendor asks with one touch, the
// approver answers on a phone with one touch, the terminal opens by itself, and what was done plays afterwards.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import {
  accessibilityFaults,
  phone,
  startDevice,
  type Device,
  type DeviceOptions,
} from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { enter, introduceBy, introduceByPasting, touch } from "../support/portal-people.ts";

/** What an attacker would write where others read it: it has to stay text. */
const reason = `axis 2 trips <img src=x onerror="document.title='owned'"> <script>document.title='owned'</script>`;

async function joinByLink(
  { owner, relay }: Installation,
  id: string,
  name: string,
  role: string,
  options: DeviceOptions = {},
): Promise<Device> {
  const { link } = await owner.ask<{ link: string }>("invite", id, "--name", name, "--role", role);
  const device = await startDevice(relay.url, options);
  if (options.viewport === undefined) {
    // A link that lost its end on the way says so, and the whole one in the same tab goes on.
    await device.page.goto(link.slice(0, -4));
    await device.page.getByText("This is not a whole invitation link").waitFor();
    await introduceBy(device, link);
  } else await introduceByPasting(device, relay.url, link);
  assert.not.ok(device.page.url().includes("#"), "the link's secret has left the address bar");
  return device;
}

async function axeClean(page: Page, where: string): Promise<void> {
  assert.equal(await accessibilityFaults(page), [], where);
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
    await using installation = await startInstallation(plantTargets(plant), { signingPage: true });
    await using vendor = await joinByLink(installation, "vic", "Vic Wolf", "vendor");
    await using approver = await joinByLink(installation, "mia", "Mia Berg", "approver", {
      viewport: phone,
    });
    await installation.owner.do("accept", "--yes");
    await Promise.all([enter(vendor), enter(approver)]);
    const touchesBefore = { vendor: vendor.touches(), approver: approver.touches() };

    // The vendor asks: one touch, and a page that waits.
    const asking = vendor.page;
    await asking.getByRole("link", { name: "Ask for access" }).first().click();
    await asking.getByLabel("Press HMI").check();
    await asking.getByLabel("What will you do, and why?").fill(reason);
    await axeClean(asking, "asking");
    await touch(vendor, () => asking.getByRole("button", { name: "Ask", exact: true }).click());
    await asking.getByText("Stop waiting").waitFor();
    await axeClean(asking, "waiting");

    // The approver's phone shows it by itself: one question, one touch.
    const answering = approver.page;
    await answering.getByText("Look and answer").click();
    await answering.getByText(reason).waitFor();
    await axeClean(answering, "the question");
    const question = await touch(approver, () =>
      answering.getByRole("button", { name: /^Approve/ }).click(),
    );
    assert.match(question, /Vic Wolf/);

    // The vendor's page opens by itself; the device's prompt is there, and its password is nowhere in the browser.
    await asking.locator(".xterm-helper-textarea").focus();
    await untilShown(asking, /\$/);
    await asking.keyboard.type("echo $((40+2)) sallyport\n");
    await untilShown(asking, /42 sallyport/);
    assert.is(vendor.touches() - touchesBefore.vendor, 1, "touches of the vendor");
    assert.is(approver.touches() - touchesBefore.approver, 1, "touches of the approver");
    const { password } = plant.ssh;
    if (password !== undefined) {
      const stored = await asking.evaluate(
        "JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie + document.documentElement.outerHTML",
      );
      assert.not.ok(String(stored).includes(password), "the device's password is not in the page");
    }
    await axeClean(asking, "the terminal");

    // A second press within three seconds ends it; the vendor is told by whom, and the record plays.
    const end = answering.getByRole("button", { name: /End at once|Press again/ });
    await end.click();
    await end.click();
    await asking
      .getByText(/ended by the site|stopped|was ended/i)
      .first()
      .waitFor();
    await answering.getByText(/The box confirmed it after/).waitFor();
    for (const page of [asking, answering])
      assert.not.match(await page.title(), /owned/, "a reason is text wherever it is shown");
    assert.equal([...vendor.faults, ...approver.faults], []);
  });
});
