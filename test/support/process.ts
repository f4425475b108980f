// Real child processes for tests: started in a process group of their own, watched by the lines they print, and gone with the scope
// (`await using`) or with the test's own process, however that dies.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";

const lineLimitMs = 15_000;
const endGraceMs = 3_000;
const longestLine = 64 * 1024;
/** Of what a process printed, in the text of an error. */
const shownChars = 4_000;

/** What runs our own TypeScript: the very Node that runs the test. */
export const nodePath = process.execPath;

export interface ProcessOptions {
  readonly cwd?: string;
  /** Laid over the test's own environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Finished extends Exit {
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
}

export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** Its standard input; nothing closes it but the caller. */
  readonly stdin: Writable;
  /** All that was printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Buffer;
  /** Resolves when the process has exited and its output is read to the end. */
  readonly exited: Promise<Exit>;
  /**
   * The first line of either output, printed already or yet to come, that matches, `after` so many that match too; rejects when the process ends
   * or `limitMs` passes before.
   */
  line(pattern: RegExp, limitMs?: number, after?: number): Promise<RegExpExecArray>;
  /** How many lines printed so far match. */
  count(pattern: RegExp): number;
  /** Signals the whole process group; a group that is gone already is passed over. */
  signal(name: NodeJS.Signals): void;
  /** Ends the group: SIGTERM, then SIGKILL after a grace; resolves when it is gone. */
  end(): Promise<Exit>;
}

type Spawned = ChildProcessByStdio<Writable, Readable, Readable>;
interface Waiter {
  readonly pattern: RegExp;
  readonly found: (match: RegExpExecArray) => void;
}

/** Starts `command`. The kernel kills it when the test's process dies, even by SIGKILL. */
export function startProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions = {},
): RunningProcess {
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "--", command, ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) {
    child.once("error", () => undefined);
    throw new Error(`"${command}" cannot be started: setpriv of util-linux is missing`);
  }
  return watch(child, pid, [command, ...args].join(" "));
}

/** Runs `command` to its end with `input` as its standard input (closed after it); rejects after `limitMs`, having ended it. */
export async function runProcess(
  command: string,
  args: readonly string[],
  options: ProcessOptions & {
    readonly input?: string | Uint8Array;
    readonly limitMs?: number;
  } = {},
): Promise<Finished> {
  await using running = startProcess(command, args, options);
  running.stdin.end(options.input ?? "");
  const exit = await within(
    running.exited,
    options.limitMs ?? lineLimitMs,
    () => `${command} did not end; it printed:\n${shown(running.stdout + running.stderr)}`,
  );
  const { stdout, stderr, stdoutBytes } = running;
  return { ...exit, stdout, stderr, stdoutBytes };
}

function watch(child: Spawned, pid: number, title: string): RunningProcess {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const waiters = new Set<Waiter>();
  const lines: string[] = [];
  const onLine = (text: string): void => {
    lines.push(text);
    for (const waiter of waiters) {
      const match = waiter.pattern.exec(text);
      if (match !== null) waiter.found(match);
    }
  };
  collect(child.stdout, stdout, onLine);
  collect(child.stderr, stderr, onLine);
  child.stdin.on("error", () => child.stdin.destroy());
  let ended = false;
  const exited = new Promise<Exit>((resolve) => {
    child.once("close", (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
  });
  const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
  const printed = (): string => `${title} printed:\n${shown(text(stdout) + text(stderr))}`;
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-pid, name);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== "ESRCH") throw cause;
    }
  };
  const end = async (): Promise<Exit> => {
    signal("SIGTERM");
    const timer = setTimeout(() => {
      signal("SIGKILL");
      // A descendant in another group may still hold the pipes open.
      child.stdout.destroy();
      child.stderr.destroy();
    }, endGraceMs);
    const exit = await exited;
    clearTimeout(timer);
    return exit;
  };
  const line = async (
    pattern: RegExp,
    limitMs = lineLimitMs,
    after = 0,
  ): Promise<RegExpExecArray> => {
    let left = after;
    for (const seen of lines) {
      const match = pattern.exec(seen);
      if (match !== null && left-- === 0) return match;
    }
    if (ended) throw new Error(`no line matches ${pattern}; ${printed()}`);
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const found = (match: RegExpExecArray): void => void (left-- === 0 && resolve(match));
    const waiter = { pattern, found };
    waiters.add(waiter);
    void exited.then(() => reject(new Error(`ended without a line ${pattern}; ${printed()}`)));
    try {
      return await within(promise, limitMs, () => `no line ${pattern} in time; ${printed()}`);
    } finally {
      waiters.delete(waiter);
    }
  };
  return {
    pid,
    stdin: child.stdin,
    exited,
    line,
    count: (pattern) => lines.filter((seen) => pattern.test(seen)).length,
    signal,
    end,
    get stdout() {
      return text(stdout);
    },
    get stderr() {
      return text(stderr);
    },
    get stdoutBytes() {
      return Buffer.concat(stdout);
    },
    [Symbol.asyncDispose]: async () => void (await end()),
  };
}

// Lines are cut at \n for the waiters (a last line without one counts when the stream ends; of a long one the end), while all bytes are kept.
function collect(stream: Readable, chunks: Buffer[], onLine: (line: string) => void): void {
  let rest = "";
  stream.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    const parts = (rest + chunk.toString()).split("\n");
    rest = (parts.pop() ?? "").slice(-longestLine);
    for (const part of parts) onLine(part.replace(/\r$/, ""));
  });
  stream.on("end", () => {
    if (rest !== "") onLine(rest);
  });
}

function shown(text: string): string {
  return text.length > shownChars ? `…${text.slice(-shownChars)}` : text;
}

async function within<Value>(
  promise: Promise<Value>,
  limitMs: number,
  why: () => string,
): Promise<Value> {
  const { promise: limit, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${why()}\n(limit ${limitMs} ms)`)), limitMs);
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
