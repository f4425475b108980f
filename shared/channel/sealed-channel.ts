// The channel itself (shared/protocol.md, "Items", "End, abort, cut"): a sender and a receiver over whatever link is attached. Who dials, answers and
// decides stands around it (initiator.ts, accepted.ts, acceptor.ts).
// Invariants: only what is under the seal ends or aborts it; every breach of the protocol aborts it; nothing is called after `onClose`.
import { concatBytes, fromUtf8, utf8 } from "../bytes.ts";
import type { Clock } from "../clock.ts";
import type { RecordCipherName } from "../crypto/suite.ts";
import type { Purpose } from "../document/proof.ts";
import { SallyportError } from "../errors.ts";
import type { ChannelId } from "../ids.ts";
import { lingerMs, maxAbortReasonBytes, maxContentBytes, windowBytes } from "./bounds.ts";
import type { Budgets } from "./budget.ts";
import type { Channel, CloseKind } from "./channel.ts";
import { countOf } from "./fixed-bytes.ts";
import type { RecordLink, Side } from "./link.ts";
import type { ControlMessage } from "./messages.ts";
import { encodeControl } from "./messages.ts";
import { Receiver } from "./receiver.ts";
import type { OpenedRecord } from "./record.ts";
import { recordTypes } from "./record.ts";
import { Sender } from "./sender.ts";

/** What a channel is from its first handshake on. */
export interface ChannelNature {
  readonly side: Side;
  readonly clock: Clock;
  readonly budgets: Budgets;
  readonly id: ChannelId;
  readonly purpose: Purpose;
  readonly transcriptHash: Uint8Array;
  /** Weight that may be sent before `widen`. */
  readonly firstWindowBytes: number;
}

/** First byte of an abort's content; anything else is a plain abort. */
const refusedCode = 1;

export class SealedChannel implements Channel {
  readonly #nature: ChannelNature;
  readonly #sender: Sender;
  readonly #receiver: Receiver;
  #link: RecordLink | undefined;
  #cipher: RecordCipherName | undefined;
  #epoch = -1;
  #isWide = false;
  #hasEnded = false;
  /** On the vendor's side, once everything is said and acknowledged in both directions. */
  #linger: Disposable | undefined;
  #isClosed = false;

  onControl: (message: ControlMessage) => void = ignore;
  onData: (bytes: Uint8Array, settled: () => void) => void = (_bytes, settled) => settled();
  onDrain: () => void = ignore;
  onEnd: () => void = ignore;
  onAway: () => void = ignore;
  onBack: () => void = ignore;
  onClose: (how: CloseKind, error?: SallyportError, reason?: string) => void = ignore;

  /** For the owner: the attached link was lost. */
  whenLost: (why?: SallyportError) => void = ignore;
  /** For the owner: a record of the attached link opened. */
  whenOpened: () => void = ignore;
  /** For the owner: the other side's control message, before its user sees it. */
  whenControl: (message: ControlMessage) => void = ignore;
  /** For the owner: exactly once, right before `onClose`. */
  whenClosed: () => void = ignore;

