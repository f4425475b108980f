// Somebody of the site who reads: admitted by the gate, asked again on every change, journaled with what was read.
import type { EdgeChannel, Verdict } from "../shared/channel/admission.ts";
import type { Clock } from "../shared/clock.ts";
import { messageOf } from "../shared/errors.ts";
import { decideReading, type Caller, type ReadingAdmission } from "./gate.ts";
import { answerRead, type ReadingWorld } from "./reading.ts";
import type { Archive } from "./record/archive.ts";
import { toldReason, type RefusalReason } from "./refusal.ts";
import { graceMs } from "./session.ts";
import type { Situation } from "./situation.ts";

/** Nobody watches for longer without a fresh proof. */
const longestReadMs = 24 * 3_600_000;

export interface ReaderWorld extends ReadingWorld {
  readonly archive: Archive;
  readonly clock: Clock;
  readonly situation: () => Situation | undefined;
  readonly log: (line: string) => void;
}

export class Reader {
  readonly #world: ReaderWorld;
  readonly #channel: EdgeChannel;
  readonly #caller: Caller;
  readonly #ended = new AbortController();

  constructor(world: ReaderWorld, channel: EdgeChannel, caller: Caller) {
    this.#world = world;
    this.#channel = channel;
    this.#caller = caller;
  }

  get id(): string {
    return this.#channel.id;
  }

  /** Aborted when the reader is gone. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  async begin(): Promise<Verdict | { readonly refused: RefusalReason }> {
    const decision = this.#decide();
    if (decision === undefined) return { refused: "edge-failing" };
    if (decision.kind === "refused") return { refused: decision.reason };
    const { archive, journal, clock } = this.#world;
    const { proof, purpose } = this.#caller;
    const { person } = decision.admission;
    this.#takeChannel(decision.admission);
    await archive.keep(proof.envelope);
    const ids = { session: this.id, person, proof: proof.hash };
    await journal.append("reading-admitted", ids, { purpose });
    const untilMonotonicMs = clock.monotonicMs() + longestReadMs;
    return {
      verdict: "admitted",
      message: {
        type: "admitted",
        targets: [],
        minutesLeft: longestReadMs / 60_000,
        startsOnFirstOpening: false,
        endsAt: null,
      },
      keep: { awayMs: graceMs, untilMonotonicMs },
    };
  }

  rejudge(): void {
    const decision = this.#decide();
    if (decision?.kind === "refused") this.end(decision.reason);
  }

  end(reason: RefusalReason): void {
    this.#ended.abort();
    this.#channel.abort(toldReason(reason));
  }

  #decide(): ReturnType<typeof decideReading> | undefined {
    const situation = this.#world.situation();
    return situation && decideReading(this.#caller, situation);
  }

  #takeChannel(admission: ReadingAdmission): void {
    const channel = this.#channel;
    const { journal, log } = this.#world;
    let isAsked = false;
    channel.onData = (_bytes, settled) => settled();
    channel.onClose = () => this.#ended.abort();
    channel.onControl = (message) => {
      if (message.type !== "read" || isAsked) return;
      isAsked = true;
      const { recording, search } = message;
      journal
        .append(
          "read",
          { session: this.id, ...(recording !== null && { recording }) },
          { purpose: admission.purpose, search },
        )
        .then(() => answerRead(this.#world, channel, admission, message, this.ended))
        .catch((fault: unknown) => {
          log(`reading not journaled: ${messageOf(fault)}`);
          this.end("edge-failing");
        });
    };
  }
}
