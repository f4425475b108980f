// A recording's lines as a page works with them (shared/protocol.md, "Recording: playing"): a terminal's events, or a log of bytes. What cannot be read is
// refused by its line's number. Long pauses can be shortened, with a way back to the time at which things really happened.
import * as v from "valibot";
import { SallyportError } from "../../../shared/errors.ts";

export interface TerminalEvent {
  /** Seconds since the start. */
  readonly at: number;
  /** o: shown, i: typed, r: resized, m: a mark. */
  readonly code: string;
  readonly text: string;
}

export interface TerminalRecording {
  readonly kind: "terminal";
  readonly columns: number;
  readonly rows: number;
  readonly events: readonly TerminalEvent[];
  readonly seconds: number;
}

export interface LoggedRecord {
  readonly at: number;
  /** Which way bytes went; undefined for an event. */
  readonly direction: string | undefined;
  readonly base64: string;
  readonly event: string;
  readonly details: unknown;
}

export interface ByteRecording {
  readonly kind: "bytes";
  readonly records: readonly LoggedRecord[];
  readonly seconds: number;
}

/** What a screen's viewer got, and what was done to it (shared/protocol.md, "Screens"). */
export interface ScreenRecording {
  readonly kind: "screen";
  readonly records: readonly LoggedRecord[];
  readonly seconds: number;
}

export type AnyRecording = TerminalRecording | ByteRecording | ScreenRecording;

const castHeader = v.object({ version: v.literal(2), width: v.number(), height: v.number() });
const castEvent = v.tuple([v.number(), v.string(), v.string()]);
const logHeader = v.object({ version: v.literal(1), kind: v.string() });
const logRecord = v.object({
  t: v.number(),
  dir: v.optional(v.string()),
  b64: v.optional(v.string(), ""),
  event: v.optional(v.string(), ""),
  details: v.optional(v.unknown()),
});

/** Reads the lines of one recording. */
export function parseRecording(lines: readonly string[]): AnyRecording {
  const [first = "", ...rest] = lines;
  const header = jsonOf(first, 1);
  if (v.is(castHeader, header)) {
    const events = rest.map((line, at) => {
      const [seconds, code, text] = read(castEvent, line, at + 2);
      return { at: seconds, code, text };
    });
    const { width: columns, height: rows } = header;
    return { kind: "terminal", columns, rows, events, seconds: events.at(-1)?.at ?? 0 };
  }
  if (!v.is(logHeader, header)) throw unreadable(1);
  const records = rest.map((line, at) => {
    const { t, dir, b64, event, details } = read(logRecord, line, at + 2);
    return { at: t, direction: dir, base64: b64, event, details };
  });
  const kind = header.kind === "screen" ? "screen" : "bytes";
  return { kind, records, seconds: records.at(-1)?.at ?? 0 };
}

/** The times of a recording with its long pauses cut to `limit` seconds, and the way between these and the real ones. */
export interface Pace {
  readonly seconds: number;
  readonly times: readonly number[];
  /** When something is shown that really happened at `real`. */
  shown(real: number): number;
  /** When really happened what is shown at `shown`. */
  real(shown: number): number;
}

export function paceOf(real: readonly number[], limit: number): Pace {
  const times: number[] = [];
  let last = 0;
  let at = 0;
  for (const time of real) {
    at += Math.min(limit, Math.max(0, time - last));
    last = Math.max(last, time);
    times.push(at);
  }
  const between = (from: readonly number[], to: readonly number[], wanted: number): number => {
    const next = from.findIndex((time) => time >= wanted);
    if (next < 0) return to.at(-1) ?? 0;
    const [fromStart, toStart] = [from[next - 1] ?? 0, to[next - 1] ?? 0];
    const [fromEnd, toEnd] = [from[next] ?? 0, to[next] ?? 0];
    const part = fromEnd === fromStart ? 1 : (wanted - fromStart) / (fromEnd - fromStart);
    return toStart + Math.max(0, Math.min(1, part)) * (toEnd - toStart);
  };
  return {
    seconds: times.at(-1) ?? 0,
    times,
    shown: (wanted) => between(real, times, wanted),
    real: (wanted) => between(times, real, wanted),
  };
}

function read<Schema extends v.GenericSchema>(
  schema: Schema,
  line: string,
  number: number,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, jsonOf(line, number));
  if (!parsed.success) throw unreadable(number);
  return parsed.output;
}

function jsonOf(line: string, number: number): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    throw unreadable(number);
  }
}

function unreadable(number: number): SallyportError {
  return new SallyportError("message_invalid", `line ${number} of the recording cannot be read`);
}
