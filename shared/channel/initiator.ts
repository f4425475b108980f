// The vendor's side of one channel: dials, shakes hands, and after a loss dials again and resumes (shared/protocol.md, "Resumption").
// Invariant: keys are given up only as initiatorTable says, so that a reply lost at any point leaves both sides with a common key.
import type { Clock } from "../clock.ts";
import type { Psk } from "../crypto/hpke.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { Purpose } from "../document/proof.ts";
import { SallyportError } from "../errors.ts";
import type { SiteId } from "../ids.ts";
import type { FrameTransport } from "../transport.ts";
import type { RefusalCode } from "./answer.ts";
import { firstRetryMs, longestRetryMs, maxUnadmittedBytes, unadmittedMs } from "./bounds.ts";
import type { Budgets } from "./budget.ts";
import type { EpochKeys, ExpectedEdge, HelloRequest } from "./handshake.ts";
import { finishHello, makeHello } from "./handshake.ts";
import { receiveHave, sayHave } from "./have.ts";
import { RecordLink } from "./link.ts";
import { Preamble } from "./preamble.ts";
import type { InitiatorEvent, InitiatorState } from "./resumption.ts";
import { initiatorTable, step } from "./resumption.ts";
import type { SealedChannel } from "./sealed-channel.ts";

/** What every channel of a session is dialled with. */
export interface Dialling {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly budgets: Budgets;
  /** A fresh transport to the edge, through whatever relay. */
  readonly dial: () => Promise<FrameTransport>;
  readonly site: SiteId;
  readonly edge: ExpectedEdge;
  readonly purpose: Purpose;
}

export interface ShakenHands {
  readonly outcome: "accepted";
  readonly keys: EpochKeys;
  /** Paused; whoever attaches it resumes it. */
  readonly link: RecordLink;
  /** Items that the edge has, by its first record; 0 for the kind `open`. */
  readonly have: number;
}

/** Dials and shakes hands once. Throws when the network or the edge's identity fails; a refusal that the edge signed is a value. */
export async function shakeHands(
  dialling: Dialling,
  standing?: HelloRequest["standing"],
): Promise<ShakenHands | { readonly outcome: RefusalCode }> {
  const { suite, clock, site, edge, purpose } = dialling;
  const transport = await dialling.dial();
  using preamble = new Preamble(transport, clock, maxUnadmittedBytes, unadmittedMs);
  try {
    const sent = await makeHello(suite, {
      site,
      edge: edge.id,
      purpose,
      ...(standing && { standing }),
    });
    transport.send([sent.bytes]);
    const result = await finishHello(suite, edge, sent, await preamble.receive());
    if (result.outcome !== "accepted") {
      transport.close();
      return result;
    }
    preamble.check();
    const link = new RecordLink(suite, "vendor", result.keys, transport);
    const have = standing === undefined ? 0 : await receiveHave(link);
    return { ...result, link, have };
  } catch (thrown) {
    transport.destroy();
    throw thrown;
  }
}

interface HeldKey {
  readonly psk: Psk;
  readonly epoch: number;
}

/** Keeps one channel resumable, after each loss for as long as `graceMs` says. It is the channel's owner, and passes its close on. */
export class Initiator {
  readonly #dialling: Dialling;
  readonly #channel: SealedChannel;
  readonly #graceMs: () => number;
  /** The newest last; never more than two. */
  #keys: readonly HeldKey[];
  #state: InitiatorState = "proven";
  #isResuming = false;
  /** What befell the last transport or attempt. */
  #failure: unknown;
  #graceTimer: Disposable | undefined;
  #retry: { readonly timer: Disposable; readonly go: () => void } | undefined;

  constructor(
    dialling: Dialling,
    channel: SealedChannel,
    shaken: ShakenHands,
    graceMs: () => number,
    whenClosed: () => void,
  ) {
    this.#dialling = dialling;
    this.#channel = channel;
    this.#graceMs = graceMs;
    this.#keys = [{ psk: shaken.keys.resume, epoch: 0 }];
    channel.whenLost = (why) => this.#lost(why);
    channel.whenClosed = () => {
      this.#stop();
      whenClosed();
    };
  }

