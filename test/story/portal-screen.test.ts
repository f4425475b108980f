// A panel's screen in a real browser: a real VNC server's picture pixel by pixel, keys and clicks on its own program, the clipboard both ways, a relay that
// dies in between; the approver who watches; the recording played to the same picture; and what a vendor who may only look cannot do.
import * as assert from "uvu/assert";
import { pictureDifference, type Picture } from "../plant/picture.ts";
import { startVnc, type VncDevice } from "../plant/vnc.ts";
import type { PortalPerson } from "../support/portal-person.ts";
import { phone } from "../support/browser.ts";
import { group } from "../support/group.ts";
import {
  startInstallation,
  type Installation,
  type InstallationOptions,
} from "../support/installation.ts";
import { vncTarget } from "../support/plant-targets.ts";
import {
  canvas,
  joinAs,
  limitMs,
  openScreen,
  pictureOf,
  pointOf,
  pointerColours,
  pointerOfTwo,
  samePointers,
  samePicture,
  samePictures,
  supervises,
} from "../support/screen-story.ts";

const options: InstallationOptions = { signingPage: true, secondFactor: "waived" };
const everything = ["control", "view", "resize", "clipboard-in", "clipboard-out"] as const;

await group("screens in the portal", { timeoutMs: 290_000 }, (test) => {
  test("a panel opens by itself with its own picture; keys, clicks and texts reach it; watched, recorded, and played to the same picture", async () => {
    await using device = await startVnc();
    await using site = await startInstallation([vncTarget(device, everything)], options);
    await using vic = await joinAs(site, "vic", "vendor");
    await using mia = await joinAs(site, "mia", "approver");
    const touchedBefore = vic.device.touches();
    const job = await openScreen(vic, site, "Press panel");
    await showsItself(vic, device);
    await takesInput(vic, device);
    await takesTexts(vic, device);
    await takesClipboards(vic, device);
    await isShownInAnySize(vic, device);
    await mia.goto(`/requests/${job}`);
    await mia.follow("Watch live");
    await samePictures(mia.page, () => device.screen.picture(), "watched live");
    await samePointers(device.screen.address, vic.page, mia.page);
    await mia.check();
    await pressesNothingIntoAStall(vic, device, site);
    await survivesTheRelay(vic, device, site);
    await samePictures(mia.page, () => device.screen.picture(), "still watched");
    await keepsNoSecret(vic, device);
    assert.is(vic.device.touches() - touchedBefore, 1, "one touch for the job");

    const live = await device.screen.picture();
    await vic.press("I am done");
    await vic.press("End it");
    await vic.see("You ended the session");
    await vic.check();
    await plays(mia, site, live);
  });

  test("on a phone: who may only look sees the picture, and nothing of theirs reaches the panel", async () => {
    await using device = await startVnc({ security: "X509Vnc" });
    await using site = await startInstallation([vncTarget(device, ["view"])], options);
    await using vic = await joinAs(site, "vic", "vendor", { viewport: phone });
    await openScreen(vic, site, "Press panel");
    await showsItself(vic, device);
    await vic.see("Only looking");
    const before = device.program.stdout;
    const size = await device.screen.size();
    for (const name of ["Type a text", "Put my clipboard into the machine's", "Keys"]) {
      assert.is(await vic.button(name).count(), 0, name);
    }
    const at = await pointOf(vic.page, 400, 400);
    await vic.page.touchscreen.tap(at.x, at.y);
    await vic.page.mouse.click(at.x, at.y);
    await vic.page.mouse.wheel(0, 200);
    await vic.page.locator(canvas).focus();
    await vic.page.keyboard.type("nothing");
    // No key is the machine's, so Tab goes on.
    await vic.page.keyboard.press("Tab");
    assert.not(await vic.page.locator(`${canvas}:focus`).count());
    await vic.press("Larger");
    await vic.press("Fit to the window");
    // What comes later by the same way comes after whatever was sent before.
    await device.screen.setClipboard("a sign of life");
    await samePictures(vic.page, () => device.screen.picture(), "afterwards");
    assert.is(device.program.stdout, before, "what the panel's program got");
    assert.is(await device.screen.size(), size);
    await vic.check();
  });

  test("a supervised panel takes nothing while nobody watches, and says so", async () => {
    await using device = await startVnc();
    await using site = await startInstallation([vncTarget(device, ["control", "view"])], options);
    await supervises(site);
    await using vic = await joinAs(site, "vic", "vendor");
    await using mia = await joinAs(site, "mia", "approver");
    let cut = 0;
    vic.page.on("websocket", (socket) =>
      socket.on("close", () => {
        cut += 1;
      }),
    );
    const job = await openScreen(vic, site, "Press panel");
    await showsItself(vic, device);
    await vic.see("Nobody of the site watches now");
    const at = await pointOf(vic.page, 300, 300);
    await vic.page.mouse.click(at.x, at.y);
    await vic.page.keyboard.type("lost");
    await vic.check();

    await mia.goto(`/requests/${job}`);
    await mia.follow("Watch live");
    await mia.see("This job is supervised");
    await vic.see("Somebody of the site watches");
    await vic.page.keyboard.type("k");
    await device.program.line(/^key k$/, limitMs);
    assert.is(device.program.count(/^key [lost]$|^press 1 /), 0, "what was done unwatched");
    await mia.check();

    await mia.goto("/requests");
    await vic.see("Nobody of the site watches now");
    // An acknowledgement that nobody answers once counted as a lost line, every twelve seconds.
    assert.is(cut, 0, "connections that were given up");
  });
});

