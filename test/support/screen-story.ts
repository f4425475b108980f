// What stories of screens in a real browser share: a screen is asked for and opens by itself, points of it are found on the page, and what the page shows is
// compared with the device's own picture.
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import {
  pictureDifference,
  pictureOfRgba,
  type DisplayAddress,
  type Picture,
} from "../plant/picture.ts";
import { PortalPerson, type PortalPersonOptions } from "./portal-person.ts";
import { desktop } from "./browser.ts";
import type { Installation } from "./installation.ts";
import { runProcess } from "./process.ts";
import { temporaryFolder } from "./temporary.ts";

export const limitMs = 30_000;
/** What takes keys and pointer on the vendor's page. */
export const canvas = "canvas[role=application]";
/** A pointer is drawn into neither picture; what the device draws may be on its way. */
export const samePicture = 0.0005;

const lookMs = 100;
/** Watched, or played: the newest layer is the one in sight. */
const shownCanvas = ".screen-inner canvas, .recorded-layer canvas";

/** A person of the site in front of a window of a desktop's size, unless told otherwise. */
export function joinAs(
  site: Installation,
  id: string,
  role: string,
  given: PortalPersonOptions = {},
): Promise<PortalPerson> {
  return PortalPerson.join(site, id, { roles: [role], viewport: desktop, ...given });
}

/** Asks for all rights on the machines of these names, waits, is approved; the number of the job. */
export async function askFor(
  vic: PortalPerson,
  { approver }: Installation,
  machines: readonly string[],
): Promise<string> {
  const { page } = vic;
  await vic.goto("/jobs/new");
  for (const machine of machines) await page.getByLabel(machine, { exact: true }).check();
  await page.getByLabel("What will you do, and why?").fill("Set the press to the new tool");
  await vic.touch(() => vic.press("Ask"));
  await vic.see("The site has your request");
  const job = new URL(page.url()).pathname.split("/").at(-1) ?? "";
  await approver.do("approve", job, "--yes");
  return job;
}

/** The same for one machine, whose screen opens without another press. */
export async function openScreen(
  vic: PortalPerson,
  site: Installation,
  machine: string,
): Promise<string> {
  const job = await askFor(vic, site, [machine]);
  await vic.page.locator(canvas).waitFor({ timeout: limitMs });
  return job;
}

/** Every target of the site is worked on only while somebody watches. */
export async function supervises({ owner, folder }: Installation): Promise<void> {
  const { stdout } = await owner.do("site", "show");
  const supervised = stdout.replace(/supervised: false/g, "supervised: true");
  assert.is.not(supervised, stdout, "the site file says who supervises");
  await owner.do("site", "apply", folder.file("supervised.yaml", supervised), "--yes");
}

/** Where a point of the device's screen is on the vendor's page. */
export async function pointOf(page: Page, x: number, y: number): Promise<{ x: number; y: number }> {
  const box = await page.locator(canvas).boundingBox();
  if (box === null) throw new Error("no screen is shown");
  const width = await page
    .locator(canvas)
    .evaluate((shown) => (shown as unknown as { width: number }).width);
  const factor = box.width / width;
  return { x: box.x + (x + 0.5) * factor, y: box.y + (y + 0.5) * factor };
}

/** Resolves when it is so; looks again and again, as a device's own side tells of nothing by itself. */
export async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const untilMs = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > untilMs) throw new Error(`there never was ${what}`);
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
}

/**
 * Resolves when the page shows what the device does, in the device's own pixels. A desktop's device that has one size of its own fills only the upper left
 * `part` of its screen.
 */
export async function samePictures(
  page: Page,
  own: () => Promise<Picture>,
  what: string,
  extent: "whole" | "part" = "whole",
): Promise<void> {
  let difference = 1;
  const isSame = async (): Promise<boolean> => {
    const [shown, expected] = [await pictureOf(page), await own()];
    const seen = shown !== undefined && extent === "part" ? cut(shown, expected) : shown;
    difference = seen === undefined ? 1 : pictureDifference(seen, expected, 2);
    return difference <= samePicture;
  };
  await until(isSame, what).catch((cause: unknown) => {
    throw new Error(`${what}: ${(100 * difference).toFixed(2)} % of the pixels differ`, { cause });
  });
}

