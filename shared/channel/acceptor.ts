// The edge's side (shared/protocol.md, "Admission", "Further channels", "Resumption"): takes transports, answers hellos of the three kinds, asks the
// gate, and keeps what may be resumed. Invariants: nobody is admitted without the gate's verdict; before it a transport has 16 KiB, 10 s (120 s
// while a person is asked) and few beside it; whoever is not known gets one signed answer that says no more than that.
import type { Clock } from "../clock.ts";
import type { CryptoSuite, RecordCipherName } from "../crypto/suite.ts";
import { messageOf, SallyportError } from "../errors.ts";
import type { ChannelId, EdgeId, SiteId } from "../ids.ts";
import type { FrameTransport } from "../transport.ts";
import { AcceptedChannel } from "./accepted.ts";
import type { Candidate } from "./accepted.ts";
import type { ChannelGate, Verdict } from "./admission.ts";
import type { RefusalCode } from "./answer.ts";
import {
  askingMs,
  manifestsMs,
  maxAsking,
  maxFurther,
  maxManifestBytes,
  maxManifests,
  maxSpares,
  maxUnadmitted,
  maxUnadmittedBytes,
  unadmittedMs,
  windowBytes,
} from "./bounds.ts";
import { Budget } from "./budget.ts";
import type { EpochKeys } from "./handshake.ts";
import { answerHello, channelIdOf, chooseCipher, refuseHello } from "./handshake.ts";
import { receiveHave, sayHave } from "./have.ts";
import type { Hello, Standing } from "./hello.ts";
import { decodeHello, helloVersion, protocolVersion } from "./hello.ts";
import { RecordLink } from "./link.ts";
import type { Flight, Opening } from "./messages.ts";
import { NumberWindow } from "./number-window.ts";
import { Preamble } from "./preamble.ts";

export interface AcceptorOptions {
  readonly suite: CryptoSuite;
  readonly clock: Clock;
  readonly site: SiteId;
  /** This edge; `signingKey` is its Ed25519 seed. */
  readonly edge: { readonly id: EdgeId; readonly signingKey: Uint8Array };
  readonly gate: ChannelGate;
}

export interface ChannelAcceptor {
  /** Takes a fresh transport, in the turn in which it was made, and owns it from then on. */
  accept(transport: FrameTransport): void;
  /** Aborts every channel and takes no more. */
  close(reason: string): void;
}

interface Session {
  readonly channel: AcceptedChannel;
  readonly numbers: NumberWindow;
  readonly further: Set<AcceptedChannel>;
  spares: number;
}

/** A transport on which nobody is admitted yet. */
interface Visit {
  readonly preamble: Preamble;
  /** Gives a person time, and moves the transport from the many who are in a hurry to the few who are not. False: those are too many. */
  readonly ask: () => boolean;
  /** Ends the limits of time and number. */
  readonly letIn: () => void;
  /** The channel that owns the transport, once it has one. */
  owner?: AcceptedChannel;
}

/** A visit whose hello was read. */
interface Arrival {
  readonly visit: Visit;
  readonly helloBytes: Uint8Array;
  readonly hello: Hello;
  readonly cipher: RecordCipherName;
}

/** Starts the edge's side. It does no work until a transport is given to it. */
export function acceptChannels(options: AcceptorOptions): ChannelAcceptor {
  return new Acceptor(options);
}

class Acceptor implements ChannelAcceptor {
  readonly #options: AcceptorOptions;
  readonly #budgets = { sending: new Budget(), receiving: new Budget() };
  readonly #sessions = new Map<ChannelId, Session>();
  /** Every channel that may be resumed, `open` and further ones. */
  readonly #channels = new Map<ChannelId, AcceptedChannel>();
  readonly #unadmitted = { hurried: 0, asking: 0 };
  #isClosed = false;

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  accept(transport: FrameTransport): void {
    if (this.#isClosed || this.#unadmitted.hurried >= maxUnadmitted) {
      transport.onClose = () => undefined;
      transport.destroy();
      this.#reject(new SallyportError("channel_bound", "too many at once before admission"));
      return;
    }
    const { clock } = this.#options;
    const preamble = new Preamble(transport, clock, maxUnadmittedBytes, unadmittedMs);
    const unadmitted = this.#unadmitted;
    unadmitted.hurried += 1;
    let countedAs: keyof typeof unadmitted | undefined = "hurried";
    const ask = (): boolean => {
      if (countedAs !== "hurried" || unadmitted.asking >= maxAsking) return false;
      unadmitted.hurried -= 1;
      unadmitted.asking += 1;
      countedAs = "asking";
      preamble.restartLimit(askingMs);
      return true;
    };
    const letIn = (): void => {
      preamble[Symbol.dispose]();
      if (countedAs !== undefined) unadmitted[countedAs] -= 1;
      countedAs = undefined;
    };
    const visit: Visit = { preamble, ask, letIn };
    this.#serve(visit)
      .catch((thrown: unknown) => {
        if (visit.owner === undefined) transport.destroy();
        else visit.owner.abort("internal fault");
        this.#reject(thrown);
      })
      .finally(letIn);
  }