async function showsItself({ page }: PortalPerson, device: VncDevice): Promise<void> {
  await samePictures(page, () => device.screen.picture(), "first picture");
  await page.getByText("800 × 600").waitFor({ timeout: limitMs });
}

async function takesInput(vic: PortalPerson, device: VncDevice): Promise<void> {
  const { page } = vic;
  const at = await pointOf(page, 400, 450);
  await page.mouse.click(at.x, at.y);
  const pressed = await device.program.line(/^press 1 (\d+) (\d+)$/, limitMs);
  assert.ok(Math.abs(Number(pressed[1]) - 400) <= 1 && Math.abs(Number(pressed[2]) - 450) <= 1);
  await page.keyboard.type("Aq7");
  for (const name of ["A", "q", "7"])
    await device.program.line(new RegExp(`^key ${name}$`), limitMs);
  await samePictures(page, () => device.screen.picture(), "after typing");

  // Tab is the machine's; the stated keys lead out, and nothing stays pressed there.
  await page.keyboard.press("Tab");
  await device.program.line(/^key Tab$/, limitMs);
  await page.keyboard.press("Control+Shift+L");
  assert.is(await page.evaluate("document.activeElement.getAttribute('aria-label')"), "Real size");
  await page.mouse.click(at.x, at.y);
  await page.keyboard.press("w");
  await device.program.line(/^key w$/, limitMs);
  assert.is(device.program.count(/^key [Ll]$/), 0, "the way out is the page's");

  await vic.press("Keys");
  await vic.press("Esc");
  await device.program.line(/^key Escape$/, limitMs);
  await vic.press("F1 – F12");
  await vic.press("F7");
  await device.program.line(/^key F7$/, limitMs);
  await vic.press("Ctrl");
  await vic.press("Tab");
  await device.program.line(/^key Control_L$/, limitMs);
  await vic.check();
  await vic.press("Keys");
}

async function takesTexts(vic: PortalPerson, device: VncDevice): Promise<void> {
  const { page } = vic;
  await vic.press("Type a text");
  await page.getByLabel("Text", { exact: true }).fill("xß€\nz");
  assert.ok(await vic.button("Type it").isDisabled(), "lines are asked about");
  await vic.check();
  await page.getByLabel("I want that").check();
  await vic.press("Type it");
  for (const name of ["x", "ssharp", "(EuroSign|U20AC)", "Return", "z"])
    await device.program.line(new RegExp(`^key ${name}$`), limitMs);
  await page.getByRole("dialog").waitFor({ state: "detached" });

  await vic.press("Type a text");
  await page.getByLabel("Text", { exact: true }).fill("y".repeat(2_000));
  await vic.press("Type it");
  await device.program.line(/^key y$/, limitMs);
  await vic.press("Stop");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  assert.ok(device.program.count(/^key y$/) < 2_000, "stopped on the way");
}

async function takesClipboards(vic: PortalPerson, device: VncDevice): Promise<void> {
  const { page } = vic;
  await vic.device.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate("navigator.clipboard.writeText('recipe 12, größer')");
  await vic.press("Put my clipboard into the machine's");
  await vic.see("put into the machine's clipboard");
  await device.screen.hasClipboard("recipe 12, größer");

  await device.screen.setClipboard("alarm 77");
  await vic.press("Copy the machine's clipboard");
  await vic.see("8 characters copied");
  assert.is(await page.evaluate("navigator.clipboard.readText()"), "alarm 77");
}

