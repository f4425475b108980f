// What has been used of each job: its line of grants and the moment at which its minutes began, one file per request.
// Invariants: what an opening uses is on the disk before the opening is admitted; a line only grows at its end; minutes begin once.
import { join } from "node:path";
import * as v from "valibot";
import type { DocumentHash, PersonId } from "../shared/ids.ts";
import { filesOf, makeDirectory, readIfThere, removeDurably, writeDurably } from "./durable.ts";
import { momentSchema, type Moment } from "./time.ts";

/** One job's account. */
export interface Consumed {
  readonly request: DocumentHash;
  /** Hashes of the founding grant and of each that replaced the one before it. */
  readonly line: readonly DocumentHash[];
  /** When the first opening was admitted. */
  readonly started: Moment | undefined;
}

/** An account with its documents' texts, as they came. */
export interface StoredJob extends Consumed {
  readonly requestText: string;
  readonly grantTexts: readonly string[];
}

/** The last TOTP time step that a person used, and for which handshake. */
export interface SpentStep {
  readonly timeStep: number;
  readonly transcript: string;
}

const jobSchema = v.strictObject({
  request: v.string(),
  requestText: v.string(),
  line: v.array(v.string()),
  grantTexts: v.array(v.string()),
  started: v.nullable(momentSchema),
});

const stepsSchema = v.record(
  v.string(),
  v.strictObject({ timeStep: v.number(), transcript: v.string() }),
);

const stepsName = "time-steps.json";

/** Accounts of all jobs of this edge. Writes are made one after the other; each method resolves when its change is on the disk. */
export class Consumption {
  readonly #directory: string;
  readonly #jobs: Map<DocumentHash, StoredJob>;
  readonly #steps: Map<PersonId, SpentStep>;
  #writing: Promise<void> = Promise.resolve();

  private constructor(
    directory: string,
    jobs: Map<DocumentHash, StoredJob>,
    steps: Map<PersonId, SpentStep>,
  ) {
    this.#directory = directory;
    this.#jobs = jobs;
    this.#steps = steps;
  }

  /** Reads a directory of accounts, made if missing; throws if one of them cannot be read: then nothing may be admitted. */
  static async open(directory: string): Promise<Consumption> {
    await makeDirectory(join(directory, "jobs"));
    const jobs = new Map<DocumentHash, StoredJob>();
    for (const path of await filesOf(join(directory, "jobs"))) {
      const job = v.parse(jobSchema, JSON.parse((await readIfThere(path)) ?? ""));
      const request = job.request as DocumentHash;
      const line = job.line as DocumentHash[];
      jobs.set(request, { ...job, request, line, started: job.started ?? undefined });
    }
    const steps = v.parse(
      stepsSchema,
      JSON.parse((await readIfThere(join(directory, stepsName))) ?? "{}"),
    );
    return new Consumption(
      directory,
      jobs,
      new Map(Object.entries(steps) as [PersonId, SpentStep][]),
    );
  }

  /** A request's account; an empty one if nothing was ever granted for it. */
  of(request: DocumentHash): Consumed {
    return this.#jobs.get(request) ?? { request, line: [], started: undefined };
  }

  stepOf(person: PersonId): SpentStep | undefined {
    return this.#steps.get(person);
  }

  stored(): readonly StoredJob[] {
    return [...this.#jobs.values()];
  }

  /**
   * Puts a grant that the gate accepted at the end of its request's line. False if the line's end is no longer the grant that it replaces
   * (null: it founds the line): a sibling was first. A grant that is in the line already changes nothing.
   */
  async extendLine(
    request: { readonly hash: DocumentHash; readonly text: string },
    grant: {
      readonly hash: DocumentHash;
      readonly text: string;
      readonly replaces: DocumentHash | null;
    },
  ): Promise<boolean> {
    return this.#change(request.hash, (held) => {
      const line = held?.line ?? [];
      if (line.includes(grant.hash)) return held;
      if ((line.at(-1) ?? null) !== grant.replaces) return undefined;
      return {
        request: request.hash,
        requestText: request.text,
        line: [...line, grant.hash],
        grantTexts: [...(held?.grantTexts ?? []), grant.text],
        started: held?.started,
      };
    });
  }

  /** Begins a job's minutes at `moment`, unless they have begun. False if nothing was granted for the request. */
  async start(request: DocumentHash, moment: Moment): Promise<boolean> {
    return this.#change(
      request,
      (job) => job && (job.started === undefined ? { ...job, started: moment } : job),
    );
  }

  /** Notes that a person's time step is used up by this handshake: in memory at once, so that no other can use it meanwhile. */
  async spendStep(person: PersonId, step: SpentStep): Promise<void> {
    this.#steps.set(person, step);
    await this.#inTurn(() =>
      writeDurably(
        join(this.#directory, stepsName),
        `${JSON.stringify(Object.fromEntries(this.#steps))}\n`,
      ),
    );
  }

  /** Drops an account for good. Only for jobs whose every grant ended before the floor: a replay is then refused by its date. */
  async forget(request: DocumentHash): Promise<void> {
    this.#jobs.delete(request);
    await this.#inTurn(() => removeDurably(this.#pathOf(request)));
  }

  // The memory changes only after the disk: whoever reads an account reads what a kill would leave. False if there is nothing to change to.
  async #change(
    request: DocumentHash,
    change: (held: StoredJob | undefined) => StoredJob | undefined,
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
    return join(this.#directory, "jobs", `${request}.json`);
  }
}
