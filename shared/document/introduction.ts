// The introduction: a newcomer's public keys, signed by the invitation's one-time key and by every new key (shared/protocol.md, "introduction").
// Invariant: owner's code lists keys only out of a verified introduction that pins this site.
import * as v from "valibot";
import { SallyportError } from "../errors.ts";
import { verifyCheckpoint } from "./checkpoint.ts";
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
  unembed,
} from "./fields.ts";
import { requireSite, signatureRules, siteOf, type Held } from "./held.ts";
import type { Invitation } from "./invitation.ts";
import {
  ed25519Public,
  edgeIdOf,
  keyMaterial,
  maxKeysPerPerson,
  publicKey,
  sshEd25519Line,
  xwingPublic,
  type PublicKey,
} from "./keys.ts";
import { verifyDocument, type Candidate, type Verified } from "./verify.ts";

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

/**
 * The introduction, if it answers this invitation in time and both the one-time key and every new signing key signed it; throws otherwise.
 * That an invitation is answered once is the caller's to keep: a second answer voids both.
 */
export async function verifyIntroduction(
  envelope: Envelope,
  held: Held,
  invitation: Verified<Invitation>,
): Promise<Verified<Introduction>> {
  const payload = parseIntroduction(envelope);
  // Attack: a newcomer talked into another site by a swapped link.
  requireSite(payload.site, held);
  const { subject, publicKey: oneTime, untilAt } = invitation.payload;
  if (payload.invitation !== invitation.hash) {
    throw documentInvalid("introduction answers another invitation");
  }
  if ((subject.kind === "edge") !== (payload.edge !== null)) {
    throw documentInvalid(`introduction does not fit an invitation of kind "${subject.kind}"`);
  }
  // Attack: an old link found later.
  if (held.nowAt > untilAt) {
    throw new SallyportError("expired", `invitation was open until ${untilAt}`);
  }
  const candidates = newKeys(payload, oneTime);
  const rules = signatureRules(held);
  const introduction = await verifyDocument(held.suite, envelope, payload, candidates, rules);
  // Attack: somebody else's public key introduced as one's own; a key swapped in by the relay, which lacks the one-time key.
  if (introduction.signers.length !== candidates.length) {
    throw new SallyportError(
      "threshold_missed",
      `introduction: ${introduction.signers.length} of ${candidates.length} keys have signed`,
    );
  }
  if (payload.edge !== null) await verifyFirstCheckpoint(payload.edge, held);
  return introduction;
}

function newKeys({ keys, edge }: Introduction, oneTime: string): Candidate[] {
  const signing: PublicKey[] =
    edge === null ? [...keys] : [{ kind: "ed25519", public: edge.signingKey }];
  if (signing.some((key) => keyMaterial(key) === oneTime)) {
    throw documentInvalid("introduction brings the invitation's one-time key as a new key");
  }
  const listed = signing.map((key, index) => ({ name: `key ${index + 1}`, key }));
  return [{ name: "invitation", key: { kind: "ed25519", public: oneTime } }, ...listed];
}

async function verifyFirstCheckpoint(edge: IntroducedEdge, held: Held): Promise<void> {
  const id = await edgeIdOf(held.suite, edge.signingKey);
  const { signingKey } = edge;
  await verifyCheckpoint(held.suite, unembed(edge.checkpoint), siteOf(held.manifest), {
    id,
    signingKey,
  });
}
