// The controlling terminal, opened as such: it is there also when standard input and output are pipes (a ProxyCommand), and not there when
// nobody can answer. Secrets are read without echo, in raw mode, which is always given back.
import { openSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { ReadStream, WriteStream } from "node:tty";
import { ExitWith, exitCodes } from "./exit-codes.ts";

const devicePath = process.platform === "win32" ? "CONIN$" : "/dev/tty";
const interrupt = "\u0003";
const endOfFile = "\u0004";
const backspaces = ["\u007f", "\b"];

export interface Terminal extends Disposable {
  readLine(prompt: string): Promise<string>;
  readSecret(prompt: string): Promise<string>;
}

/** The process's terminal, or undefined if it has none (a service, a script under `setsid`, CI). Dispose it after the answer. */
export function openTerminal(): Terminal | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(devicePath, "r+");
  } catch {
    return undefined;
  }
  const input = new ReadStream(descriptor);
  const output = new WriteStream(openSync(devicePath, "r+"));
  return {
    async readLine(prompt) {
      const lines = createInterface({ input, output });
      try {
        return await lines.question(prompt);
      } finally {
        lines.close();
      }
    },
    readSecret: (prompt) => readSecret(input, output, prompt),
    [Symbol.dispose]() {
      input.destroy();
      output.destroy();
    },
  };
}

async function readSecret(input: ReadStream, output: WriteStream, prompt: string): Promise<string> {
  input.setRawMode(true); // Before the question: what is typed at once must not be echoed either.
  output.write(prompt);
  input.setEncoding("utf8");
  let typed = "";
  try {
    for await (const chunk of input.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
      for (const character of chunk) {
        if (character === interrupt) throw new ExitWith(exitCodes.interrupted[0]);
        if (character === "\r" || character === "\n" || character === endOfFile) return typed;
        typed = backspaces.includes(character)
          ? Array.from(typed).slice(0, -1).join("")
          : typed + character;
      }
    }
    return typed;
  } finally {
    input.setRawMode(false);
    output.write("\n");
  }
}
