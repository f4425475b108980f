// One vendor's channel as it goes through an attacker's hands: the attacker may read, change, drop, hold, add and replay its messages in both
// directions, send it to another edge, answer it by himself, or cut it.
import type { IncomingMessage } from "node:http";
import * as net from "node:net";
import type { Duplex } from "node:stream";
import { lengthPrefixed } from "../../shared/bytes.ts";
import { systemClock } from "../../shared/clock.ts";
import { nodeCrypto as suite } from "../../shared/crypto/node.ts";
import { encodeFrame, FrameDecoder, opcodes, type FrameRole } from "../../shared/frame.ts";
import type { ChannelId, EdgeId } from "../../shared/ids.ts";
import {
  socketTransport,
  type ByteConnection,
  type ByteSocket,
} from "../../shared/socket-transport.ts";
import { maxMessageBytes, type FrameTransport } from "../../shared/transport.ts";
import { upgradeResponse } from "../../shared/upgrade.ts";
import type { Seen, SeenStream } from "./seen.ts";

export type Direction = "to-edge" | "to-vendor";

/** A message on its way; the messages that go on in its place are what a fault returns. */
export interface CarriedMessage {
  readonly channel: CarriedChannel;
  readonly direction: Direction;
  /** Counted from 0 in this direction of this connection: the hello and the answer are number 0. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

export type Tamper = (message: CarriedMessage) => readonly Uint8Array[];

const kinds = { 1: "open", 2: "resume", 3: "further" } as const;

export class CarriedChannel {
  readonly edge: EdgeId;
  /** `Bearer …`, as the vendor's side showed it: the attacker may go on using it. */
  readonly authorization: string;
  /** Every message as its sender sent it. */
  readonly sent: Readonly<Record<Direction, Uint8Array[]>> = { "to-edge": [], "to-vendor": [] };
  readonly closed: Promise<void>;
  readonly #vendor: Duplex;
  readonly #relay: net.Socket;
  readonly #tamper: () => Tamper;
  #isUpgraded = false;

  constructor(
    {
      edge,
      authorization,
      vendor,
      relay,
      tamper,
      seen,
    }: {
      readonly edge: EdgeId;
      readonly authorization: string;
      readonly vendor: Duplex;
      readonly relay: net.Socket;
      readonly tamper: () => Tamper;
      readonly seen: Seen;
    },
    head: Uint8Array,
  ) {
    this.edge = edge;
    this.authorization = authorization;
    this.#vendor = vendor;
    this.#relay = relay;
    this.#tamper = tamper;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    for (const socket of [vendor, relay]) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        this.cut();
        closed.resolve();
      });
    }
    const fromVendor = this.#reader("to-edge", "server", seen.stream());
    const fromEdge = this.#reader("to-vendor", "client", seen.stream());
    let answerHead = Buffer.alloc(0);
    relay.on("data", (bytes: Buffer) => {
      if (this.#isUpgraded) return fromEdge(bytes);
      answerHead = Buffer.concat([answerHead, bytes]);
      const end = answerHead.indexOf("\r\n\r\n");
      if (end < 0) return undefined;
      this.#isUpgraded = answerHead.includes(" 101 ");
      vendor.write(this.#isUpgraded ? answerHead.subarray(0, end + 4) : answerHead);
      return this.#isUpgraded ? fromEdge(answerHead.subarray(end + 4)) : undefined;
    });
    vendor.on("data", fromVendor);
    fromVendor(Buffer.from(head));
  }

  /** What the vendor's side opened this connection for; undefined before its hello. */
  get kind(): "open" | "resume" | "further" | undefined {
    const code = this.sent["to-edge"][0]?.[1];
    return code === undefined ? undefined : kinds[code as 1 | 2 | 3];
  }

  /** Whether this connection carries the session's `open` channel or one that names it. */
  async isOf(session: ChannelId): Promise<boolean> {
    const [hello, answer] = [this.sent["to-edge"][0], this.sent["to-vendor"][0]];
    if (hello === undefined || answer === undefined) return false;
    const id = Buffer.from(session, "base64url");
    if (this.kind !== "open") return Buffer.from(hello).includes(id);
    const transcript = await suite.sha256(lengthPrefixed(hello), lengthPrefixed(answer));
    return id.equals(transcript.subarray(0, id.length));
  }

  /** Sends a message in the name of the other side. */
  send(direction: Direction, message: Uint8Array): void {
    const [socket, role] =
      direction === "to-edge"
        ? ([this.#relay, "client"] as const)
        : ([this.#vendor, "server"] as const);
    if (!socket.destroyed) socket.write(encodeFrame(opcodes.binary, message, role));
  }

  /** Ends both connections politely, as a relay that is told to stop does. */
  finish(): void {
    this.#vendor.end(encodeFrame(opcodes.close, new Uint8Array([0x03, 0xe8]), "server"));
    this.#relay.end(encodeFrame(opcodes.close, new Uint8Array([0x03, 0xe8]), "client"));
  }

  cut(): void {
    this.#vendor.destroy();
    this.#relay.destroy();
  }

  #reader(direction: Direction, role: FrameRole, seen: SeenStream): (bytes: Buffer) => void {
    const decoder = new FrameDecoder(role, maxMessageBytes);
    return (bytes) => {
      seen.add(bytes);
      decoder.feed(Uint8Array.from(bytes));
      for (let opcode = decoder.next(); opcode !== undefined; opcode = decoder.next()) {
        const payload = decoder.payload.slice();
        if (opcode === opcodes.binary) this.#pass(direction, payload);
        else this.#passControl(direction, encodeFrame(opcode, payload, other(role)));
      }
    };
  }

  #pass(direction: Direction, bytes: Uint8Array): void {
    const index = this.sent[direction].push(bytes) - 1;
    for (const message of this.#tamper()({ channel: this, direction, index, bytes })) {
      this.send(direction, message);
    }
  }

  #passControl(direction: Direction, frame: Uint8Array): void {
    const socket = direction === "to-edge" ? this.#relay : this.#vendor;
    if (!socket.destroyed) socket.write(frame);
  }
}

// What was decoded in the role of the receiver is written on in the role of the sender.
function other(role: FrameRole): FrameRole {
  return role === "server" ? "client" : "server";
}

/** Answers the upgrade in the edge's place: a transport to the vendor's side, with nobody behind it but the attacker. */
export async function answerUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Uint8Array,
): Promise<FrameTransport> {
  socket.on("error", () => undefined);
  socket.write(await upgradeResponse(request.headers["sec-websocket-key"] ?? ""));
  const connection: ByteConnection = {
    socket: socket as Duplex as ByteSocket & Duplex,
    receive: () => undefined,
  };
  socket.on("data", (bytes: Buffer) => connection.receive(Uint8Array.from(bytes)));
  return socketTransport(connection, "server", head, systemClock);
}

/** The request again, to the relay behind the front. */
export function requestText({ method, rawHeaders }: IncomingMessage, path: string): string {
  const fields = rawHeaders.flatMap((name, at) =>
    at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1] ?? ""}`] : [],
  );
  return [`${method ?? "GET"} ${path} HTTP/1.1`, ...fields, "", ""].join("\r\n");
}
