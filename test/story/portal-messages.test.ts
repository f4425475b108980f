// How approvers are told, in a real browser: mail from a real mail server with a link that lands on the question, a push that opens its page in the
// open tab, duty and hand-over, and whom the owner is to ask first.
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { PortalPerson } from "../support/portal-person.ts";
import { group } from "../support/group.ts";
import { askedJob } from "../support/held-job.ts";
import { startInstallation, startRelay } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { MailServer, textOfMail } from "../unit/relay/mail-server.ts";

const address = "mia@example.org";

await group("messages", { timeoutMs: 240_000 }, (test) => {
  test("mail is confirmed by its code and tested, its link lands on the question, a push opens its page, and duty is handed over", async () => {
    await using mail = await MailServer.start({ isPlain: true });
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), {
      signingPage: true,
      secondFactor: "waived",
      openRelay: (folder) => startRelay(folder, mail.settings()),
    });
    const { vendor, relay } = site;
    await using mia = await PortalPerson.join(site, "mia", { name: "Mia Berg" });
    const { page } = mia;

    await mia.follow("Messages");
    await mia.see("No message has ever reached you.");
    await mia.see("Nobody can tell you yet");
    await mia.check();
    await page.getByLabel("Mail address").fill(address);
    await mia.press("Send me a code");
    await mia.see(`A code of six digits is on its way to ${address}.`);
    const code = /Your code is (\d{6})\./.exec(textOfMail((await mail.mailed.at(0)).raw))?.[1];
    assert.ok(code);
    await page.getByLabel("Code from the mail").fill(code === "000000" ? "000001" : "000000");
    await mia.press("Confirm");
    await page.getByRole("alert").first().waitFor();
    await page.getByLabel("Code from the mail").fill(code);
    await mia.press("Confirm");
    await mia.see("works");
    await mia.press("Send a test message");
    await mia.see("A test message was sent. Did you see it?");
    await mail.mailed.at(1);
    await mia.press("Yes, I saw it");
    await mia.see("Good. This way works.");
    await mia.check();

    // The mail about a request names nothing of it but its place; the place is the question.
    const job = await askedJob(vendor, ["press-hmi"], 30);
    const told = textOfMail(
      (await mail.mailed.first(({ raw }) => textOfMail(raw).includes("/jobs/"))).raw,
    );
    assert.not.match(told, /replace the drive/);
    const link = /https:\S+\/jobs\/[\w-]{43}/.exec(told)?.[0] ?? "";
    assert.ok(link.startsWith(relay.url), told);
    await page.goto(link);
    await mia.see("Let vera in?");
    assert.match(page.url(), /\/requests\//);
    await mia.goto("/notifications");

    // No push service is reachable from here: said in words. What it would deliver is given to the service worker by the browser's own debugger.
    await mia.device.context.grantPermissions(["notifications"], { origin: relay.url });
    await page.reload();
    await mia.press("Allow messages here");
    await mia.see("this browser's push service cannot be reached from here");
    await pushes(mia, relay.url, { url: `${relay.url}/requests/${job}`, tag: "one" });
    await mia.see("Let vera in?");
    await pushes(mia, relay.url, { url: "https://elsewhere.example/", tag: "two" });
    await page.getByRole("heading", { name: "Requests" }).waitFor();

    await mia.goto("/notifications");
    await page.getByRole("combobox", { name: "Who takes over" }).click();
    await page.getByRole("option", { name: "ben" }).click();
    await page.getByLabel("Note").fill("The press is open on side B.");
    await mia.press("Hand over now");
    await mia.see("ben is on duty now.");
    await mia.see("The press is open on side B.");
    assert.is(await page.getByRole("switch", { name: "On duty" }).isChecked(), false);
    await mia.goto("/requests");
    await page.getByRole("switch", { name: "On duty" }).click();
    await page.getByRole("switch", { name: "On duty", checked: true }).waitFor();
  });

  test("an owner sees whom no message reaches, and sets who is asked first", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { signingPage: true });
    await using olga = await PortalPerson.join(site, "olga", { roles: ["owner", "approver"] });
    const { page } = olga;
    await olga.goto("/notifications");
    await olga.see("Who can be reached");
    await olga.see("never reached");
    await olga.follow("Who is asked first");
    const hmi = page.locator("section").filter({ hasText: "Press HMI" });
    await hmi.getByRole("button", { name: "Set an order" }).click();
    await hmi.getByRole("button", { name: "Ask olga earlier" }).click();
    await hmi.getByLabel("Minutes until the next is asked").fill("7");
    await olga.check();
    await hmi.getByRole("button", { name: "Save" }).click();
    await olga.see("Saved.");
    await page.reload();
    await olga.see("2. olga");
    assert.is(await hmi.getByLabel("Minutes until the next is asked").inputValue(), "7");
  });
});

const pushAttempts = 6;

/** Gives a push to the page's service worker as the browser's push service would, and presses what it shows. */
async function pushes(
  { page, device }: PortalPerson,
  url: string,
  { url: about, tag }: { readonly url: string; readonly tag: string },
): Promise<void> {
  const devtools = await device.context.newCDPSession(page);
  const registered = new Promise<string>((resolve) => {
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const [first] = registrations;
      if (first !== undefined) resolve(first.registrationId);
    });
  });
  await devtools.send("ServiceWorker.enable");
  const data = JSON.stringify({
    id: "m1",
    title: "Press shop",
    body: "Somebody asks",
    url: about,
    tag,
  });
  const push = { origin: url, registrationId: await registered, data };
  let shown: readonly string[] = [];
  // A message to a worker that is just being replaced is lost, as a push service would know; then it delivers again.
  for (let attempt = 0; attempt < pushAttempts && shown.length === 0; attempt += 1) {
    await devtools.send("ServiceWorker.deliverPushMessage", push);
    const worker =
      device.context.serviceWorkers().at(-1) ??
      (await device.context.waitForEvent("serviceworker"));
    shown = await worker.evaluate<readonly string[]>(`(async () => {
      const look = () => self.registration.getNotifications({ tag: ${JSON.stringify(tag)} });
      let shown = await look();
      // A worker that asks without a pause never comes to the push itself.
      for (let pause = 0; pause < 100 && shown.length === 0; pause += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        shown = await look();
      }
      const texts = shown.map(({ title, body }) => title + ": " + body);
      if (shown.length > 0)
        self.dispatchEvent(new NotificationEvent("notificationclick", { notification: shown[0] }));
      return texts;
    })()`);
  }
  assert.equal(shown, ["Press shop: Somebody asks"]);
  await devtools.detach();
}
