// `sallyport connect`: opens a job's session and holds it. TCP targets and web panels appear on loopback addresses with their original ports;
// `sallyport ssh` and ProxyCommands on this machine join it. Ctrl-C ends it.
import type { Command } from "commander";
import type { AdmittedTarget } from "../../../shared/channel/messages.ts";
import { messageOf } from "../../../shared/errors.ts";
import type { Context } from "../context.ts";
import { closingError } from "../closing-error.ts";
import { adviceOn } from "../edge-words.ts";
import { holdForJoiners } from "../held-session.ts";
import { admittedLine, openJobSession, teller, type Tell } from "../job-session.ts";
import { chooseJob } from "../job-choice.ts";
import type { Job } from "../../../shared/site/jobs.ts";
import { Loopback, type BoundPort } from "../loopback.ts";
import { openSite, type Site } from "../site.ts";
import { table } from "../tui.ts";

export interface ConnectOptions {
  readonly code?: string;
}

export function addConnectVerbs(program: Command, context: Context): void {
  program
    .command("connect [job]")
    .helpGroup("Sessions:")
    .description(
      "wait for the approval, open the session and hold it; TCP targets and web panels get local addresses",
    )
    .option("--code <code>", "a code of your authenticator")
    .addHelpText(
      "after",
      `
Example:
  sallyport connect 3f9a41c207
With --json each event is a line of JSON: waiting, connected (with the local addresses), warning, extended, away, back, ended.
Ctrl-C ends the session.`,
    )
    .action(async (job: string | undefined, options: ConnectOptions) => {
      context.keys.open().catch(() => undefined); // Opens meanwhile; whoever needs the key hears of the fault.
      await connectJob(context, await openSite(context), job, options);
    });
}

const openStates: ReadonlySet<Job["state"]> = new Set(["waiting", "partly approved", "granted"]);

/** Holds the job's session until its end, or until Ctrl-C. */
export async function connectJob(
  context: Context,
  site: Site,
  id: string | undefined,
  options: ConnectOptions,
): Promise<void> {
  const tell = teller(context, context.tui.json);
  const job = await chooseJob(site, id, {
    verb: "connect",
    does: "of yours is open",
    fits: ({ state, request }) => request.payload.vendor === site.me && openStates.has(state),
  });
  const { session, admitted } = await openJobSession(context, site, job, options, tell);
  await using held = session;
  const local = admitted.targets.filter(({ kind, rights }) => isLocal(kind, rights));
  const open = held.open.bind(held);
  await using _joiners = await holdForJoiners(
    context,
    site.id,
    admitted.targets.map((target) => target.id),
    open,
  );
  await using loopback = await Loopback.bind(site.id, local, open, (target, thrown) => {
    const reason = messageOf(thrown);
    const { hints } = adviceOn(reason);
    const text = [`connection to "${target}" failed: ${reason}`, ...hints].join("; ");
    tell("opening-failed", { target, reason, hints }, text);
  });
  tell(
    "admitted",
    {
      job: job.id,
      minutesLeft: admitted.minutesLeft,
      startsOnFirstOpening: admitted.startsOnFirstOpening,
    },
    admittedLine(site, admitted),
  );
  context.tui.result(connected(admitted.targets, loopback.ports), () =>
    addresses(admitted.targets, loopback.ports),
  );
  for (const line of new Set(loopback.ports.map(({ toAllow }) => toAllow))) {
    if (line !== null) context.tui.hint(`to have the original ports: ${line}`);
  }
  tellEnd(tell, await Promise.race([held.closed, aborted(context.signal)]), held.ending);
}

/** What the command carries as TCP: a web panel only with the right to that. */
function isLocal(kind: string, rights: readonly string[]): boolean {
  return kind === "tcp" || (kind === "http" && rights.includes("connect"));
}

function connected(targets: readonly AdmittedTarget[], ports: readonly BoundPort[]) {
  return {
    event: "connected",
    targets: targets.map(({ id, name, kind, rights }) => ({ id, name, kind, rights })),
    ports,
  };
}

function addresses(targets: readonly AdmittedTarget[], ports: readonly BoundPort[]): string {
  const rows = targets.flatMap(({ id, name, kind, rights }) => {
    const own = ports.filter(({ target }) => target === id);
    return reachesOf(id, kind, isLocal(kind, rights), own).map((reach) => ({
      id,
      name,
      kind,
      reach,
    }));
  });
  return table(rows, {
    target: (row) => row.id,
    name: (row) => row.name,
    kind: (row) => row.kind,
    reach: (row) => row.reach,
  });
}

/** How one target is reached from here. */
function reachesOf(
  id: string,
  kind: string,
  isHere: boolean,
  own: readonly BoundPort[],
): readonly string[] {
  if (kind === "ssh") return [`sallyport ssh ${id}`];
  if (!isHere) return ["in the browser, at the relay's pages"];
  return own.map(({ host, localPort, port, url }) => {
    const original = localPort === port ? "" : ` (device's port ${port})`;
    return `${url ?? `${host}:${localPort}`}${original}`;
  });
}

function tellEnd(
  tell: Tell,
  closing: Awaited<Parameters<typeof closingError>[0]> | undefined,
  ending: string | undefined,
): void {
  if (closing === undefined) {
    tell("ended", { reason: "ended by you" }, "session ended");
    return;
  }
  const error = closingError(closing, ending);
  // The end that the edge announced is how a session is meant to end; anything else is told by the exit code too.
  if (ending === undefined && closing.how !== "ended") throw error;
  tell("ended", { reason: ending ?? null }, error.message);
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  );
}
