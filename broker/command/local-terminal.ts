// This machine's terminal while it is the far side's: raw, its size followed, given back whatever happens. Enter ~ . leaves, as in ssh, because in
// raw mode nothing else can when the far side hangs.
import { PassThrough, type Readable } from "node:stream";
import type { Streams } from "./context.ts";
import type { TargetStream } from "./target-stream.ts";

const usualSize = { columns: 80, rows: 24 };
const enter = 0x0d;
const newline = 0x0a;
const tilde = 0x7e;
const dot = 0x2e;

export class LocalTerminal {
  readonly #streams: Streams;
  readonly #type: string;
  #restore: (() => void) | undefined;

  constructor(streams: Streams, type: string) {
    this.#streams = streams;
    this.#type = type;
  }

  /** What the far side is told; a usual size where there is no terminal, or one that does not know its size and says 0. */
  size(): { columns: number; rows: number; term: string } {
    const { columns, rows } = this.#streams.stdout;
    return {
      columns: columns || usualSize.columns,
      rows: rows || usualSize.rows,
      term: this.#type,
    };
  }

  /** Goes raw, follows the size, and gives what is typed until `signal`. */
  attach(stream: TargetStream, signal: AbortSignal): Readable {
    const { stdin, stdout } = this.#streams;
    if (stdin.isTTY !== true || stdin.setRawMode === undefined) return stdin;
    stdin.setRawMode(true);
    const resized = () => {
      const { columns, rows } = this.size();
      stream.sendControl({ type: "resize", columns, rows });
    };
    stdout.on("resize", resized);
    const typed = new PassThrough();
    const escape = new EscapeWatch();
    const take = (chunk: Uint8Array) => {
      if (escape.leaves(chunk)) stream.abort("ended by the vendor");
      else typed.write(chunk);
    };
    stdin.on("data", take);
    this.#restore = () => {
      stdin.off("data", take);
      stdout.off("resize", resized);
      stdin.setRawMode?.(false);
      stdin.pause();
      typed.end();
    };
    signal.addEventListener("abort", () => this.restore(), { once: true });
    return typed;
  }

  /** Gives the terminal back; may be called twice. */
  restore(): void {
    this.#restore?.();
    this.#restore = undefined;
  }
}

/** Finds Enter ~ . in what is typed, however it is cut into chunks. The tilde is sent on: only the dot after it is not. */
export class EscapeWatch {
  #state: "elsewhere" | "line start" | "tilde" = "line start";

  leaves(chunk: Uint8Array): boolean {
    for (const byte of chunk) {
      if (this.#state === "tilde" && byte === dot) return true;
      if (byte === enter || byte === newline) this.#state = "line start";
      else this.#state = this.#state === "line start" && byte === tilde ? "tilde" : "elsewhere";
    }
    return false;
  }
}
