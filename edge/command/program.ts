// `sallyport-edge`: its words, options and help. Reads nothing of the process itself; what it needs comes in.
import { parseArgs } from "node:util";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import { configKeys, type Setting } from "../config.ts";
import { exitCodeOf, exitCodes } from "./exit-codes.ts";
import { printJournal, printLockdown, printStatus } from "./console.ts";

export interface ProgramWorld {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Settings of file and environment, which those of the arguments come after. */
  readonly settings: () => Promise<readonly Setting[]>;
  /** Serves until it is told to stop; resolves with the exit code. */
  readonly run: (settings: readonly Setting[], isJson: boolean) => Promise<number>;
  /** Where the running edge is to be found. */
  readonly stateOf: (settings: readonly Setting[]) => string;
}

export const help = `usage: sallyport-edge <command> [options]

commands
  run         serve this edge until it is told to stop
  status      show how the running edge stands
  journal     print its journal, one entry a line (--from N, --follow)
  lockdown    stop everything on this edge for 15 minutes, at once

options
  --state DIR                where the edge keeps everything (/var/lib/sallyport-edge)
  --claim FILE               first start: what \`sallyport claim\` wrote for this box
  --proxy URL                way out, like http://name:password@proxy:3128
  --authority FILE           PEM of authorities to trust beside the platform's
  --clock auto|proven|unproven
  --idle-minutes N           end a session in which nothing happens for so long (60)
  --recordings-megabytes N   room for recordings (2048)
  --config FILE              lines \`key = value\`, keys like the options above
  --json                     lines of JSON
  --help

Each option but --json and --help may also be set as SALLYPORT_EDGE_STATE and so on.

examples
  sallyport-edge run --state ./edge --claim ./press-hall.claim
  sallyport-edge status --state ./edge --json
`;

const commands = ["run", "status", "journal", "lockdown"] as const;

/** Runs one command; resolves with its exit code, and never throws. */
export async function runProgram(args: readonly string[], world: ProgramWorld): Promise<number> {
  try {
    return await dispatch(args, world);
  } catch (thrown) {
    for (const line of messageOf(thrown).split("\n")) world.complain(`error: ${line}`);
    if (thrown instanceof SallyportError && thrown.code === "usage") {
      world.complain("hint: sallyport-edge --help");
    }
    return exitCodeOf(thrown);
  }
}

async function dispatch(args: readonly string[], world: ProgramWorld): Promise<number> {
  const { positionals, values } = parse(args);
  const [command, ...rest] = positionals;
  if (values["help"] === true || command === undefined || command === "help") {
    world.print(help.trimEnd());
    return command === undefined && values["help"] !== true ? exitCodes.usage : exitCodes.done;
  }
  if (rest.length > 0) throw usage(`unexpected "${rest[0]}"`);
  const isJson = values["json"] === true;
  const given = configKeys.flatMap((key): Setting[] => {
    const value = values[key];
    return typeof value === "string" ? [{ key, value, where: `--${key}` }] : [];
  });
  const settings = [...(await world.settings()), ...given];
  switch (command) {
    case "run":
      return world.run(settings, isJson);
    case "status":
      return printStatus(world.stateOf(settings), isJson, world.print);
    case "journal": {
      const from = parseFrom(values["from"]);
      const isFollowed = values["follow"] === true;
      return printJournal(world.stateOf(settings), from, isFollowed, isJson, world.print);
    }
    case "lockdown":
      return printLockdown(world.stateOf(settings), isJson, world.print);
    default:
      throw usage(`unknown command "${command}", expected one of ${commands.join(", ")}`);
  }
}

type Values = Readonly<Record<string, string | boolean | undefined>>;

function parse(args: readonly string[]): { positionals: readonly string[]; values: Values } {
  const strings = [...configKeys, "config", "from"].map(
    (key) => [key, { type: "string" }] as const,
  );
  const flags = ["json", "help", "follow"].map((key) => [key, { type: "boolean" }] as const);
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: Object.fromEntries([...strings, ...flags]),
    });
    return { positionals, values: values as Values };
  } catch (cause) {
    throw new SallyportError("usage", messageOf(cause), { cause });
  }
}

function parseFrom(text: string | boolean | undefined): number {
  if (text === undefined) return 0;
  if (typeof text === "string" && /^\d{1,15}$/.test(text)) return Number(text);
  throw usage(`--from "${text}" is not a number of an entry`);
}

function usage(message: string): SallyportError {
  return new SallyportError("usage", message);
}
