// `sallyport ssh`, `tunnel`, `known-hosts`: SSH targets from this machine. A session that is held here is joined; otherwise one is opened for the
// newest job with the target. Standard input is not read before the target is there.
import { Command } from "commander";
import { OutputDecoder } from "../../../shared/exec-output.ts";
import type { Opening } from "../../../shared/channel/messages.ts";
import { findTarget } from "../../../shared/document/manifest.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { targetArgument } from "../arguments.ts";
import type { Context } from "../context.ts";
import { closingOf } from "../../../shared/site/closing.ts";
import type { EdgeSession } from "../../../shared/site/edge-session.ts";
import { jobsOf } from "../../../shared/site/jobs.ts";
import { closingError } from "../closing-error.ts";
import { CommandError, ExitWith } from "../exit-codes.ts";
import { holdForJoiners, joinHeld } from "../held-session.ts";
import { admittedLine, openJobSession, teller } from "../job-session.ts";
import { jobForTarget, pickJob } from "../job-choice.ts";
import { LocalTerminal } from "../local-terminal.ts";
import { openSite, type Site } from "../site.ts";
import { flushed, pumpInto, writeSettled, type TargetStream } from "../target-stream.ts";
import { exitCodeOfSignal } from "../signals.ts";

interface SshOptions {
  readonly job?: string;
  readonly code?: string;
  readonly tty?: boolean;
  readonly hold?: boolean;
}

export function addSshVerbs(program: Command, context: Context): void {
  const jobOption = "which job, if several have the target";
  const codeOption = "a code of your authenticator, if no session is held here";
  program
    .command("ssh <target> [command...]")
    .helpGroup("Sessions:")
    .description("a terminal on a target, or after -- one command with its exit code")
    .option("--job <job>", jobOption)
    .option("--code <code>", codeOption)
    .option("-t, --tty", "give the command a terminal")
    .addHelpText(
      "after",
      "\nExamples:\n  sallyport ssh press-hmi\n  sallyport ssh press-hmi -- systemctl status hmi\nIn a terminal, Enter ~ . ends the connection.",
    )
    .action((target: string, command: string[], options: SshOptions) =>
      ssh(context, targetArgument(target), command, options),
    );
  program
    .command("tunnel <target>")
    .helpGroup("Sessions:")
    .description("an SSH connection on standard input and output, for ssh's ProxyCommand")
    .option("--job <job>", jobOption)
    .option("--code <code>", codeOption)
    .option("--hold", "let other tunnels of this machine join the session while this one lasts")
    .addHelpText(
      "after",
      `
Example, in ~/.ssh/config:
  Host press-hmi
    ProxyCommand sallyport tunnel %h
    UserKnownHostsFile ~/.config/sallyport/known_hosts
after: sallyport known-hosts > ~/.config/sallyport/known_hosts`,
    )
    .action((target: string, options: SshOptions) =>
      tunnel(context, targetArgument(target), options),
    );
  program
    .command("known-hosts")
    .helpGroup("Sessions:")
    .description(
      "print a known_hosts line per SSH target: the edge's host key out of the verified manifest",
    )
    .action(() => knownHosts(context));
}

async function ssh(
  context: Context,
  target: TargetId,
  command: readonly string[],
  options: SshOptions,
): Promise<void> {
  const local = new LocalTerminal(context.streams, context.terminalType);
  const opening: Opening =
    command.length === 0
      ? { type: "opening", mode: "terminal", target, terminal: local.size() }
      : {
          type: "opening",
          mode: "exec",
          target,
          command: command.join(" "),
          terminal: options.tty === true ? local.size() : null,
        };
  await withStream(context, target, opening, options, async (stream) => {
    const isRaw = opening.mode === "terminal" || opening.terminal !== null;
    const code = await runRemote(
      context,
      stream,
      isRaw ? local : undefined,
      opening.mode === "exec",
    );
    if (code !== 0) throw new ExitWith(code);
  });
}

async function tunnel(context: Context, target: TargetId, options: SshOptions): Promise<void> {
  const { stdin, stdout } = context.streams;
  await withStream(
    context,
    target,
    { type: "opening", mode: "ssh", target },
    options,
    async (stream) => {
      const over = new AbortController();
      const closing = closingOf(stream);
      stream.onData = (bytes, settled) => writeSettled(stdout, bytes, settled);
      stream.onEnd = () => stdout.end();
      pumpInto(stream, stdin, over.signal).catch(() => stream.abort("input lost"));
      context.signal.addEventListener("abort", () => stream.abort("ended by the vendor"), {
        once: true,
      });
      const closed = await closing;
      over.abort();
      if (closed.how !== "ended" && !context.signal.aborted) throw closingError(closed, undefined);
    },
  );
}

