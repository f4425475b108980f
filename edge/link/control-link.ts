// The edge's control link: one connection after the other to the flashed host (shared/protocol.md, "Control and tunnels").
// Invariants: every connection is made anew, with a fresh nonce; what the relay sends is checked before anyone sees it, and nothing that
// it sends can stop the link; what it must get is sent again until it has it.
import { toBase64Url } from "../../shared/bytes.ts";
import type { Clock } from "../../shared/clock.ts";
import type { AnyDownMessage, DownMessage, UpMessage, UpName } from "../../shared/control.ts";
import {
  decodeDown,
  downFilter,
  downNameOf,
  edgeIdOf,
  edgeSignInMessage,
  encodeControl,
  encodeEdgeCredential,
  upTopic,
} from "../../shared/control.ts";
import type { Envelope } from "../../shared/document/envelope.ts";
import { messageOf, SallyportError } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { reconnectDelayMs } from "./backoff.ts";
import type { JournalSource } from "./journal-feed.ts";
import { JournalFeed } from "./journal-feed.ts";
import type { MqttConnection } from "./mqtt-connection.ts";
import { openMqtt } from "./mqtt-connection.ts";
import type { Kept } from "./outbox.ts";
import { Outbox } from "./outbox.ts";
import type { Uplink } from "./uplink.ts";

/** A connection that lived so long was a good one: the next wait is short again. */
export const steadyMs = 60_000;
/** Where the waits begin after another connection of this edge displaced ours, lest two boxes with one key take turns for ever. */
export const displacedAttempt = 6;
/** What an orderly end may take. */
export const farewellMs = 1_000;

/** `waiting` until the next attempt, which `detail` explains. */
export type LinkState = "connecting" | "connected" | "waiting" | "closed";

export interface ControlLinkOptions {
  readonly uplink: Uplink;
  /** The edge's Ed25519 key, raw. */
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
  readonly presence: {
    readonly version: string;
    readonly bootId: string;
    readonly timeProven: () => boolean;
  };
  readonly journal: JournalSource;
  /** Up to where in which log the relay's documents were read. */
  readonly documentsRead: () => UpMessage<"need">;
  /** `relay` is the name that the tunnels' signatures go to. */
  readonly onDial: (dial: DownMessage<"dial">, relay: string) => void;
  /** One after the other; the next comes when this one has resolved. */
  readonly onDocument: (document: DownMessage<"document">) => Promise<void>;
  readonly onStop: (stop: DownMessage<"stop">) => Promise<void>;
  /** Web panels of this edge: their names are announced after every connect. */
  readonly web?: {
    readonly names: readonly string[];
    heardPlace(place: DownMessage<"web">): void;
    heardCertificate(certificate: DownMessage<"certificate">): Promise<void>;
  };
  readonly onAcknowledged?: (entries: number) => void;
  /**
   * Whether the edge's own relay is called so. The name stands in what is signed, so a relay that shows another one's name and nonce
   * (attack: to sign in there in the edge's place) gets no signature.
   */
  readonly isOwnRelay?: (name: string) => boolean;
  /** The relay's wall time in Unix seconds, before each sign-in. */
  readonly onRelayTime?: (at: number) => void;
  readonly onState?: (state: LinkState, detail: string) => void;
  /** Whether a session of this edge is held that only this link can bring back. */
  readonly isAwaited?: () => boolean;
  readonly log: (line: string) => void;
  readonly clock: Clock;
  readonly random?: () => number;
}

export interface ControlLink {
  journalGrew(): void;
  /** Sent now and after every connect; a newer one takes its place. */
  sendCheckpoint(envelope: Envelope): void;
  /** Both are kept in memory until the relay has them. */
  sendReceipt(envelope: Envelope): void;
  sendIntroduction(envelope: Envelope): void;
  /** All names of web panels that are open; resolves once the relay has them, rejects without a connection. */
  announceWeb(names: readonly string[]): Promise<void>;
  /** Asks for a certificate for them; resolves as above, the answer comes to `onCertificate`. */
  certifyWeb(request: string): Promise<void>;
  /** Ends the link for good, without a will. */
  close(): Promise<void>;
}

