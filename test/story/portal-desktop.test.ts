// A remote desktop in a real browser: pixel by pixel the device's own picture, keys and clicks on its own program, files of its drive; a relay that dies in
// between is survived without another touch; nothing is left on the edge afterwards.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { pictureDifference, pictureOfRgba, type Picture } from "../plant/picture.ts";
import { startRdp, type RdpDevice } from "../plant/rdp.ts";
import { ApproverPage } from "../support/approver-page.ts";
import { desktop } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";

const limitMs = 30_000;
const samePicture = 0.0005;
const canvas = "canvas[role=application]";

await group("desktops in the portal", { timeoutMs: 290_000 }, (test) => {
  for (const security of ["nla", "tls"] as const) {
    test(`${security}: a desktop opens by itself with its own picture, takes input and files, and survives the relay`, async () => {
      await using device = await startRdp({ security });
      const { host, port, login, password, certificate } = device;
      const where = ["--host", host, "--port", `${port}`, "--login", login];
      const target = {
        id: "press-desktop",
        name: "Press desktop",
        kind: "rdp",
        rights: ["control", "view", "files"],
        device: [...where, "--certificate", certificate, "--security", security],
        password,
      } as const;
      await using site = await startInstallation([target], {
        signingPage: true,
        secondFactor: "waived",
      });
      await using vic = await ApproverPage.join(site, "vic", {
        roles: ["vendor"],
        viewport: desktop,
      });
      const touched = vic.device.touches();
      await opens(vic, site);
      await samePictures(vic.page, device, "first picture");
      await takesInput(vic, device);
      await takesFiles(vic, site);
      await site.relay.restart("SIGKILL");
      const again = vic.page.getByText("Connected again. The picture is live.");
      await again.waitFor({ timeout: 3 * limitMs }).catch(async (cause: unknown) => {
        throw new Error(await vic.page.locator("main").innerText(), { cause });
      });
      await vic.page.locator(canvas).focus();
      await vic.page.keyboard.type("n");
      await until(() => /^key n$/m.test(device.output()), "a key after the relay's restart");
      await samePictures(vic.page, device, "after the relay's restart");
      assert.is(vic.device.touches() - touched, 1, "one touch for the job");
      assert.not((await vic.page.content()).includes(password));
      await vic.check();
      await vic.press("I am done");
      await vic.press("End it");
      await vic.see("You ended the session");
      await until(() => scratchOf(site).length === 0, "a clean scratch folder");
    });
  }
});

async function opens(vic: ApproverPage, { approver }: Installation): Promise<void> {
  const { page } = vic;
  await vic.goto("/jobs/new");
  await page.getByLabel("Press desktop", { exact: true }).check();
  await page.getByLabel("What will you do, and why?").fill("Set the press to the new tool");
  await vic.touch(() => vic.press("Ask"));
  await vic.see("The site has your request");
  const job = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  await approver.do("approve", job, "--yes");
  await page.locator(canvas).waitFor({ timeout: limitMs });
}

async function takesInput({ page }: ApproverPage, device: RdpDevice): Promise<void> {
  const at = await pointOf(page, 400, 450);
  await page.mouse.click(at.x, at.y);
  // The picture is scaled: a pixel beside it is the same point.
  await until(() => /^press 1 (399|40[01]) (449|45[01])$/m.test(device.output()), "a click");
  await page.keyboard.type("Aq7");
  for (const name of ["A", "q", "7"]) {
    await until(() => new RegExp(`^key ${name}$`, "m").test(device.output()), `key ${name}`);
  }
  await samePictures(page, device, "after typing");
}

async function takesFiles(vic: ApproverPage, site: Installation): Promise<void> {
  const { page } = vic;
  const content = "temperature,80\n".repeat(10_000);
  const chosen = page.waitForEvent("filechooser");
  await vic.press("Put a file there");
  const file = { name: "setpoints.csv", mimeType: "text/csv", buffer: Buffer.from(content) };
  await (await chosen).setFiles(file);
  await vic.see("setpoints.csv is there");
  const seen = scratchOf(site).find((name) => name.endsWith("seen/setpoints.csv"));
  assert.is(readFileSync(join(site.edge.folder, "scratch", seen ?? ""), "utf8"), content);
  const fetched = page.waitForEvent("download");
  await vic.press("Fetch setpoints.csv");
  assert.is(readFileSync(await (await fetched).path(), "utf8"), content);
  await vic.press("Remove setpoints.csv");
  await vic.see("No file is there yet");
}

function scratchOf(site: Installation): string[] {
  return readdirSync(join(site.edge.folder, "scratch"), { recursive: true }).map(String);
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > untilMs) throw new Error(`there never was ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function pointOf(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const box = await page.locator(canvas).boundingBox();
  if (box === null) throw new Error("no screen is shown");
  const width = await page
    .locator(canvas)
    .evaluate((shown) => (shown as unknown as { width: number }).width);
  const factor = box.width / width;
  return { x: box.x + (x + 0.5) * factor, y: box.y + (y + 0.5) * factor };
}

/** Waits until the page shows what the device shows, in the device's own pixels. */
async function samePictures(page: Page, device: RdpDevice, what: string): Promise<void> {
  const untilMs = performance.now() + limitMs;
  let difference = 1;
  while (performance.now() < untilMs) {
    const own = await device.screenshot();
    const shown = await pictureOf(page, own);
    difference = shown === undefined ? 1 : pictureDifference(shown, own, 2);
    if (difference <= samePicture) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what}: ${(100 * difference).toFixed(2)} % of the pixels differ`);
}

// A device that has one size of its own fills only a part of the desktop.
async function pictureOf(page: Page, own: Picture): Promise<Picture | undefined> {
  const found = await page.evaluate<{ width: number; height: number; rgba: string } | null>(`
    (() => {
      const canvas = [...document.querySelectorAll(".screen-inner canvas")].at(-1);
      if (canvas === undefined || canvas.width === 0) return null;
      const [width, height] = [${own.width}, ${own.height}];
      if (canvas.width < width || canvas.height < height) return null;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      return { width, height, rgba: new Uint8Array(data.buffer).toBase64() };
    })()`);
  if (found === null) return undefined;
  return pictureOfRgba(found.width, found.height, Buffer.from(found.rgba, "base64"));
}
