// A vendor's side and an edge's side of the sealed channel with an in-memory network between them, and a gate that a test fills in.
import { toBase64Url } from "../../shared/bytes.ts";
import type {
  AskedOpen,
  AskedOpening,
  ChannelGate,
  EdgeChannel,
  OpeningVerdict,
  Verdict,
} from "../../shared/channel/admission.ts";
import type { ChannelAcceptor } from "../../shared/channel/acceptor.ts";
import { acceptChannels } from "../../shared/channel/acceptor.ts";
import type { Channel } from "../../shared/channel/channel.ts";
import type { ControlMessage, Flight, Opening } from "../../shared/channel/messages.ts";
import type { SessionChannel } from "../../shared/channel/session.ts";
import { openSession } from "../../shared/channel/session.ts";
import type { Clock } from "../../shared/clock.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import type { CryptoSuite } from "../../shared/crypto/suite.ts";
import type { Purpose } from "../../shared/document/proof.ts";
import type { SallyportError } from "../../shared/errors.ts";
import type { EdgeId, SiteId, TargetId } from "../../shared/ids.ts";
import { MemoryTransport } from "./memory-transport.ts";
import { TurnedClock } from "./turned-clock.ts";

export const siteId = toBase64Url(new Uint8Array(32).fill(1)) as SiteId;

export const admitted: Verdict = {
  verdict: "admitted",
  message: {
    type: "admitted",
    targets: [],
    minutesLeft: 10,
    startsOnFirstOpening: true,
    endsAt: null,
  },
  keep: { awayMs: 120_000, untilMonotonicMs: Number.POSITIVE_INFINITY },
};

export const tcpOpening: Opening = {
  type: "opening",
  mode: "tcp",
  target: "plc" as TargetId,
  port: 502,
};

export const flight: Flight = {
  type: "flight",
  proof: "{}",
  attestation: null,
  request: null,
  grant: null,
  manifestHash: siteId as never,
};

/** A gate that admits, and records what it was asked. */
export class OpenGate implements ChannelGate {
  readonly opens: AskedOpen[] = [];
  readonly openings: AskedOpening[] = [];
  readonly rejected: SallyportError[] = [];
  verdict: (asked: AskedOpen) => Verdict | Promise<Verdict> = () => admitted;
  opening: (asked: AskedOpening) => OpeningVerdict | Promise<OpeningVerdict> = () => ({
    admitted: true,
  });
  resume: (channel: EdgeChannel) => boolean = () => true;

  async onOpen(asked: AskedOpen): Promise<Verdict> {
    this.opens.push(asked);
    return this.verdict(asked);
  }

  async onOpening(asked: AskedOpening): Promise<OpeningVerdict> {
    this.openings.push(asked);
    return this.opening(asked);
  }

  async onResume(channel: EdgeChannel): Promise<boolean> {
    return this.resume(channel);
  }

  onRejected(why: SallyportError): void {
    this.rejected.push(why);
  }
}

export interface World {
  readonly clock: TurnedClock;
  readonly gate: OpenGate;
  readonly acceptor: ChannelAcceptor;
  readonly edge: { readonly id: EdgeId; readonly signingKey: Uint8Array };
  readonly publicKey: Uint8Array;
  /** Vendor's end and edge's end of every transport so far. */
  readonly wires: [MemoryTransport, MemoryTransport][];
  /** Changes a wire before its first message. */
  onWire: (vendor: MemoryTransport, edge: MemoryTransport) => void;
  /** Throws for a network that is down. */
  dial: () => Promise<MemoryTransport>;
  open(purpose?: Purpose): Promise<SessionChannel>;
}

/** Sets both sides up; nothing is dialled before `open`. */
export async function createWorld(
  suites: { vendor?: CryptoSuite; edge?: CryptoSuite } = {},
  otherClock?: Clock,
): Promise<World> {
  const { vendor = nodeCrypto, edge: edgeSuite = nodeCrypto } = suites;
  const clock = new TurnedClock();
  const gate = new OpenGate();
  const pair = await nodeCrypto.ed25519KeyPair();
  const id = toBase64Url(await nodeCrypto.sha256(pair.publicKey)) as EdgeId;
  const edge = { id, signingKey: pair.privateKey };
  const acceptor = acceptChannels({
    suite: edgeSuite,
    clock: otherClock ?? clock,
    site: siteId,
    edge,
    gate,
  });
  const wires: World["wires"] = [];
  const world: World = {
    clock,
    gate,
    acceptor,
    edge,
    publicKey: pair.publicKey,
    wires,
    onWire: () => undefined,
    dial: async () => {
      const [near, far] = MemoryTransport.pair();
      world.onWire(near, far);
      wires.push([near, far]);
      acceptor.accept(far);
      return near;
    },
    open: (purpose = "session") =>
      openSession({
        suite: vendor,
        clock: otherClock ?? clock,
        dial: () => world.dial(),
        site: siteId,
        edge: { id, signingKey: pair.publicKey },
        purpose,
        makeFlight: async () => flight,
      }),
  };
  return world;
}

/** The next control message of `channel`. Takes over `onControl`. */
export function nextControl(channel: Channel): Promise<ControlMessage> {
  return new Promise((resolve) => {
    channel.onControl = resolve;
  });
}

/** How `channel` closes. Takes over `onClose`. */
export function closing(
  channel: Channel,
): Promise<{ how: string; code: string | undefined; reason: string | undefined }> {
  return new Promise((resolve) => {
    channel.onClose = (how, error, reason) => resolve({ how, code: error?.code, reason });
  });
}

/** What arrives on a channel, settled at once. */
export interface Collected {
  bytes(): Uint8Array;
  /** Resolves once so many bytes are there. */
  until(length: number): Promise<Uint8Array>;
}

/** Takes over `onData`. */
export function collect(channel: Channel): Collected {
  const chunks: Uint8Array[] = [];
  const waiting = new Set<() => void>();
  let length = 0;
  const bytes = () => new Uint8Array(Buffer.concat(chunks));
  channel.onData = (chunk, settled) => {
    chunks.push(chunk);
    length += chunk.length;
    settled();
    for (const check of waiting) check();
  };
  return {
    bytes,
    until: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (length < count) return;
          waiting.delete(check);
          resolve(bytes());
        };
        waiting.add(check);
        check();
      }),
  };
}

/** Lets so many turns of the event loop pass. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
