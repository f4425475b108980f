// The vendor's pages in a real browser: asking, one touch, waiting, a terminal on a real sshd, a relay that dies under the typing, more time, the end;
// without a passkey by a code; denied; with the box away.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { startPlant, type Plant } from "../plant/plant.ts";
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
import { runProcess } from "../support/process.ts";

const shownMs = 20_000;
/** Typed so fast that a restart of the relay falls into the middle. */
const keyPauseMs = 25;

/** A technician in front of a browser, at a site with the plant's machines. */
class Vendor implements AsyncDisposable {
  readonly plant: Plant;
  readonly installation: Installation;
  readonly device: Device;
  readonly #ending: AsyncDisposableStack;

  private constructor(
    plant: Plant,
    installation: Installation,
    device: Device,
    ending: AsyncDisposableStack,
  ) {
    this.#ending = ending;
    this.plant = plant;
    this.installation = installation;
    this.device = device;
  }

  /** Invited by the owner, introduced in the browser, accepted, and on the page of jobs. */
  static async start(options: DeviceOptions = {}): Promise<Vendor> {
    await using started = new AsyncDisposableStack();
    const plant = started.use(await startPlant());
    const targets = plantTargets(plant);
    const installation = started.use(await startInstallation(targets, { signingPage: true }));
    const device = started.use(await startDevice(installation.relay.url, options));
    const vendor = new Vendor(plant, installation, device, started.move());
    try {
      await vendor.#join(options.authenticator !== false);
    } catch (thrown) {
      await vendor[Symbol.asyncDispose]();
      throw thrown;
    }
    return vendor;
  }

  get page(): Page {
    return this.device.page;
  }

  async #join(hasPasskey: boolean): Promise<void> {
    const { page, device } = this;
    const { owner } = this.installation;
    const { link } = await owner.ask<{ link: string }>(
      "invite",
      "viktor",
      "--name",
      "Viktor Lang",
      "--role",
      "vendor",
    );
    await page.goto(link);
    if (hasPasskey) {
      await this.touch(() => this.press("Create my passkey"));
      await page.getByRole("button", { name: "Introduce myself" }).waitFor();
      await this.touch(() => this.press("Introduce myself"));
    } else {
      await this.press("Continue without a passkey");
      await this.press("Introduce myself");
    }
    await page.getByText("You are introduced").waitFor();
    await owner.do("accept", "--yes");
    await this.press("Go on");
    await page.getByText("No jobs yet").waitFor();
    assert.equal(device.faults, []);
  }

  press(name: string): Promise<void> {
    return this.page.getByRole("button", { name, exact: true }).click({ timeout: shownMs });
  }

  /** Waits for a text; what is shown instead is told. */
  async see(text: string | RegExp): Promise<void> {
    try {
      await this.page.getByText(text).first().waitFor({ timeout: shownMs });
    } catch (cause) {
      const shown = await this.page.locator("body").innerText();
      throw new Error(`page does not show "${String(text)}":\n${shown}`, { cause });
    }
  }

  /** Does what opens the signing window, and says yes in it. */
  async touch(act: () => Promise<unknown>): Promise<void> {
    const signing = await this.device.signingWindow(act);
    const confirm = signing.getByRole("button").filter({ hasNotText: /cancel|close/i });
    await Promise.all([signing.waitForEvent("close"), confirm.first().click()]);
  }

  /** Fills in what is asked for; the press on "Ask" is the caller's. */
  async fillIn(machines: readonly string[], minutes?: number): Promise<void> {
    const { page } = this;
    await page.goto(`${this.installation.relay.url}/jobs/new`);
    for (const machine of machines) await page.getByLabel(machine, { exact: true }).check();
    await page.getByLabel("What will you do, and why?").fill("Exchange the axis drive");
    if (minutes === undefined) return;
    await page.getByText("Other", { exact: true }).click();
    await page.getByLabel("Minutes").fill(String(minutes));
  }

  /** The number of the job whose page is shown. */
  get job(): string {
    return new URL(this.page.url()).pathname.split("/").at(-1) ?? "";
  }

  approve(): Promise<unknown> {
    return this.installation.approver.do("approve", this.job, "--yes");
  }

  /** Sets up an authenticator by the same API as the page of settings; its secret. */
  async enrolTotp(): Promise<string> {
    const call = async <Answer>(path: string, body: object): Promise<Answer> =>
      this.page.evaluate(
        async ([url, text]) => {
          const headers = { "content-type": "application/json", "sallyport-page": "1" };
          const answer = await fetch(url, { method: "POST", headers, body: text });
          if (!answer.ok) throw new Error(await answer.text());
          return answer.status === 204 ? null : answer.json();
        },
        [`/api/sites/${this.installation.site}/totp${path}`, JSON.stringify(body)] as const,
      ) as Promise<Answer>;
    const { secret } = await call<{ secret: string }>("", {});
    await call("/confirm", { code: await codeNow(secret) });
    return secret;
  }

  /** What stands in the terminal. */
  screen(): Promise<string> {
    return this.page.locator(".xterm-rows").innerText();
  }

  /** Clicks where the terminal shows a text last. */
  async clickOn(text: string, clickCount: number): Promise<void> {
    const shown = this.page.locator(".xterm-rows").getByText(text).last();
    await shown.scrollIntoViewIfNeeded();
    const box = await shown.boundingBox();
    if (box === null) throw new Error(`terminal does not show "${text}"`);
    await this.page.mouse.click(box.x + 5, box.y + box.height / 2, { clickCount });
  }

  async untilScreen(expected: RegExp): Promise<string> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      const screen = await this.screen();
      if (expected.test(screen)) return screen;
      await this.page.waitForTimeout(50);
    }
    throw new Error(`terminal does not show ${expected}:\n${await this.screen()}`);
  }

  /** Types a command and waits until a mark after it shows that it is done. */
  async run(command: string): Promise<string> {
    const mark = crypto.randomUUID().slice(0, 8);
    await this.page.keyboard.type(`${command}; echo ${mark.slice(0, 4)}""${mark.slice(4)}\n`);
    return this.untilScreen(new RegExp(mark));
  }

  async isAccessible(what: string): Promise<void> {
    assert.equal(await accessibilityFaults(this.page), [], what);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ending.disposeAsync();
  }
}

