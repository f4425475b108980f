// What owners do after the first run, in browsers: a lost passkey replaced, tables and drafts of machines, two owners who must both sign, a company that keeps its
// own list. Real relay, edge, sshd and Chromium; the site itself was made by the command.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { startPlant, type Plant } from "../plant/plant.ts";
import { startVnc } from "../plant/vnc.ts";
import { accessibilityFaults, phone, type Device } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Installation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import {
  answerLink,
  closeSigning,
  enter,
  factsKept,
  introduceBy,
  linkShown,
  see,
  touch,
} from "../support/portal-people.ts";

const field = (page: Page, name: string) => page.getByRole("textbox", { name, exact: true });
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();
const follow = (page: Page, name: string) => page.getByRole("link", { name, exact: true }).click();

async function axeClean(page: Page, where: string): Promise<void> {
  assert.equal(await accessibilityFaults(page), [], where);
}

async function signChanges(device: Device): Promise<string> {
  const { page } = device;
  await follow(page, "Look and sign");
  await see(page, "This will change");
  const shown = await touch(device, () => press(page, "Sign"));
  await see(page, /^Signed\.|^You have signed\./);
  return shown;
}

/** Somebody whom the command's owner invites, in front of a browser, and accepted. */
async function join(
  { owner, relay }: Installation,
  id: string,
  roles: readonly string[],
): Promise<Device> {
  const { link } = await owner.ask<{ link: string }>("invite", id, ...roles);
  const device = await answerLink(relay.url, link);
  await owner.do("accept", "--yes");
  await enter(device);
  return device;
}

function tableOf({ ssh, modbus }: Plant): string {
  return [
    "id;name;kind;address;ports;login;password",
    `line-2-panel;Line 2 panel;ssh;${ssh.host};${ssh.port};${ssh.login};"a ""quoted"" word"`,
    `line-2-plc;"Line 2; controller";tcp;${modbus.host};${modbus.port};;`,
  ].join("\r\n");
}

