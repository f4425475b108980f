// Which job a verb is about when nobody typed a number: the only one that fits, so that an approver at three in the morning has one thing to read.
// Invariant: a choice is made among verified jobs, and never for somebody who agreed to everything in advance where it gives access.
import { CommandError } from "./exit-codes.ts";
import { personWords } from "../../shared/site/people.ts";
import { jobsOf, type Job } from "../../shared/site/jobs.ts";
import type { Site } from "./site.ts";
import { lengthOf } from "./times.ts";

export interface JobChoice {
  readonly verb: "approve" | "deny" | "extend" | "accept-key" | "end" | "connect";
  /** What fitting jobs do, for the text that says that there is none: `waits for approval`. */
  readonly does: string;
  readonly fits: (job: Job) => boolean;
}

const longestReason = 60;

/** The job that `id` names, or the only one that fits; throws listing them if there are several, and saying so if there is none. */
export async function chooseJob(
  site: Site,
  id: string | undefined,
  choice: JobChoice,
): Promise<Job> {
  const jobs = await jobsOf(site);
  if (id !== undefined) return pickJob(jobs, id);
  const givesAccess = ["approve", "extend", "accept-key"].includes(choice.verb);
  if (givesAccess && site.context.tui.assumeYes)
    throw new CommandError(
      "usage",
      `with --yes the job must be named, so that nothing is agreed to unseen`,
      `see: sallyport requests`,
    );
  return onlyJob(jobs, choice, (job) => lineOf(site, job));
}

/** The only job that fits; `describe` makes one line of each for the text that lists them. */
export function onlyJob(
  jobs: readonly Job[],
  { verb, does, fits }: JobChoice,
  describe: (job: Job) => string,
): Job {
  const [only, ...others] = jobs.filter(fits);
  if (only === undefined)
    throw new CommandError("notFound", `no job ${does}`, "see: sallyport requests --all");
  if (others.length === 0) return only;
  throw new CommandError(
    "usage",
    `${others.length + 1} jobs fit, expected the number of one`,
    ...[only, ...others].map((job) => `sallyport ${verb} ${job.id}   (${describe(job)})`),
  );
}

function lineOf(site: Site, { request: { payload } }: Job): string {
  const { held } = site;
  const reason =
    payload.reason.length > longestReason
      ? `${payload.reason.slice(0, longestReason - 1)}…`
      : payload.reason;
  const targets = payload.targets.map(({ id }) => id).join(", ");
  const asked = lengthOf(held.nowAt - payload.issuedAt);
  return `${personWords(held, payload.vendor)}, ${targets}, asked ${asked} ago: ${reason}`;
}

/** The job that people call `id`: the beginning of its number, or its request's whole hash. */
export function pickJob(jobs: readonly Job[], id: string): Job {
  const fits = jobs.filter(
    (job) => job.request.hash === id || (id.length >= 4 && job.id.startsWith(id.toLowerCase())),
  );
  const [only, ...others] = fits;
  if (only !== undefined && others.length === 0) return only;
  throw new CommandError(
    "notFound",
    `job "${id}" is ${only === undefined ? "not known" : "ambiguous"}`,
    "see: sallyport requests",
  );
}

/** The job to use for a target when none was named: the newest granted one, else the newest that waits. */
export function jobForTarget(jobs: readonly Job[], target: string, site: Site): Job {
  const mine = jobs.filter(
    ({ request: { payload } }) =>
      payload.vendor === site.me && payload.targets.some(({ id }) => id === target),
  );
  const found =
    mine.find(({ state }) => state === "granted") ??
    mine.find(({ state }) => state === "waiting" || state === "partly approved");
  if (found === undefined)
    throw new CommandError(
      "refused",
      `no open job for target "${target}"`,
      `ask for one: sallyport request ${target} --reason <text>`,
    );
  return found;
}
