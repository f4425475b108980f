// Recordings as an edge lists them, by the short names that people type.
import * as v from "valibot";
import { fromBase64Url } from "../bytes.ts";
import { messageOf } from "../errors.ts";
import type { EdgeId } from "../ids.ts";
import { readLines, type ReadingPurpose } from "./edge-reading.ts";
import { SiteFault } from "./fault.ts";
import type { Side } from "./side.ts";

const listedSchema = v.object({
  recording: v.string(),
  session: v.string(),
  target: v.string(),
  person: v.string(),
  kind: v.string(),
  title: v.nullable(v.string()),
  startedMs: v.number(),
  state: v.picklist(["open", "closed"]),
  bytes: v.number(),
});

export interface ListedRecording extends v.InferOutput<typeof listedSchema> {
  /** Ten hexadecimal digits: what people type. */
  readonly id: string;
  readonly edge: EdgeId;
}

/** Recordings of some edges, newest first; `watch` lists those that run. An edge that does not answer is warned of, not fatal. */
export async function listRecordings(
  side: Side,
  edges: readonly EdgeId[],
  purpose: ReadingPurpose,
): Promise<ListedRecording[]> {
  const found: ListedRecording[] = [];
  for (const edge of edges) {
    try {
      for await (const line of readLines(side, edge, purpose, {}))
        found.push(parseListed(line, edge));
    } catch (thrown) {
      if (edges.length === 1) throw thrown;
      side.notices.warning(`edge "${side.edgeName(edge)}": ${messageOf(thrown)}`);
    }
  }
  return found.toSorted((left, right) => right.startedMs - left.startedMs);
}

function parseListed(line: string, edge: EdgeId): ListedRecording {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), listedSchema), line);
  if (!parsed.success)
    throw new SiteFault(
      "message_invalid",
      `edge lists a recording that is none: ${parsed.issues[0].message.toLowerCase()}`,
    );
  return {
    ...parsed.output,
    id: fromBase64Url(parsed.output.recording).toHex().slice(0, 10),
    edge,
  };
}
