// A channel as the edge keeps it: what it may be resumed with, until when, and which session it belongs to (shared/protocol.md, "Resumption").
// Invariant: keys are taken and given up only as acceptorTable says; the attached link stays until a record opens under the new keys.
import type { Psk } from "../crypto/hpke.ts";
import { SallyportError } from "../errors.ts";
import type { EdgeChannel, Keep } from "./admission.ts";
import type { RecordLink } from "./link.ts";
import type { ControlMessage } from "./messages.ts";
import type { AcceptorEvent, AcceptorState } from "./resumption.ts";
import { acceptorTable, step } from "./resumption.ts";
import type { ChannelNature } from "./sealed-channel.ts";
import { SealedChannel } from "./sealed-channel.ts";

interface HeldKey {
  readonly psk: Psk;
  readonly epoch: number;
}

/** A key that a hello may stand on now. */
export interface Ground {
  readonly psk: Psk;
  readonly event: "helloOnConfirmed" | "helloOnCandidate";
}

/** A handshake that was answered and has not yet shown that the other side has its keys. */
export interface Candidate extends HeldKey {
  readonly link: RecordLink;
}

/** A shortened `keep` counts for those already away after this. */
const keepCheckMs = 1_000;
const notKept: Keep = { awayMs: 0, untilMonotonicMs: 0 };

export class AcceptedChannel extends SealedChannel implements EdgeChannel {
  readonly session: AcceptedChannel;
  /** For further channels, on a session's `open` channel. */
  readonly furtherKey: Psk;
  readonly #nature: ChannelNature;
  #isResumable = false;
  /** Of the session; unused on further channels. */
  #keep: Keep = notKept;
  #state: AcceptorState = "attached";
  #confirmed: HeldKey;
  #candidate: Candidate | undefined;
  #graceTimer: Disposable | undefined;

  /** `session` is undefined for the `open` channel of a session. */
  constructor(nature: ChannelNature, resume: Psk, furtherKey: Psk, session?: AcceptedChannel) {
    super(nature);
    this.#nature = nature;
    this.session = session ?? this;
    this.furtherKey = furtherKey;
    this.#confirmed = { psk: resume, epoch: 0 };
    this.whenLost = (why) => this.cut(why);
  }

  keep(keep: Keep): void {
    this.session.#keep = keep;
  }

  /** From now on a loss is no cut. */
  becomeResumable(): void {
    this.#isResumable = true;
    this.whenLost = (why) => this.#lost(why);
  }

  /** *Admitted* opens the window, whether it is the first verdict or comes after *waiting*. */
  override sendControl(message: ControlMessage): void {
    super.sendControl(message);
    if (message.type === "admitted") this.widen();
  }

  /** The key that a resuming hello names for its epoch, if this channel holds it. */
  groundOf(pskId: string, epoch: number): Ground | undefined {
    const isNamed = (key?: HeldKey): key is HeldKey =>
      key !== undefined && key.epoch + 1 === epoch && key.psk.id.toHex() === pskId;
    if (!this.#isResumable || this.isClosed) return undefined;
    if (isNamed(this.#candidate)) return { psk: this.#candidate.psk, event: "helloOnCandidate" };
    if (isNamed(this.#confirmed)) return { psk: this.#confirmed.psk, event: "helloOnConfirmed" };
    return undefined;
  }

  /** The candidate's answer goes out: the old link is not read on, so that the *have* that goes with it stays true. */
  offer(event: Ground["event"], candidate: Candidate): void {
    this.#candidate?.link.destroy();
    this.#step(event, candidate);
    this.freeze(true);
  }

  /** The candidate's link was lost before a record opened on it: its key stays, and the old link is read on. */
  withdraw(candidate: Candidate): void {
    if (this.#candidate === candidate) this.freeze(false);
  }

  /** The first record opened under the candidate's keys. False if another candidate has taken its place. */
  confirm(candidate: Candidate): boolean {
    if (this.isClosed || this.#candidate !== candidate) return false;
    this.#step("recordOpened");
    this.#graceTimer?.[Symbol.dispose]();
    return true;
  }

  /** Forgets everything that could resume it. To be called once, when the channel has closed. */
  forget(): void {
    this.#state = "closed";
    this.#graceTimer?.[Symbol.dispose]();
    this.#candidate?.link.destroy();
  }

  #lost(why?: SallyportError): void {
    this.#step("lost");
    this.#awaitReturn(this.#nature.clock.monotonicMs(), why);
  }

  // The session's `keep` may change while a channel is away, so the deadline is looked at again when it is reached.
  #awaitReturn(lostAtMs: number, why?: SallyportError): void {
    const { awayMs, untilMonotonicMs } = this.session.#keep;
    const leftMs = Math.min(lostAtMs + awayMs, untilMonotonicMs) - this.#nature.clock.monotonicMs();
    if (leftMs <= 0) {
      this.#step("graceOver", undefined, why);
      return;
    }
    const stepMs = Math.min(leftMs, keepCheckMs);
    this.#graceTimer = this.#nature.clock.setTimer(stepMs, () => this.#awaitReturn(lostAtMs, why));
  }

  #step(event: AcceptorEvent, candidate?: Candidate, why?: SallyportError): void {
    if (this.#state === "closed") return;
    const [next, ...effects] = step(acceptorTable, this.#state, event);
    this.#state = next;
    for (const effect of effects) {
      switch (effect) {
        case "offer":
          this.#candidate = candidate;
          break;
        case "promote":
          this.#confirmed = this.#candidate ?? this.#confirmed;
          this.#candidate = undefined;
          break;
        case "cut":
          this.cut(why ?? new SallyportError("transport_lost", "not resumed in time"));
          break;
        case "attach":
          // The acceptor attaches the link, which it has, right after this step.
          break;
      }
    }
  }
}