async function isShownInAnySize(vic: PortalPerson, device: VncDevice): Promise<void> {
  const { page } = vic;
  await vic.press("Real size");
  const real = await page.locator(canvas).boundingBox();
  assert.equal(
    [real?.width, real?.height].map((side) => Math.round(side ?? 0)),
    [800, 600],
  );
  await vic.press("Larger");
  const larger = await page.locator(canvas).boundingBox();
  assert.is(Math.round(larger?.width ?? 0), 1000);
  await vic.press("Fit to the window");
  await vic.press("Full screen");
  await page.locator(".terminal-full").waitFor();
  await samePictures(page, () => device.screen.picture(), "in full screen");
  await vic.press("Leave full screen");

  await vic.press("The machine's screen follows this window");
  await page.getByText("800 × 600").waitFor({ state: "detached", timeout: limitMs });
  const size = await device.screen.size();
  const [width, height] = size.split("x").map(Number);
  const shown = await page.locator(canvas).boundingBox();
  assert.ok(Math.abs((shown?.width ?? 0) - (width ?? 0)) <= 1, `${size} for ${shown?.width}`);
  assert.ok(Math.abs((shown?.height ?? 0) - (height ?? 0)) <= 1, `${size} for ${shown?.height}`);
  await samePictures(page, () => device.screen.picture(), "in the window's size");
  await vic.press("The machine's screen follows this window");
}

// A relay that holds back what it is sent: what is pressed then must not reach a machine when nobody expects it any more.
async function pressesNothingIntoAStall(
  vic: PortalPerson,
  device: VncDevice,
  { relay }: Installation,
): Promise<void> {
  const { page } = vic;
  const at = await pointOf(page, 300, 300);
  const pressed = device.program.count(/^press 1 /);
  relay.process.signal("SIGSTOP");
  await vic.see("The machine gives no answer at the moment");
  assert.equal(await pointOf(page, 300, 300), at, "the picture stays where it is");
  await page.mouse.click(at.x, at.y);
  await page.keyboard.type("jj");
  relay.process.signal("SIGCONT");
  await page.getByText("The machine gives no answer at the moment").waitFor({ state: "detached" });
  await page.keyboard.type("o");
  await device.program.line(/^key o$/, limitMs);
  assert.is(device.program.count(/^key j$/), 0, "keys of the stall");
  assert.is(device.program.count(/^press 1 /), pressed, "clicks of the stall");
}

async function survivesTheRelay(
  vic: PortalPerson,
  device: VncDevice,
  { relay }: Installation,
): Promise<void> {
  const { page } = vic;
  await relay.restart("SIGKILL");
  await vic.see("Connected again. The picture is live.");
  await page.locator(canvas).focus();
  await page.keyboard.type("n");
  await device.program.line(/^key n$/, limitMs);
  await samePictures(page, () => device.screen.picture(), "after the relay's restart");
}

/** What is stored, shown or sent by the page nowhere holds the panel's password. */
async function keepsNoSecret(vic: PortalPerson, { password }: VncDevice): Promise<void> {
  assert.ok(password !== undefined && password.length >= 8);
  const stored = await vic.device.context.storageState({ indexedDB: true });
  const page = await vic.page.content();
  const rest = await vic.page.evaluate<string>(
    "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href])",
  );
  for (const [where, text] of Object.entries({ page, rest, stored: JSON.stringify(stored) })) {
    assert.not(text.includes(password), `${where} holds the panel's password`);
  }
}

async function plays(mia: PortalPerson, site: Installation, live: Picture): Promise<void> {
  await using olga = await joinAs(site, "olga", "owner");
  const { page } = olga;
  await olga.goto("/recordings");
  await olga.follow(/Press panel/);
  await olga.see("vic on Press panel");
  const player = page.getByRole("group", { name: "What the screen showed" });
  await player.focus();
  await page.keyboard.press("End");
  await page.locator("[data-settled]").waitFor({ timeout: limitMs });
  await samePictures(page, async () => live, "played to its end");
  assert.equal(await pointerColours(page), pointerOfTwo);
  await olga.see(/\d+ clicks?/);
  await olga.see("recipe 12");
  await olga.check();

  // Backwards to the first picture, and from there by itself.
  await olga.press("From the start");
  await page.locator("[data-settled]").waitFor({ timeout: limitMs });
  const first = await pictureOf(page);
  assert.equal([first?.width, first?.height], [800, 600]);
  assert.ok(pictureDifference(first ?? live, live) > samePicture, "begins with another picture");
  await page.getByText("16×", { exact: true }).click();
  await olga.press("Play");
  await olga.button("Play").waitFor({ timeout: 2 * limitMs });
  await samePictures(page, async () => live, "played through");
  assert.equal(mia.device.faults, []);
}
