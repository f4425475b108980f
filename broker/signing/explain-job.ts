// A job's documents as questions: request, grant, denial, the end of a job, and the proof that opens it.
// Invariant: what is said is read out of the very payload that is signed; what it names by hash is shown only if it is that document.
import { deviceKeyKind } from "../../shared/document/device-key.ts";
import { parseDeny } from "../../shared/document/denial.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { documentInvalid } from "../../shared/document/fields.ts";
import { checkGrant, parseGrant, type Grant } from "../../shared/document/grant.ts";
import { requireEdge } from "../../shared/document/held.ts";
import { findTarget, type Policy } from "../../shared/document/manifest.ts";
import { parseProof } from "../../shared/document/proof.ts";
import {
  checkAgainstManifest,
  parseRequest,
  verifyRequest,
  type JobTargets,
  type Request,
} from "../../shared/document/request.ts";
import type { DocumentHash } from "../../shared/ids.ts";
import { toldRights } from "../../shared/site/right-words.ts";
import {
  edgeName,
  personFact,
  personWords,
  requireAbout,
  spoken,
  targetName,
  targetsWords,
  type Known,
} from "./known.ts";
import type { Fact, Question } from "./question.ts";
import {
  daysWords,
  job,
  labels,
  lengthOf,
  moment,
  proof,
  proofMeaning,
  refusals,
  rightsWords,
} from "./texts.ts";
import { say, type Words } from "./words.ts";

const deviceKeyKinds = ["key", "certificate"] as const;

/** "Let Joe of Acme Drives work on Press HMI for 60 minutes?" */
export async function explainGrant(envelope: Envelope, known: Known): Promise<Question> {
  const { held, about, chain } = known;
  const grant = parseGrant(envelope);
  const request = await verifyRequest(requireAbout(about, "request", grant.request), held);
  const replaced =
    grant.replaces === null
      ? undefined
      : {
          hash: grant.replaces,
          payload: parseGrant(requireAbout(about, "grant", grant.replaces)),
        };
  const context = { request, ...(replaced && { replaced }) };
  const { policies, anchor } = await checkGrant(grant, held, context);
  if (!chain.hashes.includes(grant.manifest)) throw documentInvalid(refusals.manifest);
  const asked = request.payload;
  const extension = replaced && {
    label: labels.extends,
    lines: [
      job.extended(
        moment(replaced.payload.issuedAt),
        lengthOf(replaced.payload.minutes),
        lengthOf(grant.minutes),
      ),
    ],
  };
  const less = differences(grant, asked, known);
  return {
    question: grantQuestion(grant, replaced?.payload, known),
    meaning: [...quorumWords(policies), ...job.grantMeaning],
    warnings: [...deviceKeyWarnings(grant, known), ...browserWarnings(grant.targets, known)],
    facts: [
      ...deviceKeyFacts(grant, known),
      ...(less.length > 0 ? [{ label: labels.differs, lines: less, isStriking: true }] : []),
      { label: labels.who, lines: [personFact(held, grant.vendor)] },
      ...purposeFacts(asked),
      deviceFact(grant.targets, known),
      ...(extension ? [extension] : []),
      ...timeFacts(grant, replaced !== undefined),
      { label: labels.asked, lines: [moment(asked.issuedAt)] },
      { label: labels.edge, lines: [say`${edgeName(held, grant.edge)}`] },
      {
        label: labels.record,
        lines: [job.record(anchor.payload.length, moment(anchor.payload.at))],
      },
      { label: labels.key, lines: [say`${spoken(asked.key)}`], isCode: true },
    ],
    exactly: [],
    button: replaced ? job.buttons.extend : job.buttons.grant,
  };
}

function grantQuestion(grant: Grant, replaced: Grant | undefined, { held }: Known): Words {
  const who = personWords(held, grant.vendor);
  const devices = targetsWords(held, grant.targets);
  const length = lengthOf(grant.minutes);
  if (replaced === undefined) {
    return (grant.windows === null ? job.grant : job.grantStanding)(who, devices, length);
  }
  const more = grant.minutes - replaced.minutes;
  if (more > 0) return job.extend(who, devices, lengthOf(more));
  return more < 0 ? job.shorten(who, devices, length) : job.replace(who, devices, length);
}

