// From a job to its admitted session: waits for the edge to come online, asks for the second factor, proves, and waits for the approval, telling
// what goes on. While it waits, a verified denial ends it: nobody sits in front of a prompt that will not open.
import { setTimeout as sleep } from "node:timers/promises";
import { verifyDeny } from "../../shared/document/denial.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import type { Context } from "./context.ts";
import {
  EdgeSession,
  openEdgeSession,
  type Admitted,
  type SessionEvents,
} from "../../shared/site/edge-session.ts";
import { CommandError } from "./exit-codes.ts";
import { approversOf } from "../../shared/site/people.ts";
import type { Job } from "../../shared/site/jobs.ts";
import { needsCode } from "../../shared/site/second-factor.ts";
import { codeFrom } from "./second-factor.ts";
import type { Site } from "./site.ts";
import { lengthOf, momentOf } from "./times.ts";

const edgePollMs = 3_000;
const newsRetryMs = 2_000;

/** An admitted session of a job. */
export interface JobSession {
  readonly session: EdgeSession;
  readonly admitted: Admitted;
}

/** Tells an event: as a line for people, as JSON for scripts. */
export type Tell = (event: string, fields: Readonly<Record<string, unknown>>, text: string) => void;

/** Events on standard error for people; with `asJson`, one line of JSON each on standard output. */
export function teller(context: Context, asJson: boolean): Tell {
  return (event, fields, text) => {
    if (asJson) context.tui.result({ event, ...fields }, "");
    else context.tui.progress(text);
  };
}

/** Opens the job's session and resolves once the edge admits it. */
export async function openJobSession(
  context: Context,
  site: Site,
  job: Job,
  options: { readonly code?: string },
  tell: Tell,
): Promise<JobSession> {
  requireOpen(job, site);
  const request = job.request.payload;
  await site.key();
  await untilOnline(context, site, job, tell);
  const code = needsCode(site.held.manifest.payload, request.targets)
    ? await codeFrom(context.tui, options.code)
    : undefined;
  const session = await openEdgeSession({
    side: site,
    edge: request.edge,
    purpose: job.grant === undefined ? "waiting" : "session",
    job,
    code,
    events: eventsFor(site, job, tell),
  });
  const over = new AbortController();
  const abort = () => session.channel.abort("ended by the vendor");
  context.signal.addEventListener("abort", abort, { once: true });
  try {
    const denied =
      job.grant === undefined
        ? untilDenied(site, job, over.signal)
        : new Promise<never>(() => undefined);
    const admitted = await Promise.race([session.admitted, denied]);
    return { session, admitted };
  } catch (thrown) {
    session.channel.abort("not admitted");
    context.signal.throwIfAborted();
    throw thrown;
  } finally {
    over.abort();
    context.signal.removeEventListener("abort", abort);
  }
}

function requireOpen(job: Job, site: Site): void {
  const { vendor } = job.request.payload;
  if (vendor !== site.me)
    throw new CommandError("refused", `job ${job.id} is of "${vendor}", you are "${site.me}"`);
  const why: Partial<Record<Job["state"], string>> = {
    denied: `was denied: ${job.denial?.payload.reason || "no reason given"}`,
    "end asked": "was ended",
    ended: "was ended",
    expired: "is over",
  };
  const over = why[job.state];
  if (over !== undefined)
    throw new CommandError(
      "refused",
      `job ${job.id} ${over}`,
      `ask for a new one: sallyport request ${job.request.payload.targets.map(({ id }) => id).join(" ")} --reason <text>`,
    );
}

// Presence is the relay's word; it only decides when to knock. The code is asked for after it, because codes do not keep.
async function untilOnline(context: Context, site: Site, job: Job, tell: Tell): Promise<void> {
  const { edge, startBeforeAt } = job.request.payload;
  for (let told = false; ; told = true) {
    const listed = (await site.relay.edges()).find((each) => each.edge === edge);
    if (listed?.online !== false) return;
    if (site.now() > startBeforeAt)
      throw new CommandError(
        "waitedInVain",
        `edge "${site.edgeName(edge)}" did not come online in time`,
      );
    if (!told) tell("edge-away", { edge }, `edge "${site.edgeName(edge)}" is away; waiting for it`);
    await sleep(edgePollMs, undefined, { signal: context.signal }).catch(() =>
      context.signal.throwIfAborted(),
    );
  }
}

function eventsFor(site: Site, job: Job, tell: Tell): SessionEvents {
  const approvers = approversOf(job.request.payload, site.held);
  return {
    waiting: (untilAt) =>
      tell(
        "waiting",
        { job: job.id, untilAt, approvers },
        `job ${job.id} waits for approval by ${approvers.join(" or ")}, until ${momentOf(untilAt)}`,
      ),
    warning: (secondsLeft) =>
      tell(
        "warning",
        { secondsLeft },
        `warning: the session ends in ${lengthOf(secondsLeft)}; an approver can extend it: sallyport extend ${job.id}`,
      ),
    extended: (minutesLeft) =>
      tell("extended", { minutesLeft }, `extended: ${lengthOf(minutesLeft * 60)} left`),
    away: () => tell("away", {}, "connection lost; reconnecting …"),
    back: () => tell("back", {}, "reconnected; nothing was lost"),
  };
}

/** Rejects when an approver has denied the job; never resolves. A relay that withholds the denial only makes us wait in vain. */
async function untilDenied(site: Site, job: Job, over: AbortSignal): Promise<never> {
  for (let after = 0; ;) {
    try {
      const news = await site.relay.news(["deny"], after, over);
      after = news.after;
      for (const { envelope } of news.documents) {
        const denial = await verifyDeny(envelope, site.held).catch(() => undefined);
        if (denial?.payload.request !== job.request.hash) continue;
        const who = denial.signers.map(({ name }) => name).join(", ");
        throw new CommandError(
          "refused",
          `job ${job.id} was denied by ${who}: ${denial.payload.reason || "no reason given"}`,
        );
      }
    } catch (thrown) {
      if (thrown instanceof CommandError && thrown.exit === "refused") throw thrown;
      if (over.aborted) return new Promise<never>(() => undefined);
      if (thrown instanceof SallyportError && !thrown.retryable) throw thrown;
      await sleep(newsRetryMs, undefined, { signal: over }).catch(() => messageOf(thrown));
    }
  }
}

/** One line that says what was admitted. */
export function admittedLine(site: Site, { minutesLeft, startsOnFirstOpening }: Admitted): string {
  const clock = startsOnFirstOpening ? "; they begin with the first connection" : " left";
  return `admitted at site "${site.pin.name}": ${lengthOf(minutesLeft * 60)}${clock}`;
}
