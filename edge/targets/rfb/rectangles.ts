// The rectangles of a FramebufferUpdate (RFC 6143 §7.6.1): its pictures are drawn, its pseudo-rectangles tell of pointer, size and name.
// Invariant: each rectangle's length follows from what was judged, and nothing is held that is longer than its named bound.
import { noAbilities } from "./abilities.ts";
import { copyRectangle } from "./bands.ts";
import { brokenScreen } from "./broken-screen.ts";
import { encoding } from "./encodings.ts";
import { Framebuffer, type Rectangle } from "./framebuffer.ts";
import { decodeHextile } from "./hextile.ts";
import { pixelBytes } from "./pixel-format.ts";
import { decodeRre } from "./rre.ts";
import { TightDecoder } from "./tight.ts";
import type { Walk, WalkInput } from "./walk-input.ts";
import { ZrleDecoder } from "./zrle.ts";

/** Pointers grow with a screen's resolution; nobody's is larger. */
const maxPointerSide = 512;
export const maxNameBytes = 4096;
const screenBytes = 16;
const rectangleHeadBytes = 12;
const nameDecoder = new TextDecoder();
/** ExtendedDesktopSize: this viewer asked for it. */
const askedHere = 1;

/** The pointer's shape, and the pixel of it that points. */
export interface Pointer {
  readonly hotX: number;
  readonly hotY: number;
  readonly width: number;
  readonly height: number;
  /** As the rectangle has them: pixels, then a mask of one bit each, in rows of whole bytes. */
  readonly bytes: Uint8Array;
}

/** All that a viewer keeps of a stream: whoever knows it can go on. */
export class ScreenState {
  readonly picture: Framebuffer;
  readonly tight: TightDecoder;
  readonly zrle: ZrleDecoder;
  readonly abilities = noAbilities();
  name: string;
  pointer: Pointer | undefined;

  constructor(width: number, height: number, name: string) {
    this.picture = new Framebuffer(width, height);
    this.tight = new TightDecoder(this.picture);
    this.zrle = new ZrleDecoder(this.picture);
    this.name = name;
  }
}

/** One rectangle with its head. Answers true if it was the update's last, whatever the count said. */
export function* walkRectangle(
  input: WalkInput,
  state: ScreenState,
  onResize: (width: number, height: number) => void,
): Walk<boolean> {
  const head = yield* input.take(rectangleHeadBytes);
  const view = new DataView(head.buffer, head.byteOffset);
  const [x, y, width, height] = [0, 2, 4, 6].map((at) => view.getUint16(at)) as Corners;
  const rectangle = { x, y, width, height };
  const number = view.getInt32(8);
  switch (number) {
    case encoding.lastRect:
      return true;
    case encoding.extendedMouseButtons:
      state.abilities.extendedMouseButtons = true;
      return false;
    case encoding.cursor:
      state.pointer = yield* walkPointer(input, rectangle);
      return false;
    case encoding.desktopName:
      state.name = yield* walkName(input);
      return false;
    case encoding.desktopSize:
      yield* resize(input, state, rectangle, onResize);
      return false;
    case encoding.extendedDesktopSize:
      state.abilities.desktopSize = true;
      yield* walkScreens(input);
      // Its place says why and how it went; noVNC takes the size of all but its own refused wish.
      if (x === askedHere && y !== 0) return false;
      yield* resize(input, state, rectangle, onResize);
      return false;
    default:
      yield* walkPicture(input, state, rectangle, number);
      return false;
  }
}

type Corners = [number, number, number, number];

function* walkPicture(
  input: WalkInput,
  { picture, tight, zrle }: ScreenState,
  rectangle: Rectangle,
  number: number,
): Walk {
  const { width, height } = rectangle;
  picture.requireInside(rectangle);
  const isEmpty = width === 0 || height === 0;
  switch (number) {
    case encoding.raw:
      if (!isEmpty) yield* decodeRaw(input, picture, rectangle);
      return;
    case encoding.copyRect: {
      const from = yield* input.take(4);
      const view = new DataView(from.buffer, from.byteOffset);
      const source = { x: view.getUint16(0), y: view.getUint16(2) };
      yield* copyRectangle(input, picture, source, rectangle);
      return;
    }
    default:
  }
  // Viewers disagree over what follows the head of one without pixels.
  if (isEmpty) brokenScreen(`an empty rectangle of encoding ${number}`);
  switch (number) {
    case encoding.hextile:
      return yield* decodeHextile(input, picture, rectangle);
    case encoding.rre:
      return yield* decodeRre(input, picture, rectangle);
    case encoding.tight:
      return yield* tight.decode(input, rectangle);
    case encoding.zrle:
      return yield* zrle.decode(input, rectangle);
    default:
      return brokenScreen(`encoding ${number}, which was not asked for`);
  }
}

function* decodeRaw(input: WalkInput, picture: Framebuffer, rectangle: Rectangle): Walk {
  const { x, y, width, height } = rectangle;
  const rowBytes = width * pixelBytes;
  for (let row = y; row < y + height; row += 1) {
    const start = picture.at(x, row) * pixelBytes;
    for (let done = 0; done < rowBytes;) {
      const piece = yield* input.some(rowBytes - done);
      picture.pixels.set(piece, start + done);
      done += piece.length;
    }
    yield* input.work(width);
  }
}

function* walkPointer(input: WalkInput, { x, y, width, height }: Rectangle): Walk<Pointer> {
  if (width > maxPointerSide || height > maxPointerSide) {
    brokenScreen(`a pointer of ${width}x${height}, expected at most ${maxPointerSide}`);
  }
  const bytes = width * height * pixelBytes + Math.ceil(width / 8) * height;
  return { hotX: x, hotY: y, width, height, bytes: yield* input.gather(bytes) };
}

function* walkName(input: WalkInput): Walk<string> {
  const head = yield* input.take(4);
  const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
  if (length > maxNameBytes) {
    brokenScreen(`a name of ${length} bytes, expected at most ${maxNameBytes}`);
  }
  return nameDecoder.decode(yield* input.gather(length));
}

function* walkScreens(input: WalkInput): Walk {
  const [screens = 0] = yield* input.take(4);
  for (let index = 0; index < screens; index += 1) yield* input.take(screenBytes);
}

function* resize(
  input: WalkInput,
  { picture }: ScreenState,
  { width, height }: Rectangle,
  onResize: (width: number, height: number) => void,
): Walk {
  const isChanged = width !== picture.width || height !== picture.height;
  picture.resize(width, height);
  yield* input.work(width * height);
  if (isChanged) onResize(width, height);
}
