// Recordings as an edge lists them, by the short names that people type.
import * as v from "valibot";
import { fromBase64Url } from "../../shared/bytes.ts";
import { messageOf } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { readLines, type ReadingPurpose } from "./edge-reading.ts";
import { CommandError } from "./exit-codes.ts";
import type { Site } from "./site.ts";

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
  site: Site,
  edges: readonly EdgeId[],
  purpose: ReadingPurpose,
): Promise<ListedRecording[]> {
  const found: ListedRecording[] = [];
  for (const edge of edges) {
    try {
      for await (const line of readLines(site, edge, purpose, {}))
        found.push(parseListed(line, edge));
    } catch (thrown) {
      if (edges.length === 1) throw thrown;
      site.context.tui.warning(`edge "${site.edgeName(edge)}": ${messageOf(thrown)}`);
    }
  }
  return found.toSorted((left, right) => right.startedMs - left.startedMs);
}

/** The recording whose short name begins so, or whose whole id it is. */
export async function findRecording(
  site: Site,
  edges: readonly EdgeId[],
  purpose: ReadingPurpose,
  wanted: string,
): Promise<ListedRecording> {
  const all = await listRecordings(site, edges, purpose);
  const fits = all.filter(
    ({ id, recording }) =>
      recording === wanted || (wanted.length >= 4 && id.startsWith(wanted.toLowerCase())),
  );
  const [only, ...others] = fits;
  if (only !== undefined && others.length === 0) return only;
  throw new CommandError(
    "notFound",
    `recording "${wanted}" is ${only === undefined ? "not known" : "ambiguous"}`,
    "see: sallyport recordings",
  );
}

function parseListed(line: string, edge: EdgeId): ListedRecording {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), listedSchema), line);
  if (!parsed.success)
    throw new CommandError(
      "protocol",
      `edge lists a recording that is none: ${parsed.issues[0].message.toLowerCase()}`,
    );
  return {
    ...parsed.output,
    id: fromBase64Url(parsed.output.recording).toHex().slice(0, 10),
    edge,
  };
}
