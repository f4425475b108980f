// `sallyport request`, `requests`, `targets`: what a vendor asks for, and what became of it.
import type { Command } from "commander";
import { toBase64Url } from "../../../shared/bytes.ts";
import { signEnvelope } from "../../../shared/document/envelope.ts";
import { findTarget, type ManifestTarget } from "../../../shared/document/manifest.ts";
import { verifyRequest, type Request } from "../../../shared/document/request.ts";
import type { Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { approversOf, personWords } from "../../../shared/site/people.ts";
import { parseTargets } from "../job-words.ts";
import { jobId, jobsOf, type Job } from "../../../shared/site/jobs.ts";
import { openSite } from "../site.ts";
import { lengthOf, parseDuration, parseMinutes } from "../times.ts";
import { parseWindows, type WindowOptions } from "../windows.ts";
import { connectJob, type ConnectOptions } from "./connect.ts";

interface RequestOptions extends ConnectOptions, WindowOptions {
  readonly minutes: string;
  readonly reason: string;
  readonly ticket?: string;
  readonly startWithin: string;
  readonly waitFor: string;
  readonly wait?: boolean;
}

export function addRequestVerbs(program: Command, context: Context): void {
  program
    .command("targets")
    .helpGroup("Jobs:")
    .description("list what can be asked for at the site")
    .action(() => listTargets(context));
  program
    .command("request <target...>")
    .helpGroup("Jobs:")
    .description("ask for a job: targets of one edge, for some minutes, with a reason")
    .requiredOption("--reason <text>", "what you will do, and why")
    .option("--minutes <number>", "how long, from the first connection", "60")
    .option("--ticket <id>", "ticket or order number")
    .option("--start-within <duration>", "start at the latest after", "24h")
    .option("--every <window>", 'a standing job, begun in each window anew: "mon-fri 06:00-14:00"')
    .option("--until <day>", "with --every: its last day, at most 90 days ahead")
    .option("--zone <name>", "with --every: by which clock (this machine's)")
    .option("--wait-for <duration>", "keep waiting for the approval at most", "8h")
    .option("--wait", "wait for the approval, then connect and hold the session")
    .option("--code <code>", "with --wait: a code of your authenticator")
    .addHelpText(
      "after",
      `
Examples:
  sallyport request press-hmi press-plc --minutes 30 --reason "replace the axis drive's parameters" --ticket WO-1187
  sallyport request press-hmi:exec,files --reason "fetch the logs" --wait
  sallyport request press-plc --reason "morning check" --minutes 45 --every "mon-fri 06:00-14:00" --until 2026-12-31 --zone Europe/Berlin`,
    )
    .action((targets: string[], options: RequestOptions) => request(context, targets, options));
  program
    .command("requests")
    .helpGroup("Jobs:")
    .description("list jobs: your own, or those that you may approve")
    .option("--all", "also those that are over")
    .action((options: { all?: boolean }) => listJobs(context, options.all === true));
}

async function request(
  context: Context,
  wanted: readonly string[],
  options: RequestOptions,
): Promise<void> {
  const [minutes, startWithin, waitFor] = [
    parseMinutes(options.minutes),
    parseDuration(options.startWithin),
    parseDuration(options.waitFor),
  ];
  const site = await openSite(context);
  const { payload: manifest } = site.held.manifest;
  const targets = parseTargets(wanted, (id) => findTarget(manifest, id));
  const key = await site.key();
  const issuedAt = site.now();
  const windows = parseWindows(options, issuedAt);
  const startBeforeAt = windows?.untilAt ?? issuedAt + startWithin;
  const document: Request = {
    site: site.id,
    edge: commonEdge(targets.flatMap(({ id }) => findTarget(manifest, id) ?? [])),
    vendor: site.me,
    key: key.keyid,
    targets,
    minutes,
    startBeforeAt,
    waitUntilAt: Math.min(issuedAt + waitFor, startBeforeAt),
    reason: options.reason,
    ticket: options.ticket ?? null,
    windows,
    issuedAt,
    nonce: toBase64Url(context.suite.randomBytes(16)),
  };
  const envelope = await signEnvelope("request", document, [key.sign]);
  const verified = await verifyRequest(envelope, site.held);
  await site.give(envelope);
  const id = jobId(verified.hash);
  const approvers = approversOf(document, site.held);
  context.tui.progress(
    `job ${id} is asked for; it can be approved by ${approvers.join(", ") || "nobody: the site has no other approver"}`,
  );
  if (options.wait === true) {
    await connectJob(context, site, id, options);
    return;
  }
  context.tui.result({ job: id, request: verified.hash, approvers }, id);
  context.tui.hint(`wait for it and connect: sallyport connect ${id}`);
}

function commonEdge(targets: readonly ManifestTarget[]): ManifestTarget["edge"] {
  const [first, ...others] = targets;
  const stray = others.find(({ edge }) => edge !== first?.edge);
  if (first === undefined || stray !== undefined) {
    throw new CommandError(
      "usage",
      `target "${stray?.id}" is on another edge than "${first?.id}"`,
      "ask for one job per edge",
    );
  }
  return first.edge;
}

async function listJobs(context: Context, all: boolean): Promise<void> {
  const site = await openSite(context);
  const { held } = site;
  const over = new Set(["denied", "ended", "expired"]);
  const jobs = (await jobsOf(site)).filter(({ state }) => all || !over.has(state));
  context.tui.list(
    jobs.map((job) => summary(job)),
    {
      job: (row) => row.job,
      state: (row) => row.state,
      who: (row) => personWords(held, row.vendor),
      targets: (row) => row.targets.join(", "),
      minutes: (row) => row.minutes,
      asked: (row) => `${lengthOf(held.nowAt - row.issuedAt)} ago`,
      reason: (row) => row.reason,
    },
    all
      ? "no jobs yet"
      : "no open jobs; a vendor asks for one: sallyport request (--all shows those that are over)",
  );
}

function summary({ id, state, request, grant, denial }: Job) {
  const { vendor, reason, ticket, issuedAt, targets, minutes } = request.payload;
  return {
    job: id,
    state,
    vendor,
    targets: (grant?.payload.targets ?? targets).map((target) => target.id),
    minutes: grant?.payload.minutes ?? minutes,
    reason,
    ticket,
    issuedAt,
    denial: denial?.payload.reason ?? null,
    request: request.hash,
  };
}

async function listTargets(context: Context): Promise<void> {
  const site = await openSite(context);
  const online = new Map((await site.edges()).map((edge) => [edge.edge, edge.online]));
  const rows = site.held.manifest.payload.targets.map(({ id, name, kind, rights, edge }) => ({
    id,
    name,
    kind,
    rights,
    edge: site.edgeName(edge),
    online: online.get(edge) ?? false,
  }));
  context.tui.list(
    rows,
    {
      target: (row) => row.id,
      name: (row) => row.name,
      kind: (row) => row.kind,
      rights: (row) => row.rights.join(", "),
      edge: (row) => row.edge,
      now: (row) => (row.online ? "online" : "away"),
    },
    "the site has no targets yet",
  );
}
