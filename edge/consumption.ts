// What has been used of each job: its line of grants and the moment at which its minutes began, one file per request.
// Invariants: what an opening uses is on the disk before the opening is admitted; a line only grows at its end; minutes begin once,
// of a standing job once in each window.
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { fromUtf8 } from "../shared/bytes.ts";
import type { DocumentHash, PersonId } from "../shared/ids.ts";
import { makeFolder, readIfPresent, syncFolder, writeDurably } from "./durable-file.ts";
import { momentSchema, type Moment } from "./time.ts";

/** One job's account. */
export interface Consumed {
  readonly request: DocumentHash;
  /** Hashes of the founding grant and of each that replaced the one before it. */
  readonly line: readonly DocumentHash[];
  /** When the first opening was admitted, of a standing job the first in `window`. */
  readonly started: Moment | undefined;
  /** The start of the window, in Unix seconds, in which a standing job was last begun. */
  readonly window: number | null;
}

/** The last TOTP time step that a person used, and for which handshake. */
export interface SpentStep {
  readonly timeStep: number;
  readonly transcript: string;
}

const jobSchema = v.strictObject({
  request: v.string(),
  line: v.array(v.string()),
  started: v.nullable(momentSchema),
  window: v.optional(v.nullable(v.number()), null),
});

const stepsSchema = v.record(
  v.string(),
  v.strictObject({ timeStep: v.number(), transcript: v.string() }),
);

const stepsName = "time-steps.json";
const jobSuffix = ".json";

/** Accounts of all jobs of this edge. Writes are made one after the other; each method resolves when its change is on the disk. */
export class Consumption {
  readonly #directory: string;
  readonly #jobs: Map<DocumentHash, Consumed>;
  readonly #steps: Map<PersonId, SpentStep>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    directory: string,
    jobs: Map<DocumentHash, Consumed>,
    steps: Map<PersonId, SpentStep>,
  ) {
    this.#directory = directory;
    this.#jobs = jobs;
    this.#steps = steps;
  }

  /** Reads a directory of accounts, made if missing; throws if one of them cannot be read: then nothing may be admitted. */
  static async open(directory: string): Promise<Consumption> {
    await makeFolder(join(directory, "jobs"));
    const jobs = new Map<DocumentHash, Consumed>();
    for (const name of await readdir(join(directory, "jobs"))) {
      if (!name.endsWith(jobSuffix)) continue;
      const job = v.parse(jobSchema, await readJson(join(directory, "jobs", name)));
      const request = job.request as DocumentHash;
      const line = job.line as DocumentHash[];
      const { started, window } = job;
      jobs.set(request, { request, line, started: started ?? undefined, window });
    }
    const steps = v.parse(stepsSchema, await readJson(join(directory, stepsName)));
    return new Consumption(
      directory,
      jobs,
      new Map(Object.entries(steps) as [PersonId, SpentStep][]),
    );
  }

  /** A request's account; an empty one if nothing was ever granted for it. */
  of(request: DocumentHash): Consumed {
    return this.#jobs.get(request) ?? { request, line: [], started: undefined, window: null };
  }

  stepOf(person: PersonId): SpentStep | undefined {
    return this.#steps.get(person);
  }

  jobs(): readonly Consumed[] {
    return [...this.#jobs.values()];
  }

  /**
   * Puts a grant that the gate accepted at the end of its request's line. False if the line's end is no longer the grant that it replaces
   * (null: it founds the line): a sibling was first. A grant that is in the line already changes nothing.
   */
  async extendLine(
    request: DocumentHash,
    grant: DocumentHash,
    replaces: DocumentHash | null,
  ): Promise<boolean> {
    return this.#change(request, (held) => {
      const line = held?.line ?? [];
      if (line.includes(grant)) return held;
      if ((line.at(-1) ?? null) !== replaces) return undefined;
      const { started, window = null } = held ?? {};
      return { request, line: [...line, grant], started, window };
    });
  }

  /**
   * Begins a job's minutes at `moment`, unless they have begun; of a standing job those of the window that began at `window`. False if
   * nothing was granted for the request, or a later window was begun before: a clock that went back gives no minutes back.
   */
  async start(request: DocumentHash, moment: Moment, window: number | null): Promise<boolean> {
    return this.#change(request, (job) => {
      if (job === undefined) return undefined;
      if (job.started !== undefined && job.window === window) return job;
      const isNew = job.started === undefined || (window !== null && window > (job.window ?? 0));
      return isNew ? { ...job, started: moment, window } : undefined;
    });
  }

  /** Notes that a person's time step is used up by this handshake: in memory at once, so that no other can use it meanwhile. The number only rises. */
  async spendStep(person: PersonId, step: SpentStep): Promise<void> {
    const spent = this.#steps.get(person);
    // Attack: a session that waited is admitted with its old code, and the codes since then would count again.
    if (spent !== undefined && spent.timeStep >= step.timeStep) return;
    this.#steps.set(person, step);
    await this.#inTurn(() =>
      writeDurably(
        join(this.#directory, stepsName),
        `${JSON.stringify(Object.fromEntries(this.#steps))}\n`,
      ),
    );
  }

  /** Drops an account for good. Only for jobs that no grant can start or go on with after the floor: a replay is then refused by its date. */
  async forget(request: DocumentHash): Promise<void> {
    this.#jobs.delete(request);
    await this.#inTurn(async () => {
      await rm(this.#pathOf(request), { force: true });
      await syncFolder(join(this.#directory, "jobs"));
    });
  }

  // The memory changes only after the disk: whoever reads an account reads what a kill would leave. False if there is nothing to change to.
  async #change(
    request: DocumentHash,
    change: (held: Consumed | undefined) => Consumed | undefined,
  ): Promise<boolean> {
    return this.#inTurn(async () => {
      const held = this.#jobs.get(request);
      const changed = change(held);
      if (changed === undefined) return false;
      if (changed === held) return true;
      const stored = { ...changed, started: changed.started ?? null };
      await writeDurably(this.#pathOf(request), `${JSON.stringify(stored)}\n`);
      this.#jobs.set(request, changed);
      return true;
    });
  }

  // A write that fails is its own caller's error; the next one is made all the same.
  async #inTurn<Result>(write: () => Promise<Result>): Promise<Result> {
    const turn = this.#writing.then(write);
    this.#writing = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  #pathOf(request: DocumentHash): string {
    return join(this.#directory, "jobs", request + jobSuffix);
  }
}

// A missing file reads as an empty object.
async function readJson(path: string): Promise<unknown> {
  const bytes = await readIfPresent(path);
  return bytes === undefined ? {} : JSON.parse(fromUtf8(bytes));
}
