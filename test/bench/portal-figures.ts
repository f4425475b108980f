// What people wait for in front of the portal, in real Chromium: bytes until a page can be used, as they came over the wire, and how long an approval and an
// end take from the approver's last touch.
import { once } from "node:events";
import net from "node:net";
import type { Locator, Page } from "playwright-core";
import { PortalPerson } from "../support/portal-person.ts";
import { desktop, startDevice } from "../support/browser.ts";
import type { Installation } from "../support/installation.ts";
import { medianOf, type Figure, type FigureName } from "./figure.ts";
import { deviceTarget } from "./session-figures.ts";

const rounds = 3;
const shownMs = 30_000;
/** As a person sees the machine called. */
const shellName = "Press HMI";
const vendorName = "vic";

export const portalFigureNames: readonly FigureName[] = [
  "portal.first_load_kb",
  "portal.terminal_load_kb",
  "portal.approve_to_prompt_ms",
  "portal.end_ms",
];

/** The wanted figures of the portal. `device` stands behind the target `bench-device`. */
export async function* portalFigures(
  site: Installation,
  device: net.Server,
  isWanted: (name: FigureName) => boolean,
): AsyncGenerator<Figure> {
  if (isWanted("portal.first_load_kb")) yield await firstLoad(site);
  const wantsTerminal =
    isWanted("portal.terminal_load_kb") || isWanted("portal.approve_to_prompt_ms");
  if (!wantsTerminal && !isWanted("portal.end_ms")) return;
  await using approver = await PortalPerson.join(site, "mia");
  if (wantsTerminal) {
    await using vendor = await PortalPerson.join(site, vendorName, {
      roles: ["vendor"],
      viewport: desktop,
    });
    if (isWanted("portal.terminal_load_kb")) yield await terminalLoad(vendor, approver);
    if (isWanted("portal.approve_to_prompt_ms")) yield await approveToPrompt(vendor, approver);
  }
  if (isWanted("portal.end_ms")) yield await endOfSession(site, approver, device);
}

/** All that a browser which was never there loads until one can sign in. */
async function firstLoad({ relay }: Installation): Promise<Figure> {
  await using device = await startDevice(relay.url);
  const bytes = await loaded(device.page, async () => {
    await device.page.goto(relay.url);
    await device.page.getByRole("heading", { name: "Sign in" }).waitFor({ timeout: shownMs });
    await device.page.waitForLoadState("networkidle");
  });
  return { name: "portal.first_load_kb", value: bytes / 1024, unit: "KB", against: null };
}

/** All that a browser with an empty cache loads until a terminal stands in the page. */
async function terminalLoad(vendor: PortalPerson, approver: PortalPerson): Promise<Figure> {
  const devtools = await vendor.device.context.newCDPSession(vendor.page);
  await devtools.send("Network.enable");
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: true });
  const bytes = await loaded(vendor.page, async () => {
    const job = await askFor(vendor);
    await approve(approver, job);
    await untilPrompt(vendor.page);
  });
  await devtools.send("Network.setCacheDisabled", { cacheDisabled: false });
  await leave(vendor.page);
  return { name: "portal.terminal_load_kb", value: bytes / 1024, unit: "KB", against: null };
}

/** From the approver's touch on the signing page to the prompt in the waiting vendor's page. */
async function approveToPrompt(vendor: PortalPerson, approver: PortalPerson): Promise<Figure> {
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const job = await askFor(vendor);
    const prompt = untilPrompt(vendor.page);
    const startedMs = await approve(approver, job);
    await prompt;
    tookMs.push(performance.now() - startedMs);
    await leave(vendor.page);
  }
  return inMs("portal.approve_to_prompt_ms", tookMs);
}

/** From the approver's second press of "End at once" to the close of both the device's and the vendor's connection. */
async function endOfSession(
  site: Installation,
  approver: PortalPerson,
  device: net.Server,
): Promise<Figure> {
  const { vendor } = site;
  const tookMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const why = ["--minutes", "5", "--reason", "benchmark"];
    const { job } = await vendor.ask<{ job: string }>("request", deviceTarget, ...why);
    await using connect = vendor.start(["connect", job, "--json"]);
    await connect.line(/"event":"waiting"/);
    await site.approver.do("approve", job, "--yes");
    const [line] = await connect.line(/^.*"event":"connected".*$/);
    const [bound] = (JSON.parse(line) as { ports: { host: string; localPort: number }[] }).ports;
    if (bound === undefined) throw new Error(`no port in ${line}`);
    const arrived = once(device, "connection") as Promise<[net.Socket]>;
    const local = net.connect({ host: bound.host, port: bound.localPort });
    const [reached] = await arrived;
    const closed = Promise.all([local, reached].map(untilClosed));
    await approver.goto(`/requests/${job}`);
    await approver.press("End at once");
    const again = approver.button("Press again to end it");
    await again.waitFor();
    const startedMs = performance.now();
    await again.click();
    await closed;
    tookMs.push(performance.now() - startedMs);
  }
  return inMs("portal.end_ms", tookMs);
}

/** Asks for the machine with a terminal and gives the proof; the job's number. */
async function askFor(vendor: PortalPerson): Promise<string> {
  const { page } = vendor;
  await vendor.goto("/jobs/new");
  await page.getByLabel(shellName, { exact: true }).check();
  await page.getByLabel("What will you do, and why?").fill("benchmark");
  await vendor.touch(() => vendor.press("Ask"));
  await vendor.see("The site has your request");
  return new URL(page.url()).pathname.split("/").at(-1) ?? "";
}

/** Approves on the signing page; when it was touched. */
async function approve(approver: PortalPerson, job: string): Promise<number> {
  await approver.goto(`/requests/${job}`);
  const signing = await approver.device.signingWindow(() => approver.press("Approve"));
  const confirm = confirmIn(signing);
  await confirm.waitFor();
  const startedMs = performance.now();
  await confirm.click();
  return startedMs;
}

/** The signing page's yes, once it shows the document. */
function confirmIn(signing: Page): Locator {
  return signing.getByRole("button").filter({ hasNotText: /cancel|close/i });
}

async function untilPrompt(page: Page): Promise<void> {
  const line = page.locator(".xterm-rows > div").filter({ hasText: /[$#]\s*$/ });
  await line.first().waitFor({ timeout: shownMs });
}

/** The next round begins with a page that holds no session. */
async function leave(page: Page): Promise<void> {
  await page.goto("about:blank");
}

/** Bytes of all bodies that the page loads from the relay meanwhile, as they come over the wire. */
async function loaded(page: Page, act: () => Promise<void>): Promise<number> {
  const sizes: Promise<number>[] = [];
  const files = new Set<string>();
  page.on("requestfinished", (request) => {
    const url = request.url();
    // A file counts once, however often an empty cache makes it come.
    if (!/^https:\/\/[^/]+\/($|assets\/|api\/relay|api\/session)/.test(url) || files.has(url))
      return;
    files.add(url);
    sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await act();
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}

function untilClosed(socket: net.Socket): Promise<void> {
  socket.on("error", () => socket.destroy()).resume();
  return new Promise((resolve) => socket.once("close", () => resolve()));
}

function inMs(name: FigureName, tookMs: readonly number[]): Figure {
  return { name, value: medianOf(tookMs), unit: "ms", against: null };
}
