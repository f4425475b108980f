// Plays a recording's lines on a terminal at the speed of life: asciicast v2 as it was seen, byte logs as a readable dump. Elsewhere the lines are
// passed on as they are, which is the open format itself.
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";
import { printable } from "./tui.ts";

/** Nobody wants to watch a coffee break. */
const longestPauseSeconds = 2;

const eventSchema = v.tuple([v.number(), v.string(), v.string()]);
const castHeader = v.object({ version: v.literal(2), width: v.number(), height: v.number() });
const loggedSchema = v.object({
  t: v.number(),
  dir: v.optional(v.string()),
  b64: v.optional(v.string()),
  event: v.optional(v.string()),
});

export interface PlayerOptions {
  readonly speed: number;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

/** Writes what the lines show, waiting as long as there was between them, divided by the speed. */
export async function playLines(
  lines: AsyncIterable<string>,
  options: PlayerOptions,
): Promise<void> {
  let isCast: boolean | undefined;
  let at = 0;
  for await (const line of lines) {
    const value: unknown = JSON.parse(line);
    if (isCast === undefined) {
      isCast = v.is(castHeader, value);
      continue;
    }
    const [seconds, text] = isCast ? castEvent(value) : loggedEvent(value);
    const pause = Math.min(longestPauseSeconds, Math.max(0, seconds - at)) / options.speed;
    at = Math.max(at, seconds);
    if (text === "") continue;
    if (pause > 0.001)
      await sleep(pause * 1000, undefined, { signal: options.signal }).catch(() =>
        options.signal.throwIfAborted(),
      );
    options.write(text);
  }
}

// What the terminal showed is written as it was: that is what playing means. What was typed is not shown twice.
function castEvent(value: unknown): [seconds: number, text: string] {
  if (!v.is(eventSchema, value)) return [0, ""];
  const [seconds, code, text] = value;
  return [seconds, code === "o" ? text : ""];
}

function loggedEvent(value: unknown): [seconds: number, text: string] {
  if (!v.is(loggedSchema, value)) return [0, ""];
  const { t, dir, b64, event } = value;
  if (dir === undefined || b64 === undefined)
    return [t, `${t.toFixed(3)}  ${printable(event ?? "")}\n`];
  const bytes = Buffer.from(b64, "base64");
  const shown = bytes.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
  return [
    t,
    `${t.toFixed(3)}  ${dir}  ${bytes.length} bytes  ${bytes.subarray(0, 16).toString("hex")}  ${shown.slice(0, 60)}\n`,
  ];
}
