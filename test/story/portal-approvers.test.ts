// Several approvers: the second signs what the first one gave, a lockdown by one is lifted by as many as the rules ask, and who may not approve is
// told why. Two browsers with authenticators of their own, the vendor by the real command.
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { desktop } from "../support/browser.ts";
import { group } from "../support/group.ts";
import { askedJob, holdJob } from "../support/held-job.ts";
import { editSite, startInstallation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";

const limitMs = 60_000;
const options = { signingPage: true, secondFactor: "waived" } as const;

await group("several approvers", { timeoutMs: 240_000 }, (test) => {
  test("two approvers sign the same permission and the same extension; one locks the site, and two lift it", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), options);
    const { vendor } = site;
    await using mia = await PortalPerson.join(site, "mia", { name: "Mia Berg" });
    await using nils = await PortalPerson.join(site, "nils", { viewport: desktop });
    await editSite(site, (text) => text.replace("approversNeeded: 1", "approversNeeded: 2"));

    const job = await askedJob(vendor, ["press-hmi"], 60);
    {
      await using held = vendor.start(["connect", job, "--json"]);
      await held.line(/"event":"waiting"/, limitMs);
      await mia.goto(`/requests/${job}`);
      await mia.see("2 approvers have to agree.");
      await mia.press("Give less than asked");
      await mia.page.getByText("30 minutes", { exact: true }).click();
      const first = await mia.touch(() => mia.press("Approve 30 minutes"));
      assert.match(first, /2 approvers have to sign/);
      await mia.see("You have approved this. Another approver has to sign the same.");
      assert.is(await mia.button("Approve the same").count(), 0);
      await mia.check();
      assert.not.match(held.stdout, /"event":"admitted"/);

      await nils.goto("/requests");
      await nils.see("needs another approver");
      await nils.follow("Look and answer");
      await nils.see("Mia Berg approved this:");
      await nils.see("30 minutes from the first connection");
      assert.is(await nils.button("Give less than asked").count(), 0);
      await nils.check();
      const before = nils.device.touches();
      const second = await nils.touch(() => nils.press("Approve the same"));
      assert.match(second, /30 minutes instead of 60 minutes/);
      const [admitted] = await held.line(/^.*"event":"admitted".*$/, limitMs);
      assert.match(admitted, /"minutesLeft":30/);
      assert.is(nils.device.touches() - before, 1);

      await mia.see("Mia Berg, nils, 30 minutes in all");
      await mia.touch(() => mia.press("+15 min more time"));
      await mia.see(/Your approval counts/);
      await nils.see("Mia Berg gave 45 minutes in all. Another approver has to sign the same.");
      await nils.touch(() => nils.press("Approve the same"));
      await held.line(/"event":"extended"/, limitMs);

      await mia.goto("/lockdown");
      await mia.see("Nothing is locked down");
      const touches = mia.device.touches();
      await mia.press("Lock down");
      await mia.press("Press again to lock down");
      await held.line(/"event":"ended".*locked-down/, limitMs);
      await mia.see("Lift on Hall 3");
      assert.is(mia.device.touches(), touches);
      await mia.check();
    }
    const closed = await vendor.run(["connect", job], { limitMs });
    assert.is(closed.code, 77, closed.stderr);
    assert.match(closed.stderr, /locked-down/);

    await nils.goto("/lockdown");
    await mia.touch(() => mia.press("Lift on Hall 3"));
    await mia.see("You have signed the lift. Another approver has to sign the same.");
    await nils.see("Mia Berg signed the lift. Another approver has to sign the same.");
    await nils.check();
    await nils.touch(() => nils.press("Lift on Hall 3"));
    await nils.see("Lifted again");
    await mia.see("Lifted again");
    await using again = await holdJob(vendor, job);
    assert.ok(again.minutesLeft > 0);
  });

  test("who may not approve is told why and what to do, and an owner may say no all the same", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), options);
    const { vendor } = site;
    await using nora = await PortalPerson.join(site, "nora", { authenticator: false });
    await using olga = await PortalPerson.join(site, "olga", { roles: ["owner"] });
    const job = await askedJob(vendor, ["press-hmi"], 30);

    // Without a passkey the browser's own key signs, without any window.
    await nora.goto(`/requests/${job}`);
    await nora.see("This browser's key signs at once.");
    await editSite(site, (text) => text.replace("passkeysOnly: false", "passkeysOnly: true"));
    await nora.see("This machine wants a passkey, and you have none here.");
    assert.is(await nora.button("Approve").count(), 0);
    await nora.check();
    await editSite(site, (text) =>
      text
        .replace("passkeysOnly: true", "passkeysOnly: false")
        .replace("approvers: null", "approvers: [ben]"),
    );
    await nora.see("You are not named as an approver of this machine.");
    await nora.see("ben");

    await olga.goto(`/requests/${job}`);
    await olga.see("You are not an approver of this site.");
    await olga.press("Say no");
    await olga.press("Send the no");
    await olga.see("olga said no.");
    const denied = await vendor.run(["connect", job], { limitMs });
    assert.match(denied.stderr, /was denied/);
  });
});
