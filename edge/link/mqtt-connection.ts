// One MQTT 3.1.1 connection over WebSocket, from an open TLS stream to its end. The only importer of mqtt and ws on this side.
// Invariant: it is never mended; whoever holds it makes another one, from scratch.
import type { Socket } from "node:net";
import { MqttClient } from "mqtt";
import { createWebSocketStream, WebSocket } from "ws";
import { displacedCode, maxControlBytes } from "../../shared/control.ts";
import { SallyportError } from "../../shared/errors.ts";

/** Below the relay's limit, and below what proxies cut. */
export const keepaliveSeconds = 15;
/** From the upgrade request to MQTT's own sign-in. */
export const signInTimeoutMs = 15_000;

export interface MqttOptions {
  /** An open stream to the relay; the connection's from now on. */
  readonly stream: Socket;
  readonly authority: string;
  readonly clientId: string;
  readonly password: string;
  readonly will: { readonly topic: string; readonly payload: Uint8Array };
  /** Called for every message, also before `open` has resolved. */
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
}

export interface MqttConnection {
  /** QoS 1: resolves once the relay has acknowledged, which it does once it has kept the message. */
  publish(topic: string, payload: Uint8Array): Promise<void>;
  /** Never resolves; rejects with why the connection ended: `conflict` if a newer one displaced it. */
  readonly lost: Promise<never>;
  /** Says goodbye, so that the will is not published. */
  end(): Promise<void>;
  destroy(): void;
}

/** Signs in and subscribes to `filter`; rejects with why that failed, and leaves nothing open then. */
export async function openMqtt(options: MqttOptions, filter: string): Promise<MqttConnection> {
  const { stream, authority, clientId, password, will, onMessage } = options;
  const webSocket = new WebSocket(`wss://${authority}/mqtt`, "mqtt", {
    createConnection: () => stream,
    perMessageDeflate: false,
    maxPayload: maxControlBytes + 1024,
    handshakeTimeout: signInTimeoutMs,
  });
  const lost = new Promise<never>((_resolve, reject) => {
    webSocket.once("error", (cause) => reject(ended(cause.message, cause)));
    webSocket.once("close", (code) =>
      reject(code === displacedCode ? displaced() : ended(`closed with ${code}`)),
    );
  });
  lost.catch(() => undefined);
  const client = new MqttClient(() => createWebSocketStream(webSocket), {
    protocolVersion: 4,
    clean: true,
    clientId,
    username: clientId,
    password,
    keepalive: keepaliveSeconds,
    connectTimeout: signInTimeoutMs,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // A table of all 65,536 numbers would take 8 MB; this connection writes a few packets a minute.
    writeCache: false,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: false },
  });
  const refused = new Promise<never>((_resolve, reject) => {
    client.on("error", (cause) => reject(ended(cause.message, cause)));
    client.once("close", () => reject(ended("closed")));
  });
  refused.catch(() => undefined);
  client.on("message", onMessage);
  const destroy = (): void => {
    client.end(true);
    webSocket.terminate();
  };
  try {
    await Promise.race([
      new Promise<void>((resolve) => client.once("connect", () => resolve())),
      lost,
      refused,
    ]);
    const [granted] = await Promise.race([
      client.subscribeAsync(filter, { qos: 1 }),
      lost,
      refused,
    ]);
    if (granted?.qos !== 1) throw ended(`subscription to ${filter} was refused`);
  } catch (fault) {
    destroy();
    throw fault;
  }
  return {
    async publish(topic, payload) {
      await client.publishAsync(topic, Buffer.from(payload), { qos: 1 });
    },
    lost: Promise.race([lost, refused]),
    end: () => client.endAsync(),
    destroy,
  };
}

function displaced(): SallyportError {
  return new SallyportError("conflict", "a newer connection of this edge displaced this one");
}

function ended(what: string, cause?: Error): SallyportError {
  const message = `control connection: ${what}`;
  return new SallyportError("transport_lost", message, { cause, retryable: true });
}
