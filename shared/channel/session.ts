// The vendor's side of a session (shared/protocol.md, "Sessions"): the `open` channel, which carries what the edge decides, and its further channels.
import type { Clock } from "../clock.ts";
import type { CryptoSuite } from "../crypto/suite.ts";
import type { Purpose } from "../document/proof.ts";
import { SallyportError } from "../errors.ts";
import type { SiteId } from "../ids.ts";
import type { FrameTransport } from "../transport.ts";
import { earlyWindowBytes, resumeWithinMs } from "./bounds.ts";
import { Budget } from "./budget.ts";
import type { Channel } from "./channel.ts";
import { FurtherChannels } from "./further.ts";
import type { ExpectedEdge } from "./handshake.ts";
import { channelIdOf } from "./handshake.ts";
import type { Dialling, ShakenHands } from "./initiator.ts";
import { Initiator, refusedHello, shakeHands } from "./initiator.ts";
import type { ControlMessage, Flight, Opening } from "./messages.ts";
import { SealedChannel } from "./sealed-channel.ts";

export interface SessionOptions {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  /** A fresh transport to the edge, paired by a relay; called once per channel and per resumption. */
  readonly dial: () => Promise<FrameTransport>;
  readonly site: SiteId;
  /** From the verified manifest. */
  readonly edge: ExpectedEdge;
  readonly purpose: Purpose;
  /** Makes the proof, and what goes with it, over the transcript of this very handshake. The edge waits 10 s for it; see `asksPerson`. */
  readonly makeFlight: (transcriptHash: Uint8Array) => Promise<Flight>;
  /** `makeFlight` asks a person for a touch: the edge is told, and waits 120 s (for at most 8 of all people at once, else it says *busy*). */
  readonly asksPerson?: boolean;
}

/** The `open` channel of a session. What the edge decides comes as control messages: `waiting`, `admitted`, `manifest-needed`, …. */
export interface SessionChannel extends Channel {
  /**
   * A further channel for `opening`, resolved as soon as hands are shaken (at once with a spare): bytes may be written before *opened*
   * comes. A refusal closes it: `aborted`, with an error of code `refused`. Rejects when no channel can be had at all.
   */
  further(opening: Opening): Promise<Channel>;
}

/**
 * Dials, makes sure of the edge, and sends the flight. Rejects with `handshake_failed` if it is not that edge that answers, and as soon as
 * the channel closes while the flight is being made: with `refused` and *busy* in its message when too many people are asked at once.
 */
export async function openSession(options: SessionOptions): Promise<SessionChannel> {
  const dialling: Dialling = {
    ...options,
    budgets: { sending: new Budget(), receiving: new Budget() },
  };
  const shaken = await shakeHands(dialling);
  if (shaken.outcome !== "accepted") throw refusedHello(shaken.outcome);
  const session = new OpenedSession(dialling, shaken);
  session.attach(shaken.link, shaken.keys.cipher, 0);
  try {
    if (options.asksPerson === true) session.sendControl({ type: "asking" });
    const making = options.makeFlight(shaken.keys.transcriptHash);
    session.sendControl(await Promise.race([making, closedEarly(session)]));
  } catch (thrown) {
    session.abort("no proof was made");
    throw thrown;
  }
  session.releaseSoon();
  return session;
}

// Nobody is told of a close before the session is handed over, so whoever makes its flight hears of it here.
function closedEarly(session: OpenedSession): Promise<never> {
  return new Promise((_, reject) => {
    session.onClose = (_how, error) =>
      reject(
        error ??
          new SallyportError("transport_lost", "lost before the flight", { retryable: true }),
      );
  });
}

class OpenedSession extends SealedChannel implements SessionChannel {
  readonly #further: FurtherChannels;
  #graceMs = resumeWithinMs;

  constructor(dialling: Dialling, shaken: ShakenHands) {
    super({
      side: "vendor",
      clock: dialling.clock,
      budgets: dialling.budgets,
      id: channelIdOf(shaken.keys),
      purpose: dialling.purpose,
      transcriptHash: shaken.keys.transcriptHash,
      firstWindowBytes: earlyWindowBytes,
    });
    this.#further = new FurtherChannels(dialling, this, shaken.keys.further);
    this.whenControl = (message) => this.#heed(message);
    new Initiator(
      dialling,
      this,
      shaken,
      () => this.#graceMs,
      () => this.#further.close(),
    );
  }

  further(opening: Opening): Promise<Channel> {
    return this.#further.open(opening);
  }

  #heed(message: ControlMessage): void {
    if (message.type === "waiting") {
      // The edge alone knows how long a waiting channel may be resumed.
      this.#graceMs = Number.POSITIVE_INFINITY;
    } else if (message.type === "manifest-needed") {
      this.widen();
    } else if (message.type === "admitted") {
      this.#graceMs = resumeWithinMs;
      this.widen();
      if (this.purpose === "session" || this.purpose === "waiting") this.#further.keepSpare();
    }
  }
}
