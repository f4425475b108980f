// One process of a desktop: bounded by the kernel, killed by the kernel when the edge dies in whatever way, and never heard: of what it prints only
// what a pattern asks for is looked at, since it may hold names, addresses and what a device says of itself.
import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { SallyportError } from "../../../shared/errors.ts";
import { programFolders } from "../../kinds.ts";

/** A desktop's process that wants more than this is not told so politely: its allocation fails, and it dies alone. */
export interface ChildLimits {
  /** RLIMIT_DATA: all private writable memory, stacks included. It needs neither root nor a cgroup that was handed over. */
  readonly dataBytes: number;
  /** RLIMIT_FSIZE: the longest file that it can write. */
  readonly fileBytes: number;
}

/** Every thread's stack counts as data: the usual 8 MiB would be most of the limit. */
const stackBytes = 1024 * 1024;
/** Sockets, pipes and the files of a drive that the device has open. */
const maxOpenFiles = 256;
/** Longer lines are cut: nothing that is looked for is longer. */
const maxLineCharacters = 1024;

export interface ChildOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limits: ChildLimits;
  /** Called with each line printed on either output. Without it the outputs are closed. */
  readonly onLine?: (line: string) => void;
  /** True: file descriptor 3 is a pipe to be read. */
  readonly hasThirdPipe?: boolean;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly stdin: Writable;
  readonly third: Readable | undefined;
  readonly exited: Promise<ChildExit>;
}

/** Starts a program of Debian's. Throws `internal` if it cannot be started; disposing kills it and resolves when it is gone. */
export function startChild(
  program: string,
  args: readonly string[],
  { cwd, env, limits, onLine, hasThirdPipe = false }: ChildOptions,
): Child {
  const output = onLine === undefined ? "ignore" : "pipe";
  const bounds = [
    `--data=${limits.dataBytes}`,
    `--fsize=${limits.fileBytes}`,
    `--stack=${stackBytes}`,
    `--nofile=${maxOpenFiles}`,
    // A core would hold the password.
    "--core=0",
  ];
  // Else what is printed would lie in the process's own buffer.
  const byLine = onLine === undefined ? [] : ["stdbuf", "--output=L"];
  const last = ["--pdeathsig", "KILL", "--no-new-privs", "--", ...byLine, program, ...args];
  const child: ChildProcess = spawn("prlimit", [...bounds, "setpriv", ...last], {
    cwd,
    env: { PATH: programFolders.join(":"), LANG: "C.UTF-8", MALLOC_ARENA_MAX: "2", ...env },
    stdio: ["pipe", output, output, hasThirdPipe ? "pipe" : "ignore"],
  });
  const { pid, stdin } = child;
  const exited = new Promise<ChildExit>((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  if (pid === undefined || stdin === null) {
    child.once("error", () => undefined);
    throw new SallyportError("internal", `"${program}" cannot be started`);
  }
  stdin.on("error", () => stdin.destroy());
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null && onLine !== undefined) readLines(stream, onLine);
  }
  return {
    pid,
    stdin,
    third: (child.stdio[3] as Readable | null | undefined) ?? undefined,
    exited,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
      for (const stream of child.stdio) stream?.destroy();
    },
  };
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = "";
  stream.on("error", () => undefined);
  stream.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString("latin1")).split("\n");
    rest = (lines.pop() ?? "").slice(0, maxLineCharacters);
    for (const line of lines) onLine(line.slice(0, maxLineCharacters));
  });
}