await group("portal vendor", { timeoutMs: 170_000 }, (test) => {
  test("a vendor asks, touches once, and stands on the machine as soon as it is approved; the relay dies and nothing typed is lost", async () => {
    await using vendor = await Vendor.start();
    const { page, device, plant, installation } = vendor;
    await vendor.isAccessible("no jobs");
    await vendor.fillIn(["Press HMI", "Press controller"], 45);
    await vendor.isAccessible("asking");
    const touchedBefore = device.touches();
    await vendor.touch(() => vendor.press("Ask"));
    await vendor.see("The site has your request");
    await vendor.see("Nobody could be told by message");
    await vendor.isAccessible("waiting");
    const { job } = vendor;

    // Going to another page of the portal cuts nothing.
    await page.getByRole("link", { name: "Jobs" }).first().click();
    await vendor.see("Waits here");
    await installation.approver.do("approve", job, "--yes");
    await vendor.press("Show it");
    await vendor.untilScreen(/\$/);
    assert.is(device.touches() - touchedBefore, 1, "the vendor's touches");
    assert.match(await page.title(), /^Press HMI, Press controller/);
    await vendor.see(/^4[45]:\d\d left$/);
    await vendor.isAccessible("session");

    const sizeBefore = /(\d+) (\d+)\s/.exec(await vendor.run("clear; stty size"));
    await page.setViewportSize({ width: 900, height: 700 });
    await vendor.run("sleep 0.3");
    const sizeAfter = /(\d+) (\d+)\s/.exec(await vendor.run("clear; stty size"));
    assert.ok(Number(sizeAfter?.[2]) < Number(sizeBefore?.[2]), "the device learnt the new size");

    const typed = join(plant.ssh.home, "typed");
    await vendor.run("clear; stty -echo");
    await page.keyboard.type(`cat > ${typed}\n`);
    const sequence = Array.from({ length: 200 }, (_, index) => `n${index}`).join(" ");
    const typing = page.keyboard.type(`${sequence}\n`, { delay: keyPauseMs });
    await page.waitForTimeout(40 * keyPauseMs);
    await installation.relay.restart("SIGKILL");
    await vendor.see("Connected again. Nothing was lost.");
    await typing;
    await page.keyboard.press("Control+d");
    await vendor.run("stty echo");
    assert.is(readFileSync(typed, "utf8"), `${sequence}\n`);
    assert.is(device.touches() - touchedBefore, 1, "resuming takes no touch");

    await page.getByRole("tab", { name: "Press controller" }).click();
    await vendor.see(`sallyport connect ${job}`);
    await vendor.isAccessible("tcp target");

    await page.getByText("No connection").waitFor({ state: "detached", timeout: shownMs });
    await vendor.press("Ask for more time");
    await vendor.see("No approver could be told by message");
    await installation.approver.do("extend", job, "--by", "45", "--yes");
    await vendor.see(/^1:2\d:\d\d left$/);
    await page.getByRole("tab", { name: "Press HMI" }).click();
    await vendor.run("echo still here");

    // By keyboard and by the tools beside the terminal.
    await device.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await vendor.clickOn("still here", 2);
    await page.keyboard.press("Control+Shift+C");
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    assert.match(copied, /^(still|here|echo)\s*$/);
    await vendor.press("Paste");
    await vendor.untilScreen(new RegExp(`\\$ ${copied.trim()}`));
    await page.keyboard.press("Control+c");
    await page.keyboard.press("Control+Shift+L");
    assert.is(
      await page.evaluate("document.activeElement.getAttribute('aria-label')"),
      "Copy selection",
    );

    await installation.approver.do("end", job, "--yes");
    await vendor.see("Ended by ben");
    await vendor.isAccessible("ended");

    await page.getByRole("link", { name: "Ask again" }).click({ timeout: shownMs });
    await page.getByLabel("What will you do, and why?").fill("Look at the axis once more");
    const signing = await device.signingWindow(() => vendor.press("Ask"));
    await Promise.all([
      signing.waitForEvent("close"),
      signing.getByRole("button", { name: /cancel/i }).click(),
    ]);
    await vendor.see("Nothing was signed");
    await vendor.see("Wait for the approval");
    assert.equal(device.faults, []);
  });
  test("without a passkey a code of the authenticator is the second factor; denied, withdrawn and away are told; what a device calls itself stays text", async () => {
    await using vendor = await Vendor.start({ authenticator: false, viewport: phone });
    const { page, device, installation } = vendor;
    const { approver, edge } = installation;
    await vendor.fillIn(["Press HMI"]);
    await vendor.see("You have no authenticator yet");
    assert.ok(await page.getByRole("button", { name: "Ask", exact: true }).isDisabled());
    await vendor.isAccessible("no authenticator");

    const secret = await vendor.enrolTotp();
    await vendor.fillIn(["Press HMI"]);
    await vendor.press("Ask");
    await vendor.see("Type the six digits");
    await page.getByLabel("Code of your authenticator").fill("000000");
    await vendor.press("Ask");
    await vendor.see("code");
    await vendor.see("Give your proof");
    const job = vendor.job;
    await page.getByLabel("Code of your authenticator").fill(await codeNow(secret));
    await vendor.press("Wait for the approval");
    await vendor.see("The site has your request");
    assert.is(device.touches(), 0);
    await vendor.isAccessible("waiting on a phone");
    await vendor.press("Stop waiting");
    await vendor.see("You stopped waiting");
    await approver.do("deny", job, "--reason", "not during the shift <b>change</b>", "--yes");
    await vendor.see("Denied by ben");
    await vendor.see("not during the shift <b>change</b>");
    await vendor.isAccessible("denied");

    // The box is away: the request is kept, and the proof is offered when it is back.
    edge.process.signal("SIGKILL");
    await edge.process.exited;
    await vendor.fillIn(["Press HMI"], 5);
    await vendor.see("is not connected now");
    await vendor.press("Ask");
    await page.getByRole("heading", { name: "Give your proof" }).waitFor({ timeout: shownMs });
    await vendor.see("is not connected now");
    await edge.restart();
    await page.getByLabel("Code of your authenticator").fill(await codeNow(secret));
    await vendor.press("Wait for the approval");
    await vendor.see("The site has your request");
    await vendor.approve();
    await vendor.untilScreen(/\$/);
    await vendor.see("Five minutes left.");
    await vendor.isAccessible("session on a phone");
    await page.locator(".xterm-helper-textarea").focus();
    await vendor.run("printf '\\033]0;<img src=x onerror=alert(1)>\\007'");
    await vendor.see("<img src=x onerror=alert(1)>");
    assert.not.match(await page.title(), /img/);
    await vendor.run("printf '\\033]8;;https://example.org\\033\\\\a link\\033]8;;\\033\\\\\\n'");
    const pagesBefore = device.context.pages().length;
    await vendor.clickOn("a link", 1);
    await page.locator(".xterm-helper-textarea").focus();
    await vendor.run("echo clicked");
    assert.is(device.context.pages().length, pagesBefore, "a link of the device opens nothing");
    await page.getByRole("button", { name: "Ctrl", exact: true }).click({ timeout: shownMs });
    await page.keyboard.type("d");
    await vendor.see("The shell ended with code 0");
    await vendor.press("I am done");
    await vendor.press("End it");
    await vendor.see("You ended the session");
    assert.equal(device.faults, []);
  });
});

/** A code that the relay has not seen: of the next half minute if this one's was used. */
const used = new Set<string>();
async function codeNow(secret: string): Promise<string> {
  for (;;) {
    const { stdout } = await runProcess("oathtool", ["--totp", "-b", "-"], {
      input: `${secret}\n`,
    });
    const code = stdout.trim();
    if (!used.has(code)) {
      used.add(code);
      return code;
    }
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
