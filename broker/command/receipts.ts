// "Asked" until the edge's own signed receipt makes it "done": a relay can withhold a stop, and nobody is told otherwise.
import { verifyReceipt, type Receipt } from "../../shared/document/denial.ts";
import type { Verified } from "../../shared/document/verify.ts";
import type { DocumentHash, EdgeId } from "../../shared/ids.ts";
import type { Site } from "./site.ts";
import { momentOf } from "./times.ts";

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
  site: Site,
  document: DocumentHash,
  edges: readonly EdgeId[],
  waitSeconds: number,
  before: readonly Carried[] = [],
): Promise<Carried[]> {
  const answeredAt = new Map(before.map((each) => [each.edge, each.receipt?.payload.entry.index]));
  const found = new Map<EdgeId, Verified<Receipt>>();
  const limit = AbortSignal.any([AbortSignal.timeout(waitSeconds * 1000), site.context.signal]);
  const take = async (envelopes: readonly Parameters<typeof verifyReceipt>[0][]): Promise<void> => {
    for (const envelope of envelopes) {
      const receipt = await verifyReceipt(envelope, site.held).catch(() => undefined);
      if (receipt?.payload.document !== document) continue;
      const { edge, entry } = receipt.payload;
      // Attack: a copy with a spoilt signature, which has the same hash, is given first and refused. What is done stays done.
      if (found.get(edge)?.payload.outcome === "done") continue;
      if (entry.index > (answeredAt.get(edge) ?? -1)) found.set(edge, receipt);
    }
  };
  await take(await site.relay.receipts(document));
  for (let after = 0; found.size < edges.length && waitSeconds > 0 && !limit.aborted;) {
    const news = await site.relay.news(["receipt"], after, limit).catch((thrown: unknown) => {
      if (limit.aborted) return undefined;
      throw thrown;
    });
    if (news === undefined) break;
    after = news.after;
    await take(news.documents.map(({ envelope }) => envelope));
  }
  return edges.map((edge) => {
    const receipt = found.get(edge);
    return { edge, name: site.edgeName(edge), state: receipt?.payload.outcome ?? "asked", receipt };
  });
}

/** One line for people. */
export function carriedLine({ name, state, receipt }: Carried): string {
  if (receipt === undefined) return `edge "${name}": asked; no receipt yet`;
  if (state === "refused") return `edge "${name}": refused: ${receipt.payload.reason ?? ""}`;
  return `edge "${name}": done at ${momentOf(receipt.payload.at)}, entry ${receipt.payload.entry.index} of its journal`;
}

/** The same for scripts. */
export function carriedFacts({ edge, name, state, receipt }: Carried) {
  return {
    edge,
    name,
    state,
    reason: receipt?.payload.reason ?? null,
    entry: receipt?.payload.entry ?? null,
    at: receipt?.payload.at ?? null,
  };
}