  close(reason: string): void {
    this.#isClosed = true;
    for (const { channel } of this.#sessions.values()) channel.abort(reason);
  }

  async #serve(visit: Visit): Promise<void> {
    const { preamble } = visit;
    const helloBytes = await preamble.receive();
    if (helloVersion(helloBytes) !== protocolVersion) {
      return this.#refuse(preamble, helloBytes, "unsupported");
    }
    const hello = decodeHello(helloBytes);
    const { site, edge, suite } = this.#options;
    if (hello.site !== site || hello.edge !== edge.id) {
      return this.#refuse(preamble, helloBytes, "unknown");
    }
    const cipher = chooseCipher(suite, hello);
    if (cipher === undefined) return this.#refuse(preamble, helloBytes, "unsupported");
    const arrival = { visit, helloBytes, hello, cipher };
    if (hello.standing === undefined) return this.#open(arrival);
    return hello.kind === "further"
      ? this.#further(arrival, hello.standing)
      : this.#resume(arrival, hello.standing);
  }

  async #open(arrival: Arrival): Promise<void> {
    const { gate } = this.#options;
    const { keys, link } = await this.#answer(arrival);
    const channel = this.#channelOf(arrival, keys);
    arrival.visit.owner = channel;
    channel.attach(link, keys.cipher, 0);
    const flight = await takeFlight(channel, arrival.visit);
    arrival.visit.letIn();
    const { purpose } = arrival.hello;
    const manifests: string[] = [];
    let verdict = await gate.onOpen({ channel, purpose, flight, manifests });
    if (verdict.verdict === "manifest-needed" && !channel.isClosed) {
      using _limit = this.#options.clock.setTimer(manifestsMs, () => channel.abort("too slow"));
      link.allow(maxManifestBytes);
      channel.sendControl(verdict.message);
      await takeManifests(channel, manifests);
      verdict = await gate.onOpen({ channel, purpose, flight, manifests });
    }
    this.#carryOut(channel, verdict);
  }

  #carryOut(channel: AcceptedChannel, verdict: Verdict): void {
    if (this.#isClosed) channel.abort("the edge shuts down");
    if (channel.isClosed) return;
    if (verdict.verdict === "refused" || verdict.verdict === "manifest-needed") {
      channel.abort(
        verdict.verdict === "refused" ? verdict.reason : "the manifests lead to no known one",
        "refused",
      );
      return;
    }
    this.#registerSession(channel);
    channel.keep(verdict.keep);
    channel.becomeResumable();
    channel.sendControl(verdict.message);
    channel.release();
  }

  async #further(arrival: Arrival, standing: Standing): Promise<void> {
    const { visit, helloBytes } = arrival;
    const { gate } = this.#options;
    const session = this.#sessions.get(standing.channel);
    const isKnown =
      session?.channel.isWide === true &&
      session.channel.purpose === arrival.hello.purpose &&
      session.channel.furtherKey.id.toHex() === standing.pskId.toHex() &&
      session.numbers.isFresh(standing.number);
    if (!isKnown) return this.#refuse(visit.preamble, helloBytes, "unknown");
    if (session.spares >= maxSpares || session.further.size >= maxFurther) {
      return this.#refuse(visit.preamble, helloBytes, "busy");
    }
    const { keys, link } = await this.#answer(arrival, session.channel.furtherKey);
    sayHave(link, 0);
    const have = await receiveHave(link);
    if (session.channel.isClosed || !session.numbers.use(standing.number)) {
      link.destroy();
      throw new SallyportError("handshake_failed", `number ${standing.number} was used before`);
    }
    visit.letIn();
    const channel = this.#channelOf(arrival, keys, session.channel);
    this.#registerFurther(session, channel);
    visit.owner = channel;
    channel.attach(link, keys.cipher, have);
    const opening = await takeOpening(channel, session);
    if (opening === undefined) return;
    const verdict = await gate.onOpening({ session: session.channel, channel, opening });
    if (channel.isClosed) return;
    if (!verdict.admitted) {
      channel.abort(verdict.reason, "refused");
      return;
    }
    channel.becomeResumable();
    channel.widen();
    channel.release();
  }

  async #resume(arrival: Arrival, standing: Standing): Promise<void> {
    const { visit, helloBytes, hello } = arrival;
    const channel = this.#channels.get(standing.channel);
    const pskId = standing.pskId.toHex();
    const isKnown =
      channel?.purpose === hello.purpose &&
      channel.groundOf(pskId, standing.number) !== undefined &&
      (await this.#options.gate.onResume(channel));
    const ground = isKnown ? channel.groundOf(pskId, standing.number) : undefined;
    if (channel === undefined || ground === undefined) {
      return this.#refuse(visit.preamble, helloBytes, "unknown");
    }
    const { keys, link } = await this.#answer(arrival, ground.psk);
    const candidate: Candidate = { psk: keys.resume, epoch: standing.number, link };
    if (channel.groundOf(pskId, standing.number)?.event !== ground.event) {
      throw new SallyportError("handshake_failed", "another resumption came first");
    }
    channel.offer(ground.event, candidate);
    sayHave(link, channel.receivedItems);
    let have: number;
    try {
      have = await receiveHave(link);
    } catch (thrown) {
      channel.withdraw(candidate);
      throw thrown;
    }
    if (!channel.confirm(candidate)) {
      throw new SallyportError("handshake_failed", "another resumption came first");
    }
    visit.owner = channel;
    channel.attach(link, keys.cipher, have);
  }

  async #answer(arrival: Arrival, psk?: AcceptedChannel["furtherKey"]) {
    const { suite, edge } = this.#options;
    const { helloBytes, cipher } = arrival;
    const { preamble } = arrival.visit;
    const { answer, keys } = await answerHello(suite, edge.signingKey, helloBytes, cipher, psk);
    preamble.check();
    preamble.transport.send([answer]);
    const link = new RecordLink(suite, "edge", keys, preamble.transport);
    link.allow(preamble.allowedBytes);
    return { keys, link };
  }

  #channelOf(arrival: Arrival, keys: EpochKeys, session?: AcceptedChannel): AcceptedChannel {
    const nature = {
      side: "edge",
      clock: this.#options.clock,
      budgets: this.#budgets,
      id: channelIdOf(keys),
      purpose: arrival.hello.purpose,
      transcriptHash: session?.transcriptHash ?? keys.transcriptHash,
      firstWindowBytes: windowBytes,
    } as const;
    return new AcceptedChannel(nature, keys.resume, keys.further, session);
  }

  #registerSession(channel: AcceptedChannel): void {
    const { id } = channel;
    const further = new Set<AcceptedChannel>();
    this.#channels.set(id, channel);
    this.#sessions.set(id, { channel, numbers: new NumberWindow(), further, spares: 0 });
    channel.whenClosed = () => {
      channel.forget();
      this.#channels.delete(id);
      this.#sessions.delete(id);
      for (const other of further) other.closeWithSession();
    };
  }

  #registerFurther(session: Session, channel: AcceptedChannel): void {
    const { id } = channel;
    this.#channels.set(id, channel);
    session.further.add(channel);
    channel.whenClosed = () => {
      channel.forget();
      this.#channels.delete(id);
      session.further.delete(channel);
    };
  }

  async #refuse(preamble: Preamble, helloBytes: Uint8Array, code: RefusalCode): Promise<void> {
    const { suite, edge } = this.#options;
    const answer = await refuseHello(suite, edge.signingKey, helloBytes, code);
    preamble.check();
    preamble.transport.send([answer]);
    preamble.transport.close();
    this.#reject(new SallyportError("refused", `hello answered "${code}"`));
  }

  #reject(thrown: unknown): void {
    this.#options.gate.onRejected(
      thrown instanceof SallyportError
        ? thrown
        : new SallyportError("internal", messageOf(thrown), { cause: thrown }),
    );
  }
}

