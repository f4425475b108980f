import { once } from "node:events";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { MqttClient } from "mqtt";
import * as assert from "uvu/assert";
import { createWebSocketStream, WebSocket } from "ws";
import { dialChannel } from "../../../broker/command/dial.ts";
import { maxBufferedBytes, stalledMs } from "../../../broker/relay/pump.ts";
import { readyTimeoutMs } from "../../../broker/relay/standby.ts";
import {
  maxStandbyPerEdge,
  maxWaitingPerEdge,
  pairingTimeoutMs,
} from "../../../broker/relay/tunnels.ts";
import { maxUnpairedTunnels } from "../../../edge/link/tunnels.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { AnyUpMessage, DownMessage } from "../../../shared/control.ts";
import {
  downFilter,
  downTopic,
  edgeSignInMessage,
  encodeEdgeCredential,
  upTopic,
} from "../../../shared/control.ts";
import { dialTimeoutMs } from "../../../shared/dial.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { encodeFrame } from "../../../shared/frame.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import { maxHeadBytes, upgradeRequest } from "../../../shared/upgrade.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import type { EdgeKey, Relay } from "./fixture.ts";
import { certificate, makeEdgeKey, openEdge, openRelay, relayName, until } from "./fixture.ts";

const upgradeKey = "AAAAAAAAAAAAAAAAAAAAAA==";
const dials = { token: "t", extraCa: certificate().cert };

async function credential(
  relay: Relay,
  key: EdgeKey,
  purpose: "control" | "tunnel",
): Promise<string> {
  const nonce = relay.signIn.issue(key.id);
  const signature = await key.sign(edgeSignInMessage(relayName, purpose, nonce));
  return encodeEdgeCredential({ publicKey: key.publicKey, nonce, signature });
}

interface RawMqtt extends Disposable {
  readonly client: MqttClient;
  readonly socket: WebSocket;
  readonly closed: Promise<unknown>;
}

// An MQTT connection that signs in properly, and then does as it likes.
async function openMqtt(
  relay: Relay,
  key: EdgeKey,
  options: { clean?: boolean; clientId?: string; keepalive?: number } = {},
): Promise<RawMqtt> {
  const password = await credential(relay, key, "control");
  const socket = new WebSocket(`wss://localhost:${relay.port}/mqtt`, "mqtt", {
    ca: certificate().cert,
  });
  const closed = once(socket, "close");
  socket.on("error", () => undefined);
  const client = new MqttClient(() => createWebSocketStream(socket).on("error", () => undefined), {
    protocolVersion: 4,
    clientId: key.id,
    username: key.id,
    password,
    keepalive: 15,
    reconnectPeriod: 0,
    ...options,
  });
  client.on("error", () => undefined);
  return { client, socket, closed, [Symbol.dispose]: () => void client.end(true) };
}

/** An MQTT 3.1.1 PUBLISH of QoS 1. */
function publishPacket(topic: string, payload: string): Buffer {
  const length = 2 + topic.length + 2 + payload.length;
  const header = Buffer.of(0x32, (length % 128) | 0x80, Math.floor(length / 128), 0, topic.length);
  return Buffer.concat([header, Buffer.from(topic), Buffer.of(0, 7), Buffer.from(payload)]);
}

interface RawUpgrade extends Disposable {
  readonly socket: tls.TLSSocket;
  /** Everything received so far, as text. */
  text(): string;
}

// A raw upgrade request, without any of our own client's manners.
async function rawUpgrade(
  relay: Relay,
  path: string,
  fields: Record<string, string>,
  early = "",
): Promise<RawUpgrade> {
  const socket = tls.connect({
    host: "localhost",
    port: relay.port,
    servername: "localhost",
    ca: certificate().cert,
  });
  let text = "";
  socket.on("error", () => undefined);
  socket.on("data", (bytes: Buffer) => (text += bytes.toString("latin1")));
  await once(socket, "secureConnect");
  socket.write(
    Buffer.concat([upgradeRequest("localhost", path, upgradeKey, fields), Buffer.from(early)]),
  );
  return { socket, text: () => text, [Symbol.dispose]: () => void socket.destroy() };
}

