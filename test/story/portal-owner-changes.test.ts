// What owners do after the first run, in browsers: a lost passkey replaced, tables and drafts of machines, two owners who must both sign, a company that keeps its
// own list. Real relay, edge, sshd and Chromium; the site itself was made by the command.
import * as assert from "uvu/assert";
import { startPlant, type Plant } from "../plant/plant.ts";
import { startVnc } from "../plant/vnc.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { desktop } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { startInstallation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";

async function signsChanges(owner: PortalPerson): Promise<string> {
  await owner.follow("Look and sign");
  await owner.see("This will change");
  const shown = await owner.touch(() => owner.press("Sign"));
  await owner.see(/^Signed\.|^You have signed\./);
  return shown;
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
    const { owner } = site;
    await using olga = await PortalPerson.join(site, "olga", {
      roles: ["owner", "approver"],
      viewport: desktop,
    });
    const { page } = olga;

    // Whoever is no owner finds no owner's page, and signs nothing of it.
    await using ida = await PortalPerson.join(site, "ida", {
      roles: ["auditor"],
      viewport: desktop,
    });
    await ida.goto("/rules");
    await ida.see("This page is for owners");

    // A lost passkey: the same person is invited again, the new keys come, the old ones go, by one signature.
    await olga.follow("People");
    await olga.press(/^ida/);
    await olga.follow("New device or lost passkey");
    assert.is(await olga.field("Short name").inputValue(), "ida");
    await olga.press("Make the link");
    await ida.answer(await olga.linkShown());
    await olga.press("Done");
    await olga.press("Accept ida");
    await olga.press(/^ida/);
    await page
      .getByRole("button", { name: /^Remove Passkey/ })
      .last()
      .click();
    await olga.check();
    await olga.closeSigning(async () => {
      await olga.follow("Look and sign");
      await olga.see("One key of ida counts no more");
      await olga.press("Sign");
    });
    await olga.see("Nothing was signed.");
    const replaced = await olga.touch(() => olga.press("Sign"));
    assert.match(replaced, /Keys of ida: 1 new, 1 removed/);
    await olga.see("Signed. The boxes take it over");
    const { manifest } = await owner.ask<{ manifest: Manifest }>("site", "show");
    const keys = manifest.persons.find(({ id }) => id === "ida")?.keys ?? [];
    assert.is(keys.filter(({ kind }) => kind === "passkey").length, 1, "passkeys of ida");

    // A table with faults adds nothing, and names each line.
    await olga.goto("/targets/import");
    await olga
      .field("Table")
      .fill(
        "id,kind,address,ports,login\nPanel 9,ssh,10.0.0.9,22,service\nplc-9,modbus,10.0.0.8,502,\nplc-8,tcp,10.0.0/8,70000,\nshort,ssh",
      );
    await olga.see('Line 2: "Panel 9" is not a short name of a-z, 0-9 and -');
    await olga.see('Line 3: "modbus" is none of ssh, tcp, vnc, rdp, http');
    await olga.see('Line 4: "70000" is not a port');
    await olga.see("Line 5: 2 cells, expected 5");
    assert.ok(await olga.button(/^Add 0 to what/).isDisabled());
    await olga.check();

    // Somebody who may only prepare hands machines over, sealed: the relay keeps what it cannot read, and the link opens it.
    await ida.goto("/targets");
    await ida.follow("Prepare machines (CSV)");
    await ida.field("Table").fill(tableOf(plant));
    await ida.see("2 machines are read");
    await ida.press("Hand over to an owner");
    const link = await ida.linkShown();
    await olga.goto("/targets");
    await olga.see("Open the link that they gave you to read it");
    await page.goto("about:blank");
    await page.goto(link);
    await olga.press("Take it over");
    assert.not.ok(page.url().includes("#"), "the link's secret has left the address bar");
    await olga.see("2 machines are in your changes now.");
    await olga.check();
    await olga.follow("Look and sign");
    await olga.see("Its key is not known yet");
    assert.ok(await olga.button("Sign").isDisabled());
    await olga.follow("Change it");
    await olga.touch(() => olga.press("Test"));
    await olga.press("It is right: pin this key");
    await olga.see("Something does not work yet.");
    await olga.press("Add to what will be signed");
    const machines = await signsChanges(olga);
    assert.match(machines, /Line 2; controller/);
    const devices = await owner.do("site", "devices", "list");
    assert.match(devices.stdout, /line-2-plc/);

    // A panel's screen: its certificate is compared and pinned before its password goes there.
    await using screen = await startVnc({ security: "X509Vnc" });
    const { password = "" } = screen;
    await olga.follow("Machines");
    await olga.follow("Add a machine");
    await page.getByRole("radio", { name: /^Screen \(VNC\)/ }).click();
    await olga.press("Test");
    await olga.see("It needs a name.");
    await olga.field("Name").fill("Line 2 screen");
    await olga.field("Address").fill(screen.host);
    await olga.field("Port").fill(String(screen.port));
    await olga.field("Password").fill(password);
    await olga.touch(() => olga.press("Test"));
    await olga.see("Compare this fingerprint");
    await olga.see(screen.certificate ?? "the device's fingerprint");
    await olga.check();
    await olga.press("It is right: pin this certificate");
    await olga.see("The certificate is pinned.");
    await olga.see("The login works");
    await olga.see("Everything works.");
    await olga.press("Add to what will be signed");

    // A web panel that is offered in the browser, knowingly: the sentence stands where it is chosen and where it is signed.
    await olga.follow("Add a machine");
    await page.getByRole("radio", { name: /^Web panel/ }).click();
    await olga.field("Name").fill("Line 2 web panel");
    await olga.field("Address").fill("127.0.0.1");
    await page.getByLabel("How the box signs in").selectOption("form");
    await olga.press("Add to what will be signed");
    await olga.see("The name of the field in the form is needed.");
    await olga.field("Where the form is sent to").fill("/login");
    await olga.field("Field for the password").fill("pw");
    await page.getByRole("checkbox", { name: /^open it in the browser/ }).check();
    await olga.see(/^The relay owns the panel’s name/);
    await olga.check();
    await olga.press("Add to what will be signed");
    await olga.follow("Look and sign");
    await olga.see("see and operate the screen, fit the screen to their window; rules Standard");
    await olga.see(/^Line 2 web panel in the browser: The relay owns/);
    const kept = await olga.factsKept();
    assert.ok(!kept.includes(password), "password in the browser's database");
    const offered = await olga.touch(() => olga.press("Sign"));
    assert.match(offered, /Line 2 web panel in the browser: The relay owns the panel’s name/);
    await olga.see("Signed. The boxes take it over");

    // Two must sign: the first one's signature changes nothing yet.
    await olga.follow("Rules");
    await page.getByRole("radio", { name: "2 must sign each change" }).check();
    await olga.check();
    await signsChanges(olga);
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
    await olga.see("Signed by anna");
    await olga.see("One owner's signature suffices");
    await olga.check();
    await olga.touch(() => olga.press("Sign it too"));
    await olga.see("Signed. The boxes take it over");

    for (const { device } of [olga, ida]) assert.equal(device.faults, []);
  });

  test("a company's administrator keeps the list of technicians on a phone", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant).slice(1, 2), {
      signingPage: true,
    });
    const { owner, relay } = site;
    const { link } = await owner.ask<{ link: string }>("invite", "acme/rita", "--administrator");
    await using rita = await PortalPerson.answering(relay.url, link);
    await owner.do("accept", "--yes");
    await rita.enter();
    const { page } = rita;
    await rita.goto("/company");
    await rita.see("Nobody is on the list");
    await rita.check();
    await rita.follow("Invite a technician");
    await rita.field("Name").fill("Joe Park");
    await rita.press("Make the link");
    await using joe = await PortalPerson.answering(relay.url, await rita.linkShown());
    await rita.press("Done");
    const shown = await rita.touch(() => rita.press("Accept"));
    assert.match(shown, /Joe Park/);
    await rita.see("They are on the list now.");
    await joe.enter();
    await rita.check();
    await rita.touch(() => rita.press("Renew for 30 days"));
    await rita.see("The list is signed anew.");
    await rita.press("Remove Joe Park");
    await rita.touch(() =>
      page.getByRole("dialog").getByRole("button", { name: "Remove Joe Park" }).click(),
    );
    await rita.see("Joe Park is off the list.");
    for (const { device } of [rita, joe]) assert.equal(device.faults, []);
  });
});

interface Manifest {
  readonly persons: readonly {
    readonly id: string;
    readonly keys: readonly { readonly kind: string }[];
  }[];
}
