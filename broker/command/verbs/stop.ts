// `sallyport end`, `lockdown`, `lift`: what ends stays ended, and opens again only by signatures. Each is "asked" until the edge's receipt.
import { Option, type Command } from "commander";
import { toBase64Url } from "../../../shared/bytes.ts";
import {
  addSignatures,
  hashEnvelope,
  signEnvelope,
  type Envelope,
} from "../../../shared/document/envelope.ts";
import type { Lift, LockdownScope } from "../../../shared/document/lockdown.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { targetArgument } from "../arguments.ts";
import type { Context } from "../context.ts";
import { CommandError } from "../exit-codes.ts";
import { chooseJob } from "../job-choice.ts";
import { stateOfLift, unfinishedLift } from "../../../shared/site/lifts.ts";
import {
  lockdownId,
  standingLockdowns,
  type StandingEntry,
} from "../../../shared/site/lockdowns.ts";
import { awaitReceipts, type Carried } from "../../../shared/site/receipts.ts";
import { carriedFacts, carriedLine } from "../receipt-words.ts";
import { openSite, type Site } from "../site.ts";
import { parseDuration } from "../times.ts";

interface StopOptions {
  readonly reason: string;
  readonly wait: string;
}
interface LockdownOptions extends StopOptions {
  readonly edge?: string;
  readonly target?: string;
}

export function addStopVerbs(program: Command, context: Context): void {
  const wait = () =>
    new Option("--wait <duration>", "how long to wait for the edges' receipts").default("10s");
  program
    .command("end [job]")
    .helpGroup("Stopping:")
    .description("end a job for good, also while its session runs")
    .option("--reason <text>", "why", "")
    .option("--unsigned", "only stop it now, without your key: good for 15 minutes")
    .addOption(wait())
    .action((job: string | undefined, options: StopOptions & { unsigned?: boolean }) =>
      end(context, job, options),
    );
  program
    .command("lockdown")
    .helpGroup("Stopping:")
    .description(
      "end every session of the site, an edge or a target, and let nobody in until it is lifted",
    )
    .addOption(new Option("--edge <name>", "only this edge").conflicts("target"))
    .option("--target <id>", "only this target")
    .option("--reason <text>", "why", "")
    .addOption(wait())
    .addHelpText(
      "after",
      '\nExamples:\n  sallyport lockdown --reason "drive runs by itself"\n  sallyport lockdown --target press-plc',
    )
    .action((options: LockdownOptions) => lockdown(context, options));
  program
    .command("lift [lockdown]")
    .helpGroup("Stopping:")
    .description(
      "lift a lockdown: as many approvers as the policies ask (without a name: list what is locked)",
    )
    .option("--reason <text>", "why", "")
    .addOption(wait())
    .action((id: string | undefined, options: StopOptions) =>
      id === undefined ? listLockdowns(context) : lift(context, id, options),
    );
}

async function end(
  context: Context,
  id: string | undefined,
  options: StopOptions & { unsigned?: boolean },
): Promise<void> {
  const { tui } = context;
  const site = await openSite(context);
  site.requireRole("approver", "owner");
  const job = await chooseJob(site, id, {
    verb: "end",
    does: "is granted",
    fits: ({ state }) => state === "granted",
  });
  const { edge } = job.request.payload;
  if (options.unsigned === true) {
    await tui.mustConfirm(`stop job ${job.id} for 15 minutes?`);
    const { sent } = await site.relay.stop(edge, "grant", job.request.hash);
    tui.result(
      { job: job.id, state: "asked", sent },
      sent ? `job ${job.id}: stop is sent to the edge` : `job ${job.id}: asked; the edge is away`,
    );
    return;
  }
  // Any passphrase is asked before the question, so that the answer takes effect at once.
  await site.key();
  await tui.mustConfirm(`end job ${job.id} for good?`);
  const revocation = {
    site: site.id,
    edge,
    scope: { kind: "request", id: job.request.hash },
    reason: options.reason,
    issuedAt: site.now(),
  };
  const { envelope } = await site.publish("revocation", revocation);
  await told(site, envelope, [edge], options, "job", job.id);
}

async function lockdown(context: Context, options: LockdownOptions): Promise<void> {
  const site = await openSite(context);
  site.requireRole("approver", "owner");
  const { scope, edges, words } = scopeOf(site, options);
  await site.key();
  await context.tui.mustConfirm(`lock down ${words}? Every session there ends.`);
  const document = {
    site: site.id,
    scope,
    reason: options.reason,
    issuedAt: site.now(),
    nonce: toBase64Url(context.suite.randomBytes(16)),
  };
  const { envelope } = await site.publish("lockdown", document);
  await told(site, envelope, edges, options, "lockdown", lockdownId(await hashEnvelope(envelope)));
}

