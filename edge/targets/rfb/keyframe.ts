// A keyframe (shared/protocol.md, "Recording: screens"): a whole server's stream of the present moment, made of what the edge has drawn itself.
// The picture goes as Zlib, an encoding that no device is asked for, so its stream is a fresh viewer's own. Before it, rectangles that the picture then
// covers give the viewer's other zlib streams the past that the device's next bytes look back at.
import { constants, deflateRawSync } from "node:zlib";
import { concatBytes, utf8 } from "../../../shared/bytes.ts";
import { encoding } from "./encodings.ts";
import { historyBytes, type InflateStream } from "./inflate-stream.ts";
import { pixelBytes, pixelFormat } from "./pixel-format.ts";
import type { ScreenState } from "./rectangles.ts";
import { zrleTileSide, type ZrleDecoder, type ZrleTile } from "./zrle.ts";

/** Version 3.8, one security type which is None, and its result. */
const greeting = concatBytes(utf8("RFB 003.008\n"), Uint8Array.of(1, 1, 0, 0, 0, 0));
/** noVNC takes a server of this name for one that knows no true colour. */
const amtName = "Intel(r) AMT KVM";
/** An update that ends by LastRect. */
const openCount = 0xffff;
const zlibHeader = Uint8Array.of(0x78, 0x9c);
/** One of the fastest: it runs between two messages of a device, and takes the time of other sessions. */
const picturesLevel = 3;

/** A history as a Tight rectangle without filter: three bytes a pixel, a little more than the history. */
const historyWidth = 128;
const historyHeight = 86;
/** Both sides of a picture in which every rectangle of the past has room. */
const minSide = 2 * zrleTileSide;

/** Undefined while one of the zlib streams is where nobody can join it. */
export function makeKeyframe({ picture, tight, zrle, name, pointer }: ScreenState) {
  const { width, height } = picture;
  const used = [...tight.streams, zrle.stream].filter((stream) => stream?.isUsed === true);
  if (used.some((stream) => stream?.isAligned === false)) return undefined;
  // Where the picture is too small for the past it is drawn on a larger one, which then takes its size.
  const isSmall = used.length > 0 && (width < minSide || height < minSide);
  const firstHeight = isSmall ? Math.max(height, minSide) : height;
  const pixels = picture.pixels.subarray(0, width * height * pixelBytes);
  return concatBytes(
    greeting,
    serverInit(isSmall ? Math.max(width, minSide) : width, firstHeight, name),
    Uint8Array.of(0, 0),
    u16(openCount),
    ...tightPast(tight.streams),
    ...(zrle.stream?.isUsed === true ? zrlePast(zrle, firstHeight) : []),
    ...(isSmall ? [head(0, 0, width, height, encoding.desktopSize)] : []),
    head(0, 0, width, height, encoding.zlib),
    ...withLength(concatBytes(zlibHeader, deflated(pixels, picturesLevel))),
    ...(pointer === undefined
      ? []
      : [head(pointer.hotX, pointer.hotY, pointer.width, pointer.height, encoding.cursor)]),
    ...(pointer === undefined ? [] : [pointer.bytes]),
    head(0, 0, 0, 0, encoding.lastRect),
  );
}

/** ServerInit, in the pixel format of all screens. */
export function serverInit(width: number, height: number, name: string): Uint8Array {
  const text = utf8(name === amtName ? "" : name);
  return concatBytes(u16(width), u16(height), pixelFormat, u32(text.length), text);
}

function* tightPast(streams: readonly (InflateStream | undefined)[]): Generator<Uint8Array> {
  for (const [number, stream] of streams.entries()) {
    if (stream?.isUsed !== true) continue;
    const history = new Uint8Array(historyWidth * historyHeight * 3);
    history.set(stream.history(), history.length - historyBytes);
    const data = concatBytes(zlibHeader, deflated(history));
    yield head(0, 0, historyWidth, historyHeight, encoding.tight);
    yield Uint8Array.of(number * 16, ...compactLength(data.length));
    yield data;
  }
}

// Tiles of one width and full height make one rectangle, as long as they have room below each other.
function* zrlePast({ tiles }: ZrleDecoder, maxHeight: number): Generator<Uint8Array> {
  const maxCount = Math.floor(maxHeight / zrleTileSide);
  let isFirst = true;
  for (let from = 0; from < tiles.length;) {
    const { width, height } = tiles[from] as ZrleTile;
    const isLike = (tile: ZrleTile | undefined) => tile?.width === width && tile.height === height;
    let to = from + 1;
    if (height === zrleTileSide) while (to - from < maxCount && isLike(tiles[to])) to += 1;
    const group = tiles.slice(from, to).map((tile) => tile.bytes);
    const data = deflated(concatBytes(...group));
    yield head(0, 0, width, height * (to - from), encoding.zrle);
    yield* withLength(isFirst ? concatBytes(zlibHeader, data) : data);
    isFirst = false;
    from = to;
  }
}

/** Whole blocks that look back at nothing before them, so that they follow each other in one stream. */
function deflated(bytes: Uint8Array, level = constants.Z_DEFAULT_COMPRESSION): Uint8Array {
  return deflateRawSync(bytes, { level, finishFlush: constants.Z_SYNC_FLUSH });
}

function withLength(bytes: Uint8Array): [Uint8Array, Uint8Array] {
  return [u32(bytes.length), bytes];
}

function compactLength(length: number): number[] {
  if (length < 2 ** 7) return [length];
  const low = (length % 2 ** 7) + 2 ** 7;
  const middle = Math.floor(length / 2 ** 7);
  if (length < 2 ** 14) return [low, middle];
  return [low, (middle % 2 ** 7) + 2 ** 7, Math.floor(length / 2 ** 14)];
}

function head(x: number, y: number, width: number, height: number, number: number): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of [x, y, width, height].entries()) view.setUint16(index * 2, value);
  view.setInt32(8, number);
  return bytes;
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}

function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
