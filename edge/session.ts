// One session: a person's `open` channel, from waiting for its grant to its end.
// Invariants: it runs only as long as the gate, asked again on every change, says so; admission, extension and the end are in the journal
// before they take effect; an end waits for no disk longer than `journalWaitMs`.
import type { AskedOpening, Keep, OpeningVerdict, Verdict } from "../shared/channel/admission.ts";
import type { ControlMessageOf, Opening } from "../shared/channel/messages.ts";
import { messageOf, SallyportError } from "../shared/errors.ts";
import type { DocumentHash } from "../shared/ids.ts";
import {
  admittedMessage,
  SessionRecord,
  timeLeft,
  type SessionCaller,
} from "./admission-record.ts";
import { atMost, Countdown } from "./countdown.ts";
import {
  decideOpening,
  decideSession,
  type Admission,
  type Caller,
  type Decision,
  type OpeningAdmission,
  type SessionDecision,
} from "./gate.ts";
import { canBeSupervised, rightsFor } from "./opening.ts";
import { toldReason, type RefusalReason } from "./refusal.ts";
import { refusedOpening, SessionStreams } from "./session-streams.ts";
import type { SessionState, SessionSummary, SessionWorld } from "./session-world.ts";
import type { Occupation } from "./situation.ts";

/** How long a session without transport is kept, if nothing else ends it. */
export const graceMs = 2 * 60_000;
/** An end takes effect after so long even if the disk does not answer. */
export const journalWaitMs = 100;
/** How long the vendor's side may take to close after it was told that the session ends. */
const closingMs = 2000;

export class Session {
  readonly #world: SessionWorld;
  readonly #caller: SessionCaller;
  readonly #record: SessionRecord;
  readonly #countdown: Countdown;
  readonly #streams: SessionStreams;
  readonly #ended = Promise.withResolvers<void>();
  #state: SessionState = "opening";
  #admission: Admission | undefined;
  #waitsUntilMs = Infinity;

  /** Called once, when the session is over and its channel told. */
  onEnded: () => void = () => undefined;