function differences(grant: Grant, asked: Request, { held }: Known): Words[] {
  const lines: Words[] = [];
  if (grant.replaces === null && grant.minutes < asked.minutes) {
    lines.push(job.less.minutes(lengthOf(grant.minutes), lengthOf(asked.minutes)));
  }
  if (grant.startBeforeAt < asked.startBeforeAt) {
    lines.push(job.less.start(moment(grant.startBeforeAt), moment(asked.startBeforeAt)));
  }
  if (JSON.stringify(grant.windows) !== JSON.stringify(asked.windows)) {
    lines.push(job.less.windows);
  }
  for (const { id, rights } of asked.targets) {
    const given = grant.targets.find((item) => item.id === id);
    if (given === undefined) {
      lines.push(job.less.target(targetName(held, id)));
      continue;
    }
    const isWatchOnly = rights.includes("control") && toldRights(given.rights).includes("view");
    if (isWatchOnly) lines.push(job.less.watchOnly(targetName(held, id)));
    const missing = toldRights(rights)
      .filter((right) => !given.rights.includes(right))
      .filter((right) => right !== "control" || !isWatchOnly);
    if (missing.length > 0) {
      const kind = findTarget(held.manifest.payload, id)?.kind;
      lines.push(job.less.rights(targetName(held, id), rightsWords(missing, kind)));
    }
  }
  return lines;
}

// Attack: somebody between edge and device, waved through by an approver who was shown no more than a job.
function deviceKeyWarnings({ deviceKeys }: Grant, { held }: Known): Words[] {
  return deviceKeyKinds.flatMap((kind) => {
    const ofKind = deviceKeys.filter((item) => deviceKeyKind(item.fingerprint) === kind);
    return [...new Set(ofKind.map(({ target }) => target))].map((id) =>
      job.deviceKey[kind](targetName(held, id)),
    );
  });
}

// A page under the relay's name is the one way in that does not hold against the relay: whoever lets somebody in by it must know.
function browserWarnings(targets: JobTargets, { held }: Known): Words[] {
  return targets
    .filter(({ rights }) => rights.includes("browser"))
    .map(({ id }) => job.browser(targetName(held, id)));
}

function deviceKeyFacts({ deviceKeys }: Grant, { held }: Known): Fact[] {
  return deviceKeyKinds.flatMap((kind) => {
    const lines = deviceKeys
      .filter((item) => deviceKeyKind(item.fingerprint) === kind)
      .map((item) => job.deviceKeyLine(targetName(held, item.target), item.fingerprint));
    const label = labels.deviceKey[kind];
    return lines.length === 0 ? [] : [{ label, lines, isStriking: true, isCode: true }];
  });
}

function quorumWords(policies: readonly Policy[]): Words {
  const needed = Math.max(...policies.map((item) => item.approversNeeded));
  return needed > 1 ? job.approversNeeded(needed) : [];
}

/** "Ask to work on Press HMI for 60 minutes?" */
export function explainRequest(envelope: Envelope, known: Known): Question {
  const { held } = known;
  const request = parseRequest(envelope);
  requireEdge(request.edge, held);
  checkAgainstManifest(request.targets, request.edge, held);
  return {
    question: (request.windows === null ? job.request : job.requestStanding)(
      targetsWords(held, request.targets),
      lengthOf(request.minutes),
    ),
    meaning: job.requestMeaning,
    warnings: browserWarnings(request.targets, known),
    facts: [...purposeFacts(request), ...placeFacts(request, known)],
    exactly: [],
    button: job.buttons.request,
  };
}

/** "Say no to Joe of Acme Drives for Press HMI?" */
export function explainDeny(envelope: Envelope, known: Known): Question {
  const deny = parseDeny(envelope);
  const asked = requestIfThere(deny.request, known);
  return {
    question:
      asked === undefined
        ? job.denyUnknown
        : job.deny(personWords(known.held, asked.vendor), targetsWords(known.held, asked.targets)),
    meaning: job.denyMeaning,
    warnings: [],
    facts: [reasonFact(deny.reason), ...requestFacts(deny.request, asked, known)],
    exactly: [],
    button: job.buttons.deny,
  };
}

/** What a revocation of one job says. */
export function explainEnd(
  request: DocumentHash,
  known: Known,
): Pick<Question, "question" | "facts"> {
  const asked = requestIfThere(request, known);
  return {
    question:
      asked === undefined
        ? job.endUnknown
        : job.end(personWords(known.held, asked.vendor), targetsWords(known.held, asked.targets)),
    facts: requestFacts(request, asked, known),
  };
}

