// "Asked" until the edge's own signed receipt makes it "done": a relay can withhold a stop, and nobody is told otherwise.
import { verifyReceipt, type Receipt } from "../document/denial.ts";
import type { Verified } from "../document/verify.ts";
import type { DocumentHash, EdgeId } from "../ids.ts";
import type { Side } from "./side.ts";

/** What became of a document on one edge. */
export interface Carried {
  readonly edge: EdgeId;
  readonly name: string;
  readonly state: "done" | "refused" | "asked";
  readonly receipt: Verified<Receipt> | undefined;
}

/**
 * Waits until every edge has answered, at most so long; who has not answered then is "asked". `before` is what edges had answered before the
 * document was given once more: a receipt counts only if the edge journaled it later.
 */
export async function awaitReceipts(
  side: Side,
  document: DocumentHash,
  edges: readonly EdgeId[],
  waitSeconds: number,
  before: readonly Carried[] = [],
): Promise<Carried[]> {
  const answeredAt = new Map(before.map((each) => [each.edge, each.receipt?.payload.entry.index]));
  const found = new Map<EdgeId, Verified<Receipt>>();
  const limit = AbortSignal.any([AbortSignal.timeout(waitSeconds * 1000), side.signal]);
  const take = async (envelopes: readonly Parameters<typeof verifyReceipt>[0][]): Promise<void> => {
    for (const envelope of envelopes) {
      const receipt = await verifyReceipt(envelope, side.held).catch(() => undefined);
      if (receipt?.payload.document !== document) continue;
      const { edge, entry } = receipt.payload;
      // Attack: a copy with a spoilt signature, which has the same hash, is given first and refused. What is done stays done.
      if (found.get(edge)?.payload.outcome === "done") continue;
      if (entry.index > (answeredAt.get(edge) ?? -1)) found.set(edge, receipt);
    }
  };
  await take(await side.relay.receipts(document));
  for (let after = 0; found.size < edges.length && waitSeconds > 0 && !limit.aborted;) {
    const news = await side.relay.news(["receipt"], after, limit).catch((thrown: unknown) => {
      if (limit.aborted) return undefined;
      throw thrown;
    });
    if (news === undefined) break;
    after = news.after;
    await take(news.documents.map(({ envelope }) => envelope));
  }
  return edges.map((edge) => {
    const receipt = found.get(edge);
    return { edge, name: side.edgeName(edge), state: receipt?.payload.outcome ?? "asked", receipt };
  });
}
