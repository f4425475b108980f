// The introduction: a newcomer's public keys, signed by the invitation's one-time key and by every new key (shared/protocol.md, "introduction").
// Invariant: owner's code lists keys only out of a verified introduction that pins this site.
import * as v from "valibot";
import type { Envelope } from "./envelope.ts";
import {
  documentHash,
  documentInvalid,
  embedded,
  list,
  parsePayload,
  record,
  requireUnique,
  secondsAt,
  siteId,
} from "./fields.ts";
import {
  ed25519Public,
  keyMaterial,
  maxKeysPerPerson,
  publicKey,
  sshEd25519Line,
  xwingPublic,
} from "./keys.ts";

const introducedEdge = record({
  signingKey: ed25519Public,
  sealingKey: xwingPublic,
  sshHostKey: sshEd25519Line,
  /** Its first checkpoint, so that a grant always finds an anchor. */
  checkpoint: embedded,
});
export type IntroducedEdge = v.InferOutput<typeof introducedEdge>;

const schema = record({
  /** The site that the newcomer pinned. */
  site: siteId,
  invitation: documentHash,
  /** A person's keys; empty for an edge. */
  keys: list(publicKey, 0, maxKeysPerPerson),
  edge: v.nullable(introducedEdge),
  issuedAt: secondsAt,
});
export type Introduction = v.InferOutput<typeof schema>;

/** Reads an introduction's payload; throws `document_invalid`. Checks no signature. */
export function parseIntroduction(envelope: Envelope): Introduction {
  const introduction = parsePayload(envelope, "introduction", schema);
  if ((introduction.edge === null) === (introduction.keys.length === 0)) {
    throw documentInvalid("introduction holds either a person's keys or an edge's");
  }
  requireUnique(introduction.keys.map(keyMaterial), "public key");
  return introduction;
}
