// A person in front of the portal in a browser of their own: an invitation's link answered, with a passkey where the device has an authenticator; pages
// read and pressed; documents signed on the signing page.
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
/** Until a manifest that lists somebody has reached their browser. */
const acceptedMs = 60_000;
const mostTabs = 60;

export interface PortalPersonOptions extends DeviceOptions {
  readonly name?: string;
  readonly roles?: readonly string[];
}

export class PortalPerson implements AsyncDisposable {
  readonly device: Device;
  readonly #url: string;
  readonly #hasAuthenticator: boolean;

  private constructor(device: Device, url: string, hasAuthenticator: boolean) {
    this.device = device;
    this.#url = url;
    this.#hasAuthenticator = hasAuthenticator;
  }

  /** Nobody yet, before a browser of the relay at `url` that shows no page. On a phone unless told otherwise. */
  static async start(url: string, options: DeviceOptions = {}): Promise<PortalPerson> {
    const device = await startDevice(url, { viewport: phone, ...options });
    return new PortalPerson(device, url, options.authenticator !== false);
  }

  /** Introduced by an invitation's link. */
  static async answering(
    url: string,
    link: string,
    options: DeviceOptions = {},
  ): Promise<PortalPerson> {
    const person = await PortalPerson.start(url, options);
    await person.answer(link);
    return person;
  }

  /** Invited by the owner, introduced in the browser, accepted, on their first page. */
  static async join(
    { owner, relay }: Installation,
    id: string,
    { name = id, roles = ["approver"], ...options }: PortalPersonOptions = {},
  ): Promise<PortalPerson> {
    const asked = [id, "--name", name, "--role", ...roles];
    const { link } = await owner.ask<{ link: string }>("invite", ...asked);
    const person = await PortalPerson.answering(relay.url, link, options);
    await owner.do("accept", "--yes");
    await person.enter();
    return person;
  }

  get page(): Page {
    return this.device.page;
  }

  /** Opens an invitation's link, and introduces the person. */
  async answer(link: string): Promise<void> {
    await this.page.goto(link);
    await this.introduce();
  }

  /** Introduces the person on the page of their invitation. */
  async introduce(): Promise<void> {
    if (this.#hasAuthenticator) {
      await this.touch(() => this.press("Create my passkey"));
      await this.button("Introduce myself").waitFor();
      await this.touch(() => this.press("Introduce myself"));
    } else {
      await this.press("Continue without a passkey");
      await this.press("Introduce myself");
    }
    // Who is listed already is told at once that they are in.
    await this.see(/You are (introduced|accepted)/);
  }

  /** Waits until the site lists who is introduced, and goes on to the pages. */
  async enter(): Promise<void> {
    await this.button("Go on").click({ timeout: acceptedMs });
    await this.page
      .getByRole("navigation", { name: "Main navigation" })
      .waitFor({ timeout: shownMs });
  }

  /** Opens a page of the portal anew, as from a link. */
  async goto(path: string): Promise<void> {
    await this.page.goto(`${this.#url}${path}`);
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole("button", { name, exact: typeof name === "string" });
  }

  /** A field for a text, by its whole label. */
  field(name: string): Locator {
    return this.page.getByRole("textbox", { name, exact: true });
  }

  press(name: string | RegExp): Promise<void> {
    return this.button(name).first().click({ timeout: shownMs });
  }

  follow(name: string | RegExp): Promise<void> {
    const link = this.page.getByRole("link", { name, exact: typeof name === "string" });
    return link.first().click({ timeout: shownMs });
  }

  /** Waits for a text on the page; what is shown instead is told. */
  async see(text: string | RegExp): Promise<void> {
    try {
      await this.page.getByText(text).first().waitFor({ timeout: shownMs });
    } catch (cause) {
      const shown = await this.page.locator("body").innerText();
      throw new Error(`page ${this.page.url()} does not show ${text}, but:\n${shown}`, { cause });
    }
  }

  /** What the main part of the page says. */
  text(): Promise<string> {
    return this.page.getByRole("main").innerText();
  }

  /** Does what opens the signing page, says yes there, and gives what it asked. */
  async touch(act: () => Promise<unknown>): Promise<string> {
    const { signing, yes } = await this.#asked(act);
    const asked = await signing.locator("body").innerText();
    const closed = signing.waitForEvent("close");
    await yes.click();
    await closed;
    return asked;
  }

  /** Does what opens the signing page, and closes it once it asks: the person changed their mind. */
  async closeSigning(act: () => Promise<unknown>): Promise<void> {
    const { signing } = await this.#asked(act);
    await signing.close();
  }

  async #asked(act: () => Promise<unknown>): Promise<{ signing: Page; yes: Locator }> {
    const signing = await this.device.signingWindow(act);
    // Until the document is there, its only button closes it.
    const yes = signing
      .getByRole("button")
      .filter({ hasNotText: /cancel|close/i })
      .first();
    await yes.waitFor({ timeout: shownMs });
    return { signing, yes };
  }

  /** The link that the page shows to be handed over. */
  linkShown(): Promise<string> {
    return this.field("Link").inputValue();
  }

  /** All that the pages keep about a site in this browser's database, as one text. */
  async factsKept(): Promise<string> {
    const kept: unknown = await this.page.evaluate(`new Promise((resolve, reject) => {
      const open = indexedDB.open("sallyport");
      open.onerror = () => reject(open.error);
      open.onsuccess = () => {
        const all = open.result.transaction("facts").objectStore("facts").getAll();
        all.onsuccess = () => resolve(JSON.stringify(all.result));
      };
    })`);
    return String(kept);
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
