// A machine that has made itself another certificate, as Windows does every half year: the vendor is told, an approver on a phone compares and accepts it for
// that one job, and the vendor goes on; no other job does. The machines are real ones, which get their new certificate while the site knows the old one.
import * as assert from "uvu/assert";
import type { Page } from "playwright-core";
import { startRdp } from "../plant/rdp.ts";
import { startVnc } from "../plant/vnc.ts";
import { startWebHmi } from "../plant/web-hmi.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { desktop } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { rdpTarget, vncTarget, webTarget } from "../support/plant-targets.ts";
import { askFor, canvas, samePictures } from "../support/screen-story.ts";

const limitMs = 60_000;
const options = { signingPage: true, secondFactor: "waived" } as const;
const refused = "The machine shows another key or certificate";
const screenRights = ["control", "view"];

await group("a changed certificate", { timeoutMs: 290_000 }, (test) => {
  for (const [kind, name, start] of [
    ["desktop", "Press desktop", startNlaDesktop],
    ["panel's screen", "Press panel", startSecurePanel],
  ] as const) {
    test(`a ${kind}: accepted by one touch on a phone, the vendor opens it again and has the picture; another job is still refused`, async () => {
      await using machine = await start();
      await using site = await startInstallation([machine.target], options);
      await using vic = await joinVendor(site);
      await using mia = await PortalPerson.join(site, "mia");
      const renewed = await machine.renew();
      const job = await asks(vic, site, name);
      await isRefused(vic);

      await mia.goto(`/requests/${job}`);
      await showsBoth(mia, name, [machine.certificate, renewed]);
      const hint = "Windows makes a new certificate";
      assert.is((await mia.text()).includes(hint), kind === "desktop", hint);
      await mia.check();
      await mia.press("How to compare it");
      await mia.see(kind === "desktop" ? "ComputeHash" : "openssl x509");
      const before = mia.device.touches();
      const asked = await mia.touch(() => mia.press("Accept for this job"));
      assert.match(asked, /does not show the certificate that the site knows/);
      assert.match(asked, /Changed certificate/);
      assert.ok(asked.includes(renewed), asked);
      assert.is(mia.device.touches() - before, 1);
      await mia.see("Accepted for this job");
      await mia.check();

      await vic.see("The site has changed your permission.");
      await vic.press("Open again");
      await vic.page.locator(canvas).waitFor({ timeout: limitMs });
      await samePictures(vic.page, machine.picture, "after it was accepted", "part");
      await vic.check();

      await site.approver.do("end", job, "--yes");
      await vic.see("Ended by ben");
      await asks(vic, site, name);
      await isRefused(vic);
      assert.is(await vic.page.locator(canvas).isVisible(), false, "a picture under another job");
    });
  }

  test("a web panel: accepted by the command, which takes no other form, the vendor opens it; another job is still refused", async () => {
    await using device = await startWebHmi();
    const target = webTarget(device, ["connect", "browser"]);
    await using site = await startInstallation([target], options);
    const { approver } = site;
    await using vic = await joinVendor(site);
    const renewed = await device.renew();
    const job = await asks(vic, site, "Press web page");
    await vic.press("Open the panel");
    await isRefused(vic, "Open the panel");
    const logins = device.process.count(/^login /);

    const told = await approver.do("status");
    const { changedDevices } = JSON.parse(told.stdout) as {
      changedDevices: readonly Record<string, unknown>[];
    };
    const [found] = changedDevices;
    assert.equal(
      [found?.["target"], found?.["shown"], found?.["fingerprint"], found?.["pinned"]],
      ["press-web", renewed, renewed, [device.certificate]],
    );
    const accept = ["accept-key", "--target", "press-web", "--key"];
    assert.ok(told.stderr.includes(`sallyport ${accept.join(" ")} ${renewed}`), told.stderr);
    const hostKey = "SHA256:uNiVztksCsDhcc0u9e8BrYXDdv0qCyXbOyCRSgb3UQI";
    const wrong = await approver.run([...accept, hostKey, "--yes", job]);
    assert.is(wrong.code, 64);
    assert.match(wrong.stderr, /is known by its certificate, expected AA:BB:…/);
    await approver.do(...accept, renewed.replaceAll(":", "").toLowerCase(), "--yes", job);

    await vic.see("The site has changed your permission.");
    const panel = await opensPanel(vic);
    await panel.locator("body[data-live=yes]").waitFor({ timeout: limitMs });
    assert.ok(device.process.count(/^login /) > logins, "the edge has signed in");
    const again = await approver.run([...accept, renewed, "--yes", job]);
    assert.match(again.stderr, /accepts that certificate on "press-web" already/);
    const { stdout: journal } = await site.owner.do("journal");
    assert.match(journal, /"event":"device-key-accepted"/);

    await approver.do("end", job, "--yes");
    await vic.see("Ended by ben");
    await asks(vic, site, "Press web page");
    await vic.press("Open the panel");
    await isRefused(vic, "Open the panel");
  });
});

async function startNlaDesktop() {
  const device = await startRdp({ security: "nla" });
  return {
    target: rdpTarget(device, screenRights),
    certificate: device.certificate,
    renew: () => device.renew(),
    picture: () => device.screenshot(),
    [Symbol.asyncDispose]: () => device[Symbol.asyncDispose](),
  };
}

async function startSecurePanel() {
  const device = await startVnc({ security: "X509Vnc" });
  const { certificate, renew } = device;
  if (certificate === undefined || renew === undefined) throw new Error("no certificate");
  return {
    target: vncTarget(device, screenRights),
    certificate,
    renew,
    picture: () => device.screen.picture(),
    [Symbol.asyncDispose]: () => device[Symbol.asyncDispose](),
  };
}

function joinVendor(site: Installation): Promise<PortalPerson> {
  return PortalPerson.join(site, "vic", { roles: ["vendor"], viewport: desktop });
}

/** Asks for all rights, waits, is approved and is in; the number of the job. */
async function asks(vic: PortalPerson, site: Installation, machine: string): Promise<string> {
  const job = await askFor(vic, site, [machine]);
  await vic.see("What you do here is recorded by the site.");
  return job;
}

/** The vendor reads why, what happens now, and can try again. */
async function isRefused(vic: PortalPerson, again = "Open again"): Promise<void> {
  await vic.see(refused);
  await vic.see(/No password was sent\. The site sees this/);
  await vic.button(again).waitFor({ timeout: limitMs });
  await vic.check();
}

/** The approver's page shows what is pinned beside what is shown. */
async function showsBoth(
  mia: PortalPerson,
  machine: string,
  fingerprints: readonly string[],
): Promise<void> {
  await mia.see(`${machine} shows another certificate`);
  for (const fingerprint of fingerprints) await mia.see(fingerprint);
}

async function opensPanel(vic: PortalPerson): Promise<Page> {
  const opening = vic.device.context.waitForEvent("page", { timeout: limitMs });
  await vic.press("Open the panel");
  return opening;
}
