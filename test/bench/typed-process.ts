// `sallyport` on a terminal of its own, as a person sits in front of it: what it shows is awaited as it comes, keys are typed.
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Person } from "../support/installation.ts";
import { nodePath } from "../support/process.ts";

const commandFile = join(import.meta.dirname, "../../broker/command/sallyport.mjs");

const shownLimitMs = 30_000;
const shownChars = 2_000;

export interface TypedProcess extends AsyncDisposable {
  /** Resolves, in the very turn in which it is there, once what is shown matches; rejects at the process's end, or after a limit. */
  shown(pattern: RegExp): Promise<void>;
  type(keys: string): void;
}

/** Runs `sallyport ARGS` on a pseudo-terminal by util-linux' `script`; it ends with the scope, or with this process. */
export function startTyped({ env }: Person, args: readonly string[]): TypedProcess {
  const line = [nodePath, commandFile, ...args].map((word) => `'${word}'`).join(" ");
  const command = ["--pdeathsig", "KILL", "--", "script", "-qefc", `exec ${line}`, "/dev/null"];
  const child = spawn("setpriv", command, {
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  let changed = (): void => undefined;
  child.stdout.on("data", (bytes: Buffer) => {
    text += bytes.toString();
    changed();
  });
  child.stdin.on("error", () => child.stdin.destroy());
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  return {
    async shown(pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const fail = (why: string) =>
        reject(new Error(`${pattern} ${why}; shown:\n${text.slice(-shownChars)}`));
      changed = () => pattern.test(text) && resolve();
      void ended.then(() => fail("never came"));
      const limit = setTimeout(() => fail("did not come in time"), shownLimitMs);
      changed();
      try {
        await promise;
      } finally {
        clearTimeout(limit);
      }
    },
    type: (keys) => void child.stdin.write(keys),
    async [Symbol.asyncDispose]() {
      // The terminal goes with `script`, and with the terminal whoever sits on it.
      child.kill("SIGKILL");
      await ended;
    },
  };
}
