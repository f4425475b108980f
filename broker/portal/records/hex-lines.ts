// Bytes for people: sixteen a line as hexadecimal digits with the text beside them, and plain text where it is nothing else.
import { fromBase64 } from "../../../shared/bytes.ts";
import type { ByteRecording } from "./cast.ts";

export interface ReadableRecord {
  readonly at: number;
  readonly direction: string | undefined;
  readonly count: number;
  /** What is shown, line by line. */
  readonly lines: readonly string[];
  /** What is looked through, without its line ends. */
  readonly text: string;
  readonly hex: string;
  readonly isCut: boolean;
  readonly event: string;
}

const bytesPerLine = 16;
const shownBytes = 1024;

export function readableRecords({ records }: ByteRecording): ReadableRecord[] {
  return records.map(({ at, direction, base64, event, details }) => {
    if (direction === undefined) {
      const text = details === undefined ? "" : JSON.stringify(details);
      const lines = text === "" || text === "{}" ? [] : [text];
      return { at, direction, count: 0, lines, text, hex: "", isCut: false, event };
    }
    const bytes = fromBase64(base64);
    const shown = bytes.subarray(0, shownBytes);
    const text = asText(bytes);
    return {
      at,
      direction,
      count: bytes.length,
      lines: isText(shown) ? text.slice(0, shownBytes).trimEnd().split("\n") : hexLines(shown),
      text,
      hex: shown.toHex(),
      isCut: bytes.length > shownBytes,
      event,
    };
  });
}

/** `0010  68 65 6c 6c 6f …  hello` */
export function hexLines(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; from += bytesPerLine) {
    const part = bytes.subarray(from, from + bytesPerLine);
    const digits = [...part].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const place = from.toString(16).padStart(4, "0");
    lines.push(`${place}  ${digits.padEnd(bytesPerLine * 3 - 1)}  ${asText(part, ".")}`);
  }
  return lines;
}

function asText(bytes: Uint8Array, lineEnd = "\n"): string {
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : byte === 0x0a ? lineEnd : ".",
    )
    .join("");
}

// Line ends and tabs are text too; anything else of control bytes, or beyond ASCII, is not taken for it.
function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}
