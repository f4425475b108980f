// Hextile (RFC 6143 §7.7.4): tiles of 16 by 16, each raw or one colour with subrectangles. Colours go on from tile to tile within a rectangle.
import { brokenScreen } from "./broken-screen.ts";
import type { Framebuffer, Rectangle } from "./framebuffer.ts";
import { pixelBytes, wordAt } from "./pixel-format.ts";
import type { Walk, WalkInput } from "./walk-input.ts";

const tileSide = 16;
const bits = { raw: 1, background: 2, foreground: 4, subrectangles: 8, coloured: 16 } as const;
const lastMask = 30;

interface Colours {
  background: number | undefined;
  foreground: number | undefined;
  isAfterRaw: boolean;
}

export function* decodeHextile(input: WalkInput, picture: Framebuffer, whole: Rectangle): Walk {
  const colours: Colours = { background: undefined, foreground: undefined, isAfterRaw: false };
  for (let y = whole.y; y < whole.y + whole.height; y += tileSide) {
    const height = Math.min(tileSide, whole.y + whole.height - y);
    for (let x = whole.x; x < whole.x + whole.width; x += tileSide) {
      const width = Math.min(tileSide, whole.x + whole.width - x);
      yield* decodeTile(input, picture, { x, y, width, height }, colours);
    }
  }
}

function* decodeTile(
  input: WalkInput,
  picture: Framebuffer,
  tile: Rectangle,
  colours: Colours,
): Walk {
  yield* input.work(tile.width * tile.height);
  const [mask = 0] = yield* input.take(1);
  if (mask > lastMask) brokenScreen(`a hextile with mask ${mask}`);
  // noVNC does not draw it, so the vendor would see another picture than who joins. Servers name a colour after a raw tile.
  if (mask === 0 && colours.isAfterRaw) brokenScreen("a hextile without a colour after a raw one");
  colours.isAfterRaw = (mask & bits.raw) !== 0;
  if (colours.isAfterRaw) {
    drawRaw(picture, tile, yield* input.take(tile.width * tile.height * pixelBytes));
    return;
  }
  if (mask & bits.background) colours.background = wordAt(yield* input.take(pixelBytes), 0);
  if (mask & bits.foreground) colours.foreground = wordAt(yield* input.take(pixelBytes), 0);
  picture.fill(tile, colours.background ?? brokenScreen("a hextile without a colour"));
  if (!(mask & bits.subrectangles)) return;
  const [count = 0] = yield* input.take(1);
  const isColoured = (mask & bits.coloured) !== 0;
  const { foreground } = colours;
  if (!isColoured && foreground === undefined) brokenScreen("a hextile without a foreground");
  const size = isColoured ? pixelBytes + 2 : 2;
  const bytes = yield* input.take(count * size);
  for (let at = 0; at < bytes.length; at += size) {
    const word = isColoured ? wordAt(bytes, at) : (foreground ?? 0);
    const place = bytes[at + size - 2] ?? 0;
    const extent = bytes[at + size - 1] ?? 0;
    const [x, y] = [place >> 4, place & 15];
    const [width, height] = [(extent >> 4) + 1, (extent & 15) + 1];
    if (x + width > tile.width || y + height > tile.height) {
      brokenScreen("a hextile's subrectangle leaves its tile");
    }
    picture.fill({ x: tile.x + x, y: tile.y + y, width, height }, word);
  }
  yield* input.work(count * tileSide);
}

function drawRaw(picture: Framebuffer, { x, y, width, height }: Rectangle, bytes: Uint8Array) {
  const rowBytes = width * pixelBytes;
  for (let row = 0; row < height; row += 1) {
    const line = bytes.subarray(row * rowBytes, (row + 1) * rowBytes);
    picture.pixels.set(line, picture.at(x, y + row) * pixelBytes);
  }
}