/** The upper left part of a picture; all of it where it is the smaller one. */
function cut(picture: Picture, size: Pick<Picture, "width" | "height">): Picture {
  const [width, height] = [
    Math.min(picture.width, size.width),
    Math.min(picture.height, size.height),
  ];
  const rgb = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row += 1) {
    const from = row * picture.width * 3;
    rgb.set(picture.rgb.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, rgb };
}

/** What the page's screen shows, in the device's own pixels; undefined while it shows none. */
export async function pictureOf(page: Page): Promise<Picture | undefined> {
  const found = await page.evaluate<{ width: number; height: number; rgba: string } | null>(`
    (() => {
      const canvas = [...document.querySelectorAll("${shownCanvas}")].at(-1);
      if (canvas === undefined || canvas.width === 0) return null;
      const { width, height } = canvas;
      const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
      return { width, height, rgba: new Uint8Array(data.buffer).toBase64() };
    })()`);
  if (found === null) return undefined;
  const { width, height, rgba } = found;
  return pictureOfRgba(width, height, Buffer.from(rgba, "base64"));
}

/** A device's pointer of two colours that no eye takes for each other. */
export const pointerOfTwo = ["#1030c0", "#e04010"] as const;
const pointerSide = 16;

/** Gives the device's display a pointer, and resolves when the vendor's page and each watcher's show it in the device's own colours. */
export async function samePointers(
  display: DisplayAddress,
  vendor: Page,
  ...watchers: readonly Page[]
): Promise<void> {
  using folder = temporaryFolder();
  const args = ["-xcf", folder.file("pointer", pointerFile()), `${pointerSide}`];
  const { code, stderr } = await runProcess("xsetroot", args, { env: display });
  assert.is(code, 0, stderr);
  // Where somebody else has moved it last, a device draws it into its picture.
  const { x, y } = await pointOf(vendor, 60, 60);
  await vendor.mouse.move(x, y);
  for (const page of [vendor, ...watchers]) {
    let shown: readonly string[] = [];
    const isSame = async (): Promise<boolean> =>
      (shown = await pointerColours(page)).join() === pointerOfTwo.join();
    await until(isSame, "the device's pointer").catch((cause: unknown) => {
      throw new Error(`a pointer of ${shown.join(" and ")}, not ${pointerOfTwo.join(" and ")}`, {
        cause,
      });
    });
  }
}

/** A file of one pointer, as Xcursor(3) has them: half of it in the one colour, half in the other. */
function pointerFile(): Buffer {
  const [version, image, fileHead, imageHead] = [0x10000, 0xfffd0002, 16, 36];
  const contents = [fileHead, version, 1, image, pointerSide, fileHead + 12];
  const place = [imageHead, image, pointerSide, 1, pointerSide, pointerSide, 0, 0, 0];
  const half = (pointerSide * pointerSide) / 2;
  const pixels = pointerOfTwo.flatMap((colour) =>
    Array<number>(half).fill(0xff000000 + Number.parseInt(colour.slice(1), 16)),
  );
  const words = Uint32Array.from([...contents, ...place, ...pixels]);
  return Buffer.concat([Buffer.from("Xcur"), Buffer.from(words.buffer)]);
}

/** The colours of the pointer over the page's screen, as `#rrggbb` in order, without what shines through. */
export async function pointerColours(page: Page): Promise<readonly string[]> {
  return page.evaluate<string[]>(`
    (async () => {
      const canvas = [...document.querySelectorAll("${shownCanvas}")].at(-1);
      const url = /url\\("([^"]+)"\\)/.exec(canvas?.style.cursor ?? "")?.[1];
      if (url === undefined) return [];
      const image = new Image();
      image.src = url;
      await image.decode();
      const drawn = new OffscreenCanvas(image.width, image.height).getContext("2d");
      drawn.drawImage(image, 0, 0);
      const { data } = drawn.getImageData(0, 0, image.width, image.height);
      const found = new Set();
      for (let at = 0; at < data.length; at += 4) {
        if (data[at + 3] === 255) found.add("#" + new Uint8Array(data.slice(at, at + 3)).toHex());
      }
      return [...found].sort();
    })()`);
}