  #lost(why?: SallyportError): void {
    this.#step("lost");
    this.#failure = why;
    const graceMs = this.#graceMs();
    if (Number.isFinite(graceMs)) {
      this.#graceTimer = this.#dialling.clock.setTimer(graceMs, () => this.#step("graceOver"));
    }
    if (!this.#isResuming) void this.#resume();
  }

  /** Never rejects. */
  async #resume(): Promise<void> {
    this.#isResuming = true;
    for (let attempt = 0; this.#isAway(); attempt += 1) {
      if (attempt > 0) await this.#pauseBefore(attempt);
      if (!this.#isAway()) break;
      try {
        await this.#try();
      } catch (thrown) {
        // Whatever failed, the network or a stranger's answer, may be gone at the next attempt; the grace time ends it.
        this.#failure = thrown;
      }
    }
    this.#isResuming = false;
  }

  async #try(): Promise<void> {
    const key = this.#keys.at(-1) as HeldKey;
    const epoch = key.epoch + 1;
    const shaken = await shakeHands(this.#dialling, {
      kind: "resume",
      channel: this.#channel.id,
      number: epoch,
      psk: key.psk,
    });
    if (shaken.outcome !== "accepted") {
      if (shaken.outcome !== "busy" && this.#isAway()) this.#step("unknown");
      return;
    }
    if (!this.#isAway()) {
      shaken.link.destroy();
      return;
    }
    this.#step("haveOpened", { psk: shaken.keys.resume, epoch });
    this.#graceTimer?.[Symbol.dispose]();
    this.#channel.whenOpened = () => this.#step("recordOpened");
    sayHave(shaken.link, this.#channel.receivedItems);
    this.#channel.attach(shaken.link, shaken.keys.cipher, shaken.have);
  }

  #isAway(): boolean {
    return this.#state === "awayProven" || this.#state === "awayOffered";
  }

  #step(event: InitiatorEvent, fresh?: HeldKey): void {
    if (this.#state === "closed") return;
    const [next, ...effects] = step(initiatorTable, this.#state, event);
    this.#state = next;
    if (next === "proven") this.#channel.whenOpened = ignore;
    for (const effect of effects) {
      switch (effect) {
        case "takeFresh":
          this.#keys = [...this.#keys.slice(-1), ...(fresh === undefined ? [] : [fresh])];
          break;
        case "forgetOlder":
          this.#keys = this.#keys.slice(-1);
          break;
        case "forgetNewer":
          this.#keys = this.#keys.slice(0, 1);
          break;
        case "cut":
          this.#channel.cut(
            new SallyportError(
              "transport_lost",
              event === "unknown" ? "the edge no longer holds this channel" : "not resumed in time",
              { cause: this.#failure },
            ),
          );
          break;
      }
    }
  }

  #pauseBefore(attempt: number): Promise<void> {
    const { suite, clock } = this.#dialling;
    const longestMs = Math.min(firstRetryMs * 2 ** attempt, longestRetryMs);
    const delayMs = ((suite.randomBytes(1)[0] ?? 0) / 255) * longestMs;
    return new Promise((go) => {
      this.#retry = { timer: clock.setTimer(delayMs, go), go };
    });
  }

  #stop(): void {
    this.#state = "closed";
    this.#keys = [];
    this.#graceTimer?.[Symbol.dispose]();
    this.#retry?.timer[Symbol.dispose]();
    this.#retry?.go();
  }
}

/** The error of a first handshake that the edge refused under its signature. */
export function refusedHello(outcome: RefusalCode): SallyportError {
  const text = {
    unknown: "the edge does not know this session or site",
    unsupported: "the edge supports neither this version nor these suites",
    busy: "the edge has too many channels at once",
  };
  return new SallyportError("refused", text[outcome], { retryable: outcome === "busy" });
}

function ignore(): void {}
