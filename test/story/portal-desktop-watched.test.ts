// A remote desktop under supervision, in real browsers: nothing of the vendor's reaches it while nobody watches, an approver watches it live on a phone, what
// is held down is let go of when he leaves; and its recording plays to the same pictures, whereto ever it is sought.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { pictureDifference, type Picture } from "../plant/picture.ts";
import { startRdp, type RdpDevice } from "../plant/rdp.ts";
import type { PortalPerson } from "../support/portal-person.ts";
import { phone } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { rdpTarget } from "../support/plant-targets.ts";
import { runProcess } from "../support/process.ts";
import {
  joinAs,
  limitMs,
  openScreen,
  pointOf,
  samePicture,
  samePictures,
  supervises,
  until,
} from "../support/screen-story.ts";

/** So many letters are more than two pictures may differ by that count as the same. */
const many = 30;

await group("supervised desktops in the portal", { timeoutMs: 200_000 }, (test) => {
  test("a supervised desktop takes nothing unwatched, is watched on a phone, lets go of what is held, and plays to the same pictures", async () => {
    await using device = await startRdp({ security: "nla" });
    await using site = await startInstallation([rdpTarget(device, ["control", "view"])], {
      signingPage: true,
      secondFactor: "waived",
    });
    await supervises(site);
    await using vic = await joinAs(site, "vic", "vendor");
    await using mia = await joinAs(site, "mia", "approver", { viewport: phone });
    const job = await openScreen(vic, site, "Press desktop");
    await shows(vic.page, device, "first picture");
    const first = await device.screenshot();
    await vic.see("Nobody of the site watches now");
    const at = await pointOf(vic.page, 300, 300);
    await vic.page.mouse.click(at.x, at.y);
    await vic.page.keyboard.type("lost");

    await watches(mia, job);
    await vic.see("Somebody of the site watches");
    await shows(mia.page, device, "watched on a phone");
    await vic.page.keyboard.type("k".repeat(many));
    await has(device, /^key k$/m);
    assert.not.match(device.output(), /^key [lost]$|^press 1 /m, "what was done unwatched");
    await shows(mia.page, device, "watched on a phone, after typing");
    await mia.check();

    await vic.page.mouse.down();
    await vic.page.keyboard.down("Shift");
    await has(device, /^press 1 /m);
    await has(device, /^key Shift_L$/m);
    assert.not.match(device.output(), /^release 1 /m);
    const held = await device.screenshot();
    await mia.goto("/requests");
    await has(device, /^release 1 /m);
    await vic.see("Nobody of the site watches now");
    // With Shift still held down there it would be another key.
    await presses(device, "z");
    await has(device, /^key z$/m);
    await shows(vic.page, device, "what the desktop shows while nobody watches");
    await vic.page.mouse.up();
    await vic.page.keyboard.up("Shift");
    await vic.page.keyboard.type("x");

    await watches(mia, job);
    await vic.see("Somebody of the site watches");
    await shows(mia.page, device, "watched again");
    await vic.page.keyboard.type("m".repeat(many));
    await has(device, /^key m$/m);
    assert.not.match(device.output(), /^key x$/m, "what was typed unwatched");
    await shows(vic.page, device, "after typing");
    const live = await device.screenshot();
    await vic.press("I am done");
    await vic.press("End it");
    await vic.see("You ended the session");
    await plays(site, { first, held, live });
  });
});

async function shows(page: Page, device: RdpDevice, what: string): Promise<void> {
  await samePictures(page, () => device.screenshot(), what, "part");
}

async function has(device: RdpDevice, line: RegExp): Promise<void> {
  await until(() => line.test(device.output()), `${line}: ${device.output()}`);
}

/** At the device's own keyboard. */
async function presses(device: RdpDevice, key: string): Promise<void> {
  const { address } = await device.screen();
  const { code, stderr } = await runProcess("xdotool", ["key", key], { env: address });
  assert.is(code, 0, stderr);
}

async function watches(mia: PortalPerson, job: string): Promise<void> {
  await mia.goto(`/requests/${job}`);
  await mia.follow("Watch live").catch(async (cause: unknown) => {
    throw new Error(await mia.text(), { cause });
  });
  await mia.see("This job is supervised");
}

type Moments = Readonly<Record<"first" | "held" | "live", Picture>>;

async function plays(site: Installation, { first, held, live }: Moments): Promise<void> {
  await using olga = await joinAs(site, "olga", "owner");
  const { page } = olga;
  const settles = async (picture: Picture, what: string): Promise<void> => {
    await page.locator("[data-settled]").waitFor({ timeout: limitMs });
    await samePictures(page, async () => picture, what, "part");
  };
  await olga.goto("/recordings");
  await olga.follow(/Press desktop/);
  await olga.see("vic on Press desktop");
  await page.getByRole("group", { name: "What the screen showed" }).focus();
  await page.keyboard.press("End");
  await settles(live, "played to its end");
  for (const other of [first, held]) {
    assert.ok(pictureDifference(other, live) > samePicture, "the moments differ");
  }
  // At its beginning the picture was not there yet.
  await olga
    .button(/^No longer watched/)
    .first()
    .click();
  await page.getByRole("group", { name: "What the screen showed" }).focus();
  for (let second = 0; second < 2; second += 1) await page.keyboard.press("ArrowRight");
  await settles(first, "its first picture");
  await olga
    .button(/^No longer watched/)
    .last()
    .click();
  await settles(held, "when the approver left");
  await olga.press("Back 10 seconds");
  await page.getByText("16×", { exact: true }).click();
  await olga.press("Play");
  await olga.button("Play").waitFor({ timeout: 2 * limitMs });
  await settles(live, "played through");
  await olga.check();
}
