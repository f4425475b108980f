// Large areas in bands: a screen of 3840 by 2160 that is filled or moved at once would keep the processor from everybody else for milliseconds.
import type { Framebuffer, Rectangle } from "./framebuffer.ts";
import type { Walk, WalkInput } from "./walk-input.ts";

/** Some tens of microseconds. */
const bandPixels = 32 * 1024;

/** Fills as `Framebuffer.fill` does. */
export function* fillRectangle(
  input: WalkInput,
  picture: Framebuffer,
  rectangle: Rectangle,
  word: number,
): Walk {
  for (const band of bandsOf(rectangle, false)) {
    picture.fill(band, word);
    yield* input.work(band.width * band.height);
  }
}

/** Moves as `Framebuffer.copy` does: the bands go in the order in which none is written over before it was read. */
export function* copyRectangle(
  input: WalkInput,
  picture: Framebuffer,
  { x, y }: { readonly x: number; readonly y: number },
  rectangle: Rectangle,
): Walk {
  picture.requireInside({ ...rectangle, x, y }, "the source of a copy");
  for (const band of bandsOf(rectangle, y < rectangle.y)) {
    picture.copy(x, y + band.y - rectangle.y, band);
    yield* input.work(band.width * band.height);
  }
}

function* bandsOf({ x, y, width, height }: Rectangle, isFromBottom: boolean): Generator<Rectangle> {
  const rows = Math.max(1, Math.floor(bandPixels / Math.max(1, width)));
  for (let done = 0; done < height; done += rows) {
    const count = Math.min(rows, height - done);
    const top = isFromBottom ? y + height - done - count : y + done;
    yield { x, y: top, width, height: count };
  }
}
