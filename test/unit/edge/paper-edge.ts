// The edge of the paper site: trust, jobs, stops and accounts with real files, and a turned clock. `restart` is what a kill and a new start leave.
import { join } from "node:path";
import type { Acceptance } from "../../../edge/acceptance.ts";
import { Consumption } from "../../../edge/consumption.ts";
import { Jobs } from "../../../edge/jobs.ts";
import { makeCheckpoint, openJournal } from "../../../edge/journal.ts";
import { openArchive } from "../../../edge/record/archive.ts";
import { Refusals } from "../../../edge/refusals.ts";
import type { Situation } from "../../../edge/situation.ts";
import { Stops } from "../../../edge/stops.ts";
import { EdgeTime } from "../../../edge/time.ts";
import { Trust } from "../../../edge/trust.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { bootId, paperAt, PaperSite, signerOf, suite } from "../document/paper-site.ts";

const nothing: ReadonlySet<TargetId> = new Set();

export async function openPaperEdge(site: PaperSite) {
  const folder = temporaryFolder();
  const clock = new TurnedClock(paperAt * 1000);
  const at = (name: string): string => join(folder.path, name);
  const logged: string[] = [];
  const log = (line: string): void => void logged.push(line);
  const rollbacks: string[] = [];
  const edge = site.edge.id;
  const machine = { bootId, isProven: true };

  async function start() {
    const { bootId: boot } = machine;
    const time = await EdgeTime.open({
      path: at("time.json"),
      clock,
      bootId: boot,
      isProven: () => machine.isProven,
      onJump: () => undefined,
    });
    const journal = await openJournal({ folder: at("journal"), clock, bootId: boot, suite });
    const archive = await openArchive(at("archive"));
    const consumption = await Consumption.open(at("consumption"));
    const refusals = new Refusals({ journal, clock, log });
    const ground = { suite, site: site.id, edge, journal, archive, time, refusals, clock, log };
    const stops = await Stops.open({ ...ground, path: at("stops.json") });
    const trust = await Trust.open({
      ...ground,
      path: at("trust.json"),
      scopeOfStop: (entry) => stops.scopeOf(entry),
    });
    const situation = (): Situation | undefined => {
      const trusted = trust.situation();
      if (trusted === undefined) return undefined;
      const stopped = stops.running();
      const reading = time.reading();
      return { ...trusted, stops: stopped, interlocks: nothing, occupations: [], time: reading };
    };
    const jobs = new Jobs({
      ...ground,
      consumption,
      situation,
      held: () => trust.held(),
      onRequest: () => undefined,
      onGrant: async ({ payload }) => {
        if (payload.replaces !== null) await stops.grantReplaced(payload.request);
      },
      onRollback: (grant) => void rollbacks.push(grant),
    });
    const checkpoint = async (): Promise<Envelope> => {
      const manifest = trust.situation()?.manifestHash ?? site.chain.held.hash;
      const sign = await signerOf("edge");
      return makeCheckpoint({ journal, site: site.id, edge, manifest, clock, sign });
    };
    return {
      time,
      journal,
      archive,
      consumption,
      refusals,
      stops,
      trust,
      jobs,
      checkpoint,
      situation,
    };
  }

  let parts = await start();
  return {
    clock,
    logged,
    rollbacks,
    folder: folder.path,
    get parts() {
      return parts;
    },
    /** After a kill, or with `change` after a reboot. */
    async restart(change: Partial<typeof machine> = {}): Promise<void> {
      Object.assign(machine, change);
      await parts.journal[Symbol.asyncDispose]();
      parts = await start();
    },
    /** Takes the site's manifest 1 and its rosters. */
    async settle(): Promise<void> {
      await parts.trust.accept(site.chain.held.envelope);
      for (const { envelope } of site.rosters) await parts.trust.accept(envelope);
    },
    async events(): Promise<string[]> {
      const found: string[] = [];
      for await (const { header } of parts.journal.entriesFrom(0)) found.push(header.event);
      return found;
    },
    async [Symbol.asyncDispose]() {
      await parts.journal[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}

export type PaperEdge = Awaited<ReturnType<typeof openPaperEdge>>;

/** Another boot of the paper edge's box. */
export const nextBootId = "0c1d9d0e-55aa-4b3a-8f0e-9b1f6f6a7b12";

/** The paper site with its edge, which holds manifest 1 and the roster. */
export async function settledEdge() {
  const site = await PaperSite.make();
  const edge = await openPaperEdge(site);
  await edge.settle();
  return { site, edge, [Symbol.asyncDispose]: () => edge[Symbol.asyncDispose]() };
}

/** `accepted`, `known`, or the code with which a document was refused. */
export function codeOf(acceptance: Acceptance): string {
  return acceptance.outcome === "refused" ? acceptance.error.code : acceptance.outcome;
}

/** Hash of the first journal entry of an event. */
export async function entryOf(edge: PaperEdge, event: string): Promise<string> {
  for await (const { header, hash } of edge.parts.journal.entriesFrom(0)) {
    if (header.event === event) return hash;
  }
  return "";
}
