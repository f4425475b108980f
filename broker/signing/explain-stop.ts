// Stops and sealed documents as questions: lockdown, lift, revocation; secret, device.
import { parseDeviceDocument } from "../../shared/document/device.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { requireEdge, requireTarget } from "../../shared/document/held.ts";
import { parseLift, parseLockdown, type LockdownScope } from "../../shared/document/lockdown.ts";
import { parseRevocation, type RevocationScope } from "../../shared/document/revocation.ts";
import { parseSecretDocument } from "../../shared/document/secret.ts";
import { explainEnd, reasonFact } from "./explain-job.ts";
import { edgeName, personFact, personWords, spoken, targetName, type Known } from "./known.ts";
import type { Question } from "./question.ts";
import { job, labels, sealed, stop } from "./texts.ts";
import { say, type Words } from "./words.ts";

/** "Lock down the whole site Paper mill?" */
export function explainLockdown(envelope: Envelope, known: Known): Question {
  const { scope, reason } = parseLockdown(envelope);
  return {
    question: lockdownQuestion(scope, known),
    meaning: stop.meaning,
    warnings: [],
    facts: [reasonFact(reason)],
    exactly: [],
    button: stop.buttons.lock,
  };
}

function lockdownQuestion(scope: LockdownScope, { held }: Known): Words {
  switch (scope.kind) {
    case "site":
      return stop.site(held.manifest.payload.name);
    case "edge":
      return stop.edge(edgeName(held, scope.id));
    case "target":
      return stop.target(targetName(held, scope.id));
  }
}

/** "Lift the lockdown on Hall 3?" */
export function explainLift(envelope: Envelope, { held }: Known): Question {
  const { edge, lockdown, reason } = parseLift(envelope);
  return {
    question: stop.lift(requireEdge(edge, held).name),
    meaning: stop.liftMeaning,
    warnings: [],
    facts: [
      reasonFact(reason),
      { label: labels.entry, lines: [say`${spoken(lockdown)}`], isCode: true },
    ],
    exactly: [],
    button: stop.buttons.lift,
  };
}

/** "Revoke Joe of Acme Drives?", or the end of one job. */
export function explainRevocation(envelope: Envelope, known: Known): Question {
  const { edge, scope, reason } = parseRevocation(envelope);
  const { button, facts = [], ...rest } = revocationWords(scope, known);
  const where = edge === null ? stop.everywhere : stop.on(edgeName(known.held, edge));
  return {
    ...rest,
    warnings: [],
    facts: [reasonFact(reason), { label: labels.scope, lines: [where] }, ...facts],
    exactly: [],
    button,
  };
}

function revocationWords(
  scope: RevocationScope,
  known: Known,
): Pick<Question, "question" | "meaning" | "button"> & Partial<Pick<Question, "facts">> {
  const { revoke, veto } = stop.buttons;
  switch (scope.kind) {
    case "request":
      return {
        ...explainEnd(scope.id, known),
        meaning: stop.requestMeaning,
        button: job.buttons.end,
      };
    case "person":
      return {
        question: stop.person(personWords(known.held, scope.id)),
        meaning: stop.personMeaning,
        facts: [{ label: labels.person, lines: [personFact(known.held, scope.id)] }],
        button: revoke,
      };
    case "key":
      return {
        question: stop.key(spoken(scope.id)),
        meaning: stop.keyMeaning,
        button: revoke,
      };
    case "target":
      return {
        question: stop.targetGone(targetName(known.held, scope.id)),
        meaning: stop.targetMeaning,
        button: revoke,
      };
    case "manifest":
      return { question: stop.manifest, meaning: stop.manifestMeaning, button: veto };
  }
}

/** "Store a new password or key for Press HMI?" */
export function explainSecret(envelope: Envelope, { held }: Known): Question {
  const { target, edge, name, version } = parseSecretDocument(envelope);
  const { name: device } = requireTarget(target, edge, held);
  return {
    question: sealed.secret(device),
    meaning: sealed.secretMeaning,
    warnings: [],
    facts: [
      { label: labels.device, lines: [say`${device} (${target})`] },
      { label: labels.scope, lines: [sealed.secretName(name, version)] },
      { label: labels.edge, lines: [say`${edgeName(held, edge)}`] },
    ],
    exactly: [],
    button: sealed.button,
  };
}

/** "Store a new address and login for Press HMI?" */
export function explainDevice(envelope: Envelope, { held }: Known): Question {
  const { target, edge, version } = parseDeviceDocument(envelope);
  const { name: device } = requireTarget(target, edge, held);
  return {
    question: sealed.device(device),
    meaning: sealed.deviceMeaning,
    warnings: [],
    facts: [
      { label: labels.device, lines: [say`${device} (${target})`] },
      { label: labels.version, lines: [sealed.deviceVersion(version)] },
      { label: labels.edge, lines: [say`${edgeName(held, edge)}`] },
    ],
    exactly: [],
    button: sealed.button,
  };
}
