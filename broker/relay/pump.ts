// Raw bytes between a vendor's socket and an edge's, once both have their WebSocket handshake: the relay parses nothing any more.
// shared/protocol.md, "Control and tunnels". Invariants: at most `maxBufferedBytes` lie here per direction; one side's end is passed on
// after its bytes; a pair that carries nothing, or whose one side takes nothing, is cut.
import type { Socket } from "node:net";
import type { Clock } from "../../shared/clock.ts";

/** Unwritten bytes per direction at which the source is no longer read. */
export const maxBufferedBytes = 1024 * 1024;
/** How often pairs are looked at. */
export const sweepMs = 15_000;
/** Both ends ping within 20 s, so a pair without a byte for this long has lost one. */
export const idleMs = 60_000;
/** A browser's connection to a web panel may rest for long: a page waits for an event, and nobody pings. TCP itself finds a lost end. */
export const webIdleMs = 15 * 60_000;
/** A side that does not take the bytes that wait for it within this time is gone, whatever its own pings say. */
export const stalledMs = 120_000;
/** From one side's end until the other is cut. */
export const endGraceMs = 10_000;

export interface Pumps {
  /** Joins the two sockets, which are the pump's from now on. `restMs`: how long a pair may carry nothing. */
  join(vendor: Socket, edge: Socket, restMs?: number): void;
  readonly size: number;
  /** Waits until all pairs have ended, at most `graceMs`; then cuts the rest. */
  close(graceMs: number): Promise<void>;
}

export function createPumps(clock: Clock): Pumps {
  const pairs = new Set<Pair>();
  let timer: Disposable | undefined;
  let emptied: () => void = () => undefined;

  const sweep = (): void => {
    for (const pair of pairs) pair.look();
    timer = pairs.size > 0 ? clock.setTimer(sweepMs, sweep) : undefined;
  };

  return {
    join(vendor, edge, restMs = idleMs) {
      const pair = new Pair(vendor, edge, restMs, clock, () => {
        pairs.delete(pair);
        if (pairs.size === 0) emptied();
      });
      pairs.add(pair);
      timer ??= clock.setTimer(sweepMs, sweep);
    },
    get size() {
      return pairs.size;
    },
    async close(graceMs) {
      const empty = new Promise<void>((resolve) => (emptied = resolve));
      using _limit = clock.setTimer(graceMs, () => {
        for (const pair of pairs) pair.cut();
      });
      if (pairs.size > 0) await empty;
      timer?.[Symbol.dispose]();
    },
  };
}

class Pair {
  readonly #vendor: Socket;
  readonly #edge: Socket;
  readonly #restMs: number;
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #open = 2;
  #bytes = 0;
  #idleSweeps = 0;
  /** Sweeps since a source was stopped, by source. */
  readonly #stopped = new Map<Socket, number>();
  #grace: Disposable | undefined;

  constructor(vendor: Socket, edge: Socket, restMs: number, clock: Clock, onEnd: () => void) {
    this.#vendor = vendor;
    this.#edge = edge;
    this.#restMs = restMs;
    this.#clock = clock;
    this.#onEnd = onEnd;
    this.#carry(vendor, edge);
    this.#carry(edge, vendor);
  }

  /** Called once per sweep. */
  look(): void {
    const bytes = this.#vendor.bytesRead + this.#edge.bytesRead;
    this.#idleSweeps = bytes === this.#bytes ? this.#idleSweeps + 1 : 0;
    this.#bytes = bytes;
    if (this.#idleSweeps * sweepMs >= this.#restMs) this.cut();
    for (const [source, sweeps] of this.#stopped) {
      this.#stopped.set(source, sweeps + 1);
      if (sweeps * sweepMs >= stalledMs) this.cut();
    }
  }

  cut(): void {
    this.#vendor.destroy();
    this.#edge.destroy();
  }

  #carry(from: Socket, to: Socket): void {
    from.on("data", (chunk: Buffer) => {
      if (to.write(chunk) || to.writableLength < maxBufferedBytes) return;
      this.#stopped.set(from, 0);
      from.pause();
    });
    to.on("drain", () => {
      if (this.#stopped.delete(from)) from.resume();
    });
    from.on("end", () => this.#pass(to));
    const closed = (): void => {
      this.#pass(to);
      this.#stopped.delete(from);
      this.#open -= 1;
      if (this.#open > 0) return;
      this.#grace?.[Symbol.dispose]();
      this.#onEnd();
    };
    if (from.closed) queueMicrotask(closed);
    else from.on("close", closed);
    from.resume();
  }

  // What was read is written first; then the end; and if the other side will not end too, it is cut.
  #pass(to: Socket): void {
    to.end();
    this.#grace ??= this.#clock.setTimer(endGraceMs, () => this.cut());
  }
}
