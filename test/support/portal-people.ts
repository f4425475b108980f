// People in front of the portal: they answer invitations, and touch their authenticator on the signing page.
import type { Page } from "playwright-core";
import { startDevice, type Device, type DeviceOptions } from "./browser.ts";

/** Presses the signing page's main button in the window that `act` opens; returns what the page showed. */
export async function touch(device: Device, act: () => Promise<unknown>): Promise<string> {
  const window = await device.signingWindow(act);
  // Before the document is there, the page offers to be closed.
  const main = window
    .locator("button")
    .filter({ hasNotText: /^Close$/ })
    .first();
  await main.waitFor();
  const shown = await window.locator("body").innerText();
  await main.click();
  return shown;
}

/** Closes the signing window that `act` opens: the person changed their mind. */
export async function closeSigning(device: Device, act: () => Promise<unknown>): Promise<void> {
  const window = await device.signingWindow(act);
  await window
    .locator("button")
    .filter({ hasNotText: /^Close$/ })
    .first()
    .waitFor();
  await window.close();
}

/** Answers an invitation on a device of its own, with a passkey of its own. */
export async function answerLink(
  url: string,
  link: string,
  options: DeviceOptions = {},
): Promise<Device> {
  const device = await startDevice(url, options);
  await introduceBy(device, link);
  return device;
}

/** Answers an invitation on a device that runs already. */
export async function introduceBy(device: Device, link: string): Promise<void> {
  await device.page.goto(link);
  await introduceOn(device);
}

/** The same in an app on a home screen, which no link opens: the link is pasted. */
export async function introduceByPasting(device: Device, url: string, link: string): Promise<void> {
  const { page } = device;
  await page.goto(url);
  await page.getByRole("link", { name: "I have an invitation link" }).click();
  await page.getByLabel("Invitation link").fill("https://elsewhere.example/join#a.b.c");
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("This is not a whole invitation link").waitFor();
  await page.getByLabel("Invitation link").fill(link);
  await page.getByRole("button", { name: "Go on" }).click();
  await introduceOn(device);
}

async function introduceOn(device: Device): Promise<void> {
  const { page } = device;
  const make = page.getByRole("button", { name: "Create my passkey" });
  await make.waitFor();
  await touch(device, () => make.click());
  const introduce = page.getByRole("button", { name: "Introduce myself" });
  await introduce.waitFor();
  await touch(device, () => introduce.click());
  // Who is listed already is told at once that he is in.
  await see(page, /You are (introduced|accepted)/);
}

/** Waits until the site lists somebody who has introduced himself, and goes on to the pages. */
export async function enter({ page }: Device): Promise<void> {
  await page.getByRole("button", { name: "Go on" }).click({ timeout: 60_000 });
}

/** Waits for a text on the page; what is shown instead is told. */
export async function see(page: Page, text: string | RegExp, timeout = 30_000): Promise<void> {
  try {
    await page.getByText(text).first().waitFor({ timeout });
  } catch (cause) {
    const shown = await page.locator("body").innerText();
    throw new Error(`page ${page.url()} does not show ${text}, but:\n${shown}`, { cause });
  }
}

/** The link that the page shows to be handed over. */
export function linkShown(page: Page): Promise<string> {
  return page.getByRole("textbox", { name: "Link" }).inputValue();
}

/** All that the pages keep about a site in this browser's database, as one text. */
export async function factsKept(page: Page): Promise<string> {
  const kept: unknown = await page.evaluate(`new Promise((resolve, reject) => {
    const open = indexedDB.open("sallyport");
    open.onerror = () => reject(open.error);
    open.onsuccess = () => {
      const all = open.result.transaction("facts").objectStore("facts").getAll();
      all.onsuccess = () => resolve(JSON.stringify(all.result));
    };
  })`);
  return String(kept);
}