  constructor(world: SessionWorld, caller: SessionCaller) {
    this.#world = world;
    this.#caller = caller;
    this.#record = new SessionRecord(world, caller);
    this.#countdown = new Countdown(world.clock, {
      warn: (secondsLeft) => this.#tell({ type: "warning", secondsLeft }),
      due: () => this.rejudge(),
      idle: () => void this.end("session-idle"),
    });
    this.#streams = new SessionStreams(world, {
      isAdmitted: () => this.#isAdmitted(),
      decide: (opening, isIn) => this.#decideOpening(opening, isIn),
      startMinutes: () => this.#startMinutes(),
      onActivity: () => this.#countdown.touch(),
      onFailing: () => this.end("edge-failing"),
    });
  }

  get id(): string {
    return this.#caller.channel.id;
  }

  get request(): DocumentHash {
    return this.#caller.request;
  }

  /** Resolves when the session is over. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Targets with somebody of this session on them. */
  occupations(): readonly Occupation[] {
    return this.#streams.occupations();
  }

  /** Tells each stream who else is on its target. */
  tellPresence(all: readonly Occupation[]): void {
    this.#streams.tellPresence(all);
  }

  summary(): SessionSummary {
    const decision = this.#state === "admitted" ? this.#decide() : undefined;
    return {
      session: this.id,
      state: this.#state,
      person: this.#caller.proof.payload.person,
      request: this.request,
      targets: this.occupations().map(({ target }) => target),
      leftMs: decision?.kind === "admitted" ? decision.admission.leftMs : null,
    };
  }

  /** The first judgement, as the channel asks for it; a reason instead if the answer is no. */
  async begin(): Promise<Verdict | { readonly refused: RefusalReason }> {
    const decision = this.#decide();
    if (decision.kind === "refused") return this.#refuse(decision.reason);
    this.#takeChannel();
    if (decision.kind === "waiting") {
      const verdict = await this.#beginWaiting();
      if (verdict !== undefined) return verdict;
    }
    this.#state = "admitting";
    const message = await this.#admit();
    if (message === undefined) return this.#refuse("edge-failing");
    return { verdict: "admitted", message, keep: this.#keep() };
  }

  // Undefined if it need not wait any more: the grant may come while the waiting is written, and so may a stop.
  async #beginWaiting(): Promise<Verdict | { readonly refused: RefusalReason } | undefined> {
    await this.#record.begin("session-waiting", () => this.#isOver());
    if (this.#isOver()) return this.#refuse("edge-failing");
    const decision = this.#decide();
    if (decision.kind === "admitted") return undefined;
    if (decision.kind === "refused") {
      await this.end(decision.reason);
      return { refused: decision.reason };
    }
    const keep = this.#startWaiting(decision.forMs);
    const untilAt = Math.floor((this.#world.time.reading().wallMs + decision.forMs) / 1000);
    return { verdict: "waiting", message: { type: "waiting", untilAt }, keep };
  }

  /** Asks the gate again; called on every change of what it judges by. */
  rejudge(): void {
    if (this.#state === "admitted") this.#follow(this.#decide());
    else if (this.#state === "waiting") this.#followWaiting(this.#decide());
  }

  /** May a lost channel of this session be resumed? */
  mayResume(): boolean {
    this.rejudge();
    return this.#state !== "ended" && this.#state !== "opening";
  }

  /** One more stream. */
  async open(asked: AskedOpening): Promise<OpeningVerdict> {
    if (!this.#isAdmitted()) return refusedOpening("request-missing");
    return this.#streams.open(asked);
  }

  /** Ends the session and everything in it, for a reason that journal and vendor get. Resolves when both sides were told. */
  async end(reason: RefusalReason | "closed"): Promise<void> {
    if (this.#state === "ended") return this.#ended.promise;
    this.#state = "ended";
    this.#countdown[Symbol.dispose]();
    if (this.#record.isBegun) {
      await atMost(this.#world.clock, journalWaitMs, this.#record.end(reason));
    }
    if (reason !== "closed") this.#dismiss(reason);
    this.#ended.resolve();
    this.onEnded();
    return undefined;
  }

  #dismiss(reason: RefusalReason): void {
    const { channel } = this.#caller;
    this.#streams.end(reason);
    channel.sendControl({ type: "ending", reason: toldReason(reason) });
    channel.end();
    this.#world.clock.setTimer(closingMs, () => channel.abort(toldReason(reason)));
  }

  #takeChannel(): void {
    const { channel } = this.#caller;
    channel.onData = (_bytes, settled) => settled();
    channel.onClose = () => {
      this.#streams.end("edge-failing");
      void this.end("closed");
    };
    channel.onEnd = () => {
      if (this.#state !== "ended") channel.end();
    };
  }

  #followWaiting(decision: SessionDecision): void {
    if (decision.kind === "refused") void this.end(decision.reason);
    else if (decision.kind === "waiting") {
      const keep = this.#startWaiting(decision.forMs);
      if (keep.awayMs > 0) this.#caller.channel.keep(keep);
      else void this.end("request-over");
    } else {
      this.#state = "admitting";
      void this.#admitWaiting();
    }
  }

  async #admitWaiting(): Promise<void> {
    const message = await this.#admit();
    if (message === undefined) return;
    this.#caller.channel.keep(this.#keep());
    this.#tell(message);
  }

  // Whatever goes wrong here ends the session: nobody is half in.
  async #admit(): Promise<ControlMessageOf<"admitted"> | undefined> {
    try {
      return await this.#admitted();
    } catch (thrown) {
      this.#world.log(`session not admitted: ${messageOf(thrown)}`);
      await this.end("edge-failing");
      return undefined;
    }
  }

  // Journal first; then the gate once more, because what it judges by may have changed meanwhile.
  async #admitted(): Promise<ControlMessageOf<"admitted"> | undefined> {
    await this.#record.begin("session-admitted", () => this.#isOver());
    if (this.#state !== "admitting") return undefined;
    const decision = this.#decide();
    if (decision.kind !== "admitted") {
      await this.end(decision.kind === "refused" ? decision.reason : "request-over");
      return undefined;
    }
    this.#state = "admitted";
    this.#hold(decision.admission);
    this.#countdown.watchIdle(this.#world.idleLimitMs);
    const message = await admittedMessage(this.#world, decision.admission);
    return this.#isAdmitted() ? message : undefined;
  }

  #follow(decision: SessionDecision): void {
    if (decision.kind !== "admitted") {
      void this.end(decision.kind === "refused" ? decision.reason : "request-over");
      return;
    }
    const before = this.#admission;
    this.#hold(decision.admission);
    this.#caller.channel.keep(this.#keep());
    this.#streams.rejudge();
    if (before !== undefined && before.grant !== decision.admission.grant) {
      void this.#extend(decision.admission);
    }
  }

  async #extend({ grant }: Admission): Promise<void> {
    const { journal, log } = this.#world;
    try {
      await journal.append("session-extended", { session: this.id, grant });
    } catch (thrown) {
      log(`extension not journaled: ${messageOf(thrown)}`);
      await this.end("edge-failing");
      return;
    }
    const admission = this.#admission;
    if (!this.#isAdmitted() || admission === undefined) return;
    this.#tell({ type: "extended", ...timeLeft(this.#world.time, admission) });
  }

  async #startMinutes(): Promise<void> {
    const { hasStarted = false, window = null } = this.#admission ?? {};
    if (hasStarted) return;
    const { consumption, time } = this.#world;
    if (!(await consumption.start(this.request, time.moment(), window))) {
      throw new SallyportError("internal", `request "${this.request}" has no account`);
    }
    this.rejudge();
  }

  #decide(): SessionDecision {
    const situation = this.#world.situation();
    const job = this.#world.job(this.request);
    if (situation === undefined || job === undefined) {
      return { kind: "refused", reason: "request-missing", shown: "not-permitted" };
    }
    return decideSession(this.#asCaller(), job, situation);
  }

  #decideOpening(opening: Opening, isIn: boolean): Decision<OpeningAdmission> | undefined {
    const situation = this.#world.situation();
    const job = this.#world.job(this.request);
    if (situation === undefined || job === undefined) return undefined;
    const asked = {
      target: opening.target,
      anyOf: rightsFor(opening),
      canBeSupervised: canBeSupervised(opening),
      isIn,
    };
    return decideOpening(this.#asCaller(), job, asked, situation);
  }

  #asCaller(): Caller {
    const { purpose, transcript, proof, attestation } = this.#caller;
    const { spentStep } = this.#record;
    const running = this.#state === "admitted" || this.#state === "admitting";
    return { purpose, transcript, proof, attestation, spentStep, running };
  }

  #hold(admission: Admission): void {
    this.#admission = admission;
    const { leftMs, validMs, hasStarted } = admission;
    this.#countdown.set(validMs, hasStarted ? leftMs : Infinity);
  }

  // Without proven time the gate knows no better each time than that it is the request's own date: the first answer is the longest.
  #startWaiting(forMs: number): Keep {
    const nowMs = this.#world.clock.monotonicMs();
    this.#state = "waiting";
    this.#waitsUntilMs = Math.min(this.#waitsUntilMs, nowMs + forMs);
    const leftMs = this.#waitsUntilMs - nowMs;
    this.#countdown.set(leftMs, Infinity);
    return { awayMs: leftMs, untilMonotonicMs: this.#waitsUntilMs };
  }

  #keep(): Keep {
    const validMs = this.#admission?.validMs ?? 0;
    return { awayMs: graceMs, untilMonotonicMs: this.#world.clock.monotonicMs() + validMs };
  }

  #tell(message: ControlMessageOf<"warning" | "extended" | "admitted">): void {
    this.#caller.channel.sendControl(message);
  }

  #refuse(refused: RefusalReason): { readonly refused: RefusalReason } {
    this.#state = "ended";
    this.#countdown[Symbol.dispose]();
    this.#ended.resolve();
    return { refused };
  }

  #isAdmitted(): boolean {
    return this.#state === "admitted";
  }

  #isOver(): boolean {
    return this.#state === "ended";
  }
}
