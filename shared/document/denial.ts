// Denial of a request by an approver, informative, and the edge's receipt for what it carried out (shared/protocol.md, "deny", "receipt").
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  digest,
  documentHash,
  documentInvalid,
  edgeId,
  parsePayload,
  reason,
  record,
  secondsAt,
  siteId,
  whole,
} from "./fields.ts";

const denySchema = record({ site: siteId, request: documentHash, reason, issuedAt: secondsAt });
export type Deny = v.InferOutput<typeof denySchema>;

const receiptSchema = record({
  site: siteId,
  edge: edgeId,
  /** What was carried out or refused. */
  document: documentHash,
  outcome: v.picklist(["done", "refused"]),
  reason: v.nullable(reason),
  /** The journal entry that says so. */
  entry: record({ index: whole(0, Number.MAX_SAFE_INTEGER), hash: digest }),
  at: secondsAt,
});
export type Receipt = v.InferOutput<typeof receiptSchema>;

/** Reads a denial's payload; throws `document_invalid`. Checks no signature. */
export function parseDeny(envelope: Envelope): Deny {
  return parsePayload(envelope, "deny", denySchema);
}

/** Reads a receipt's payload; throws `document_invalid`. Checks no signature. */
export function parseReceipt(envelope: Envelope): Receipt {
  const receipt = parsePayload(envelope, "receipt", receiptSchema);
  if ((receipt.reason === null) !== (receipt.outcome === "done")) {
    throw documentInvalid("receipt gives a reason if, and only if, it refused");
  }
  return receipt;
}
