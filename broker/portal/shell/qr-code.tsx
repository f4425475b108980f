// A text as a QR code, drawn in the page itself: black on white in light and dark, because cameras want it so.
import qrcode from "qrcode";
import { useMemo } from "react";

const quietModules = 4;

/** `label` says what a camera will find. Throws `RangeError`-like errors for a text of more than about 2,900 bytes. */
export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { side, path } = useMemo(() => drawn(text), [text]);
  return (
    <svg className="qr-code" viewBox={`0 0 ${side} ${side}`} role="img" aria-label={label}>
      <rect width={side} height={side} className="qr-code-ground" />
      <path d={path} className="qr-code-modules" />
    </svg>
  );
}

function drawn(text: string): { readonly side: number; readonly path: string } {
  const { size, data } = qrcode.create(text, { errorCorrectionLevel: "L" }).modules;
  const squares: string[] = [];
  for (let at = 0; at < data.length; at += 1) {
    if (data[at] !== 1) continue;
    const x = (at % size) + quietModules;
    const y = Math.floor(at / size) + quietModules;
    squares.push(`M${x} ${y}h1v1h-1z`);
  }
  return { side: size + 2 * quietModules, path: squares.join("") };
}
