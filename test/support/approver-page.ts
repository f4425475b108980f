// An approver in front of the portal in a browser of their own: joined by an invitation's link, with a passkey where the device has an authenticator.
import type { Locator, Page } from "playwright-core";
import * as assert from "uvu/assert";
import {
  accessibilityFaults,
  phone,
  startDevice,
  type Device,
  type DeviceOptions,
} from "./browser.ts";
import type { Installation } from "./installation.ts";

const shownMs = 30_000;
const mostTabs = 60;

export interface ApproverOptions extends DeviceOptions {
  readonly name?: string;
  readonly roles?: readonly string[];
}

export class ApproverPage implements AsyncDisposable {
  readonly device: Device;
  readonly #url: string;

  private constructor(device: Device, url: string) {
    this.device = device;
    this.#url = url;
  }

  /** Invited by the owner, introduced in the browser, accepted, on their first page. On a phone unless told otherwise. */
  static async join(
    { owner, relay }: Installation,
    id: string,
    { name = id, roles = ["approver"], ...options }: ApproverOptions = {},
  ): Promise<ApproverPage> {
    const { link } = await owner.ask<{ link: string }>(
      "invite",
      id,
      "--name",
      name,
      "--role",
      ...roles,
    );
    const device = await startDevice(relay.url, { viewport: phone, ...options });
    const approver = new ApproverPage(device, relay.url);
    const { page } = device;
    await page.goto(link);
    if (options.authenticator === false) {
      await approver.press("Continue without a passkey");
      await approver.press("Introduce myself");
    } else {
      await approver.touch(() => approver.press("Create my passkey"));
      await page.getByRole("button", { name: "Introduce myself" }).waitFor();
      await approver.touch(() => approver.press("Introduce myself"));
    }
    await approver.see("You are introduced");
    await owner.do("accept", "--yes");
    await approver.see("You are accepted");
    await approver.press("Go on");
    await page.getByRole("navigation", { name: "Main navigation" }).waitFor({ timeout: shownMs });
    return approver;
  }

  get page(): Page {
    return this.device.page;
  }

  /** Opens a page of the portal anew, as from a link. */
  async goto(path: string): Promise<void> {
    await this.page.goto(`${this.#url}${path}`);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  press(name: string | RegExp): Promise<void> {
    return this.button(name).first().click({ timeout: shownMs });
  }

  follow(link: string | RegExp): Promise<void> {
    return this.page.getByRole("link", { name: link }).first().click({ timeout: shownMs });
  }

  see(text: string | RegExp): Promise<void> {
    return this.page.getByText(text).first().waitFor({ timeout: shownMs });
  }

  /** What the main part of the page says. */
  text(): Promise<string> {
    return this.page.getByRole("main").innerText();
  }

  /** Does what opens the signing page, says yes there, and gives what it asked. */
  async touch(act: () => Promise<unknown>): Promise<string> {
    const signing = await this.device.signingWindow(act);
    // Until the document is there, its only button closes it.
    const yes = signing
      .getByRole("button")
      .filter({ hasNotText: /cancel|close/i })
      .first();
    await yes.waitFor({ timeout: shownMs });
    const asked = await signing.locator("body").innerText();
    const closed = signing.waitForEvent("close");
    await yes.click();
    await closed;
    return asked;
  }

  /** Goes by the Tab key to what can be pressed, as somebody without a mouse. */
  async tabTo(wanted: Locator, page: Page = this.page): Promise<void> {
    await wanted.waitFor({ timeout: shownMs });
    for (let count = 0; count < mostTabs; count += 1) {
      if (await wanted.evaluate((element) => element.matches(":focus"))) return;
      await page.keyboard.press("Tab");
    }
    assert.unreachable(`nothing but the mouse reaches ${String(wanted)}`);
  }

  /** Throws for a serious fault of accessibility, an error of a script or a refusal of the content security policy; in light and in dark. */
  async check(): Promise<void> {
    for (const colorScheme of ["dark", "light"] as const) {
      await this.page.emulateMedia({ colorScheme });
      assert.equal(await accessibilityFaults(this.page), [], `${this.page.url()} ${colorScheme}`);
    }
    assert.equal(this.device.faults, []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.device[Symbol.asyncDispose]();
  }
}