/** The flight; a person may be asked for a touch before it, once. */
async function takeFlight(channel: AcceptedChannel, visit: Visit): Promise<Flight> {
  let message = await channel.takeControl();
  if (message.type === "asking") {
    if (!visit.ask()) {
      channel.abort("busy: too many people are being asked for a touch at once", "refused");
      throw new SallyportError("channel_bound", "too many at once who are asked for a touch");
    }
    message = await channel.takeControl();
  }
  if (message.type !== "flight") throw outOfTurn(channel, message.type, "flight");
  return message;
}

/** The opening of a further channel; undefined when it closes as an unused spare, which is nobody's fault. */
async function takeOpening(
  channel: AcceptedChannel,
  session: Session,
): Promise<Opening | undefined> {
  session.spares += 1;
  try {
    const message = await channel.takeControl();
    if (message.type !== "opening") throw outOfTurn(channel, message.type, "opening");
    return message;
  } catch (thrown) {
    if (thrown instanceof SallyportError && thrown.code !== "message_invalid") return undefined;
    throw thrown;
  } finally {
    session.spares -= 1;
  }
}

async function takeManifests(channel: AcceptedChannel, manifests: string[]): Promise<void> {
  for (let isLast = false; !isLast;) {
    const message = await channel.takeControl();
    if (message.type !== "manifest" || manifests.length === maxManifests) {
      throw outOfTurn(channel, message.type, `at most ${maxManifests} manifests`);
    }
    manifests.push(message.envelope);
    isLast = message.last;
  }
}

function outOfTurn(channel: AcceptedChannel, type: string, expected: string): SallyportError {
  channel.abort("protocol violated");
  return new SallyportError("message_invalid", `message "${type}", expected ${expected}`);
}
