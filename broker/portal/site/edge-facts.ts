// What a box says of itself over a sealed channel. Each asking stands in its journal, so a page asks when somebody wants to know.
import * as v from "valibot";
import type { EdgeId } from "../../../shared/ids.ts";
import { readLines } from "../../../shared/site/edge-reading.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { PageSide } from "../person/page-side.ts";

const statusSchema = v.object({
  version: v.string(),
  manifest: v.nullish(v.object({ version: v.number(), endsAt: v.number() })),
  recordings: v.optional(v.object({ usedBytes: v.number() })),
});

export interface EdgeFacts {
  readonly version: string;
  /** Version of the manifest that it goes by; 0 for none. */
  readonly manifest: number;
  readonly recordingBytes: number;
}

export async function readEdgeFacts(side: PageSide, edge: EdgeId): Promise<EdgeFacts> {
  for await (const line of readLines(side, edge, "status", {})) {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), statusSchema), line);
    if (!parsed.success) break;
    const { version, manifest, recordings } = parsed.output;
    return {
      version,
      manifest: manifest?.version ?? 0,
      recordingBytes: recordings?.usedBytes ?? 0,
    };
  }
  throw new SiteFault("message_invalid", "the box tells nothing of itself");
}
