// The tree of verbs, its help and its options. One file per verb family adds its own; this one knows their order and nothing of their work.
import { Command, CommanderError } from "commander";
import type { Context } from "./context.ts";
import { CommandError, describeExitCodes, ExitWith, exitCodes } from "./exit-codes.ts";
import { addAcceptVerbs } from "./verbs/accept.ts";
import { addApproveVerbs } from "./verbs/approve.ts";
import { addCompletionVerbs } from "./verbs/completion.ts";
import { addConnectVerbs } from "./verbs/connect.ts";
import { addKeyVerbs } from "./verbs/key.ts";
import { addNewcomerVerbs } from "./verbs/newcomer.ts";
import { addRecordVerbs } from "./verbs/record.ts";
import { addRequestVerbs } from "./verbs/request.ts";
import { addRosterVerbs } from "./verbs/roster.ts";
import { addSiteVerbs } from "./verbs/site.ts";
import { addSshVerbs } from "./verbs/ssh.ts";
import { addStopVerbs } from "./verbs/stop.ts";
import { addTotpVerbs } from "./verbs/totp.ts";
import { addVerifyVerbs } from "./verbs/verify.ts";

const environmentHelp = `Environment:
  SALLYPORT_HOME             state of this identity (default ~/.config/sallyport)
  SALLYPORT_PASSPHRASE_FILE  a file whose first line opens the key
  SALLYPORT_ASKPASS          a program that prints the passphrase (else SSH_ASKPASS)
  SSH_AUTH_SOCK              ssh-agent, for a key that lives there
  HTTPS_PROXY                an HTTP proxy on the way to the relay`;

/** The whole command, ready to parse. */
export function createProgram(context: Context): Command {
  const program = new Command("sallyport")
    .description(
      "Reach machines in plants, for a limited time, after a person of the plant said yes.",
    )
    .version("0.1.0", "-V, --version", "print the version")
    .option("--site <name>", "which site: its name here, or the beginning of its id")
    .option("--json", "print results as JSON, one value per line")
    .option("-y, --yes", "agree to every question in advance")
    .helpOption("-h, --help", "print help for a verb")
    .helpCommand("help [verb]", "print help for a verb")
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .addHelpText("after", `\n${environmentHelp}\n\n${describeExitCodes()}`);
  program.hook("preAction", (_program, verb) => {
    const options = verb.optsWithGlobals<{ site?: string; json?: boolean; yes?: boolean }>();
    context.chosen.site = options.site;
    context.tui.json = options.json === true;
    context.tui.assumeYes = options.yes === true;
  });
  program
    .command("relay")
    .helpGroup("The relay:")
    .description("run a relay (its own options: sallyport relay --help)")
    .allowUnknownOption()
    .action(() => {
      // The launcher starts the relay's own program before this one is loaded; only `main.ts relay` comes here.
      throw new CommandError(
        "usage",
        "the relay is a program of its own",
        "start it through the launcher: sallyport.mjs relay",
      );
    });
  addSiteVerbs(program, context);
  addNewcomerVerbs(program, context);
  addAcceptVerbs(program, context);
  addRosterVerbs(program, context);
  addKeyVerbs(program, context);
  addTotpVerbs(program, context);
  addRequestVerbs(program, context);
  addApproveVerbs(program, context);
  addConnectVerbs(program, context);
  addSshVerbs(program, context);
  addStopVerbs(program, context);
  addRecordVerbs(program, context);
  addVerifyVerbs(program, context);
  addCompletionVerbs(program, context);
  return prepare(program, context);
}

/** Parses and runs; throws whatever the verb threw, or `CommandError` for wrong usage. */
export async function runProgram(args: readonly string[], context: Context): Promise<void> {
  const program = createProgram(context);
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown;
    if (thrown.exitCode === 0) return;
    if (thrown.code === "commander.help") throw new ExitWith(exitCodes.usage[0]);
    const verb = verbOf(program, args);
    throw new CommandError(
      "usage",
      thrown.message.replace(/^error: /, ""),
      `see: sallyport ${[...verb, "--help"].join(" ")}`,
    );
  }
}

// Commander prints and exits by itself; here it only throws, so that errors look alike and codes come from the one table.
function prepare(command: Command, context: Context): Command {
  command.exitOverride().configureOutput({
    writeOut: (text) => context.streams.stdout.write(text),
    writeErr: (text) => context.streams.stderr.write(text),
    outputError: () => undefined,
  });
  for (const verb of command.commands) prepare(verb, context);
  return command;
}

/** The longest beginning of `args` that names a verb. */
function verbOf(program: Command, args: readonly string[]): string[] {
  const named: string[] = [];
  let command: Command | undefined = program;
  for (const word of args) {
    command = command.commands.find((each) => each.name() === word);
    if (command === undefined) break;
    named.push(word);
  }
  return named;
}
