// RRE (RFC 6143 §7.7.3): one colour, and rectangles of other colours upon it.
import { fillRectangle } from "./bands.ts";
import { brokenScreen } from "./broken-screen.ts";
import type { Framebuffer, Rectangle } from "./framebuffer.ts";
import { pixelBytes, wordAt } from "./pixel-format.ts";
import type { Walk, WalkInput } from "./walk-input.ts";

const subrectangleBytes = pixelBytes + 8;
/** Beside its pixels. */
const workOfSubrectangle = 64;

export function* decodeRre(input: WalkInput, picture: Framebuffer, whole: Rectangle): Walk {
  const { x, y, width, height } = whole;
  const head = yield* input.take(4 + pixelBytes);
  const count = new DataView(head.buffer, head.byteOffset).getUint32(0);
  if (count > width * height) brokenScreen(`${count} subrectangles in ${width}x${height}`);
  yield* fillRectangle(input, picture, whole, wordAt(head, 4));
  for (let index = 0; index < count; index += 1) {
    const bytes = yield* input.take(subrectangleBytes);
    const view = new DataView(bytes.buffer, bytes.byteOffset + pixelBytes);
    const part = { width: view.getUint16(4), height: view.getUint16(6) };
    const [left, top] = [view.getUint16(0), view.getUint16(2)];
    if (left + part.width > width || top + part.height > height) {
      brokenScreen("a subrectangle leaves its rectangle");
    }
    // Its colour is read before the walk stops for the first time.
    const area = { x: x + left, y: y + top, ...part };
    yield* fillRectangle(input, picture, area, wordAt(bytes, 0));
    yield* input.work(workOfSubrectangle);
  }
}
