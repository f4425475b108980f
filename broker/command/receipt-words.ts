// What became of a document on one edge, as a line for people and as facts for scripts.
import type { Carried } from "../../shared/site/receipts.ts";
import { momentOf } from "./times.ts";

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
