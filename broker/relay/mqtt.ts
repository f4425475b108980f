// The relay's end of the control connections: MQTT 3.1.1 over WebSocket (shared/protocol.md, "Control and tunnels"). The only importer of
// aedes and ws on this side. Invariants: an edge speaks and listens under its own prefix alone; a message is acknowledged only after it
// was kept; a newer connection of an edge displaces the older, whose late words (its will too) count for nothing.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { AedesPublishPacket, AuthenticateError, Client, PublishPacket } from "aedes";
import { Aedes } from "aedes";
import type { WebSocket } from "ws";
import { createWebSocketStream, WebSocketServer } from "ws";
import type { Clock } from "../../shared/clock.ts";
import type { AnyUpMessage, DownMessage, DownName } from "../../shared/control.ts";
import {
  decodeUp,
  displacedCode,
  downFilter,
  downNameOf,
  downTopic,
  encodeControl,
  leavingCode,
  maxControlBytes,
  maxKeepaliveSeconds,
  upNameOf,
} from "../../shared/control.ts";
import { messageOf } from "../../shared/errors.ts";
import type { EdgeId } from "../../shared/ids.ts";
import { parseEdgeId } from "../../shared/ids.ts";
import type { EdgeSignIn } from "./edge-sign-in.ts";

/** Unwritten bytes at which an edge that does not read is cut off. It asks again for what it missed. */
export const maxQueuedBytes = 4 * 1024 * 1024;
/** From the WebSocket to the end of MQTT's own sign-in. */
export const signInTimeoutMs = 10_000;
/** What a shutting-down relay gives its edges for hearing of it. */
export const farewellMs = 1_000;

/** Known: of a registered site. Newcomer: holds a key that no manifest names yet, and may only introduce itself. */
export type EdgeStanding = "known" | "newcomer" | "refused";

export interface ControlOptions {
  readonly signIn: EdgeSignIn;
  readonly standingOf: (edge: EdgeId) => Promise<EdgeStanding>;
  /** Called for one message after the other of an edge. Resolves once it is kept; a throw disconnects the edge, which sends it again. */
  readonly onMessage: (edge: EdgeId, message: AnyUpMessage) => Promise<void>;
  /** The edge listens; said once more when a newcomer has become known meanwhile. */
  readonly onOnline: (edge: EdgeId, standing: EdgeStanding) => void;
  readonly onOffline: (edge: EdgeId) => void;
  readonly log: (line: string) => void;
  readonly clock: Clock;
}

export interface Control {
  /** For an upgrade of `/mqtt`. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sends to a connected edge; false if there is none. Not kept: what an edge must not miss, it asks for when it connects. */
  send<Name extends DownName>(edge: EdgeId, name: Name, message: DownMessage<Name>): boolean;
  isOnline(edge: EdgeId): boolean;
  readonly size: number;
  /** Says `leaving` to all, then ends their connections. */
  close(graceMs: number): Promise<void>;
}

interface Connection {
  readonly edge: EdgeId;
  standing: EdgeStanding;
  readonly client: Client;
  readonly webSocket: WebSocket;
  isListening: boolean;
  /** Messages are handled one at a time, in order. */
  tail: Promise<void>;
}

const newcomersNames: ReadonlySet<string> = new Set(["presence", "introduced", "need"]);

