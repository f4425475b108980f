// A display's own picture, taken on the device's side of every protocol, and how far two pictures differ.
import { runProcess } from "../support/process.ts";

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row by row. */
  readonly rgb: Uint8Array;
}

/** Where X clients find a display. */
export type DisplayAddress = Readonly<Record<"DISPLAY" | "XAUTHORITY", string>>;

/** What the display shows now, without its pointer. */
export async function displayPicture(display: DisplayAddress): Promise<Picture> {
  const args = ["-silent", "-window", "root", "-depth", "8", "ppm:-"];
  const { code, stdoutBytes, stderr } = await runProcess("import", args, { env: display });
  if (code !== 0) throw new Error(`import exited with ${code}: ${stderr}`);
  return parsePixmap(stdoutBytes);
}

/** A binary portable pixmap (P6) of 8 bits a colour, as Netpbm describes it. */
export function parsePixmap(bytes: Uint8Array): Picture {
  const start = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  const header = /^P6\s+(\d+)\s+(\d+)\s+255\s/.exec(start);
  if (header === null) throw new Error(`no P6 pixmap of 8 bits: ${JSON.stringify(start)}`);
  const [width, height] = [Number(header[1]), Number(header[2])];
  const rgb = Uint8Array.from(bytes.subarray(header[0].length));
  if (rgb.length !== width * height * 3) throw new Error(`pixmap of ${rgb.length} bytes`);
  return { width, height, rgb };
}

/** Of pixels of four bytes, red first: what a browser's canvas and the project's own RFB format hold. */
export function pictureOfRgba(width: number, height: number, rgba: Uint8Array): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    rgb.set(rgba.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  }
  return { width, height, rgb };
}

/**
 * The share of pixels, 0 to 1, in which some colour differs by more than `tolerance` of 255; 1 for pictures of different sizes. A pointer drawn
 * into one of them is a few hundred pixels.
 */
export function pictureDifference(one: Picture, other: Picture, tolerance = 0): number {
  if (one.width !== other.width || one.height !== other.height) return 1;
  const pixels = one.width * one.height;
  let different = 0;
  for (let at = 0; at < pixels * 3; at += 3) {
    for (let colour = at; colour < at + 3; colour += 1) {
      if (Math.abs((one.rgb[colour] ?? 0) - (other.rgb[colour] ?? 0)) <= tolerance) continue;
      different += 1;
      break;
    }
  }
  return different / pixels;
}
