// What the edge believes about time, and how it measures what a grant has used up.
// Invariants: the wall never falls below a floor that only signed documents and monotonic time raise; a jump of the machine's clock against the
// monotonic one counts only once a signed document agrees; across a reboot nothing is measured unless both ends of it were proven.
import * as v from "valibot";
import { fromUtf8 } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import { readIfPresent, writeDurably } from "./durable-file.ts";

/** Differences to the monotonic clock up to this are drift and slewing; beyond it, a jump. */
export const jumpMs = 60_000;
/** A relay's time says no more than this, by its seconds and its way here. */
const suggestionMs = 2000;
/** A signed document may be this far ahead of a proven clock and still raise the floor by all it says. */
export const floorLeadMs = 24 * 3_600_000;

/** One point in time, in every clock that the edge has, so that it can be measured from after a kill or a reboot. */
export interface Moment {
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly wallMs: number;
  /** True if a battery clock or a synchronised one stood behind `wallMs`. */
  readonly proven: boolean;
}

/** What the clocks say now: the gate's view of time. */
export interface ClockReading extends Moment {
  /** No earlier than this, by signed documents and monotonic time alone. */
  readonly floorMs: number;
}

/** A difference between the machine's clock and the monotonic one that was ignored. */
export interface ClockJump {
  readonly byMs: number;
}

export interface EdgeTimeOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly bootId: string;
  /** Asked at every reading: is the machine's wall clock backed by a battery or synchronised? */
  readonly isProven: () => boolean;
  /** Called once for every jump that is ignored. */
  readonly onJump: (jump: ClockJump) => void;
}

export const momentSchema = v.strictObject({
  bootId: v.string(),
  monotonicMs: v.number(),
  wallMs: v.number(),
  proven: v.boolean(),
});

const stateSchema = v.strictObject({
  bootId: v.string(),
  monotonicMs: v.number(),
  floorMs: v.number(),
  offsetMs: v.number(),
});

/** Milliseconds from `since` to `now`; Infinity where nothing proves how long it was: what began then is spent. */
export function elapsedMs(since: Moment, now: Moment): number {
  if (since.bootId === now.bootId) return now.monotonicMs - since.monotonicMs;
  if (!since.proven || !now.proven || now.wallMs < since.wallMs) return Infinity;
  return now.wallMs - since.wallMs;
}

/** The edge's one clock: everything in the edge that compares with a document's time reads it here. */
export class EdgeTime {
  readonly #options: EdgeTimeOptions;
  #floorMs: number;
  #floorAtMs: number;
  // Wall minus monotonic time, as last agreed with a signed document or found at the start: what jumps are measured from.
  #offsetMs: number;
  #wasProven: boolean;
  #ignoredByMs = 0;

  private constructor(options: EdgeTimeOptions, floorMs: number, offsetMs: number) {
    this.#options = options;
    this.#floorMs = floorMs;
    this.#floorAtMs = options.clock.monotonicMs();
    this.#offsetMs = offsetMs;
    this.#wasProven = options.isProven();
  }

  /** Takes up what was believed before the process or the box went down. */
  static async open(options: EdgeTimeOptions): Promise<EdgeTime> {
    const { clock, bootId, path } = options;
    const machineOffsetMs = clock.wallMs() - clock.monotonicMs();
    const bytes = await readIfPresent(path);
    if (bytes === undefined) return new EdgeTime(options, 0, machineOffsetMs);
    const state = v.parse(stateSchema, JSON.parse(fromUtf8(bytes)));
    if (state.bootId !== bootId) return new EdgeTime(options, state.floorMs, machineOffsetMs);
    const sinceMs = Math.max(0, clock.monotonicMs() - state.monotonicMs);
    return new EdgeTime(options, state.floorMs + sinceMs, state.offsetMs);
  }

  reading(): ClockReading {
    const { clock, bootId, isProven } = this.#options;
    const proven = isProven();
    const monotonicMs = clock.monotonicMs();
    const floorMs = this.#floorNowMs();
    const wallMs = Math.floor(Math.max(monotonicMs + this.#believedOffsetMs(proven), floorMs));
    return { bootId, monotonicMs, wallMs, proven, floorMs };
  }

  /** This moment, as it is stored. */
  moment(): Moment {
    const { floorMs: _floorMs, ...moment } = this.reading();
    return moment;
  }

  /** Unix seconds as the edge believes, for documents and journal. */
  seconds(): number {
    return Math.floor(this.reading().wallMs / 1000);
  }

  /**
   * A document that passed the gate says that it is at least `issuedAt` (Unix seconds). Raises the floor, and lets an ignored jump count
   * if the document agrees with it. Resolves when that is on the disk.
   */
  async raise(issuedAt: number): Promise<void> {
    const issuedMs = issuedAt * 1000;
    if (Math.abs(this.#options.clock.wallMs() - issuedMs) <= jumpMs) {
      this.#offsetMs = this.#machineOffsetMs();
    }
    const now = this.reading();
    const raisedMs = now.proven ? Math.min(issuedMs, now.wallMs + floorLeadMs) : issuedMs;
    if (raisedMs > now.floorMs) {
      this.#floorMs = raisedMs;
      this.#floorAtMs = now.monotonicMs;
    }
    await this.save();
  }

  /** The relay's idea of the time (Unix seconds): taken for display while nothing better is known. It opens and expires nothing. */
  suggest(relayAt: number): void {
    const { proven, wallMs } = this.reading();
    if (proven || Math.abs(relayAt * 1000 - wallMs) <= suggestionMs) return;
    this.#offsetMs = relayAt * 1000 - this.#options.clock.monotonicMs();
  }

  /** Puts floor and belief on the disk; called at each raise and from time to time. */
  async save(): Promise<void> {
    const { clock, bootId, path } = this.#options;
    const state: v.InferOutput<typeof stateSchema> = {
      bootId,
      monotonicMs: clock.monotonicMs(),
      floorMs: this.#floorNowMs(),
      offsetMs: this.#offsetMs,
    };
    await writeDurably(path, `${JSON.stringify(state)}\n`);
  }

  #floorNowMs(): number {
    return this.#floorMs + this.#options.clock.monotonicMs() - this.#floorAtMs;
  }

  // A small difference is followed, a jump is not; the first proof of time after none replaces what was only suggested.
  #believedOffsetMs(proven: boolean): number {
    const machineOffsetMs = this.#machineOffsetMs();
    if (proven && !this.#wasProven) this.#offsetMs = machineOffsetMs;
    this.#wasProven = proven;
    if (!proven) return this.#offsetMs;
    const byMs = machineOffsetMs - this.#offsetMs;
    if (Math.abs(byMs) <= jumpMs) {
      this.#ignoredByMs = 0;
      return machineOffsetMs;
    }
    if (Math.abs(byMs - this.#ignoredByMs) > jumpMs) {
      this.#ignoredByMs = byMs;
      this.#options.onJump({ byMs });
    }
    return this.#offsetMs;
  }

  #machineOffsetMs(): number {
    return this.#options.clock.wallMs() - this.#options.clock.monotonicMs();
  }
}
