// A session at work, for as long as its processes live: bytes through a TCP target that echoes them, each checked, a terminal in which lines are
// typed, and commands. Whoever kills a part of it asks here how far the work got, and that it goes on.
import net from "node:net";
import * as assert from "uvu/assert";
import { bulkBytes } from "../plant/sink.ts";
import type { HeldJob } from "../support/held-job.ts";
import type { Person } from "../support/installation.ts";
import type { Finished, RunningProcess } from "../support/process.ts";

const limitMs = 60_000;
const paceMs = 10;
const blockBytes = 16 * 1024;
/** Beyond this the echo is waited for: a lost connection must not fill the memory. */
const aheadBytes = 2 * 1024 * 1024;
const [pattern = Buffer.alloc(0)] = bulkBytes(256 * 1024);

/** Bytes to a device that sends them back: any that is lost, doubled or changed fails the check. */
export class EchoLoad implements Disposable {
  readonly #socket: net.Socket;
  readonly #waiters = new Set<() => void>();
  #sent = 0;
  #echoed = 0;
  #fault: Error | undefined;
  #isClosed = false;

  constructor(host: string, port: number) {
    this.#socket = net.connect({ host, port, noDelay: true });
    this.#socket.write("echo\n");
    const timer = setInterval(() => this.#send(), paceMs);
    this.#socket.on("data", (chunk: Buffer) => this.#check(chunk));
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.once("close", () => {
      clearInterval(timer);
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** Resolves when so many more bytes have come back; rejects when the connection is closed before. */
  async advance(bytes: number): Promise<void> {
    const wanted = this.#echoed + bytes;
    using _limit = this.#limited();
    while (this.#echoed < wanted) {
      if (this.#fault) throw this.#fault;
      if (this.#isClosed) throw new Error(`the echo ended at ${this.#echoed} of ${wanted} bytes`);
      await new Promise<void>((resolve) => this.#waiters.add(resolve));
    }
    if (this.#fault) throw this.#fault;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
    if (this.#fault) throw this.#fault;
  }

  #limited(): Disposable {
    const timer = setTimeout(() => {
      this.#fault ??= new Error(`no echo for ${limitMs} ms, after ${this.#echoed} bytes`);
      this.#wake();
    }, limitMs);
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  }

  #send(): void {
    if (this.#sent - this.#echoed > aheadBytes || this.#socket.destroyed) return;
    const from = this.#sent % pattern.length;
    this.#socket.write(pattern.subarray(from, from + blockBytes));
    this.#sent += blockBytes;
  }

  #check(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      const from = this.#echoed % pattern.length;
      const length = Math.min(chunk.length - at, pattern.length - from);
      if (!chunk.subarray(at, at + length).equals(pattern.subarray(from, from + length))) {
        this.#fault ??= new Error(`the echo differs within ${length} bytes of ${this.#echoed}`);
      }
      at += length;
      this.#echoed += length;
    }
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
    this.#waiters.clear();
  }
}

/** What one held job does at once. */
export class BusySession implements AsyncDisposable {
  readonly held: HeldJob;
  readonly echo: EchoLoad;
  readonly terminal: RunningProcess;
  readonly #vendor: Person;
  #typed = 0;

  private constructor(vendor: Person, held: HeldJob) {
    this.#vendor = vendor;
    this.held = held;
    const { host, port } = held.at("press-sink");
    this.echo = new EchoLoad(host, port);
    this.terminal = vendor.start(["ssh", "press-hmi"]);
  }

  static async begin(vendor: Person, held: HeldJob): Promise<BusySession> {
    const busy = new BusySession(vendor, held);
    busy.terminal.stdin.write("stty -echo; echo rea''dy; cat\r");
    await busy.terminal.line(/ready$/, limitMs);
    return busy;
  }

  /** Types a line, without waiting for what comes of it. */
  type(): void {
    this.#typed += 1;
    this.terminal.stdin.write(`typed ${this.#typed}\r`);
  }

  /** Resolves when the newest line that was typed has come back, and every line before it once. */
  async typedBack(): Promise<void> {
    await this.terminal.line(new RegExp(`^typed ${this.#typed}$`), limitMs);
    assert.is(this.terminal.count(/^typed \d+$/), this.#typed, this.terminal.stdout);
  }

  /** Starts a command on the target; it may be cut, but ends in any case: with its output, or with an error that says why not. */
  async command(): Promise<Finished> {
    const word = `ran ${this.#typed}`;
    const finished = await this.#vendor.run(["ssh", "press-hmi", "--", "echo", word], { limitMs });
    if (finished.code === 0) assert.is(finished.stdout, `${word}\n`);
    else {
      const told = `ended with ${finished.code}: ${finished.stdout}${finished.stderr}`;
      assert.match(finished.stderr, /^sallyport: error: ./m, told);
    }
    return finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.echo[Symbol.dispose]();
    await this.terminal.end();
    await this.held[Symbol.asyncDispose]();
  }
}