/** A stream to the target, in a session that is held here or in one of this process's own; both are ended after `act`. */
async function withStream(
  context: Context,
  target: TargetId,
  opening: Opening,
  options: SshOptions,
  act: (stream: TargetStream) => Promise<void>,
): Promise<void> {
  const pin = await context.home.pinOf(context.chosen.site);
  const joined =
    options.job === undefined ? await joinHeld(context, pin.site, target, opening) : undefined;
  if (joined !== undefined) {
    await act(joined);
    return;
  }
  context.keys.open().catch(() => undefined); // Stretching the passphrase takes its time; whoever needs the key hears of the fault.
  const site = await openSite(context);
  const session = await ownSession(context, site, target, options);
  await using held = session;
  const open = held.open.bind(held);
  const joiners =
    options.hold === true ? await holdForJoiners(context, site.id, [target], open) : undefined;
  try {
    const stream = await held.open(opening);
    await act(stream);
  } finally {
    await joiners?.[Symbol.asyncDispose]();
  }
}

async function ownSession(
  context: Context,
  site: Site,
  target: TargetId,
  options: SshOptions,
): Promise<EdgeSession> {
  requireSshTarget(site, target);
  const jobs = await jobsOf(site);
  const job =
    options.job === undefined ? jobForTarget(jobs, target, site) : pickJob(jobs, options.job);
  const tell = teller(context, false);
  const { session, admitted } = await openJobSession(context, site, job, options, tell);
  if (job.grant === undefined) tell("admitted", {}, admittedLine(site, admitted));
  if (!admitted.targets.some(({ id }) => id === target))
    throw new CommandError("refused", `grant of job ${job.id} does not name "${target}"`);
  return session;
}

function requireSshTarget(site: Site, id: TargetId): void {
  const target = findTarget(site.held.manifest.payload, id);
  if (target === undefined)
    throw new CommandError(
      "notFound",
      `target "${id}" is not known here`,
      "see: sallyport targets",
    );
  if (target.kind !== "ssh")
    throw new CommandError(
      "usage",
      `target "${id}" is of kind "${target.kind}", expected "ssh"`,
      `for TCP: sallyport connect <job>`,
    );
}

/** Runs the remote side to its end and gives its exit code; 255 if it was cut before it told one. */
async function runRemote(
  context: Context,
  stream: TargetStream,
  local: LocalTerminal | undefined,
  isFramed: boolean,
): Promise<number> {
  const { stdin, stdout, stderr } = context.streams;
  const over = new AbortController();
  const closing = closingOf(stream);
  let exit: number | undefined;
  const output = new OutputDecoder((name, bytes) =>
    (name === "stdout" ? stdout : stderr).write(bytes),
  );
  stream.onData = (bytes, settled) => {
    if (isFramed) {
      output.push(bytes);
      Promise.all([flushed(stdout), flushed(stderr)]).then(settled, settled);
    } else writeSettled(stdout, bytes, settled);
  };
  stream.onEnd = () => stream.end();
  stream.onControl = (message) => {
    if (message.type === "exit") exit = message.code ?? exitCodeOfSignal(message.signal ?? "");
    if (message.type !== "opened") return;
    const source = local?.attach(stream, over.signal) ?? stdin;
    pumpInto(stream, source, over.signal).catch(() => stream.abort("input lost"));
  };
  const abort = () => stream.abort("ended by the vendor");
  context.signal.addEventListener("abort", abort, { once: true });
  const closed = await closing;
  over.abort();
  local?.restore();
  context.signal.removeEventListener("abort", abort);
  context.signal.throwIfAborted();
  if (exit !== undefined) return exit;
  if (closed.how === "ended")
    throw new CommandError("cut", "the device closed the connection and told no exit code");
  throw closingError(closed, undefined);
}

async function knownHosts(context: Context): Promise<void> {
  const site = await openSite(context);
  const { targets, edges } = site.held.manifest.payload;
  const rows = targets
    .filter(({ kind }) => kind === "ssh")
    .map(({ id, edge }) => ({
      target: id,
      hostKey: edges.find((each) => each.id === edge)?.sshHostKey ?? "",
    }));
  context.tui.result(rows, () =>
    rows.map(({ target, hostKey }) => `${target} ${hostKey}`).join("\n"),
  );
  if (rows.length === 0) context.tui.hint("the site has no targets of kind ssh");
}