// An edge with a control connection and `count` tunnels of its own making.
async function openTunnel(relay: Relay, key: EdgeKey): Promise<RawUpgrade> {
  const tunnel = await rawUpgrade(relay, "/tunnel?label=one", {
    Authorization: `Sallyport-Edge ${await credential(relay, key, "tunnel")}`,
  });
  await until(() => tunnel.text().includes("\r\n\r\n"));
  return tunnel;
}

async function online(relay: Relay, key: EdgeKey): Promise<RawMqtt> {
  const mqtt = await openMqtt(relay, key);
  await mqtt.client.subscribeAsync(downFilter(key.id), { qos: 1 });
  await until(() => relay.control.isOnline(key.id));
  return mqtt;
}

async function codeOf(dialled: Promise<unknown>): Promise<string> {
  const fault: unknown = await dialled.then(
    () => "opened",
    (thrown: unknown) => thrown,
  );
  return fault instanceof SallyportError ? `${fault.code}: ${fault.message}` : String(fault);
}

interface Peer extends AsyncDisposable {
  readonly url: URL;
}

// A TLS server that says what it likes.
async function openPeer(speak: (socket: tls.TLSSocket) => void): Promise<Peer> {
  const sockets = new Set<net.Socket>();
  const server = tls.createServer({ ...certificate() }, (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    speak(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: new URL(`https://localhost:${(server.address() as AddressInfo).port}`),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

await group("hostile carrying", {}, (test) => {
  const publishes: {
    note: string;
    topic: (own: EdgeId, other: EdgeId) => string;
    payload: string;
    qos?: 0 | 1 | 2;
    retain?: boolean;
  }[] = [
    {
      note: "as another edge",
      topic: (_own, other) => upTopic(other, "need"),
      payload: '{"log":null,"after":0}',
    },
    {
      note: "as the relay, to itself",
      topic: (own) => downTopic(own, "ack"),
      payload: '{"journal":9}',
    },
    {
      note: "as the relay, to another edge",
      topic: (_own, other) => downTopic(other, "stop"),
      payload: "{}",
    },
    { note: "a name that does not exist", topic: (own) => `edge/${own}/up/shell`, payload: "{}" },
    { note: "to the broker's own topics", topic: () => "$SYS/x/new/clients", payload: "x" },
    {
      note: "what is not strict JSON",
      topic: (own) => upTopic(own, "need"),
      payload: '{"log":null, "after":0}',
    },
    {
      note: "retained",
      topic: (own) => upTopic(own, "need"),
      payload: '{"log":null,"after":0}',
      retain: true,
    },
    {
      note: "with QoS 2",
      topic: (own) => upTopic(own, "need"),
      payload: '{"log":null,"after":0}',
      qos: 2,
    },
  ];
  for (const { note, topic, payload, qos, retain } of publishes) {
    test(`an edge that publishes ${note} is disconnected, and nobody hears it`, async () => {
      const heard: AnyUpMessage[] = [];
      await using relay = await openRelay({
        onMessage: async (_edge, message) => void heard.push(message),
      });
      const [key, other] = [await makeEdgeKey(), await makeEdgeKey()];
      using victim = await online(relay, other);
      const overheard: string[] = [];
      victim.client.on("message", (name) => overheard.push(name));
      using mqtt = await online(relay, key);
      await mqtt.client.publishAsync(upTopic(key.id, "need"), '{"log":null,"after":7}', { qos: 1 });
      mqtt.client.publish(topic(key.id, other.id), payload, {
        qos: qos ?? 1,
        retain: retain ?? false,
      });
      await mqtt.closed;
      assert.is(heard.length, 1, "only its proper message before");
      assert.ok(relay.control.isOnline(other.id));
      assert.not.ok(overheard.some((name) => !name.endsWith("/dial") && !name.endsWith("/ack")));
      await until(() => !relay.control.isOnline(key.id));
    });
  }

  test("an edge may listen under its own prefix; every other filter is refused and hears nothing", async () => {
    await using relay = await openRelay();
    const [key, other] = [await makeEdgeKey(), await makeEdgeKey()];
    using _victim = await online(relay, other);
    using mqtt = await online(relay, key);
    const heard: string[] = [];
    mqtt.client.on("message", (topic) => heard.push(topic));
    for (const filter of [
      downFilter(other.id),
      `edge/${other.id}/up/#`,
      "#",
      "edge/+/down/#",
      "$SYS/#",
      `edge/${key.id}/up/#`,
    ]) {
      const granted = await mqtt.client.subscribeAsync(filter, { qos: 1 }).then(
        ([grant]) => grant?.qos,
        () => 128,
      );
      assert.is(granted, 128, filter);
    }
    relay.control.send(other.id, "leaving", { graceMs: 1 });
    relay.control.send(key.id, "leaving", { graceMs: 2 });
    await until(() => heard.includes(downTopic(key.id, "leaving")));
    assert.ok(heard.every((topic) => topic.startsWith(`edge/${key.id}/down/`)));
  });

  const signIns: { note: string; options: (other: EdgeKey) => Parameters<typeof openMqtt>[2] }[] = [
    { note: "under another edge's client id", options: (other) => ({ clientId: other.id }) },
    { note: "with a session that outlives its connection", options: () => ({ clean: false }) },
    { note: "with a keepalive beyond 20 s", options: () => ({ keepalive: 21 }) },
    { note: "without a keepalive", options: () => ({ keepalive: 0 }) },
  ];
  for (const { note, options } of signIns) {
    test(`a sign-in ${note} is refused, and displaces nobody`, async () => {
      await using relay = await openRelay();
      const [key, other] = [await makeEdgeKey(), await makeEdgeKey()];
      using _victim = await online(relay, other);
      using mqtt = await openMqtt(relay, key, options(other));
      await mqtt.closed;
      assert.ok(relay.control.isOnline(other.id));
      assert.not.ok(relay.control.isOnline(key.id));
    });
  }

  test("an unknown edge may introduce itself, and nothing else", async () => {
    const heard: string[] = [];
    await using relay = await openRelay({
      standingOf: async () => "newcomer",
      onMessage: async (_edge, { name }) => void heard.push(name),
    });
    const key = await makeEdgeKey();
    using mqtt = await online(relay, key);
    await mqtt.client.publishAsync(upTopic(key.id, "need"), '{"log":null,"after":0}', { qos: 1 });
    mqtt.client.publish(upTopic(key.id, "journal"), '{"from":0,"headers":["{}"]}', { qos: 1 });
    await mqtt.closed;
    assert.equal(heard, ["need"]);
  });

  // Node's streams give one piece at each read, and the MQTT broker read once for all pieces that had come: behind a proxy that sends on each
  // message by itself, sign-ins never arrived whole.
  test("a packet that comes in many small messages at once is taken at once", async () => {
    const heard = Promise.withResolvers<string>();
    await using relay = await openRelay({
      onMessage: async (_edge, { name }) => heard.resolve(name),
    });
    const key = await makeEdgeKey();
    using mqtt = await online(relay, key);
    const packet = publishPacket(upTopic(key.id, "journal"), '{"from":0,"headers":["{}"]}');
    for (const byte of packet) mqtt.socket.send(Buffer.of(byte));
    assert.is(await heard.promise, "journal");
  });

  // It was disconnected once, with "publishing is not allowed", and healed by connecting again.
  test("a newcomer that a manifest names meanwhile goes on over the same connection, and gets its tunnels dialled", async () => {
    const heard: string[] = [];
    const standings: string[] = [];
    let standing: "newcomer" | "known" = "newcomer";
    await using relay = await openRelay({
      standingOf: async () => standing,
      onMessage: async (_edge, { name }) => void heard.push(name),
      onOnline: (_edge, as) => void standings.push(as),
    });
    const key = await makeEdgeKey();
    using mqtt = await online(relay, key);
    await mqtt.client.publishAsync(upTopic(key.id, "need"), '{"log":null,"after":0}', { qos: 1 });
    standing = "known";
    const headers = '{"from":0,"headers":["{}"]}';
    await mqtt.client.publishAsync(upTopic(key.id, "journal"), headers, { qos: 1 });
    await mqtt.client.publishAsync(upTopic(key.id, "journal"), headers, { qos: 1 });
    assert.equal(heard, ["need", "journal", "journal"]);
    assert.equal(standings, ["newcomer", "known"], "told once");
    assert.ok(relay.control.isOnline(key.id));
  });

  test("a tunnel's credential opens one tunnel: a replay is refused", async () => {
    await using relay = await openRelay();
    const key = await makeEdgeKey();
    using _mqtt = await online(relay, key);
    const fields = { Authorization: `Sallyport-Edge ${await credential(relay, key, "tunnel")}` };
    using first = await rawUpgrade(relay, "/tunnel", fields);
    await until(() => first.text().startsWith("HTTP/1.1 101"));
    using second = await rawUpgrade(relay, "/tunnel", fields);
    await until(() => second.text().startsWith("HTTP/1.1 401"));
  });

  test("a tunnel of an edge without a control connection is refused, and so is one too many", async () => {
    await using relay = await openRelay();
    const key = await makeEdgeKey();
    using lone = await openTunnel(relay, key);
    assert.match(lone.text(), "HTTP/1.1 409");
    using _mqtt = await online(relay, key);
    using tunnels = new DisposableStack();
    for (let index = 0; index < maxStandbyPerEdge; index += 1) {
      assert.match(tunnels.use(await openTunnel(relay, key)).text(), "HTTP/1.1 101");
    }
    using tooMany = await openTunnel(relay, key);
    assert.match(tooMany.text(), "HTTP/1.1 429");
  });

  const unpaired: { note: string; bytes: Uint8Array }[] = [
    { note: "says ready unasked", bytes: encodeFrame(2, Buffer.from("ready"), "client") },
    { note: "sends data", bytes: encodeFrame(2, new Uint8Array(100), "client") },
    {
      note: "begins an endless frame",
      bytes: Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    },
    { note: "sends text", bytes: Uint8Array.of(0x81, 0x80, 0, 0, 0, 0) },
    { note: "does not mask", bytes: Uint8Array.of(0x8a, 0x00) },
  ];
  for (const { note, bytes } of unpaired) {
    test(`a standby tunnel that ${note} is dropped`, async () => {
      await using relay = await openRelay();
      const key = await makeEdgeKey();
      using _mqtt = await online(relay, key);
      using tunnel = await openTunnel(relay, key);
      await until(() => relay.tunnels.counts().standby === 1);
      tunnel.socket.write(bytes);
      await once(tunnel.socket, "close");
      assert.is(relay.tunnels.counts().standby, 0);
    });
  }

  test("an edge that is paired and goes silent costs a vendor one try: the next tunnel serves", async () => {
    const clock = new TurnedClock();
    await using relay = await openRelay({ clock });
    const key = await makeEdgeKey();
    using _mqtt = await online(relay, key);
    using silent = await openTunnel(relay, key);
    using good = await openTunnel(relay, key);
    await until(() => relay.tunnels.counts().standby === 2);
    const dialled = dialChannel({ relay: relay.url, edge: key.id, clock: systemClock, ...dials });
    await until(() => silent.text().includes("paired"));
    assert.not.match(good.text(), "paired");
    clock.advanceMs(readyTimeoutMs);
    await until(() => good.text().includes("paired"));
    good.socket.write(encodeFrame(2, Buffer.from("ready"), "client"));
    (await dialled).destroy();
    await until(() => silent.socket.closed);
  });

  test("an edge that never dials leaves the vendor with an answer, and no more than the bound wait", async () => {
    const clock = new TurnedClock();
    await using relay = await openRelay({ clock });
    const key = await makeEdgeKey();
    using _mqtt = await online(relay, key);
    const waiting = Array.from({ length: maxWaitingPerEdge }, () =>
      codeOf(dialChannel({ relay: relay.url, edge: key.id, clock: systemClock, ...dials })),
    );
    await until(() => relay.tunnels.counts().waiting === maxWaitingPerEdge);
    const oneMore = await codeOf(
      dialChannel({ relay: relay.url, edge: key.id, clock: systemClock, ...dials }),
    );
    assert.match(oneMore, /^unreachable: .*too many/);
    clock.advanceMs(pairingTimeoutMs);
    for (const answer of await Promise.all(waiting))
      assert.match(answer, /^timeout: .*did not open a tunnel in time/);
    assert.is(relay.tunnels.counts().waiting, 0);
  });

  test("a vendor that never reads stops its edge within bounds, harms no other channel, and is cut", async () => {
    const clock = new TurnedClock();
    await using relay = await openRelay({ clock });
    let sent = 0;
    const ended = Promise.withResolvers<void>();
    let isFirst = true;
    await using edge = await openEdge(relay.url, {
      onTransport: (transport) => {
        transport.onMessage = (message) => void transport.send([message.slice()]);
        if (!isFirst) return;
        isFirst = false;
        const fill = (): void => {
          do sent += 65_536;
          while (transport.send([new Uint8Array(65_536)]) && sent < 256 * 1024 * 1024);
        };
        transport.onDrain = fill;
        transport.onClose = () => ended.resolve();
        fill();
      },
    });
    await until(() => relay.tunnels.counts().standby === 2);
    using vendor = await rawUpgrade(relay, `/channel/${edge.key.id}`, {});
    await until(() => vendor.text().includes("\r\n\r\n"));
    vendor.socket.pause();
    let before = -1;
    await until(() => {
      const isStill = sent === before;
      before = sent;
      return isStill;
    });
    const other = await dialChannel({
      relay: relay.url,
      edge: edge.key.id,
      clock: systemClock,
      ...dials,
    });
    const echo = Promise.withResolvers<string>();
    other.onMessage = (message) => echo.resolve(Buffer.from(message).toString());
    other.send([Buffer.from("hello")]);
    assert.is(await echo.promise, "hello");
    // Looked at only now: a whole other channel was dialled and served meanwhile.
    assert.ok(sent < 64 * maxBufferedBytes, `the edge could send ${sent} bytes`);
    clock.advanceMs(2 * stalledMs);
    await ended.promise;
    other.destroy();
  });

  const requests: {
    note: string;
    path: (edge: EdgeId) => string;
    fields: Record<string, string>;
    early?: string;
    status: number;
  }[] = [
    { note: "of another path", path: () => "/admin", fields: {}, status: 404 },
    { note: "of an edge that is no id", path: () => "/channel/..%2f", fields: {}, status: 404 },
    {
      note: "without our subprotocol",
      path: (edge) => `/channel/${edge}`,
      fields: { "Sec-WebSocket-Protocol": "chat" },
      status: 400,
    },
    {
      note: "of another WebSocket version",
      path: (edge) => `/channel/${edge}`,
      fields: { "Sec-WebSocket-Version": "8" },
      status: 400,
    },
    {
      note: "with a key of the wrong length",
      path: (edge) => `/channel/${edge}`,
      fields: { "Sec-WebSocket-Key": "AAAA" },
      status: 400,
    },
    {
      note: "with bytes behind it",
      path: (edge) => `/channel/${edge}`,
      fields: {},
      early: "x",
      status: 400,
    },
    { note: "of a tunnel with nothing to show", path: () => "/tunnel", fields: {}, status: 401 },
    {
      note: "of a tunnel with a vendor's token",
      path: () => "/tunnel",
      fields: { Authorization: "Bearer token" },
      status: 401,
    },
  ];
  for (const { note, path, fields, early, status } of requests) {
    test(`an upgrade ${note} is answered ${status}`, async () => {
      await using relay = await openRelay();
      const { id } = await makeEdgeKey();
      using upgrade = await rawUpgrade(relay, path(id), fields, early);
      await until(() => upgrade.text().length > 0);
      assert.match(upgrade.text(), `HTTP/1.1 ${status} `);
      assert.match(upgrade.text(), "application/json");
    });
  }

  const answers: { note: string; text: string; code: RegExp }[] = [
    {
      note: "an endless head",
      text: `HTTP/1.1 101 X\r\n${"a: b\r\n".repeat(maxHeadBytes / 6 + 10)}`,
      code: /^upgrade_refused: .*exceeds/,
    },
    { note: "another protocol", text: "SSH-2.0-x\r\n\r\n", code: /^upgrade_refused/ },
    {
      note: "another key's answer",
      text: "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
      code: /^upgrade_refused: .*another key/,
    },
    {
      note: "a redirect to a foreign address",
      text: "HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\n\r\n",
      code: /^upgrade_refused: relay answered 302$/,
    },
    {
      note: "a message with escape sequences",
      text: 'HTTP/1.1 401 X\r\nContent-Length: 24\r\n\r\n{"message":"\\u001b[31m"}',
      code: /^unauthorised: relay answered 401$/,
    },
  ];
  for (const { note, text, code } of answers) {
    test(`a dial that is answered with ${note} is refused`, async () => {
      await using peer = await openPeer((socket) => socket.once("data", () => socket.write(text)));
      const { id } = await makeEdgeKey();
      assert.match(
        await codeOf(dialChannel({ relay: peer.url, edge: id, clock: systemClock, ...dials })),
        code,
      );
    });
  }

  test("a relay that never answers is given up in time, and a dial can be called off", async () => {
    const asked = Promise.withResolvers<void>();
    await using peer = await openPeer((socket) => socket.once("data", () => asked.resolve()));
    const { id } = await makeEdgeKey();
    const clock = new TurnedClock();
    const dialled = codeOf(dialChannel({ relay: peer.url, edge: id, clock, ...dials }));
    await asked.promise;
    clock.advanceMs(dialTimeoutMs);
    assert.match(await dialled, /^timeout/);
    const called = new AbortController();
    const second = codeOf(
      dialChannel({ relay: peer.url, edge: id, clock, signal: called.signal, ...dials }),
    );
    called.abort();
    assert.match(await second, /given up/);
  });

  test("a dial that names an address is ignored, and the link lives on", async () => {
    await using relay = await openRelay();
    const dialled: string[] = [];
    await using edge = await openEdge(relay.url, { onDial: ({ label }) => dialled.push(label) });
    await until(() => dialled.length === 1);
    const nonces = [relay.signIn.issue(edge.key.id)];
    for (const label of ["evil.example", "10.0.0.1:443", "//evil", "a?b", "x\r\nHost: evil"]) {
      relay.control.send(edge.key.id, "dial", { label, nonces });
    }
    relay.control.send(edge.key.id, "dial", { label: "two", nonces });
    await until(() => dialled.length === 2);
    assert.equal(dialled, ["one", "two"]);
    assert.is(edge.lines.filter((line) => line.includes("never an address")).length, 5);
  });

  test("a relay that asks for tunnels without end gets no more than the edge's own bound", async () => {
    await using relay = await openRelay();
    const key = await makeEdgeKey();
    await using edge = await openEdge(relay.url, { key, onDial: () => undefined });
    await until(() => relay.control.isOnline(key.id));
    const dial = (): DownMessage<"dial"> => ({
      label: "one",
      nonces: Array.from({ length: 8 }, () => relay.signIn.issue(key.id)),
    });
    for (let index = 0; index < 20; index += 1) edge.tunnels.dial("one", dial().nonces, relayName);
    assert.is(edge.tunnels.counts().dialling, maxUnpairedTunnels);
    await until(() => edge.tunnels.counts().dialling === 0);
    assert.ok(edge.tunnels.counts().standby <= maxStandbyPerEdge + 2);
  });
});