/** Opens the link and keeps it open, whatever happens, until it is closed. */
export function openControlLink(options: ControlLinkOptions): ControlLink {
  const { uplink, publicKey, sign, presence, documentsRead, log, clock } = options;
  const ended = new AbortController();
  const outbox = new Outbox();
  let receipts = 0;
  let live: { readonly connection: MqttConnection; readonly edge: EdgeId } | undefined;

  const publish = async (name: UpName, message: UpMessage<UpName>): Promise<void> => {
    await live?.connection.publish(upTopic(live.edge, name), encodeControl(message));
  };

  const publishNow = async <Name extends UpName>(
    name: Name,
    message: UpMessage<Name>,
  ): Promise<void> => {
    if (live !== undefined) return publish(name, message);
    throw notConnected();
  };

  const feed = new JournalFeed({ journal: options.journal, publish, log, clock });

  const post = async (key: string, kept: Kept): Promise<void> => {
    if (live === undefined) return;
    try {
      await publish(kept.name, kept.message);
      outbox.settled(key, kept);
    } catch (fault) {
      log(`${kept.name} not yet sent: ${messageOf(fault)}`);
    }
  };

  const keep = (key: string, kept: Kept): void => {
    if (outbox.keep(key, kept).gaveUp) log("a document for the relay was given up: too many wait");
    void post(key, kept);
  };

  let tail = Promise.resolve();
  const inTurn = (act: () => Promise<void>): void => {
    tail = tail.then(act).catch((fault: unknown) => log(`relay's message: ${messageOf(fault)}`));
  };

  const obey = ({ name, message }: AnyDownMessage, relay: string): void => {
    if (name === "dial") options.onDial(message, relay);
    else if (name === "document") inTurn(() => options.onDocument(message));
    // A stop does not wait for documents.
    else if (name === "stop")
      options.onStop(message).catch((fault: unknown) => log(messageOf(fault)));
    else if (name === "ack") {
      feed.acknowledged(message.journal);
      options.onAcknowledged?.(message.journal);
    } else if (name === "web") options.web?.heardPlace(message);
    else if (name === "certificate") {
      const taken = options.web?.heardCertificate(message);
      taken?.catch((fault: unknown) => log(messageOf(fault)));
    } else if (name === "leaving") log(`relay is leaving within ${message.graceMs} ms`);
  };

  const hear = (edge: EdgeId, relay: string, topic: string, payload: Uint8Array): void => {
    const name = downNameOf(edge, topic);
    try {
      if (name !== undefined) obey(decodeDown(name, payload), relay);
    } catch (fault) {
      log(`relay's message is ignored: ${messageOf(fault)}`);
    }
  };

  const greet = async (session: string): Promise<void> => {
    const { version, bootId, timeProven } = presence;
    await publish("presence", { online: true, session, version, bootId, timeProven: timeProven() });
    for (const [key, kept] of outbox.entries()) await post(key, kept);
    const names = options.web?.names ?? [];
    // The relay forgot them with the former connection.
    if (names.length > 0) await publish("web", { names: [...names] });
    await publish("need", documentsRead());
  };

  /** One connection, from its nonce to its end; throws why it ended. */
  const connectOnce = async (edge: EdgeId): Promise<never> => {
    const { relay, nonce, at } = await uplink.fetchNonce(edge, ended.signal);
    if (options.isOwnRelay?.(relay) === false) {
      throw new SallyportError("refused", `relay calls itself "${relay}"`, { retryable: true });
    }
    options.onRelayTime?.(at);
    const signature = await sign(edgeSignInMessage(relay, "control", nonce));
    const session = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    const connection = await openMqtt(
      {
        stream: await uplink.openStream(ended.signal),
        authority: uplink.authority,
        clientId: edge,
        password: encodeEdgeCredential({ publicKey, nonce, signature }),
        will: {
          topic: upTopic(edge, "presence"),
          payload: encodeControl({ online: false, session }),
        },
        onMessage: (topic, payload) => hear(edge, relay, topic, payload),
      },
      downFilter(edge),
    );
    live = { connection, edge };
    using _cut = onAbort(ended.signal, () => connection.destroy());
    try {
      options.onState?.("connected", relay);
      greet(session).catch((fault: unknown) => log(`greeting: ${messageOf(fault)}`));
      return await connection.lost;
    } finally {
      live = undefined;
      feed.stop();
      connection.destroy();
    }
  };

  const run = async (): Promise<void> => {
    const edge = await edgeIdOf(publicKey);
    for (let attempt = 0; !ended.signal.aborted; attempt += 1) {
      const startedMs = clock.monotonicMs();
      options.onState?.("connecting", uplink.authority);
      const fault: unknown = await connectOnce(edge).catch((thrown: unknown) => thrown);
      if (ended.signal.aborted) break;
      if (clock.monotonicMs() - startedMs >= steadyMs) attempt = 0;
      const isDisplaced = fault instanceof SallyportError && fault.code === "conflict";
      if (isDisplaced) attempt = Math.max(attempt, displacedAttempt);
      const isAwaited = !isDisplaced && options.isAwaited?.() === true;
      const delayMs = reconnectDelayMs(attempt, isAwaited, options.random);
      options.onState?.("waiting", `${messageOf(fault)}; next attempt in ${Math.ceil(delayMs)} ms`);
      await pause(clock, delayMs, ended.signal);
    }
    options.onState?.("closed", "");
  };
  const running = run();

  return {
    journalGrew: () => feed.grew(),
    sendCheckpoint: (envelope) => keep("checkpoint", { name: "checkpoint", message: { envelope } }),
    sendReceipt: (envelope) =>
      keep(`receipt ${(receipts += 1)}`, { name: "receipt", message: { envelope } }),
    sendIntroduction: (envelope) =>
      keep("introduced", { name: "introduced", message: { envelope } }),
    announceWeb: (names) => publishNow("web", { names: [...names] }),
    certifyWeb: (request) => publishNow("certify", { request }),
    async close() {
      const goodbye = live?.connection.end().catch(() => undefined);
      if (goodbye !== undefined)
        await Promise.race([goodbye, pause(clock, farewellMs, ended.signal)]);
      ended.abort();
      await running;
    },
  };
}

/** For what must go out now and has no connection. */
export function notConnected(): SallyportError {
  return new SallyportError("unreachable", "no connection to the relay", { retryable: true });
}

function onAbort(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener("abort", act);
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", act) };
}

async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  using _timer = clock.setTimer(delayMs, resolve);
  using _abort = onAbort(signal, resolve);
  await promise;
}
