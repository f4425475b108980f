// A recording as lines of an open format (shared/protocol.md, "Recording: playing"): asciicast v2 for terminals, else NDJSON with every byte and its time.
// Invariant: an end without the final mark is said in the last line, whoever plays.
import { toBase64 } from "../bytes.ts";
import type { OpenedChunk, OpenedRecording, RecordingHeader } from "./recording-file.ts";
import type { Direction, RecordingRecord } from "./recording-records.ts";

const defaultColumns = 80;
const defaultRows = 24;

/** One line per header and record, without line feeds. Throws as the chunks do, after the lines of those that are sound. */
export async function* playLines(recording: OpenedRecording): AsyncGenerator<string> {
  const format = recording.header.kind === "terminal" ? asciicast() : byteLog();
  yield JSON.stringify(format.header(recording.header));
  let last: Pick<OpenedChunk, "final"> | undefined;
  let atUs = 0;
  for await (const chunk of recording.chunks) {
    last = chunk;
    for (const record of chunk.records) {
      atUs = record.atUs;
      const line = format.record(record);
      if (line !== undefined) yield JSON.stringify(line);
    }
  }
  if (last?.final === true) return;
  yield JSON.stringify(format.record({ atUs, event: "torn", details: {} }));
}

interface LineFormat {
  header(header: RecordingHeader): unknown;
  record(record: RecordingRecord): unknown;
}

// https://docs.asciinema.org/manual/asciicast/v2/
function asciicast(): LineFormat {
  const decoders: Record<Direction, TextDecoder> = {
    "to-device": new TextDecoder(),
    "from-device": new TextDecoder(),
    "device-error": new TextDecoder(),
  };
  return {
    header: ({ columns, rows, startedMs, title, target, person }) => ({
      version: 2,
      width: columns ?? defaultColumns,
      height: rows ?? defaultRows,
      timestamp: Math.floor(startedMs / 1000),
      title: title ?? `${person} on ${target}`,
    }),
    record: (record) => {
      const seconds = record.atUs / 1e6;
      if ("direction" in record) {
        // A character may be cut by a record's end; its decoder keeps the first part.
        const text = decoders[record.direction].decode(record.bytes, { stream: true });
        if (text === "") return undefined;
        return [seconds, record.direction === "to-device" ? "i" : "o", text];
      }
      const { columns, rows } = record.details;
      if (record.event === "resize") return [seconds, "r", `${String(columns)}x${String(rows)}`];
      return [seconds, "m", markerText(record.event, record.details)];
    },
  };
}

function byteLog(): LineFormat {
  return {
    header: ({ keys: _keys, ...facts }) => ({ version: 1, ...facts }),
    record: (record) => {
      const t = record.atUs / 1e6;
      if ("event" in record) return { t, event: record.event, details: record.details };
      return { t, dir: record.direction, b64: toBase64(record.bytes) };
    },
  };
}

function markerText(event: string, details: Readonly<Record<string, unknown>>): string {
  return Object.keys(details).length === 0 ? event : `${event} ${JSON.stringify(details)}`;
}
