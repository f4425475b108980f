// The one pixel format on every screen (RFC 6143 §7.4): what noVNC asks for, and with it the bytes of a browser's ImageData, so that nothing converts.

/** Red, green, blue and an unused byte. */
export const pixelBytes = 4;

/** PIXEL_FORMAT: 32 bits, depth 24, little endian, true colour, maxima 255, shifts 0, 8 and 16. */
export const pixelFormat: Uint8Array = Uint8Array.from(
  [32, 24, 0, 1, [0, 255], [0, 255], [0, 255], 0, 8, 16, [0, 0, 0]].flat(),
);

/** The whole message SetPixelFormat that asks for it. */
export const setPixelFormat: Uint8Array = Uint8Array.of(0, 0, 0, 0, ...pixelFormat);

/** A pixel without its unused byte, as it is sent in four bytes or in three. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * 0x100 + (bytes[at + 2] ?? 0) * 0x10000;
}
