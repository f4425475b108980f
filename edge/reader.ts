// Somebody of the site who reads, or tries a device: admitted by the gate, asked again on every change, journaled with what was asked.
import type { EdgeChannel, Verdict } from "../shared/channel/admission.ts";
import { messageOf } from "../shared/errors.ts";
import type { Read } from "../shared/channel/messages.ts";
import { decideReading, type Caller, type ReadingAdmission } from "./gate.ts";
import { Probing, type ProbingWorld } from "./probing.ts";
import { answerRead, type ReadingWorld } from "./reading.ts";
import type { Archive } from "./record/archive.ts";
import { toldReason, type RefusalReason } from "./refusal.ts";
import { graceMs } from "./session.ts";
import { surelyNowMs, type Situation } from "./situation.ts";
import type { RecordingId } from "../shared/record/recording-file.ts";
import type { Watchers } from "./watchers.ts";

/** Nobody watches for longer without a fresh proof. */
const longestReadMs = 24 * 3_600_000;

export interface ReaderWorld extends ReadingWorld, ProbingWorld {
  readonly archive: Archive;
  readonly watchers: Watchers;
  readonly situation: () => Situation | undefined;
  readonly log: (line: string) => void;
}

export class Reader {
  readonly #world: ReaderWorld;
  readonly #channel: EdgeChannel;
  readonly #caller: Caller;
  readonly #ended = new AbortController();
  #untilMs = 0;
  #timer: Disposable | undefined;

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
    this.#untilMs = clock.monotonicMs() + longestReadMs;
    await archive.keep(proof.envelope);
    const ids = { session: this.id, person, proof: proof.hash };
    await journal.append("reading-admitted", ids, { purpose });
    this.rejudge();
    return {
      verdict: "admitted",
      message: {
        type: "admitted",
        targets: [],
        minutesLeft: longestReadMs / 60_000,
        startsOnFirstOpening: false,
        endsAt: null,
      },
      keep: { awayMs: graceMs, untilMonotonicMs: this.#untilMs },
    };
  }

  /** Asks the gate again, whose manifest may end at another time now. */
  rejudge(): void {
    if (!this.ended.aborted) this.#awaitEnd();
  }

  #rejudge(): void {
    const decision = this.#decide();
    if (decision?.kind === "refused") this.end(decision.reason);
  }

  end(reason: RefusalReason): void {
    this.#leave();
    this.#channel.abort(toldReason(reason));
  }

  // A channel that is never lost would otherwise be read on for ever, also beyond the manifest's end.
  #awaitEnd(): void {
    const { clock, situation } = this.#world;
    const leftMs = this.#untilMs - clock.monotonicMs();
    if (leftMs <= 0) this.end("reading-over");
    else this.#rejudge();
    const now = situation();
    if (this.ended.aborted || now === undefined) return;
    this.#timer?.[Symbol.dispose]();
    const manifestLeftMs = now.manifest.endsAt * 1000 - surelyNowMs(now);
    this.#timer = clock.setTimer(Math.min(leftMs, manifestLeftMs), () => this.#awaitEnd());
  }

  #leave(): void {
    this.#timer?.[Symbol.dispose]();
    this.#ended.abort();
  }

  #decide(): ReturnType<typeof decideReading> | undefined {
    const situation = this.#world.situation();
    return situation && decideReading(this.#caller, situation);
  }

  #takeChannel(admission: ReadingAdmission): void {
    const channel = this.#channel;
    const ids = { session: this.id, person: admission.person };
    const probing = new Probing(this.#world, channel, ids, this.ended);
    let isAsked = false;
    let watched: RecordingId | undefined;
    channel.onData = (_bytes, settled) => settled();
    channel.onClose = () => this.#leave();
    channel.onEnd = () => {
      if (admission.purpose === "probe") channel.end();
    };
    channel.onControl = (message) => {
      if (message.type === "probe" && admission.purpose === "probe") {
        this.#unlessFailing(probing.take(message));
      } else if (message.type === "read" && !isAsked) {
        isAsked = true;
        if (admission.purpose === "watch" && message.follow) {
          watched = (message.recording as RecordingId | null) ?? undefined;
        }
        this.#unlessFailing(this.#read(admission, message));
      } else if (message.type === "watching" && watched !== undefined) {
        this.#world.watchers.beat(watched, admission.person);
      }
    };
  }

  async #read(admission: ReadingAdmission, read: Read): Promise<void> {
    const { recording, search } = read;
    const ids = { session: this.id, ...(recording !== null && { recording }) };
    await this.#world.journal.append("read", ids, { purpose: admission.purpose, search });
    await answerRead(this.#world, this.#channel, admission, read, this.ended);
  }

  #unlessFailing(answering: Promise<void>): void {
    answering.catch((fault: unknown) => {
      this.#world.log(`reading not journaled: ${messageOf(fault)}`);
      this.end("edge-failing");
    });
  }
}
