// A screen's recording as a player works with it (shared/protocol.md, "Screens"): where segments begin, where the vendor's pointer was, what he clicked,
// and what else happened. Nothing here draws.
import * as v from "valibot";
import { fromBase64 } from "../../../shared/bytes.ts";
import type { LoggedRecord } from "./cast.ts";

/** Client messages of RFC 6143, 7.5. */
const keyEvent = 4;
const pointerEvent = 5;
/** Left, middle and right; the others are the wheel's. */
const buttons = 0b111;
/** In the first byte: another byte with more buttons follows (rfbproto, "ExtendedMouseButtons"). */
const extended = 0x80;

export interface PointerAt {
  readonly at: number;
  readonly x: number;
  readonly y: number;
  readonly isPressed: boolean;
}

export interface KeyAt {
  readonly at: number;
  readonly keysym: number;
}

export interface Mark {
  readonly at: number;
  readonly event: string;
  readonly details: string;
}

export interface ScreenTrack {
  readonly records: readonly LoggedRecord[];
  readonly seconds: number;
  /** When the first picture is whole: before it there is nothing to be seen. */
  readonly opensAt: number;
  /** Indexes of records that begin a segment. */
  readonly segments: readonly number[];
  readonly pointers: readonly PointerAt[];
  /** When a button was pressed. */
  readonly clicks: readonly number[];
  readonly keys: readonly KeyAt[];
  readonly marks: readonly Mark[];
}

export const segmentDetails = v.object({
  width: v.number(),
  height: v.number(),
  bytes: v.optional(v.number(), 0),
});
const clipboardDetails = v.object({
  direction: v.picklist(["to-device", "from-device"]),
  text: v.string(),
});
const fileDetails = v.object({ action: v.string(), name: v.string() });

export function trackOf(records: readonly LoggedRecord[], seconds: number): ScreenTrack {
  const segments: number[] = [];
  const pointers: PointerAt[] = [];
  const clicks: number[] = [];
  const keys: KeyAt[] = [];
  const marks: Mark[] = [];
  let isPressed = false;
  records.forEach(({ at, direction, base64, event, details }, index) => {
    if (event === "segment") segments.push(index);
    else if (event !== "" && event !== "torn") marks.push({ at, ...markOf(event, details) });
    if (direction !== "to-device") return;
    const input = inputOf(fromBase64(base64));
    keys.push(...input.keys.map((keysym) => ({ at, keysym })));
    for (const pointer of input.pointers) {
      if (pointer.isPressed && !isPressed) clicks.push(at);
      isPressed = pointer.isPressed;
      pointers.push({ at, ...pointer });
    }
  });
  const opensAt = firstPictureAt(records, segments[0]);
  return { records, seconds, opensAt, segments, pointers, clicks, keys, marks };
}

function firstPictureAt(records: readonly LoggedRecord[], segment: number | undefined): number {
  const begin = records[segment ?? -1];
  if (segment === undefined || begin === undefined || !v.is(segmentDetails, begin.details))
    return 0;
  let left = begin.details.bytes ?? 0;
  let { at } = begin;
  for (const record of records.slice(segment + 1)) {
    if (left <= 0) break;
    if (record.direction !== "from-device") continue;
    // Of every three bytes base64 makes four characters.
    left -= Math.floor((record.base64.length * 3) / 4);
    ({ at } = record);
  }
  return at;
}

/** Whole messages that reached the device; what is none of those that a recording holds ends the reading. */
export function inputOf(bytes: Uint8Array): {
  readonly pointers: readonly Omit<PointerAt, "at">[];
  readonly keys: readonly number[];
} {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pointers: Omit<PointerAt, "at">[] = [];
  const keys: number[] = [];
  for (let from = 0; from < bytes.length;) {
    const kind = bytes[from];
    if (kind === pointerEvent && from + 6 <= bytes.length) {
      const mask = view.getUint8(from + 1);
      const [x, y] = [view.getUint16(from + 2), view.getUint16(from + 4)];
      pointers.push({ x, y, isPressed: (mask & buttons) !== 0 });
      from += (mask & extended) === 0 ? 6 : 7;
    } else if (kind === keyEvent && from + 8 <= bytes.length) {
      if (bytes[from + 1] !== 0) keys.push(view.getUint32(from + 4));
      from += 8;
    } else break;
  }
  return { pointers, keys };
}

/** The last one at or before that time: of times that rise. Undefined before the first. */
export function lastAt<Item extends { readonly at: number }>(
  items: readonly Item[],
  at: number,
): Item | undefined {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle]?.at ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return items[low - 1];
}

/** Pressed keys as text, line by line: where Enter was pressed, or nothing for a while. */
export function typedLines(
  keys: readonly KeyAt[],
): { readonly at: number; readonly text: string }[] {
  const lines: { at: number; text: string }[] = [];
  let line: { at: number; text: string } | undefined;
  let last = 0;
  for (const { at, keysym } of keys) {
    if (line !== undefined && at - last > pauseSeconds) line = undefined;
    if (line === undefined) lines.push((line = { at, text: "" }));
    last = at;
    line.text += wordOfKey(keysym);
    if (keysym === enter) line = undefined;
  }
  return lines;
}

const pauseSeconds = 5;
const enter = 0xff0d;
const names: Readonly<Record<number, string>> = {
  0xff08: "⌫",
  0xff09: "⇥",
  0xff0d: "⏎",
  0xff1b: "[Esc]",
  0xff51: "←",
  0xff52: "↑",
  0xff53: "→",
  0xff54: "↓",
  0xffe1: "",
  0xffe2: "",
  0xffe3: "[Ctrl]",
  0xffe4: "[Ctrl]",
  0xffe9: "[Alt]",
  0xffff: "[Del]",
};

function wordOfKey(keysym: number): string {
  const name = names[keysym];
  if (name !== undefined) return name;
  if (keysym >= 0xffbe && keysym <= 0xffc9) return `[F${keysym - 0xffbd}]`;
  const point = keysym >= 0x0100_0000 ? keysym - 0x0100_0000 : keysym;
  const isCharacter = point >= 0x20 && point <= 0x10_ffff && (keysym <= 0xff || point !== keysym);
  return isCharacter ? String.fromCodePoint(point) : `[${keysym.toString(16)}]`;
}

function markOf(event: string, details: unknown): Omit<Mark, "at"> {
  if (event === "clipboard" && v.is(clipboardDetails, details))
    return { event: `clipboard ${details.direction}`, details: details.text };
  if (event === "watched" && v.is(v.object({ isWatched: v.boolean() }), details))
    return { event: details.isWatched ? "watched" : "unwatched", details: "" };
  if (event === "resize" && v.is(segmentDetails, details))
    return { event, details: `${details.width} × ${details.height}` };
  if (event === "file" && v.is(fileDetails, details))
    return { event: `file ${details.action}`, details: details.name };
  if (event === "clipboard-withheld") return { event, details: "" };
  const text = details === undefined ? "" : JSON.stringify(details);
  return { event, details: text === "{}" ? "" : text };
}
