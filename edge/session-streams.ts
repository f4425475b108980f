// The streams of one session: each is let in by the gate's word on its own target, judged again with the session, and ended alone or with it.
// Invariants: a stream's opening is in the journal before it takes effect; what cannot be written down of a stream ends its whole session.
import type { AskedOpening, OpeningVerdict } from "../shared/channel/admission.ts";
import type { Opening } from "../shared/channel/messages.ts";
import { messageOf } from "../shared/errors.ts";
import type { PersonId } from "../shared/ids.ts";
import type { Decision, OpeningAdmission } from "./gate.ts";
import { OpenStream } from "./opening.ts";
import { Pace } from "./pace.ts";
import { toldReason, type RefusalReason } from "./refusal.ts";
import { isOwnFailure } from "./refusals.ts";
import type { SessionWorld } from "./session-world.ts";
import type { Occupation } from "./situation.ts";

/** Each opening costs a recording and entries in the journal; a browser opens some dozens at once. */
const openings = { atOnce: 512, oneEveryMs: 1000 };

/** What streams ask of their session, and tell it. */
export interface StreamingSession {
  readonly isAdmitted: () => boolean;
  /** The gate's word on one more stream, or on one that is in; undefined if the session's job is not known any more. */
  readonly decide: (opening: Opening, isIn: boolean) => Decision<OpeningAdmission> | undefined;
  /** The minutes of the job run from its first stream on. */
  readonly startMinutes: () => Promise<void>;
  /** Something was done on a stream. */
  readonly onActivity: () => void;
  /** A stream could not be written down. */
  readonly onFailing: () => Promise<void>;
}

export class SessionStreams {
  readonly #world: SessionWorld;
  readonly #session: StreamingSession;
  readonly #open = new Set<OpenStream>();
  readonly #pace: Pace;

  constructor(world: SessionWorld, session: StreamingSession) {
    this.#world = world;
    this.#session = session;
    this.#pace = new Pace(world.clock, openings);
  }

  /** Targets with somebody of this session on them. */
  occupations(): readonly Occupation[] {
    return [...this.#open].map(({ occupation }) => occupation);
  }

  /** Tells each stream who else is on its target. */
  tellPresence(all: readonly Occupation[]): void {
    for (const { occupation, channel } of this.#open) {
      const others = all.filter(
        (item) => item.target === occupation.target && item.request !== occupation.request,
      );
      const persons = [...new Set(others.map(({ person }) => person))];
      channel.sendControl({ type: "present", persons });
    }
  }

  /** One more stream. The reservation is made before anything is awaited, so that two cannot both be the only one. */
  async open(asked: AskedOpening): Promise<OpeningVerdict> {
    const { decide, isAdmitted, startMinutes } = this.#session;
    const decision = decide(asked.opening, false);
    if (decision === undefined) return refusedOpening("edge-failing");
    if (decision.kind === "refused") return refusedOpening(decision.reason, decision.occupant);
    if (!this.#pace.take()) return refusedOpening("too-often");
    const stream = new OpenStream(asked, decision.admission);
    this.#open.add(stream);
    try {
      await startMinutes();
      await stream.begin(this.#world);
      // Something may have changed while that was written.
      const again = decide(asked.opening, false);
      if (again?.kind !== "admitted" || !isAdmitted()) {
        this.#open.delete(stream);
        const reason = again?.kind === "refused" ? again.reason : "stopped";
        await stream.withdraw(this.#world, reason);
        return refusedOpening(reason);
      }
    } catch (thrown) {
      this.#open.delete(stream);
      this.#world.log(`opening not journaled: ${messageOf(thrown)}`);
      return refusedOpening("edge-failing");
    }
    void this.#serve(stream);
    this.#world.onOccupation();
    return { admitted: true };
  }

  /** Asks the gate again for each. */
  rejudge(): void {
    for (const stream of this.#open) {
      const decision = this.#session.decide(stream.opening, true);
      if (decision?.kind === "admitted") stream.follow(decision.admission);
      else if (decision !== undefined) stream.end(decision.reason);
    }
  }

  /** Ends all of them; the vendor is told why. */
  end(reason: RefusalReason): void {
    for (const stream of this.#open) stream.end(reason);
  }

  async #serve(stream: OpenStream): Promise<void> {
    const { onActivity, onFailing } = this.#session;
    try {
      const failure = await stream.serve(this.#world, onActivity);
      this.#open.delete(stream);
      this.#world.onOccupation();
      // Recording and journal fail closed.
      if (failure !== undefined && (failure.code === "recording_failed" || isOwnFailure(failure))) {
        await onFailing();
      }
    } catch (thrown) {
      this.#open.delete(stream);
      this.#world.log(`stream's end not journaled: ${messageOf(thrown)}`);
      await onFailing();
    }
  }
}

export function refusedOpening(reason: RefusalReason, occupant?: PersonId): OpeningVerdict {
  return { admitted: false, reason: toldReason(reason, occupant) };
}
