// Unsigned stops: what the relay link, the console or a wire may close without a signature, for a quarter of an hour (design: "Denial").
// Invariants: a stop is journaled as unsigned; it ends by time, by a lift that names its journal entry, or by a grant that replaces; the same stop
// heard again does not last longer.
import * as v from "valibot";
import { fromUtf8 } from "../shared/bytes.ts";
import type { Clock } from "../shared/clock.ts";
import type { LockdownScope } from "../shared/document/lockdown.ts";
import type { DocumentHash, EdgeId, TargetId } from "../shared/ids.ts";
import { readIfPresent, writeDurably } from "./durable-file.ts";
import type { Journal } from "./journal.ts";
import type { StopScope } from "./situation.ts";
import { elapsedMs, momentSchema, type EdgeTime, type Moment } from "./time.ts";

export const unsignedStopMs = 15 * 60_000;
const rememberedStops = 256;
/** Beyond so many at once, the relay's stops become one of the whole edge: stopping is its right, filling the journal is not. */
const maxRunning = 32;

export interface StopsOptions {
  readonly path: string;
  readonly edge: EdgeId;
  readonly journal: Journal;
  readonly time: EdgeTime;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Where a stop came from, for the journal. */
export type StopSource = "relay" | "console" | "wire";

interface Stop {
  readonly id: string;
  readonly scope: StopScope;
  /** Hash of its journal entry. */
  readonly entry: string;
  readonly since: Moment;
}

const stopsSchema = v.array(
  v.strictObject({
    id: v.string(),
    scope: v.variant("kind", [
      v.strictObject({ kind: v.literal("request"), id: v.string() }),
      v.strictObject({ kind: v.literal("target"), id: v.string() }),
      v.strictObject({ kind: v.literal("edge") }),
    ]),
    entry: v.string(),
    since: momentSchema,
  }),
);

/** The unsigned stops that are running. */
export class Stops implements Disposable {
  readonly #options: StopsOptions;
  #running: readonly Stop[] = [];
  readonly #heard = new Set<string>();
  readonly #timers = new Map<string, Disposable>();

  /** Called when a stop begins or ends. */
  onChange: () => void = () => undefined;

  private constructor(options: StopsOptions) {
    this.#options = options;
  }

  /** Takes up what was running. */
  static async open(options: StopsOptions): Promise<Stops> {
    const stops = new Stops(options);
    const content = await readIfPresent(options.path);
    const stored = v.parse(stopsSchema, content === undefined ? [] : JSON.parse(fromUtf8(content)));
    for (const stop of stored as Stop[]) stops.#run(stops.#measurable(stop));
    await stops.#save();
    return stops;
  }

  running(): readonly StopScope[] {
    return this.#running.map(({ scope }) => scope);
  }

  /** What a running stop closes, by the hash of its journal entry, as a lift judges it: a job's stop by every policy of the edge. */
  scopeOf(entry: string): LockdownScope | undefined {
    const scope = this.#running.find((stop) => stop.entry === entry)?.scope;
    if (scope === undefined || scope.kind === "target") return scope;
    return { kind: "edge", id: this.#options.edge };
  }

  /** Stops at once, then writes it down. `id` tells a repetition, which changes nothing. */
  async begin(id: string, named: StopScope, source: StopSource, by?: string): Promise<void> {
    if (this.#heard.has(id)) return;
    const isTooMany = source === "relay" && this.#running.length >= maxRunning;
    if (isTooMany && this.#running.some(({ scope }) => scope.kind === "edge")) return;
    this.#remember(id);
    const scope: StopScope = isTooMany ? { kind: "edge" } : named;
    const { journal, time } = this.#options;
    const since = time.moment();
    // What closes does not wait for the disk; the entry is in its place before that of any session that it ends.
    const written = journal.append("unsigned-stop-begun", idsOf(scope), { source, by: by ?? null });
    this.#run({ id, scope, entry: "", since });
    this.onChange();
    const { hash } = await written;
    this.#running = this.#running.map((stop) => (stop.id === id ? { ...stop, entry: hash } : stop));
    await this.#save();
  }

  /** Ends the stop that a lift named. */
  async lift(entry: string): Promise<void> {
    await this.#end((stop) => stop.entry === entry);
  }

  /** Ends stops of a job for which approvers signed a grant anew. */
  async grantReplaced(request: DocumentHash): Promise<void> {
    await this.#end(({ scope }) => scope.kind === "request" && scope.id === request);
  }

  [Symbol.dispose](): void {
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
  }

  // Where nothing proves how long a stop has run, it runs from now: it closes, so the longer reading is the safe one. That is noted, or a box that
  // restarts often would never end it.
  #measurable(stop: Stop): Stop {
    const { time } = this.#options;
    return elapsedMs(stop.since, time.reading()) === Infinity
      ? { ...stop, since: time.moment() }
      : stop;
  }

  #run(stop: Stop): void {
    const { time, clock } = this.#options;
    const leftMs = unsignedStopMs - elapsedMs(stop.since, time.reading());
    if (leftMs <= 0) return;
    this.#remember(stop.id);
    this.#running = [...this.#running, stop];
    const end = (): void => {
      this.#end(({ id }) => id === stop.id).catch((fault: Error) => {
        this.#options.log(`end of an unsigned stop not written: ${fault.message}`);
      });
    };
    this.#timers.set(stop.id, clock.setTimer(leftMs, end));
  }

  async #end(isEnding: (stop: Stop) => boolean): Promise<void> {
    const ending = this.#running.filter(isEnding);
    if (ending.length === 0) return;
    for (const stop of ending) {
      await this.#options.journal.append("unsigned-stop-ended", { ...idsOf(stop.scope) });
      this.#timers.get(stop.id)?.[Symbol.dispose]();
      this.#timers.delete(stop.id);
    }
    this.#running = this.#running.filter((stop) => !ending.some(({ id }) => id === stop.id));
    await this.#save();
    this.onChange();
  }

  async #save(): Promise<void> {
    await writeDurably(this.#options.path, `${JSON.stringify(this.#running)}\n`);
  }

  #remember(id: string): void {
    this.#heard.add(id);
    const [oldest] = this.#heard;
    if (this.#heard.size > rememberedStops && oldest !== undefined) this.#heard.delete(oldest);
  }
}

/** The scope of a relay's stop message; undefined for one that names nothing. */
export function parseStopScope(
  scope: "grant" | "target" | "edge",
  id: string | null,
): StopScope | undefined {
  if (scope === "edge") return { kind: "edge" };
  if (id === null) return undefined;
  return scope === "grant"
    ? { kind: "request", id: id as DocumentHash }
    : { kind: "target", id: id as TargetId };
}

function idsOf(scope: StopScope): Readonly<Record<string, string>> {
  return scope.kind === "edge" ? { scope: "edge" } : { scope: scope.kind, of: scope.id };
}
