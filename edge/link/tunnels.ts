// The edge's tunnels: dialled when the relay asks, kept in standby until a vendor's channel is paired with one, then handed over as a
// transport in which this edge plays the WebSocket server (shared/protocol.md, "Control and tunnels").
// Invariants: a tunnel goes to the flashed host name and nowhere else; unpaired ones are few, small, and dropped when silent.
import { utf8 } from "../../shared/bytes.ts";
import type { Clock } from "../../shared/clock.ts";
import {
  edgeAuthorizationScheme,
  edgeSignInMessage,
  encodeEdgeCredential,
} from "../../shared/control.ts";
import { messageOf } from "../../shared/errors.ts";
import type { FrameOpcode } from "../../shared/frame.ts";
import { encodeFrame, FrameDecoder, opcodes } from "../../shared/frame.ts";
import type { ByteConnection } from "../../shared/socket-transport.ts";
import { socketTransport } from "../../shared/socket-transport.ts";
import type { FrameTransport } from "../../shared/transport.ts";
import { pairedWord, readyWord, webWord } from "../../shared/upgrade.ts";
import type { Uplink } from "./uplink.ts";

/** Unpaired tunnels, open or being dialled, that this box allows itself, whatever the relay asks. */
export const maxUnpairedTunnels = 16;
/** The relay pings its standby every 15 s. */
export const standbySilenceMs = 45_000;

const maxUnpairedBytes = 125;

export interface TunnelsOptions {
  readonly uplink: Uplink;
  /** The edge's Ed25519 key, raw. */
  readonly publicKey: Uint8Array;
  readonly sign: (message: Uint8Array) => Promise<Uint8Array>;
  /** Takes over a paired tunnel; sets the transport's callbacks before it returns. */
  readonly onTransport: (transport: FrameTransport) => void;
  /** Takes over a tunnel in which a browser's TLS connection to a web panel follows, with the bytes that came already; without it such tunnels are dropped. */
  readonly onWeb?: (connection: ByteConnection, rest: Uint8Array) => void;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

export interface Tunnels {
  /** Carries out a `dial`: one tunnel per nonce, for the relay of this label and name. */
  dial(label: string, nonces: readonly string[], relay: string): void;
  counts(): { readonly dialling: number; readonly standby: number };
  /** Gives up what is not paired. Paired transports belong to whoever took them. */
  close(): void;
}

export function openTunnels(options: TunnelsOptions): Tunnels {
  const { uplink, publicKey, sign, onTransport, onWeb, log, clock } = options;
  const ended = new AbortController();
  const standby = new Set<Standby>();
  let dialling = 0;

  const open = async (label: string, nonce: string, relay: string): Promise<void> => {
    const signature = await sign(edgeSignInMessage(relay, "tunnel", nonce));
    const credential = encodeEdgeCredential({ publicKey, nonce, signature });
    await uplink.openWebSocket(
      `/tunnel?label=${label}`,
      { Authorization: `${edgeAuthorizationScheme} ${credential}` },
      (connection, head) => {
        const tunnel = new Standby(connection, clock, {
          paired: onTransport,
          web: onWeb,
          ended: () => standby.delete(tunnel),
        });
        standby.add(tunnel);
        connection.receive(head);
      },
      ended.signal,
    );
  };

  // A dial that fails is not repeated here: the relay sees that a tunnel is missing, and asks again with a fresh nonce.
  const dialOne = async (label: string, nonce: string, relay: string): Promise<void> => {
    dialling += 1;
    try {
      await open(label, nonce, relay);
    } catch (fault) {
      if (!ended.signal.aborted) log(`tunnel not opened: ${messageOf(fault)}`);
    } finally {
      dialling -= 1;
    }
  };

  return {
    dial(label, nonces, relay) {
      for (const nonce of nonces) {
        if (ended.signal.aborted || dialling + standby.size >= maxUnpairedTunnels) return;
        void dialOne(label, nonce, relay);
      }
    },
    counts: () => ({ dialling, standby: standby.size }),
    close() {
      ended.abort();
      for (const tunnel of standby) tunnel.drop();
    },
  };
}

interface StandbyEvents {
  readonly paired: (transport: FrameTransport) => void;
  readonly web: ((connection: ByteConnection, rest: Uint8Array) => void) | undefined;
  readonly ended: () => void;
}

/** A tunnel before it is paired: a WebSocket client that answers pings and waits for one word. */
class Standby {
  readonly #connection: ByteConnection;
  readonly #clock: Clock;
  readonly #events: StandbyEvents;
  readonly #decoder = new FrameDecoder("client", maxUnpairedBytes);
  #silence: Disposable;
  #isEnded = false;

  constructor(connection: ByteConnection, clock: Clock, events: StandbyEvents) {
    this.#connection = connection;
    this.#clock = clock;
    this.#events = events;
    this.#silence = clock.setTimer(standbySilenceMs, () => this.drop());
    connection.receive = (bytes) => this.#receive(bytes);
    connection.socket.on("end", () => this.drop());
    connection.socket.on("close", () => this.drop());
  }

  drop(): void {
    if (this.#isEnded) return;
    this.#leave();
    this.#connection.socket.destroy();
  }

  #leave(): void {
    this.#isEnded = true;
    this.#silence[Symbol.dispose]();
    this.#events.ended();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    this.#silence[Symbol.dispose]();
    this.#silence = this.#clock.setTimer(standbySilenceMs, () => this.drop());
    this.#decoder.feed(bytes);
    for (let opcode = this.#next(); opcode !== undefined; opcode = this.#next()) {
      if (opcode === opcodes.ping) this.#answerPing();
      else if (opcode === opcodes.binary) this.#pair(this.#word());
      else this.drop();
      if (this.#isEnded) return;
    }
    this.#decoder.hold();
  }

  #next(): FrameOpcode | undefined {
    try {
      return this.#decoder.next();
    } catch {
      this.drop();
      return undefined;
    }
  }

  #word(): string {
    return Buffer.from(this.#decoder.payload).toString("latin1");
  }

  #answerPing(): void {
    this.#connection.socket.write(encodeFrame(opcodes.pong, this.#decoder.payload, "client"));
  }

  // From here on the vendor's client frames arrive, and this edge answers as the server; or a browser's TLS does.
  #pair(word: string): void {
    const { paired, web } = this.#events;
    const isChannel = word === pairedWord;
    if (!isChannel && (word !== webWord || web === undefined)) {
      this.drop();
      return;
    }
    this.#leave();
    this.#connection.socket.write(encodeFrame(opcodes.binary, utf8(readyWord), "client"));
    const rest = this.#decoder.takeRest();
    if (isChannel) paired(socketTransport(this.#connection, "server", rest, this.#clock));
    else web?.(this.#connection, rest);
  }
}
