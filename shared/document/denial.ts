// Denial of a request by an approver, informative, and the edge's receipt for what it carried out (shared/protocol.md, "deny", "receipt").
import * as v from "valibot";
import { edgeCandidate } from "./checkpoint.ts";
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
import { requireEdge, requireSite, verifyByRoles, type Held } from "./held.ts";
import { plainRules, verifyDocument, type Verified } from "./verify.ts";

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

/** The denial, if an approver or owner signed it; throws otherwise. It informs and changes nothing. */
export async function verifyDeny(envelope: Envelope, held: Held): Promise<Verified<Deny>> {
  return verifyByRoles(envelope, parseDeny(envelope), held, "approver", "owner");
}

/** The receipt, if the edge that it names signed it; throws otherwise. Without one a cut is only "asked". */
export async function verifyReceipt(envelope: Envelope, held: Held): Promise<Verified<Receipt>> {
  const payload = parseReceipt(envelope);
  requireSite(payload.site, held);
  const candidates = [edgeCandidate(requireEdge(payload.edge, held))];
  return verifyDocument(held.suite, envelope, payload, candidates, plainRules);
}
