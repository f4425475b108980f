// A person of the installation whose commands run inside the test's own process: the command's real code from its verbs down, without the second
// that a process takes to start. What it prints is kept, and lines can be awaited as with a process.
import { once } from "node:events";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { Context } from "../../broker/command/context.ts";
import { exitCodeOf, ExitWith } from "../../broker/command/exit-codes.ts";
import { Home } from "../../broker/command/home.ts";
import { KeyRing } from "../../broker/command/keys.ts";
import { runProgram } from "../../broker/command/program.ts";
import { Tui } from "../../broker/command/tui.ts";
import { systemClock } from "../../shared/clock.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import type { SignPae } from "../../shared/document/envelope.ts";
import type { PublicKey } from "../../shared/document/keys.ts";
import type { Person } from "../support/installation.ts";

const openTerminal = () => undefined;
const lineLimitMs = 30_000;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running extends AsyncDisposable {
  readonly stdin: PassThrough;
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<Ran>;
  /** The first line of either output that matches, printed already or yet to come. */
  line(pattern: RegExp, limitMs?: number): Promise<RegExpExecArray>;
}

export class Actor {
  readonly id: string;
  readonly home: Home;
  readonly #keys: KeyRing;
  readonly #runtimeFolder: string;
  readonly #sources: Context["sources"];

  constructor(person: Person) {
    this.id = person.id;
    this.home = new Home(person.home);
    const { SALLYPORT_PASSPHRASE_FILE: file, XDG_RUNTIME_DIR: runtime } = person.env;
    this.#sources = { file, askpass: undefined };
    this.#runtimeFolder = join(runtime ?? person.home, "sallyport");
    const silent = new PassThrough().resume();
    this.#keys = new KeyRing({
      home: this.home,
      suite: nodeCrypto,
      tui: new Tui({ stdout: silent, stderr: silent, openTerminal }),
      sources: this.#sources,
      agentSocket: undefined,
    });
  }

  /** Signs with this person's own key: what the person would sign, or be made to. */
  get sign(): SignPae {
    return async (pae) => (await this.#keys.open()).sign(pae);
  }

  async keyId(): Promise<string> {
    return (await this.#keys.open()).keyid;
  }

  async publicKey(): Promise<PublicKey> {
    return (await this.#keys.open()).publicKey;
  }

  /** Runs `sallyport ARGS` to its end. */
  async run(...args: readonly string[]): Promise<Ran> {
    await using running = this.start(...args);
    return await running.ended;
  }

  /** Runs `sallyport ARGS`, which must succeed. */
  async do(...args: readonly string[]): Promise<Ran> {
    const ran = await this.run(...args);
    if (ran.code === 0) return ran;
    throw new Error(
      `${this.id}: sallyport ${args.join(" ")}: ${ran.code}\n${ran.stdout}${ran.stderr}`,
    );
  }

  /** The one JSON value that `sallyport ARGS --json` prints. */
  async ask<Answer>(...args: readonly string[]): Promise<Answer> {
    return JSON.parse((await this.do(...args, "--json")).stdout) as Answer;
  }

  /** Starts `sallyport ARGS`; the scope's end is a Ctrl-C. */
  start(...args: readonly string[]): Running {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const interrupted = new AbortController();
    const printed = { stdout: "", stderr: "" };
    const arrivals = new PassThrough().resume();
    for (const [name, stream] of [
      ["stdout", stdout],
      ["stderr", stderr],
    ] as const) {
      stream.on("data", (bytes: Buffer) => {
        printed[name] += bytes.toString();
        arrivals.emit("printed");
      });
    }
    const tui = new Tui({ stdout, stderr, openTerminal });
    const context: Context = {
      home: this.home,
      tui,
      keys: this.#keys,
      suite: nodeCrypto,
      clock: systemClock,
      sources: this.#sources,
      signal: interrupted.signal,
      streams: { stdin, stdout, stderr },
      runtimeFolder: this.#runtimeFolder,
      proxy: undefined,
      terminalType: "xterm",
      chosen: { site: undefined },
    };
    const ended = runProgram(args, context)
      .then(
        () => 0,
        (thrown: unknown) => {
          if (!(thrown instanceof ExitWith)) tui.error(thrown);
          return exitCodeOf(thrown);
        },
      )
      .then(async (code) => {
        await new Promise((resolve) => setImmediate(resolve));
        arrivals.emit("printed");
        return { code, ...printed };
      });
    return {
      stdin,
      ended,
      get stdout() {
        return printed.stdout;
      },
      get stderr() {
        return printed.stderr;
      },
      async line(pattern, limitMs = lineLimitMs) {
        const limit = AbortSignal.timeout(limitMs);
        let isOver = false;
        void ended.then(() => (isOver = true));
        for (;;) {
          const lines = `${printed.stdout}\n${printed.stderr}`.split("\n");
          const match = lines.map((line) => pattern.exec(line)).find((found) => found !== null);
          if (match !== undefined) return match;
          if (isOver || limit.aborted) {
            throw new Error(`no line ${pattern}; it printed:\n${printed.stdout}${printed.stderr}`);
          }
          await once(arrivals, "printed", { signal: limit }).catch(() => undefined);
        }
      },
      async [Symbol.asyncDispose]() {
        interrupted.abort(new ExitWith(130));
        await ended;
      },
    };
  }
}