/** "Start working on Press HMI with this device?" */
export function explainProof(envelope: Envelope, known: Known): Question {
  const { held, about } = known;
  const payload = parseProof(envelope);
  requireEdge(payload.edge, held);
  const words = proof[payload.purpose];
  const edge = say`${edgeName(held, payload.edge)}`;
  const whose = { label: labels.person, lines: [personFact(held, payload.person)] };
  const common = { meaning: proofMeaning, warnings: [], exactly: [], button: words.button };
  if (payload.request === null) {
    return {
      ...common,
      question: words.ask([], edge),
      facts: [whose, { label: labels.edge, lines: [edge] }],
    };
  }
  const asked = parseRequest(requireAbout(about, "request", payload.request));
  const grant =
    payload.grant === null ? undefined : parseGrant(requireAbout(about, "grant", payload.grant));
  // Attack: a proof for one job, shown with the text of another.
  if (asked.edge !== payload.edge || asked.vendor !== payload.person) {
    throw documentInvalid(refusals.missing("request"));
  }
  if (grant !== undefined && grant.request !== payload.request) {
    throw documentInvalid(refusals.missing("grant"));
  }
  const given = grant ?? asked;
  return {
    ...common,
    question: words.ask(targetsWords(held, given.targets), edge),
    facts: [
      whose,
      ...purposeFacts(asked),
      deviceFact(given.targets, known),
      { label: labels.howLong, lines: [job.howLong(lengthOf(given.minutes))] },
      { label: labels.edge, lines: [edge] },
    ],
  };
}

// Whether its signature holds does not matter to those who only say no: the hash in the payload binds it.
function requestIfThere(hash: DocumentHash, { about }: Known): Request | undefined {
  const envelope = about.get(hash);
  return envelope?.type === "request" ? parseRequest(envelope) : undefined;
}

function requestFacts(hash: DocumentHash, asked: Request | undefined, known: Known): Fact[] {
  const number = { label: labels.request, lines: [say`${spoken(hash)}`], isCode: true };
  if (asked === undefined) return [number];
  const who = { label: labels.who, lines: [personFact(known.held, asked.vendor)] };
  return [who, ...purposeFacts(asked), ...placeFacts(asked, known), number];
}

function purposeFacts({ reason, ticket }: Request): Fact[] {
  return [
    { label: labels.what, lines: [reason === "" ? job.noReason : say`${reason}`] },
    ...(ticket === null ? [] : [{ label: labels.ticket, lines: [say`${ticket}`] }]),
  ];
}

function placeFacts(request: Request, known: Known): Fact[] {
  const { targets, minutes, startBeforeAt, windows, edge } = request;
  return [
    deviceFact(targets, known),
    ...timeFacts({ minutes, startBeforeAt, windows, endsAt: startBeforeAt + minutes * 60 }),
    { label: labels.edge, lines: [say`${edgeName(known.held, edge)}`] },
  ];
}

type Times = Pick<Grant, "startBeforeAt" | "minutes" | "endsAt" | "windows">;

function timeFacts({ startBeforeAt, minutes, endsAt, windows }: Times, isInAll = false): Fact[] {
  const length = lengthOf(minutes);
  if (windows !== null) {
    const { days, from, to, timeZone, untilAt } = windows;
    return [
      {
        label: labels.when,
        lines: [
          job.windows(daysWords(days), from, to, timeZone),
          job.windowsUntil(moment(untilAt)),
        ],
      },
      { label: labels.howLong, lines: [job.inEachWindow(length)] },
    ];
  }
  return [
    {
      label: labels.when,
      lines: [job.startsBefore(moment(startBeforeAt)), job.endsBy(moment(endsAt))],
    },
    { label: labels.howLong, lines: [(isInAll ? job.inAll : job.howLong)(length)] },
  ];
}

function deviceFact(targets: JobTargets, { held }: Known): Fact {
  const lines = targets.map(({ id, rights }) => {
    const listed = findTarget(held.manifest.payload, id);
    const words = job.device(listed?.name ?? id, id, rightsWords(rights, listed?.kind));
    return listed?.legacy === true ? [...words, ...job.legacy] : words;
  });
  return { label: labels.devices, lines };
}

/** Why, in the signer's own words. */
export function reasonFact(reason: string): Fact {
  return { label: labels.reason, lines: [reason === "" ? job.noReason : say`${reason}`] };
}
