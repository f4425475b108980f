// Judging the documents that say who is who: manifest, roster, invitation, introduction.
import { parseEnvelope, type Envelope } from "../../shared/document/envelope.ts";
import { rosterOf } from "../../shared/document/held.ts";
import { parseIntroduction, verifyIntroduction } from "../../shared/document/introduction.ts";
import { verifyInvitation, type InvitationSubject } from "../../shared/document/invitation.ts";
import { edgeIdOf } from "../../shared/document/keys.ts";
import { parseRoster, verifyRoster } from "../../shared/document/roster.ts";
import {
  acceptNext,
  recoveryWaitSeconds,
  type ManifestChain,
} from "../../shared/document/succession.ts";
import { SallyportError } from "../../shared/errors.ts";
import type { DocumentHash } from "../../shared/ids.ts";
import type { Directory } from "./directory.ts";
import type { Judged, JudgingContext } from "./judging.ts";

/** The next manifest, under the held one. */
export async function judgeManifest(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { held, directory } = context;
  const step = await acceptNext(held.suite, envelope, held.chain);
  switch (step.outcome) {
    case "accepted":
      return acceptManifest(step.chain, directory);
    case "recovering":
      if (!(await hasWaited(step.chain.held.hash, context))) {
        return { state: "recovering", subject: step.chain.held.hash };
      }
      return acceptManifest(step.chain, directory);
    case "known":
      throw new SallyportError("conflict", "manifest is known");
    case "gap":
      throw new SallyportError("conflict", `manifests after version ${step.after} are missing`);
    case "sibling":
      throw new SallyportError("manifest_fork", "another manifest of this version is in force");
    case "refused":
      if (step.error.code !== "threshold_missed") throw step.error;
      return { state: "partial", subject: "" };
  }
}

async function acceptManifest(chain: ManifestChain, directory: Directory): Promise<Judged> {
  const consequences = await directory.consequences(await directory.viewUnder(chain));
  return { state: "complete", subject: chain.held.hash, consequences };
}

// Owners have 72 hours from its first appearance to veto it; whoever dropped it posts it again after that.
async function hasWaited(
  hash: DocumentHash,
  { site, held, rows }: JudgingContext,
): Promise<boolean> {
  const first = await rows.newest(site, hash);
  if (first?.state !== "recovering" || held.nowAt < first.at + recoveryWaitSeconds) return false;
  return (await rows.about(site, "revocation", hash)).length === 0;
}

/** A company's roster, of a higher version than the one before. */
export async function judgeRoster(envelope: Envelope, context: JudgingContext): Promise<Judged> {
  const { held, directory } = context;
  const previous = rosterOf(held, parseRoster(envelope).company);
  const roster = await verifyRoster(envelope, held, previous);
  const { company } = roster.payload;
  const others = held.rosters.filter((item) => item.payload.company !== company);
  const consequences = await directory.consequences({ ...held, rosters: [...others, roster] });
  return { state: "complete", subject: company, company, consequences };
}

/** An invitation or claim. */
export async function judgeInvitation(
  envelope: Envelope,
  { held }: JudgingContext,
): Promise<Judged> {
  const { payload } = await verifyInvitation(envelope, held);
  return { state: "complete", subject: payload.invitation, ...companyIn(payload.subject) };
}

/** The answer to an invitation on file: one admits, a second voids both until the owner decides, a third is refused. */
export async function judgeIntroduction(
  envelope: Envelope,
  { site, held, rows }: JudgingContext,
): Promise<Judged> {
  const { invitation: named } = parseIntroduction(envelope);
  const entry = await rows.newest(site, named);
  if (entry?.type !== "invitation") {
    throw new SallyportError("not_found", "no such invitation is on file");
  }
  const invitation = await verifyInvitation(parseEnvelope(entry.envelope), held);
  const { payload } = await verifyIntroduction(envelope, held, invitation);
  if ((await rows.about(site, "introduction", named)).length >= 2) {
    throw new SallyportError(
      "conflict",
      "invitation was answered twice and is void, ask for another",
    );
  }
  const { subject } = invitation.payload;
  const judged: Judged = { state: "complete", subject: named, ...companyIn(subject) };
  if (payload.edge === null) return judged;
  const { signingKey: publicKey } = payload.edge;
  const edge = await edgeIdOf(held.suite, publicKey);
  return { ...judged, consequences: { introduced: { edge, publicKey, name: subject.name } } };
}

function companyIn(subject: InvitationSubject): Pick<Judged, "company"> {
  return "company" in subject ? { company: subject.company } : {};
}
