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
  /** An older box does not tell it. */
  kinds: v.optional(
    v.array(v.object({ kind: v.string(), isReady: v.boolean(), missing: v.array(v.string()) })),
    [],
  ),
});

export interface EdgeFacts {
  readonly version: string;
  /** Version of the manifest that it goes by; 0 for none. */
  readonly manifest: number;
  readonly recordingBytes: number;
  /** Which kinds of machines it can serve, and Debian's packages that it lacks for the others. */
  readonly kinds: readonly {
    readonly kind: string;
    readonly isReady: boolean;
    readonly missing: readonly string[];
  }[];
}

// What was asked on this visit is not asked again for the same answer.
const told = new Map<EdgeId, EdgeFacts>();

/** What a box said of itself on this visit, if it was asked. */
export function factsOf(edge: EdgeId): EdgeFacts | undefined {
  return told.get(edge);
}

/** What a box's answer says; undefined for one that is none. */
export function parseEdgeFacts(line: string): EdgeFacts | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), statusSchema), line);
  if (!parsed.success) return undefined;
  const { version, manifest, recordings, kinds } = parsed.output;
  return {
    version,
    manifest: manifest?.version ?? 0,
    recordingBytes: recordings?.usedBytes ?? 0,
    kinds,
  };
}

export async function readEdgeFacts(side: PageSide, edge: EdgeId): Promise<EdgeFacts> {
  for await (const line of readLines(side, edge, "status", {})) {
    const facts = parseEdgeFacts(line);
    if (facts === undefined) break;
    told.set(edge, facts);
    return facts;
  }
  throw new SiteFault("message_invalid", "the box tells nothing of itself");
}
