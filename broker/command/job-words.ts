// A job in plain words: the one question that an approver answers, and the row of a list.
import { deviceKeyKind } from "../../shared/document/device-key.ts";
import type { Grant } from "../../shared/document/grant.ts";
import type { Held } from "../../shared/document/held.ts";
import { findTarget } from "../../shared/document/manifest.ts";
import { jobTargets, type JobTargets, type Request } from "../../shared/document/request.ts";
import type { TargetId } from "../../shared/ids.ts";
import { personWords } from "../../shared/site/people.ts";
import { opensNothing } from "../../shared/site/right-choice.ts";
import { browserRisk, isThroughRelayName } from "../../shared/site/right-words.ts";
import { targetArgument } from "./arguments.ts";
import * as v from "valibot";
import { deviceKeyWords } from "./device-keys.ts";
import { CommandError } from "./exit-codes.ts";
import type { Job } from "../../shared/site/jobs.ts";
import { spoken } from "../../shared/site/invitations.ts";
import { nothingOpened } from "./right-words.ts";
import { lengthOf, momentOf } from "./times.ts";
import { facts } from "./tui.ts";
import { windowWords } from "./windows.ts";

/**
 * The question: who, from where, what, why, ticket, when, with which key. What would be given is read out of `grant`, the very payload that is
 * signed, and what was asked for stands beside it where that differs.
 */
export function jobQuestion(
  job: Job,
  grant: Grant,
  held: Held,
  anchor: { readonly length: number; readonly at: number },
): string {
  const request = job.request.payload;
  const edge = held.manifest.payload.edges.find(({ id }) => id === grant.edge)?.name ?? grant.edge;
  return [
    facts({
      job: job.id,
      who: personWords(held, grant.vendor),
      what: request.reason || "(no reason given)",
      ticket: request.ticket,
      "how long": timeWords(grant, request),
      asked: `${lengthOf(held.nowAt - request.issuedAt)} ago`,
      "with key": spoken(request.key),
      edge,
      "edge's record": `${anchor.length} entries, seen ${lengthOf(held.nowAt - anchor.at)} ago`,
    }),
    "targets:",
    ...request.targets.map((asked) => `  ${targetWords(asked, grant, held)}`),
    ...(isThroughRelayName(grant.targets) ? [`  browser: ${browserRisk}`] : []),
    ...grant.deviceKeys.map(
      ({ target, fingerprint }) =>
        `  ${target}  may show, for this job, another ${deviceKeyWords[deviceKeyKind(fingerprint)]} than the pinned one: ${fingerprint}`,
    ),
  ].join("\n");
}

function timeWords(grant: Grant, request: Request): string {
  const { minutes, startBeforeAt, endsAt, replaces, windows } = grant;
  const asked = minutes === request.minutes ? "" : ` (${request.minutes} were asked for)`;
  if (windows !== null)
    return `${minutes} minutes${asked} in each window, as often as it comes: ${windowWords(windows)}`;
  if (replaces !== null)
    return `${minutes} minutes in all${asked}, at the latest until ${momentOf(endsAt)}`;
  return `${minutes} minutes${asked} from the first connection, which must be before ${momentOf(startBeforeAt)}; at the latest until ${momentOf(endsAt)}`;
}

function targetWords(asked: JobTargets[number], grant: Grant, held: Held): string {
  const target = findTarget(held.manifest.payload, asked.id);
  const given = grant.targets.find(({ id }) => id === asked.id)?.rights ?? [];
  const less = asked.rights.filter((right) => !given.includes(right));
  const rights = [given.join(", ") || "nothing", less.length > 0 && `without ${less.join(", ")}`];
  const words = rights.filter(Boolean).join("; ");
  if (target === undefined) return `${asked.id}: ${words}`;
  const legacy = target.legacy ? "; speaks old algorithms" : "";
  return `${asked.id}  ${target.name} (${target.kind}): ${words}${legacy}`;
}

/** Targets as people type them: `press-hmi`, or with fewer rights `press-hmi:terminal,exec`. Rights not named are all that `given` has. */
export function parseTargets(
  texts: readonly string[],
  given: (
    id: TargetId,
  ) => { readonly kind: string; readonly rights: readonly string[] } | undefined,
): JobTargets {
  const targets = texts.map((text) => {
    const [id = "", named] = text.split(":");
    const all = given(targetArgument(id));
    if (all === undefined)
      throw new CommandError(
        "notFound",
        `target "${id}" is not known here`,
        "see: sallyport targets",
      );
    const rights = named === undefined ? [...all.rights] : named.split(",");
    if (opensNothing(all.kind, rights))
      throw new CommandError("usage", `target "${id}": ${nothingOpened(all.kind, rights)}`);
    return { id, rights };
  });
  const parsed = v.safeParse(jobTargets, targets);
  if (!parsed.success)
    throw new CommandError("usage", `targets: ${parsed.issues[0].message.toLowerCase()}`);
  return parsed.output;
}