  constructor(nature: ChannelNature) {
    const { budgets, clock, firstWindowBytes } = nature;
    this.#nature = nature;
    this.#sender = new Sender(budgets.sending, firstWindowBytes, () => this.onDrain());
    this.#receiver = new Receiver(budgets.receiving, clock, {
      data: (bytes, settled) => this.onData(bytes, settled),
      control: (message) => {
        this.whenControl(message);
        this.onControl(message);
      },
      end: () => this.onEnd(),
      settled: () => this.#finishIfDone(),
    });
  }

  get id(): ChannelId {
    return this.#nature.id;
  }

  get purpose(): Purpose {
    return this.#nature.purpose;
  }

  get transcriptHash(): Uint8Array {
    return this.#nature.transcriptHash;
  }

  get cipher(): RecordCipherName {
    if (this.#cipher === undefined) throw new SallyportError("internal", "never attached");
    return this.#cipher;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get unacknowledgedBytes(): number {
    return this.#sender.weight;
  }

  /** Items that came so far: what this side's *have* says. */
  get receivedItems(): number {
    return this.#receiver.receivedItems;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get isAttached(): boolean {
    return this.#link !== undefined;
  }

  /** True since `widen`. */
  get isWide(): boolean {
    return this.#isWide;
  }

  sendControl(message: ControlMessage): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#sender.requireRoom();
    const bytes = encodeControl(message);
    let at = 0;
    for (; at + maxContentBytes < bytes.length; at += maxContentBytes) {
      this.#sender.push(recordTypes.controlPart, bytes.subarray(at, at + maxContentBytes));
    }
    this.#sender.push(recordTypes.control, bytes.subarray(at));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isClosed || this.#hasEnded) return false;
    this.#sender.requireRoom();
    for (let at = 0; at < bytes.length; at += maxContentBytes) {
      this.#sender.push(recordTypes.data, bytes.subarray(at, at + maxContentBytes));
    }
    return this.#sender.isWritable();
  }

  end(): void {
    if (this.#isClosed || this.#hasEnded) return;
    this.#hasEnded = true;
    this.#sender.push(recordTypes.end, new Uint8Array());
  }

  abort(reason: string, as?: "refused"): void {
    if (this.#isClosed) return;
    const shown = cutText(reason);
    this.#sayAbort(as === "refused" ? refusedCode : 0, shown);
    this.#close("aborted", undefined, shown);
  }

  /**
   * Goes on over `link`, from the item after those that the other side has, and reads on. The old link, if any, is destroyed. Without effect on
   * a closed channel, but for destroying the link.
   */
  attach(link: RecordLink, cipher: RecordCipherName, peerHave: number): void {
    if (this.#isClosed) {
      link.destroy();
      return;
    }
    this.#link?.destroy();
    this.#link = link;
    this.#cipher = cipher;
    this.#epoch += 1;
    link.onRecord = (record) => this.#take(record);
    link.onFree = () => this.#sender.flush();
    link.onLost = (why) => this.#lose(why);
    if (this.#isWide) link.allow(Number.POSITIVE_INFINITY);
    this.#guard(() => {
      this.#sender.attach(link, peerHave);
      this.#receiver.attach(link);
      if (this.#epoch > 0) {
        // The first record after a *have*: it shows the other side that its keys are ours.
        this.#receiver.acknowledge();
        this.onBack();
      }
      this.#sender.flush();
    });
    link.resume();
  }

  /** Stops reading of the attached link while a resumption is under way, so that this side's *have* stays true. */
  freeze(isFrozen: boolean): void {
    this.#receiver.freeze(isFrozen);
  }

  /** The channel is admitted or opened: the whole window is open, and the other side may send at will. */
  widen(): void {
    this.#isWide = true;
    this.#link?.allow(Number.POSITIVE_INFINITY);
    this.#sender.widen(windowBytes);
  }

  /** The next item, which has to be a control message; only before `release`. Rejects when the channel closes before. */
  takeControl(): Promise<ControlMessage> {
    return this.#receiver.takeControl();
  }

  /** Hands the channel to its user: what came meanwhile is delivered now, and everything else as it comes. */
  release(): void {
    this.#receiver.release();
  }

  /** `release` in a later turn, so that whoever is given the channel now has set its callbacks by then. */
  releaseSoon(): void {
    setTimeout(() => this.release(), 0);
  }

  /** Its session is over: says so, if anybody can hear it, else it is a cut. */
  closeWithSession(): void {
    if (this.isAttached) this.abort("session closed");
    else this.cut(new SallyportError("transport_lost", "session closed"));
  }

  /** Gives up without a word to the other side. */
  cut(error?: SallyportError): void {
    if (this.#isClosed) return;
    if (this.#linger === undefined) this.#close("cut", error);
    else this.#close("ended");
  }

  #take({ type, content }: OpenedRecord): void {
    this.whenOpened();
    if (this.#isClosed) return;
    this.#guard(() => {
      if (type === recordTypes.ack) this.#takeAck(content);
      else if (type === recordTypes.abort) this.#takeAbort(content);
      else if (type === recordTypes.have) throw haveOutOfTurn();
      else this.#receiver.take(type, content);
    });
  }

  #takeAck(content: Uint8Array): void {
    const count = countOf(content);
    if (count === undefined) throw new SallyportError("record_invalid", "ack without a count");
    this.#sender.acknowledge(count);
    this.#finishIfDone();
  }

  #takeAbort(content: Uint8Array): void {
    const reason = cutText(fromUtf8(content.subarray(1)));
    const code = content[0] === refusedCode ? "refused" : "channel_aborted";
    this.#close("aborted", new SallyportError(code, reason), reason);
  }

  #lose(why?: SallyportError): void {
    this.#link = undefined;
    this.#sender.detach();
    this.#receiver.detach();
    if (this.#linger !== undefined && why === undefined) {
      this.#close("ended");
      return;
    }
    this.onAway();
    if (!this.#isClosed) this.whenLost(why);
  }

  // A breach of the protocol under the seal is the other side's fault, not the network's: nothing is resumed after it.
  #guard(act: () => void): void {
    try {
      act();
    } catch (thrown) {
      if (!(thrown instanceof SallyportError)) throw thrown;
      if (this.#isClosed) return;
      this.#sayAbort(0, "protocol violated");
      this.#close("aborted", thrown);
    }
  }

  #sayAbort(code: number, reason: string): void {
    this.#link?.say(recordTypes.abort, concatBytes(Uint8Array.of(code), utf8(reason)));
  }

  // The edge closes the transport of an ended channel. Until it does, the vendor's side stays, so that its last ack can still be brought after a loss.
  #finishIfDone(): void {
    const isDone =
      this.#hasEnded && this.#sender.weight === 0 && this.#receiver.isDone && !this.#isClosed;
    if (!isDone) return;
    if (this.#nature.side === "edge") this.#close("ended");
    else this.#linger ??= this.#nature.clock.setTimer(lingerMs, () => this.#close("ended"));
  }

  #close(how: CloseKind, error?: SallyportError, reason?: string): void {
    this.#isClosed = true;
    this.#sender.close();
    this.#receiver.close(error);
    this.#linger?.[Symbol.dispose]();
    this.#link?.close();
    this.#link = undefined;
    this.whenClosed();
    this.onClose(how, error, reason);
  }
}

// At most the bytes that an abort may carry, cut between characters.
function cutText(text: string): string {
  const bytes = utf8(text.toWellFormed());
  if (bytes.length <= maxAbortReasonBytes) return text.toWellFormed();
  return new TextDecoder().decode(bytes.subarray(0, maxAbortReasonBytes), { stream: true });
}

function haveOutOfTurn(): SallyportError {
  return new SallyportError("record_invalid", "have after the first record");
}

function ignore(): void {}
