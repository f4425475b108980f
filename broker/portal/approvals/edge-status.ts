// How an edge stands, by its own word over a sealed channel: which sessions run, how much time they have left, which devices show another key.
// Each reading stands in the edge's journal, so it is read when somebody looks, not all the time.
import * as v from "valibot";
import type { DocumentHash, EdgeId } from "../../../shared/ids.ts";
import { SiteFault } from "../../../shared/site/fault.ts";
import type { PageSide } from "../person/page-side.ts";

const statusSchema = v.object({
  sessions: v.array(
    v.object({
      session: v.string(),
      state: v.string(),
      person: v.string(),
      request: v.string(),
      targets: v.array(v.string()),
      leftMs: v.nullable(v.number()),
    }),
  ),
  changedDevices: v.optional(
    v.array(
      v.object({
        target: v.string(),
        shown: v.string(),
        fingerprint: v.string(),
        pinned: v.array(v.string()),
        at: v.number(),
      }),
    ),
    [],
  ),
});

export type EdgeStatus = v.InferOutput<typeof statusSchema>;
export type ChangedDevice = EdgeStatus["changedDevices"][number];

export interface ReadStatus extends EdgeStatus {
  /** `performance.now()` when it was read: `leftMs` counts from here. */
  readonly readAtMs: number;
}

export async function readStatus(side: PageSide, edge: EdgeId): Promise<ReadStatus> {
  // What opens a channel is not needed to answer a request, so it comes as a chunk of its own.
  const { readLines } = await import("../../../shared/site/edge-reading.ts");
  for await (const line of readLines(side, edge, "status", {})) {
    const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), statusSchema), line);
    if (!parsed.success)
      throw new SiteFault(
        "message_invalid",
        `box's status: ${parsed.issues[0].message.toLowerCase()}`,
      );
    return { ...parsed.output, readAtMs: performance.now() };
  }
  throw new SiteFault("message_invalid", "box tells no status");
}

/** What is left of a job by a status, in milliseconds of now; undefined while its minutes have not begun, or nobody is connected. */
export function leftOf(
  status: ReadStatus,
  request: DocumentHash,
  nowMs = performance.now(),
): number | undefined {
  const left = status.sessions
    .filter((session) => session.request === request)
    .flatMap(({ leftMs }) => (leftMs === null ? [] : [leftMs]));
  if (left.length === 0) return undefined;
  return Math.max(0, Math.max(...left) - (nowMs - status.readAtMs));
}