export async function createControl(options: ControlOptions): Promise<Control> {
  const { signIn, standingOf, onMessage, onOnline, onOffline, log, clock } = options;
  const webSockets = new WeakMap<Duplex, WebSocket>();
  const admitted = new WeakMap<Client, Connection>();
  /** The newest admitted connection of each edge. */
  const connections = new Map<EdgeId, Connection>();
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxControlBytes + 1024,
    handleProtocols: (protocols) => protocols.has("mqtt") && "mqtt",
  });

  const connectionOf = (client: Client): Connection | undefined => {
    const connection = admitted.get(client);
    return connection && connections.get(connection.edge) === connection ? connection : undefined;
  };

  // A will comes when its connection is gone already; it counts as long as there is no newer one.
  const speakerOf = (client: Client | null): Connection | undefined => {
    const connection = client === null ? undefined : admitted.get(client);
    const current = connection && connections.get(connection.edge);
    return current === undefined || current === connection ? connection : undefined;
  };

  const authenticate = async (client: Client, name: string, password: string): Promise<void> => {
    const edge = parseEdgeId(name);
    if (client.id !== name || !client.clean)
      throw new Error("client id is not the edge, or the session not clean");
    if ((await signIn.check(password, "control")) !== edge)
      throw new Error("credential is not valid");
    const standing = await standingOf(edge);
    const webSocket = webSockets.get(client.conn as Duplex);
    if (standing === "refused" || webSocket === undefined)
      throw new Error("edge is not known here");
    const older = connections.get(edge);
    const isListening = false;
    const connection = { edge, standing, client, webSocket, isListening, tail: Promise.resolve() };
    connections.set(edge, connection);
    admitted.set(client, connection);
    if (older === undefined) return;
    log(`edge ${edge}: a newer connection displaces the older`);
    older.webSocket.close(displacedCode, "displaced");
    if (older.isListening) onOffline(edge);
  };

  // A manifest may have named a newcomer since it signed in.
  const mayPublish = async (connection: Connection, name: string): Promise<boolean> => {
    const { edge } = connection;
    if (connection.standing === "known" || newcomersNames.has(name)) return true;
    if ((await standingOf(edge)) !== "known") return false;
    connection.standing = "known";
    if (connection.isListening && connections.get(edge) === connection) onOnline(edge, "known");
    return true;
  };

  const receive = async (connection: Connection, packet: PublishPacket): Promise<void> => {
    const name = upNameOf(connection.edge, packet.topic);
    if (name === undefined || !(await mayPublish(connection, name)))
      throw new Error(`publishing to "${packet.topic}" is not allowed`);
    if (packet.qos === 2 || packet.retain)
      throw new Error("expected QoS 0 or 1 and nothing retained");
    const message = decodeUp(name, Buffer.from(packet.payload));
    const former = connection.tail;
    const handled = former.then(() => onMessage(connection.edge, message));
    connection.tail = handled.catch(() => undefined);
    await handled;
  };

  const admit = async (
    client: Client,
    name: string,
    password: string,
    done: (error: AuthenticateError | null, success: boolean) => void,
  ): Promise<void> => {
    try {
      await authenticate(client, name, password);
    } catch (fault) {
      log(`edge ${JSON.stringify(name.slice(0, 80))} refused: ${messageOf(fault)}`);
      return done(notAuthorised(), false);
    }
    return done(null, true);
  };

  const keep = async (
    client: Client | null,
    packet: PublishPacket,
    done: (error?: Error | null) => void,
  ): Promise<void> => {
    const connection = speakerOf(client);
    // A displaced connection's will. Nobody subscribes to it, so it may pass.
    if (connection === undefined) return done(null);
    try {
      await receive(connection, packet);
    } catch (fault) {
      log(`edge ${connection.edge} disconnected: ${messageOf(fault)}`);
      return done(new Error("publish refused"));
    }
    return done(null);
  };

  const broker = await Aedes.createBroker({
    connectTimeout: signInTimeoutMs,
    keepaliveLimit: maxKeepaliveSeconds,
    maxTopicLevels: 4,
    maxInflightInbound: 1,
    authenticate: (client, name, password, done) =>
      void admit(client, name ?? "", password?.toString() ?? "", done),
    authorizePublish: (client, packet, done) => void keep(client, packet, done),
    authorizeSubscribe(client, subscription, done) {
      const connection = connectionOf(client);
      const isOwn = connection !== undefined && subscription.topic === downFilter(connection.edge);
      done(null, isOwn ? subscription : null);
    },
    authorizeForward(client, packet): AedesPublishPacket | null {
      const connection = connectionOf(client);
      return connection && downNameOf(connection.edge, packet.topic) ? packet : null;
    },
  });

  broker.on("subscribe", (_subscriptions, client) => {
    const connection = connectionOf(client);
    if (connection === undefined || connection.isListening) return;
    connection.isListening = true;
    onOnline(connection.edge, connection.standing);
  });

  const forget = (client: Client): void => {
    const connection = connectionOf(client);
    if (connection === undefined) return;
    connections.delete(connection.edge);
    if (connection.isListening) onOffline(connection.edge);
  };
  broker.on("clientError", (client, fault) => {
    if (connectionOf(client)) log(`edge ${client.id}: ${fault.message}`);
  });
  broker.on("connectionError", (_client, fault) => log(`control connection: ${fault.message}`));

  const send = (
    connection: Connection,
    name: DownName,
    message: DownMessage<DownName>,
    written: () => void = () => undefined,
  ): void => {
    const { client, edge, webSocket } = connection;
    if (webSocket.bufferedAmount > maxQueuedBytes) {
      log(`edge ${edge} does not read and is cut off`);
      webSocket.terminate();
      return;
    }
    const packet: PublishPacket = {
      cmd: "publish",
      topic: downTopic(edge, name),
      payload: Buffer.from(encodeControl(message)),
      // A dial that comes late is no use, and its nonces have a short life.
      qos: name === "dial" ? 0 : 1,
      dup: false,
      retain: false,
    };
    client.publish(packet, written);
  };

  const farewell = (connection: Connection, graceMs: number): Promise<void> => {
    const { webSocket } = connection;
    return new Promise((resolve) => {
      if (webSocket.readyState === webSocket.CLOSED) return resolve();
      webSocket.once("close", () => resolve());
      return send(connection, "leaving", { graceMs }, () =>
        webSocket.close(leavingCode, "leaving"),
      );
    });
  };

  return {
    accept(request, socket, head) {
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const stream = readWhole(createWebSocketStream(webSocket));
        webSockets.set(stream, webSocket);
        const client = broker.handle(stream, request);
        stream.once("close", () => forget(client));
        // aedes does not always read up to the end, and would keep a dead connection until its keepalive has passed.
        webSocket.once("close", () => setImmediate(() => stream.destroy()));
      });
    },
    send(edge, name, message) {
      const connection = connections.get(edge);
      if (connection?.isListening !== true) return false;
      send(connection, name, message);
      return true;
    },
    isOnline: (edge) => connections.get(edge)?.isListening === true,
    get size() {
      return connections.size;
    },
    async close(graceMs) {
      const farewells = [...connections.values()].map((connection) =>
        farewell(connection, graceMs),
      );
      using _limit = clock.setTimer(farewellMs, () => {
        for (const { webSocket } of connections.values()) webSocket.terminate();
      });
      await Promise.all(farewells);
      await new Promise<void>((done) => broker.close(done));
      server.close();
    },
  };
}

// Node's `read()` gives the first of the pieces that have come, aedes reads once per event and takes it for all of them: what was left waited for
// the next message. Here `read()` gives all.
function readWhole(stream: Duplex): Duplex {
  const read = stream.read.bind(stream);
  stream.read = (size?: number) => read(size ?? (stream.readableLength || undefined)) as unknown;
  return stream;
}

function notAuthorised(): AuthenticateError {
  return Object.assign(new Error("not authorised"), { returnCode: 5 });
}
