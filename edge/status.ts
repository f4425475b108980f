// How the edge stands, for its console and for people of the site who ask over a channel.
import type { Clock } from "../shared/clock.ts";
import type { EdgeId, SiteId } from "../shared/ids.ts";
import { encodeEntry } from "../shared/record/journal-entry.ts";
import type { ChangedDevices } from "./changed-devices.ts";
import type { ConsoleQuestion } from "./console-socket.ts";
import type { ReadingAdmission } from "./gate.ts";
import type { Journal } from "./journal.ts";
import type { KindReadiness } from "./kinds.ts";
import type { LinkState } from "./link/control-link.ts";
import type { Recordings } from "./recording.ts";
import type { Refusals } from "./refusals.ts";
import type { SessionSummary } from "./session-world.ts";
import type { Stops } from "./stops.ts";
import type { EdgeTime } from "./time.ts";
import type { Trust } from "./trust.ts";

export interface StatusSource {
  readonly version: string;
  readonly site: SiteId;
  readonly edge: EdgeId;
  readonly bootId: string;
  readonly time: EdgeTime;
  readonly trust: Trust;
  readonly stops: Stops;
  readonly journal: Journal;
  readonly recordings: Recordings;
  readonly refusals: Refusals;
  readonly changedDevices: ChangedDevices;
  readonly link: () => LinkState;
  readonly sessions: () => readonly SessionSummary[];
  /** As they stood when the edge started. */
  readonly kinds: () => readonly KindReadiness[];
}

export type EdgeStatus = ReturnType<typeof fullStatus>;

/** What this person may see: people of the site all of it (devices that changed: who may accept or pin their keys), a vendor his own sessions and whether the edge is up. */
export function statusOf(source: StatusSource, { person }: ReadingAdmission): unknown {
  const all = fullStatus(source);
  const roles = source.trust.situation()?.manifest.persons.find(({ id }) => id === person)?.roles;
  if (roles?.some((role) => role === "approver" || role === "owner") === true) return all;
  if (roles?.includes("auditor") === true) return { ...all, changedDevices: [] };
  const sessions = all.sessions.filter((session) => session.person === person);
  return { version: all.version, edge: all.edge, manifest: all.manifest, time: all.time, sessions };
}

/** Answers the box's console. */
export async function* answerConsole(
  source: StatusSource & { readonly clock: Clock },
  asked: ConsoleQuestion,
  gone: AbortSignal,
): AsyncGenerator<string> {
  switch (asked.ask) {
    case "status":
      yield JSON.stringify(fullStatus(source));
      break;
    case "journal": {
      const entries = source.journal.entriesFrom(asked.from, asked.follow ? gone : undefined);
      for await (const entry of entries) yield encodeEntry(entry);
      break;
    }
    case "lockdown": {
      const id = `console ${source.bootId} ${source.clock.monotonicMs()}`;
      await source.stops.begin(id, { kind: "edge" }, "console");
      yield JSON.stringify({ stopped: "edge", minutes: 15 });
      break;
    }
  }
}

function fullStatus(source: StatusSource) {
  const { version, site, edge, bootId, time, trust, stops, journal, recordings, refusals } = source;
  const situation = trust.situation();
  const { wallMs, proven, floorMs } = time.reading();
  return {
    version,
    site,
    edge,
    bootId,
    name: situation?.manifest.edges.find(({ id }) => id === edge)?.name ?? null,
    link: source.link(),
    manifest: situation && {
      version: situation.manifest.version,
      hash: situation.manifestHash,
      endsAt: situation.manifest.endsAt,
    },
    time: { at: Math.floor(wallMs / 1000), proven, floorAt: Math.floor(floorMs / 1000) },
    sessions: source.sessions(),
    stops: stops.running(),
    lockdowns: situation?.lockdowns ?? [],
    journal: { length: journal.length, head: journal.head },
    recordings: { usedBytes: recordings.usedBytes },
    changedDevices: source.changedDevices.list(),
    kinds: source.kinds(),
    refusals: refusals.total,
    alarms: refusals.alarms,
  };
}
