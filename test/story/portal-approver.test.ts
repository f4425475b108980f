// An approver with a phone: one question, one touch; less than was asked, or no; more time, a look over the shoulder, the end; a replaced device.
// The vendor is the real command, the device a real sshd; what a person cannot do without a mouse fails here.
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { group } from "../support/group.ts";
import { startInstallation, type Person } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";

const limitMs = 60_000;
const otherHostKey =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ7bHeN0WtDkzfw8yNXnWb0iNOb1Gsk6wKWvgF2gVQmS";
const options = { signingPage: true, secondFactor: "waived" } as const;

const why = "replace the axis drive's parameters <img src=x onerror=alert(1)>";

async function request(vendor: Person, ...args: readonly string[]): Promise<string> {
  const { job } = await vendor.ask<{ job: string }>("request", ...args, "--reason", why);
  return job;
}

await group("the approver's pages", { timeoutMs: 240_000 }, (test) => {
  test("one touch lets a waiting vendor in, one more gives time; watching and ending take none, and a keyboard suffices", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), options);
    const { vendor } = site;
    await using mia = await PortalPerson.join(site, "mia", { name: "Mia Berg" });
    const { page, device } = mia;
    await mia.see("Nobody asks for anything");
    await mia.check();

    const what = ["press-hmi", "press-plc", "--minutes", "60", "--ticket", "WO-1187"];
    const job = await request(vendor, ...what);
    await using held = vendor.start(["connect", job, "--json"]);
    await held.line(/"event":"waiting"/, limitMs);
    // It appears by itself.
    await mia.see("Look and answer");
    await mia.check();
    await mia.tabTo(page.getByRole("link", { name: "Look and answer" }));
    await page.keyboard.press("Enter");
    await mia.see("Let vera in?");
    const question = await mia.text();
    for (const word of ["vera", why, "WO-1187", "Press HMI", "Press controller"])
      assert.ok(question.includes(word), word);
    for (const word of ["60 minutes", "Hall 3", "open a terminal", "Asked with key"])
      assert.ok(question.includes(word), word);
    await mia.check();

    const before = device.touches();
    await mia.tabTo(mia.button("Approve"));
    const signing = await device.signingWindow(() => page.keyboard.press("Enter"));
    // Before the document is there, the page shows nothing to sign.
    await signing.getByRole("button", { name: "Approve" }).waitFor();
    assert.match(await signing.locator("body").innerText(), /Let vera work on .* for 60 minutes/);
    await mia.tabTo(signing.getByRole("button", { name: "Approve" }), signing);
    await signing.keyboard.press("Enter").catch((thrown: unknown) => {
      // The window is gone before the key is let go.
      if (!signing.isClosed()) throw thrown;
    });
    await held.line(/"event":"admitted"/, limitMs);
    assert.is(device.touches() - before, 1);
    await mia.see("Approved. The vendor can start now.");
    await mia.check();

    await using terminal = vendor.start(["ssh", "press-hmi"]);
    terminal.stdin.write("echo rea''dy\r");
    await terminal.line(/ready$/, limitMs);
    await mia.press("Ask the box again");
    await page.getByRole("timer").waitFor({ timeout: limitMs });
    assert.match(await page.getByRole("timer").innerText(), /^(1:00:00|59:\d\d)$/);
    const extended = await mia.touch(() => mia.press("+15 min more time"));
    assert.match(extended, /15 minutes more/);
    await held.line(/"event":"extended"/, limitMs);
    await mia.see("More time is given.");
    await mia.see("75 minutes in all");
    assert.is(device.touches() - before, 2);

    await mia.follow("Watch live");
    terminal.stdin.write("echo now''-watched\r");
    await page
      .locator(".xterm-rows")
      .getByText("now-watched")
      .first()
      .waitFor({ timeout: limitMs });
    await mia.check();

    // One press does nothing; two, by the keyboard, end it.
    await mia.tabTo(mia.button("End at once"));
    await page.keyboard.press("Enter");
    await mia.button("Press again to end it").waitFor();
    await page.keyboard.press("Enter");
    await held.line(/"event":"ended"/, limitMs);
    assert.is.not((await terminal.exited).code, 0);
    await mia.see(/The box confirmed it after \d+\.\d s\./);
    assert.is(device.touches() - before, 2);
    await mia.check();

    await mia.goto("/requests");
    await mia.see("Over today");
    await mia.see("ended");
    await mia.goto(`/requests/${job}`);
    await mia.see("The box confirmed it");
    await mia.check();
  });

  test("a window that is closed signs nothing, less than was asked is what is given, and a no reaches the vendor with its reason", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), options);
    const { vendor } = site;
    await using mia = await PortalPerson.join(site, "mia");
    const job = await request(vendor, "press-hmi", "press-plc", "--minutes", "60");
    await using held = vendor.start(["connect", job, "--json"]);
    await held.line(/"event":"waiting"/, limitMs);

    await mia.goto(`/requests/${job}`);
    await mia.see("Let vera in?");
    await mia.closeSigning(() => mia.press("Approve"));
    await mia.see("Nothing was signed. You can try again.");
    assert.not.match(held.stdout, /"event":"admitted"/);

    await mia.press("Give less than asked");
    await mia.page.getByText("15 minutes", { exact: true }).click();
    await mia.page.getByRole("switch", { name: "Press controller is included" }).click();
    await mia.page.getByLabel("copy files").click();
    await mia.check();
    const asked = await mia.touch(() => mia.press("Approve 15 minutes"));
    assert.match(asked, /Less than was asked for/);
    assert.match(asked, /15 minutes instead of 60 minutes/);
    assert.match(asked, /Press controller is left out/);
    const [admitted] = await held.line(/^.*"event":"admitted".*$/, limitMs);
    assert.match(admitted, /"minutesLeft":15/);
    assert.not.match(admitted, /press-plc|files/);

    const other = await request(vendor, "press-plc", "--minutes", "5");
    await using waiting = vendor.start(["connect", other]);
    await waiting.line(/waits for approval by/, limitMs);
    await mia.goto("/requests");
    await mia.follow("Look and answer");
    await mia.press("Say no");
    await mia.page.getByText("The machine is running", { exact: true }).click();
    await mia.check();
    const before = mia.device.touches();
    await mia.press("Send the no");
    assert.is((await waiting.exited).code, 77);
    assert.match(waiting.stderr, /was denied by mia: The machine is running/);
    await mia.see("mia said no: The machine is running");
    assert.is(mia.device.touches(), before);
  });

  test("a replaced device's key is shown beside the known one and accepted for this job by one touch", async () => {
    await using plant = await startPlant();
    const [hmi] = plantTargets(plant);
    assert.ok(hmi);
    const changed = { ...hmi, hostKeys: [otherHostKey] };
    await using site = await startInstallation([changed], options);
    const { vendor } = site;
    await using mia = await PortalPerson.join(site, "mia");
    const job = await request(vendor, "press-hmi", "--minutes", "30");
    await using held = vendor.start(["connect", job, "--json"]);
    await held.line(/"event":"waiting"/, limitMs);
    await mia.goto(`/requests/${job}`);
    await mia.touch(() => mia.press("Approve"));
    await held.line(/"event":"connected"/, limitMs);
    const run = () => vendor.run(["ssh", "press-hmi", "--", "true"], { limitMs });
    assert.is((await run()).code, 76);

    await mia.press("Ask the box again");
    await mia.see("Press HMI shows another key");
    assert.is((await mia.text()).match(/SHA256:/g)?.length, 2);
    await mia.check();
    const before = mia.device.touches();
    await mia.touch(() => mia.press("Accept for this job"));
    await held.line(/"event":"extended"/, limitMs);
    assert.is(mia.device.touches() - before, 1);
    const ran = await run();
    assert.is(ran.code, 0, ran.stderr);
  });
});
