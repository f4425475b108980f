// The control link between an edge and its relay in an attacker's hands: MQTT packets are decoded, and each publish may be changed, dropped or
// followed by others; the attacker may send `down/*` to the edge and `up/*` to the relay as he likes.
import mqttPacket, { type IPublishPacket, type Packet } from "mqtt-packet";
import type { WebSocket } from "ws";
import { encodeControl, type AnyDownMessage, type AnyUpMessage } from "../../shared/control.ts";
import {
  decodeDown,
  decodeUp,
  downNameOf,
  downTopic,
  upNameOf,
  upTopic,
} from "../../shared/control.ts";
import { parseEdgeId, type EdgeId } from "../../shared/ids.ts";

const mqtt = { protocolVersion: 4 };

export interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
}

export type AnyMessage = AnyUpMessage | AnyDownMessage;

export interface ControlFaults {
  /** What goes on instead of a publish; nothing to drop it. */
  publish(edge: EdgeId, message: AnyMessage | undefined, publish: Publish): readonly Publish[];
}

/** The link of one edge, from its sign-in to its loss. */
export class CarriedControl {
  readonly edge: Promise<EdgeId>;
  readonly closed: Promise<void>;
  readonly #faults: () => ControlFaults;
  readonly #heard: (edge: EdgeId, message: AnyMessage) => void;
  readonly #edgeSocket: WebSocket;
  readonly #relaySocket: WebSocket;
  #signedIn: EdgeId | undefined;

  constructor(
    edgeSocket: WebSocket,
    relaySocket: WebSocket,
    faults: () => ControlFaults,
    heard: (edge: EdgeId, message: AnyMessage) => void,
  ) {
    this.#edgeSocket = edgeSocket;
    this.#relaySocket = relaySocket;
    this.#faults = faults;
    this.#heard = heard;
    const signedIn = Promise.withResolvers<EdgeId>();
    this.edge = signedIn.promise;
    const closed = Promise.withResolvers<void>();
    this.closed = closed.promise;
    const opened = new Promise<void>((resolve) => relaySocket.once("open", () => resolve()));
    this.#read(edgeSocket, (packet) => {
      if (packet.cmd === "connect") {
        this.#signedIn = parseEdgeId(packet.clientId);
        signedIn.resolve(this.#signedIn);
      }
      void opened.then(() => this.#carry(packet, relaySocket, edgeSocket));
    });
    this.#read(relaySocket, (packet) => this.#carry(packet, edgeSocket, relaySocket));
    for (const [socket, peer] of [
      [edgeSocket, relaySocket],
      [relaySocket, edgeSocket],
    ] as const) {
      socket.on("error", () => undefined);
      socket.on("close", () => {
        peer.terminate();
        closed.resolve();
      });
    }
  }

  /** Speaks to the edge in the relay's name. */
  sendDown(topic: string, payload: Uint8Array): void {
    this.#write(this.#edgeSocket, topic, payload);
  }

  /** Speaks to the relay in the edge's name: what a hostile edge may do with its own connection. */
  sendUp(topic: string, payload: Uint8Array): void {
    this.#write(this.#relaySocket, topic, payload);
  }

  cut(): void {
    this.#edgeSocket.terminate();
    this.#relaySocket.terminate();
  }

  #read(socket: WebSocket, take: (packet: Packet) => void): void {
    const parser = mqttPacket.parser(mqtt);
    parser.on("packet", take);
    socket.on("message", (bytes: Buffer) => void parser.parse(bytes));
  }

  #carry(packet: Packet, to: WebSocket, from: WebSocket): void {
    if (packet.cmd !== "publish" || this.#signedIn === undefined) return post(to, packet);
    const edge = this.#signedIn;
    const { topic } = packet;
    const payload = Buffer.from(packet.payload);
    const message = decoded(edge, topic, payload);
    if (message !== undefined) this.#heard(edge, message);
    const publishes = this.#faults().publish(edge, message, { topic, payload });
    // Whoever drops a message acknowledges it, so that its sender believes that it arrived.
    if (publishes.length === 0 && packet.qos === 1 && packet.messageId !== undefined) {
      return post(from, { cmd: "puback", messageId: packet.messageId });
    }
    for (const [index, changed] of publishes.entries()) {
      if (index > 0) this.#write(to, changed.topic, changed.payload);
      else post(to, { ...packet, topic: changed.topic, payload: Buffer.from(changed.payload) });
    }
    return undefined;
  }

  #write(socket: WebSocket, topic: string, payload: Uint8Array): void {
    const publish: IPublishPacket = {
      cmd: "publish",
      qos: 0,
      dup: false,
      retain: false,
      topic,
      payload: Buffer.from(payload),
    };
    post(socket, publish);
  }
}

function post(socket: WebSocket, packet: Packet): void {
  if (socket.readyState === socket.OPEN) socket.send(mqttPacket.generate(packet, mqtt));
}

function decoded(edge: EdgeId, topic: string, payload: Uint8Array): AnyMessage | undefined {
  const up = upNameOf(edge, topic);
  if (up !== undefined) return decodeUp(up, payload);
  const down = downNameOf(edge, topic);
  return down === undefined ? undefined : decodeDown(down, payload);
}

/** A message as it is published under an edge's own prefix. */
export function publishOf(edge: EdgeId, { name, message }: AnyMessage): Publish {
  const topic = isUp(name) ? upTopic(edge, name) : downTopic(edge, name);
  return { topic, payload: encodeControl(message) };
}

function isUp(name: AnyMessage["name"]): name is AnyUpMessage["name"] {
  return ["presence", "journal", "checkpoint", "receipt", "introduced", "need"].includes(name);
}
