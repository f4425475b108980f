// The command's only reader of environment, arguments and signals. Everything below gets a Context.
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import type { Context } from "./context.ts";
import { exitCodeOf, ExitWith, exitCodes } from "./exit-codes.ts";
import { Home } from "./home.ts";
import { KeyRing } from "./keys.ts";
import { runProgram } from "./program.ts";
import { openTerminal } from "./terminal.ts";
import { Tui } from "./tui.ts";

const { env, stdin, stdout, stderr } = process;
const tui = new Tui({ stdout, stderr, openTerminal });

/** An environment variable that is set and not empty. */
function variable(name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}

function proxyOf(text: string | undefined): URL | undefined {
  if (text === undefined || URL.canParse(text))
    return text === undefined ? undefined : new URL(text);
  tui.warning(`HTTPS_PROXY "${text}" is not a URL and is ignored`);
  return undefined;
}

function runtimeFolder(): string {
  const given = variable("XDG_RUNTIME_DIR");
  return given === undefined
    ? join(tmpdir(), `sallyport-${userInfo().username}`)
    : join(given, "sallyport");
}

// The first signal ends in order, the second at once.
function signalled(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(exitCodes.interrupted[0]);
      controller.abort(new ExitWith(exitCodes.interrupted[0]));
    });
  }
  return controller.signal;
}

// A reader that went away (`| head`) is no fault, and nothing is left to say to it.
stdout.on("error", (error: NodeJS.ErrnoException) =>
  process.exit(error.code === "EPIPE" ? 0 : exitCodes.cannotWrite[0]),
);

const home = new Home(
  variable("SALLYPORT_HOME") ??
    join(variable("XDG_CONFIG_HOME") ?? join(homedir(), ".config"), "sallyport"),
);
const sources = {
  file: variable("SALLYPORT_PASSPHRASE_FILE"),
  askpass: variable("SALLYPORT_ASKPASS") ?? variable("SSH_ASKPASS"),
};
const context: Context = {
  home,
  tui,
  keys: new KeyRing({
    home,
    suite: nodeCrypto,
    tui,
    sources,
    agentSocket: variable("SSH_AUTH_SOCK"),
  }),
  suite: nodeCrypto,
  clock: systemClock,
  sources,
  signal: signalled(),
  streams: { stdin, stdout, stderr },
  runtimeFolder: runtimeFolder(),
  proxy: proxyOf(variable("HTTPS_PROXY") ?? variable("https_proxy")),
  terminalType: variable("TERM") ?? "xterm-256color",
  chosen: { site: undefined },
};

let exitCode: number = exitCodes.done[0];
try {
  await runProgram(process.argv.slice(2), context);
} catch (thrown) {
  exitCode = exitCodeOf(thrown);
  if (!(thrown instanceof ExitWith)) tui.error(thrown);
}
// Standard output may be a pipe with a slow reader: what was printed is written before the process ends.
stdout.write("", () => process.exit(exitCode));
