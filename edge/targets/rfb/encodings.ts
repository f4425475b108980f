// The encodings that a device may be asked for (RFC 6143 §7.7, rfbproto): those that the edge decodes, and pseudo-encodings whose rectangles it can walk.
// Invariant: default deny. A rectangle of any other encoding has no length that the edge knows, so it must never be asked for.

export const encoding = {
  raw: 0,
  copyRect: 1,
  rre: 2,
  hextile: 5,
  /** Only in the edge's own keyframes: devices are not asked for it, so that its zlib stream is free there. */
  zlib: 6,
  tight: 7,
  zrle: 16,
  desktopSize: -223,
  lastRect: -224,
  cursor: -239,
  desktopName: -307,
  extendedDesktopSize: -308,
  fence: -312,
  continuousUpdates: -313,
  extendedMouseButtons: -316,
} as const;

/** Levels of zlib. Levels of JPEG's quality are not among them: without one, servers send Tight without loss. */
const firstCompressLevel = -256;
const lastCompressLevel = -247;

const askable: ReadonlySet<number> = new Set(
  Object.values(encoding).filter((number) => number !== encoding.zlib),
);

/** True for an encoding that a device may be asked for. */
export function mayAskFor(number: number): boolean {
  return askable.has(number) || (number >= firstCompressLevel && number <= lastCompressLevel);
}
