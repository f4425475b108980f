// The vendor's side of further channels (shared/protocol.md, "Further channels"): one per target stream, each with its own transport and keys,
// and one spare whose hands are already shaken. Invariant: a number is used once, and no channel outlives its session.
import type { Psk } from "../crypto/hpke.ts";
import { SallyportError } from "../errors.ts";
import { earlyWindowBytes, resumeWithinMs } from "./bounds.ts";
import type { Channel } from "./channel.ts";
import { channelIdOf } from "./handshake.ts";
import { sayHave } from "./have.ts";
import type { Dialling, ShakenHands } from "./initiator.ts";
import { Initiator, refusedHello, shakeHands } from "./initiator.ts";
import type { Opening } from "./messages.ts";
import { SealedChannel } from "./sealed-channel.ts";

/** A lost spare is replaced after this, so that a relay that is down is not hammered. */
const spareRetryMs = 1_000;

interface Ready {
  readonly channel: SealedChannel;
  readonly shaken: ShakenHands;
}

export class FurtherChannels {
  readonly #dialling: Dialling;
  readonly #session: SealedChannel;
  readonly #key: Psk;
  readonly #open = new Set<SealedChannel>();
  #lastNumber = 0;
  #spare: Promise<Ready> | undefined;
  #spareTimer: Disposable | undefined;

  /** `key` is the `further` key of the session's `open` handshake. */
  constructor(dialling: Dialling, session: SealedChannel, key: Psk) {
    this.#dialling = dialling;
    this.#session = session;
    this.#key = key;
  }

  /** A channel on which the opening is already sent. Rejects when no hands can be shaken. */
  async open(opening: Opening): Promise<Channel> {
    const { channel, shaken } = await this.#take();
    this.#open.add(channel);
    new Initiator(
      this.#dialling,
      channel,
      shaken,
      () => resumeWithinMs,
      () => this.#open.delete(channel),
    );
    channel.whenControl = (message) => {
      if (message.type === "opened") channel.widen();
    };
    channel.sendControl(opening);
    channel.releaseSoon();
    this.keepSpare();
    return channel;
  }

  /** Shakes hands for the next opening, unless a spare is there. */
  keepSpare(): void {
    if (this.#session.isClosed || this.#spare !== undefined) return;
    const spare = this.#shakeHands();
    this.#spare = spare;
    const replaceLater = (): void => {
      if (this.#spare !== spare) return;
      this.#spare = undefined;
      this.#spareTimer = this.#dialling.clock.setTimer(spareRetryMs, () => this.keepSpare());
    };
    spare.then(({ channel }) => {
      channel.whenClosed = replaceLater;
    }, replaceLater);
  }

  /** The session is over: so are its channels. */
  close(): void {
    this.#spareTimer?.[Symbol.dispose]();
    for (const channel of this.#open) channel.closeWithSession();
    const spare = this.#spare;
    this.#spare = undefined;
    spare?.then(
      ({ channel }) => channel.closeWithSession(),
      () => undefined,
    );
  }

  async #take(): Promise<Ready> {
    const spare = this.#spare;
    this.#spare = undefined;
    this.#spareTimer?.[Symbol.dispose]();
    const ready = await spare?.catch(() => undefined);
    return ready?.channel.isAttached === true ? ready : this.#shakeHands();
  }

  async #shakeHands(): Promise<Ready> {
    const dialling = this.#dialling;
    const session = this.#session;
    if (session.isClosed) throw sessionClosed();
    this.#lastNumber += 1;
    const shaken = await shakeHands(dialling, {
      kind: "further",
      channel: session.id,
      number: this.#lastNumber,
      psk: this.#key,
    });
    if (shaken.outcome !== "accepted") throw refusedHello(shaken.outcome);
    if (session.isClosed) {
      shaken.link.destroy();
      throw sessionClosed();
    }
    const channel = new SealedChannel({
      side: "vendor",
      clock: dialling.clock,
      budgets: dialling.budgets,
      id: channelIdOf(shaken.keys),
      purpose: session.purpose,
      transcriptHash: session.transcriptHash,
      firstWindowBytes: earlyWindowBytes,
    });
    // Nothing stands on a spare, so it is not resumed but replaced.
    channel.whenLost = (why) => channel.cut(why);
    sayHave(shaken.link, 0);
    channel.attach(shaken.link, shaken.keys.cipher, shaken.have);
    return { channel, shaken };
  }
}

function sessionClosed(): SallyportError {
  return new SallyportError("channel_aborted", "session closed");
}
