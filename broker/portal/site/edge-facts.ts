// What a box says of itself over a sealed channel. Each asking stands in its journal, so a page asks when somebody wants to know.
import type { EdgeId } from "../../../shared/ids.ts";
import { readLines } from "../../../shared/site/edge-reading.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { PageSide } from "../person/page-side.ts";
import { parseEdgeFacts, type EdgeFacts } from "./edge-words.ts";

// What was asked on this visit is not asked again for the same answer.
const told = new Map<EdgeId, EdgeFacts>();

/** What a box said of itself on this visit, if it was asked. */
export function factsOf(edge: EdgeId): EdgeFacts | undefined {
  return told.get(edge);
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
