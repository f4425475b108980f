// The recordings of a whole site: every edge is asked at the same time, and each that does not answer is named.
import type { EdgeId } from "../../../shared/ids.ts";
import { listRecordings, type ListedRecording } from "../../../shared/site/recordings.ts";
import { readLines } from "../../../shared/site/edge-reading.ts";
import type { Side } from "../../../shared/site/side.ts";
import * as v from "valibot";

export interface SilentEdge {
  readonly edge: EdgeId;
  readonly name: string;
  readonly error: unknown;
}

export interface SiteRecordings {
  /** Newest first. */
  readonly recordings: readonly ListedRecording[];
  readonly silent: readonly SilentEdge[];
}

/** What was listed last, so that opening one does not ask its edge for the list again. */
const seen = new Map<string, ListedRecording>();

export async function siteRecordings(
  side: Side,
  tell: (soFar: SiteRecordings) => void,
): Promise<SiteRecordings> {
  const recordings: ListedRecording[] = [];
  const silent: SilentEdge[] = [];
  const soFar = (): SiteRecordings => ({
    recordings: recordings.toSorted((left, right) => right.startedMs - left.startedMs),
    silent: [...silent],
  });
  await overEdges(side, silent, async (edge) => {
    const found = await listRecordings(side, [edge], "play");
    for (const recording of found) seen.set(recording.recording, recording);
    recordings.push(...found);
    tell(soFar());
  });
  return soFar();
}

/** One recording's facts; undefined if its edge has none of that name. */
export async function recordingOf(
  side: Side,
  edge: EdgeId,
  recording: string,
): Promise<ListedRecording | undefined> {
  const known = seen.get(recording);
  if (known?.edge === edge && known.state === "closed") return known;
  const found = await listRecordings(side, [edge], "play");
  return found.find((each) => each.recording === recording);
}

const foundSchema = v.object({
  recording: v.string(),
  t: v.number(),
  dir: v.string(),
  line: v.string(),
});

/** A line of a recording that holds the text. */
export interface FoundLine extends v.InferOutput<typeof foundSchema> {
  readonly edge: EdgeId;
}

export interface SiteFindings {
  readonly lines: readonly FoundLine[];
  readonly silent: readonly SilentEdge[];
  /** Edges that hold more than what is shown of them. */
  readonly cut: readonly EdgeId[];
}

/** Of one edge; whoever looks through more gives a longer text. */
const mostLines = 200;

/** Searches on the edges themselves: no recording leaves them for it. */
export async function searchSite(
  side: Side,
  text: string,
  tell: (soFar: SiteFindings) => void,
): Promise<SiteFindings> {
  const lines: FoundLine[] = [];
  const silent: SilentEdge[] = [];
  const cut: EdgeId[] = [];
  const soFar = (): SiteFindings => ({ lines: [...lines], silent: [...silent], cut: [...cut] });
  await overEdges(side, silent, async (edge) => {
    let count = 0;
    for await (const line of readLines(side, edge, "play", { search: text })) {
      if (count === mostLines) {
        cut.push(edge);
        return;
      }
      count += 1;
      lines.push({ ...v.parse(v.pipe(v.string(), v.parseJson(), foundSchema), line), edge });
      tell(soFar());
    }
  });
  return soFar();
}

async function overEdges(
  side: Side,
  silent: SilentEdge[],
  ask: (edge: EdgeId) => Promise<void>,
): Promise<void> {
  const asked = side.held.manifest.payload.edges.map(async ({ id, name }) => {
    try {
      await ask(id);
    } catch (error) {
      side.signal.throwIfAborted();
      silent.push({ edge: id, name, error });
    }
  });
  await Promise.all(asked);
}