function scopeOf(
  site: Site,
  { edge, target }: LockdownOptions,
): { scope: LockdownScope; edges: EdgeId[]; words: string } {
  const { edges, targets } = site.held.manifest.payload;
  if (edge !== undefined) {
    const found = edges.find(({ id, name }) => id === edge || name === edge);
    if (found === undefined)
      throw new CommandError("notFound", `edge "${edge}" is not in the manifest`);
    return {
      scope: { kind: "edge", id: found.id },
      edges: [found.id],
      words: `edge "${found.name}"`,
    };
  }
  if (target !== undefined) {
    const found = targets.find(({ id }) => id === targetArgument(target));
    if (found === undefined)
      throw new CommandError("notFound", `target "${target}" is not in the manifest`);
    return {
      scope: { kind: "target", id: found.id },
      edges: [found.edge],
      words: `target "${found.id}"`,
    };
  }
  return {
    scope: { kind: "site" },
    edges: edges.map(({ id }) => id),
    words: `the whole site "${site.pin.name}"`,
  };
}

async function listLockdowns(context: Context): Promise<void> {
  const site = await openSite(context);
  const rows = (await standingLockdowns(site)).flatMap(
    ({ id, lockdown: { payload, signers }, entries }) => {
      const open = entries.filter(({ lifted }) => !lifted);
      const state = entries.length === 0 ? "asked" : open.length === 0 ? "lifted" : "locked";
      const scope =
        payload.scope.kind === "site"
          ? "site"
          : `${payload.scope.kind} ${payload.scope.kind === "edge" ? site.edgeName(payload.scope.id) : payload.scope.id}`;
      return [
        {
          lockdown: id,
          scope,
          state,
          by: signers.map(({ name }) => name).join(", "),
          reason: payload.reason,
        },
      ];
    },
  );
  context.tui.list(
    rows,
    {
      lockdown: (row) => row.lockdown,
      scope: (row) => row.scope,
      state: (row) => row.state,
      by: (row) => row.by,
      reason: (row) => row.reason,
    },
    "nothing is locked down",
  );
}

async function lift(context: Context, id: string, options: StopOptions): Promise<void> {
  const { tui } = context;
  const site = await openSite(context);
  site.requireRole("approver", "owner");
  const found = (await standingLockdowns(site)).find((each) =>
    each.id.startsWith(id.toLowerCase()),
  );
  if (found === undefined)
    throw new CommandError("notFound", `lockdown "${id}" is not known`, "see: sallyport lift");
  const open = found.entries.filter(({ lifted }) => !lifted);
  if (open.length === 0)
    throw new CommandError(
      "refused",
      `no edge has told that lockdown ${found.id} stands`,
      "it is lifted, or was only asked: see sallyport lift",
    );
  await tui.mustConfirm(
    `lift lockdown ${found.id} on ${open.map(({ edge }) => `"${site.edgeName(edge)}"`).join(", ")}?`,
  );
  for (const entry of open) await liftEntry(site, found.id, entry, options);
}

async function liftEntry(
  site: Site,
  id: string,
  locked: StandingEntry,
  options: StopOptions,
): Promise<void> {
  const { edge, entry, lifts } = locked;
  const { tui } = site.context;
  const key = await site.key();
  const partial = await unfinishedLift(lifts, site.held, locked);
  if (partial?.signatures.some(({ keyid }) => keyid === key.keyid) === true)
    throw new CommandError(
      "refused",
      `you have signed the lift of lockdown ${id} already; further approvers are needed`,
    );
  const payload: Lift = {
    site: site.id,
    edge,
    lockdown: entry,
    reason: options.reason,
    issuedAt: site.now(),
  };
  const envelope =
    partial === undefined
      ? await signEnvelope("lift", payload, [key.sign])
      : await addSignatures(partial, [key.sign]);
  const state = await stateOfLift(envelope, site.held, locked);
  if (state === "worthless")
    throw new CommandError(
      "refused",
      `policies of what lockdown ${id} closed want other approvers than you`,
    );
  // The edge may have refused it before, while signatures were missing.
  const before = await awaitReceipts(site, await hashEnvelope(envelope), [edge], 0);
  await site.give(envelope);
  if (state === "partial")
    tui.result(
      { lockdown: id, edge, state: "partly lifted" },
      `edge "${site.edgeName(edge)}": further approvers must sign: sallyport lift ${id}`,
    );
  else await told(site, envelope, [edge], options, "lockdown", id, before);
}

async function told(
  site: Site,
  envelope: Envelope,
  edges: readonly EdgeId[],
  options: StopOptions,
  what: "job" | "lockdown",
  id: string,
  before: readonly Carried[] = [],
): Promise<void> {
  const { tui } = site.context;
  tui.progress(`${what} ${id}: asked; waiting for the edge's receipt`);
  const carried = await awaitReceipts(
    site,
    await hashEnvelope(envelope),
    edges,
    parseDuration(options.wait),
    before,
  );
  tui.result({ [what]: id, edges: carried.map(carriedFacts) }, () =>
    carried.map(carriedLine).join("\n"),
  );
}