await group("an owner's changes in browsers", { timeoutMs: 360_000 }, (test) => {
  test("a lost passkey is replaced, a table and a handed draft are signed, two owners sign, a company keeps its list", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant).slice(0, 1), {
      signingPage: true,
    });
    const { owner, relay } = site;
    await using olga = await join(site, "olga", ["--role", "owner", "approver"]);
    const { page } = olga;

    // Whoever is no owner finds no owner's page, and signs nothing of it.
    await using ida = await join(site, "ida", ["--role", "auditor"]);
    await ida.page.goto(`${relay.url}/rules`);
    await see(ida.page, "This page is for owners");

    // A lost passkey: the same person is invited again, the new keys come, the old ones go, by one signature.
    await follow(page, "People");
    await page.getByRole("button", { name: /^ida/ }).click();
    await page.getByRole("link", { name: "New device or lost passkey" }).first().click();
    assert.is(await field(page, "Short name").inputValue(), "ida");
    await press(page, "Make the link");
    await introduceBy(ida, await linkShown(page));
    await press(page, "Done");
    await press(page, "Accept ida");
    await page.getByRole("button", { name: /^ida/ }).click();
    await page
      .getByRole("button", { name: /^Remove Passkey/ })
      .last()
      .click();
    await axeClean(page, "a person's keys");
    await closeSigning(olga, async () => {
      await follow(page, "Look and sign");
      await see(page, "One key of ida counts no more");
      await press(page, "Sign");
    });
    await see(page, "Nothing was signed.");
    const replaced = await touch(olga, () => press(page, "Sign"));
    assert.match(replaced, /Keys of ida: 1 new, 1 removed/);
    await see(page, "Signed. The boxes take it over");
    const { manifest } = await owner.ask<{ manifest: Manifest }>("site", "show");
    const keys = manifest.persons.find(({ id }) => id === "ida")?.keys ?? [];
    assert.is(keys.filter(({ kind }) => kind === "passkey").length, 1, "passkeys of ida");

    // A table with faults adds nothing, and names each line.
    await page.goto(`${relay.url}/targets/import`);
    await field(page, "Table").fill(
      "id,kind,address,ports,login\nPanel 9,ssh,10.0.0.9,22,service\nplc-9,modbus,10.0.0.8,502,\nplc-8,tcp,10.0.0/8,70000,\nshort,ssh",
    );
    await see(page, 'Line 2: "Panel 9" is not a short name of a-z, 0-9 and -');
    await see(page, 'Line 3: "modbus" is none of ssh, tcp, vnc, rdp, http');
    await see(page, 'Line 4: "70000" is not a port');
    await see(page, "Line 5: 2 cells, expected 5");
    assert.ok(await page.getByRole("button", { name: /^Add 0 to what/ }).isDisabled());
    await axeClean(page, "a table with faults");

    // Somebody who may only prepare hands machines over, sealed: the relay keeps what it cannot read, and the link opens it.
    const preparing = ida.page;
    await preparing.goto(`${relay.url}/targets`);
    await follow(preparing, "Prepare machines (CSV)");
    await field(preparing, "Table").fill(tableOf(plant));
    await see(preparing, "2 machines are read");
    await press(preparing, "Hand over to an owner");
    const link = await linkShown(preparing);
    await page.goto(`${relay.url}/targets`);
    await see(page, "Open the link that they gave you to read it");
    await page.goto("about:blank");
    await page.goto(link);
    await press(page, "Take it over");
    assert.not.ok(page.url().includes("#"), "the link's secret has left the address bar");
    await see(page, "2 machines are in your changes now.");
    await axeClean(page, "machines that were handed over");
    await follow(page, "Look and sign");
    await see(page, "Its key is not known yet");
    assert.ok(await page.getByRole("button", { name: "Sign", exact: true }).isDisabled());
    await follow(page, "Change it");
    await touch(olga, () => press(page, "Test"));
    await press(page, "It is right: pin this key");
    await see(page, "Something does not work yet.");
    await press(page, "Add to what will be signed");
    const machines = await signChanges(olga);
    assert.match(machines, /Line 2; controller/);
    const devices = await owner.do("site", "devices", "list");
    assert.match(devices.stdout, /line-2-plc/);

    // A panel's screen: its certificate is compared and pinned before its password goes there.
    await using screen = await startVnc({ security: "X509Vnc" });
    const { password = "" } = screen;
    await follow(page, "Machines");
    await follow(page, "Add a machine");
    await page.getByRole("radio", { name: /^Screen \(VNC\)/ }).click();
    await press(page, "Test");
    await see(page, "It needs a name.");
    await field(page, "Name").fill("Line 2 screen");
    await field(page, "Address").fill(screen.host);
    await field(page, "Port").fill(String(screen.port));
    await field(page, "Password").fill(password);
    await touch(olga, () => press(page, "Test"));
    await see(page, "Compare this fingerprint");
    await see(page, screen.certificate ?? "the device's fingerprint");
    await axeClean(page, "a machine's certificate");
    await press(page, "It is right: pin this certificate");
    await see(page, "The certificate is pinned.");
    await see(page, "The login works");
    await see(page, "Everything works.");
    await press(page, "Add to what will be signed");

    // A web panel that is offered in the browser, knowingly: the sentence stands where it is chosen and where it is signed.
    await follow(page, "Add a machine");
    await page.getByRole("radio", { name: /^Web panel/ }).click();
    await field(page, "Name").fill("Line 2 web panel");
    await field(page, "Address").fill("127.0.0.1");
    await page.getByLabel("How the box signs in").selectOption("form");
    await press(page, "Add to what will be signed");
    await see(page, "The name of the field in the form is needed.");
    await field(page, "Where the form is sent to").fill("/login");
    await field(page, "Field for the password").fill("pw");
    await page.getByRole("checkbox", { name: /^open it in the browser/ }).check();
    await see(page, /^The relay owns the panel’s name/);
    await axeClean(page, "a web panel");
    await press(page, "Add to what will be signed");
    await follow(page, "Look and sign");
    await see(page, "see and operate the screen, fit the screen to their window; rules Standard");
    await see(page, /^Line 2 web panel in the browser: The relay owns/);
    const kept = await factsKept(page);
    assert.ok(!kept.includes(password), "password in the browser's database");
    const offered = await touch(olga, () => press(page, "Sign"));
    assert.match(offered, /Line 2 web panel in the browser: The relay owns the panel’s name/);
    await see(page, "Signed. The boxes take it over");

    // Two must sign: the first one's signature changes nothing yet.
    await follow(page, "Rules");
    await page.getByRole("radio", { name: "2 must sign each change" }).check();
    await axeClean(page, "rules");
    await signChanges(olga);
    await page.getByRole("heading", { name: "Waiting for another owner" }).waitFor();
    const before = await owner.do("site", "show");
    assert.match(before.stdout, /ownersNeeded: 1/);
    await owner.do("site", "sign", "--yes");
    await page.getByRole("heading", { name: "Waiting for another owner" }).waitFor({
      state: "detached",
      timeout: 60_000,
    });
    const after = await owner.do("site", "show");
    assert.match(after.stdout, /ownersNeeded: 2/);
    // And the other way round: another owner has signed, this one adds hers.
    const changed = site.folder.file(
      "site.yaml",
      after.stdout.replace("ownersNeeded: 2", "ownersNeeded: 1"),
    );
    await owner.do("site", "apply", changed, "--yes");
    await see(page, "Signed by anna");
    await see(page, "One owner's signature suffices");
    await axeClean(page, "another owner's change");
    await touch(olga, () => press(page, "Sign it too"));
    await see(page, "Signed. The boxes take it over");

    assert.equal([...olga.faults, ...ida.faults], []);
  });

  test("a company's administrator keeps the list of technicians on a phone", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant).slice(1, 2), {
      signingPage: true,
    });
    const { owner, relay } = site;
    const { link } = await owner.ask<{ link: string }>("invite", "acme/rita", "--administrator");
    await using rita = await answerLink(relay.url, link, { viewport: phone });
    await owner.do("accept", "--yes");
    await enter(rita);
    const { page } = rita;
    await page.goto(`${relay.url}/company`);
    await see(page, "Nobody is on the list");
    await axeClean(page, "an empty list");
    await follow(page, "Invite a technician");
    await field(page, "Name").fill("Joe Park");
    await press(page, "Make the link");
    await using joe = await answerLink(relay.url, await linkShown(page));
    await press(page, "Done");
    const accepting = page.getByRole("button", { name: "Accept", exact: true });
    await accepting.waitFor();
    const shown = await touch(rita, () => accepting.click());
    assert.match(shown, /Joe Park/);
    await see(page, "They are on the list now.");
    await enter(joe);
    await axeClean(page, "a list");
    await touch(rita, () => press(page, "Renew for 30 days"));
    await see(page, "The list is signed anew.");
    await press(page, "Remove Joe Park");
    await touch(rita, () =>
      page.getByRole("dialog").getByRole("button", { name: "Remove Joe Park" }).click(),
    );
    await see(page, "Joe Park is off the list.");
    assert.equal([...rita.faults, ...joe.faults], []);
  });
});

interface Manifest {
  readonly persons: readonly {
    readonly id: string;
    readonly keys: readonly { readonly kind: string }[];
  }[];
}
