// What a session needs of the edge around it, and what the edge sees of a session.
import type { DocumentHash, PersonId } from "../shared/ids.ts";
import type { Consumption } from "./consumption.ts";
import type { Job } from "./grant-line.ts";
import type { OpeningWorld } from "./opening.ts";
import type { Archive } from "./record/archive.ts";
import type { Situation } from "./situation.ts";
import type { EdgeTime } from "./time.ts";

/** What sessions need of the edge. */
export interface SessionWorld extends OpeningWorld {
  readonly archive: Archive;
  readonly consumption: Consumption;
  readonly time: EdgeTime;
  readonly idleLimitMs: number;
  /** Undefined before the first manifest. */
  readonly situation: () => Situation | undefined;
  readonly job: (request: DocumentHash) => Job | undefined;
  /** Somebody came to a target, or left it. */
  readonly onOccupation: () => void;
  readonly log: (line: string) => void;
}

export type SessionState = "opening" | "waiting" | "admitting" | "admitted" | "ended";

/** What `status` and the stops' receipts see of a session. */
export interface SessionSummary {
  readonly session: string;
  readonly state: SessionState;
  readonly person: PersonId;
  readonly request: DocumentHash;
  readonly targets: readonly string[];
  readonly leftMs: number | null;
}
