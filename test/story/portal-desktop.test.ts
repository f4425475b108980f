// A remote desktop in a real browser: pixel by pixel the device's own picture, keys and clicks on its own program, files of its drive; a relay that dies in
// between is survived without another touch; nothing is left on the edge afterwards.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { startRdp, type RdpDevice } from "../plant/rdp.ts";
import type { PortalPerson } from "../support/portal-person.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { rdpTarget } from "../support/plant-targets.ts";
import {
  canvas,
  joinAs,
  limitMs,
  openScreen,
  pointOf,
  samePictures,
  until,
} from "../support/screen-story.ts";

const rights = ["control", "view", "files"];

await group("desktops in the portal", { timeoutMs: 290_000 }, (test) => {
  for (const security of ["nla", "tls"] as const) {
    test(`${security}: a desktop opens by itself with its own picture, takes input and files, and survives the relay`, async () => {
      await using device = await startRdp({ security });
      await using site = await startInstallation([rdpTarget(device, rights)], {
        signingPage: true,
        secondFactor: "waived",
      });
      await using vic = await joinAs(site, "vic", "vendor");
      const touched = vic.device.touches();
      await openScreen(vic, site, "Press desktop");
      await samePictures(vic.page, () => device.screenshot(), "first picture", "part");
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
      await samePictures(vic.page, () => device.screenshot(), "after the relay's restart", "part");
      assert.is(vic.device.touches() - touched, 1, "one touch for the job");
      assert.not((await vic.page.content()).includes(device.password));
      await vic.check();
      await vic.press("I am done");
      await vic.press("End it");
      await vic.see("You ended the session");
      await until(() => scratchOf(site).length === 0, "a clean scratch folder");
    });
  }
});

async function takesInput({ page }: PortalPerson, device: RdpDevice): Promise<void> {
  const at = await pointOf(page, 400, 450);
  await page.mouse.click(at.x, at.y);
  // The picture is scaled: a pixel beside it is the same point.
  await until(() => /^press 1 (399|40[01]) (449|45[01])$/m.test(device.output()), "a click");
  await page.keyboard.type("Aq7");
  for (const name of ["A", "q", "7"]) {
    await until(() => new RegExp(`^key ${name}$`, "m").test(device.output()), `key ${name}`);
  }
  await samePictures(page, () => device.screenshot(), "after typing", "part");
}

async function takesFiles(vic: PortalPerson, site: Installation): Promise<void> {
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
