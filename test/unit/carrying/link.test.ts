import { once } from "node:events";
import * as http from "node:http";
import * as https from "node:https";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import * as assert from "uvu/assert";
import { WebSocket, WebSocketServer } from "ws";
import { dialChannel } from "../../../broker/command/dial.ts";
import { fullJitterMs, longestDelayMs, reconnectDelayMs } from "../../../edge/link/backoff.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { AnyUpMessage } from "../../../shared/control.ts";
import type { ErrorCode } from "../../../shared/errors.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { signEnvelope } from "../../../shared/document/envelope.ts";
import type { EdgeId } from "../../../shared/ids.ts";
import type { FrameTransport } from "../../../shared/transport.ts";
import { group } from "../../support/group.ts";
import type { Relay } from "./fixture.ts";
import { certificate, makeEdgeKey, openEdge, openRelay, until } from "./fixture.ts";

const token = "a-session-token";

function dial(
  relay: URL,
  edge: EdgeId,
  options: { proxy?: URL; extraCa?: string } = {},
): Promise<FrameTransport> {
  return dialChannel({
    relay,
    edge,
    token,
    extraCa: certificate().cert,
    clock: systemClock,
    ...options,
  });
}

// Sends `count` messages and resolves once their echo is back, byte for byte.
function echoed(transport: FrameTransport, count: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const bytes = Uint8Array.from({ length: 65_536 }, (_, index) => index * 7);
  let sent = 0;
  let received = 0;
  const fill = (): void => {
    while (sent < count) {
      sent += 1;
      if (!transport.send([Uint8Array.of(sent & 0xff), bytes])) return;
    }
  };
  transport.onMessage = (message) => {
    received += 1;
    if (message[0] !== (received & 0xff) || message.length !== bytes.length + 1)
      reject(new Error(`echo ${received} is wrong`));
    if (received === count) resolve();
  };
  transport.onDrain = fill;
  transport.onClose = (error) => reject(error ?? new Error("closed"));
  fill();
  return promise;
}

async function failsWith(
  code: ErrorCode,
  isRetryable: boolean,
  dialled: Promise<unknown>,
): Promise<void> {
  const fault: unknown = await dialled.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(fault instanceof SallyportError, `threw ${String(fault)}`);
  assert.is(fault.code, code, fault.message);
  assert.is(fault.retryable, isRetryable, fault.message);
}

async function isReady(relay: Relay): Promise<void> {
  await until(() => relay.tunnels.counts().standby === 2);
}

interface Proxy extends AsyncDisposable {
  readonly url: URL;
  readonly asked: string[];
}

async function openProxy(credentials: string): Promise<Proxy> {
  const asked: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = http.createServer();
  server.on("connect", (request: http.IncomingMessage, stream, head: Buffer) => {
    const socket = stream as net.Socket;
    const wished = `Basic ${Buffer.from(credentials).toString("base64")}`;
    asked.push(request.url ?? "");
    if (request.headers["proxy-authorization"] !== wished)
      return socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    const { hostname, port } = new URL(`http://${request.url}`);
    const onward = net.connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 Connection established\r\nVia: 1.1 plant\r\n\r\n");
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const each of [socket, onward]) {
      sockets.add(each);
      each.on("error", () => each.destroy());
      each.on("close", () => (each === socket ? onward : socket).destroy());
    }
    return undefined;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: new URL(
      `http://${encodeURI(credentials)}@127.0.0.1:${(server.address() as AddressInfo).port}`,
    ),
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

await group("link", {}, (test) => {
  test("a channel pairs with a standby tunnel, carries both ways, and the standby is filled again", async () => {
    await using relay = await openRelay();
    await using edge = await openEdge(relay.url);
    await isReady(relay);
    const transport = await dial(relay.url, edge.key.id);
    await echoed(transport, 200);
    assert.is(relay.tunnels.counts().paired, 1);
    await isReady(relay);
    transport.close();
    await until(() => relay.tunnels.counts().paired === 0);
  });

  test("more channels than the standby holds are dialled on demand", async () => {
    await using relay = await openRelay();
    await using edge = await openEdge(relay.url);
    await isReady(relay);
    const transports = await Promise.all(
      Array.from({ length: 12 }, () => dial(relay.url, edge.key.id)),
    );
    await Promise.all(transports.map((transport) => echoed(transport, 3)));
    for (const transport of transports) transport.close();
    await until(() => relay.tunnels.counts().paired === 0);
  });

  test("a vendor whom the relay refuses learns why; an admitted one connects", async () => {
    await using relay = await openRelay({
      authoriseVendor: async (request) =>
        request.headers.authorization === `Bearer ${token}`
          ? { authorised: true }
          : { authorised: false, status: 401, code: "unauthorised", message: "sign in first" },
    });
    await using edge = await openEdge(relay.url);
    await isReady(relay);
    (await dial(relay.url, edge.key.id)).destroy();
    const stranger = dialChannel({
      relay: relay.url,
      edge: edge.key.id,
      token: "other",
      extraCa: certificate().cert,
      clock: systemClock,
    });
    await failsWith("unauthorised", false, stranger);
    await stranger.catch((fault: unknown) => assert.match(String(fault), "401: sign in first"));
  });

  test("a channel to an edge that is not connected is refused, and may be tried again", async () => {
    await using relay = await openRelay();
    const { id } = await makeEdgeKey();
    await failsWith("unreachable", true, dial(relay.url, id));
  });

  test("a relay with a certificate that nobody vouches for is refused; with the extra authority it is taken", async () => {
    await using relay = await openRelay();
    const { id } = await makeEdgeKey();
    const dialled = dialChannel({ relay: relay.url, edge: id, token, clock: systemClock });
    await failsWith("unreachable", false, dialled);
    await failsWith("unreachable", true, dial(relay.url, id));
  });

  test("edge and vendor reach the relay through a proxy that asks for Basic; a wrong password is told", async () => {
    await using relay = await openRelay();
    await using proxy = await openProxy("plant:open sesame");
    await using edge = await openEdge(relay.url, { proxy: proxy.url });
    await isReady(relay);
    const transport = await dial(relay.url, edge.key.id, { proxy: proxy.url });
    await echoed(transport, 100);
    transport.close();
    assert.ok(proxy.asked.length >= 5);
    assert.ok(proxy.asked.every((authority) => authority === `localhost:${relay.port}`));
    const wrong = new URL(proxy.url);
    wrong.password = "wrong";
    await failsWith("unauthorised", false, dial(relay.url, edge.key.id, { proxy: wrong }));
  });

  test("after the relay's restart the edge is back, and channels open again", async () => {
    const first = await openRelay();
    const states: string[] = [];
    await using edge = await openEdge(first.url, {
      onState: (state) => states.push(state),
      random: () => 0.05,
    });
    await isReady(first);
    const transport = await dial(first.url, edge.key.id);
    const lost = new Promise<void>((resolve) => (transport.onClose = () => resolve()));
    transport.onMessage = () => undefined;
    await first[Symbol.asyncDispose]();
    await lost;
    assert.ok(edge.lines.some((line) => line.includes("relay is leaving")));
    await using second = await openRelay({ port: first.port });
    await isReady(second);
    const again = await dial(second.url, edge.key.id);
    await echoed(again, 10);
    again.close();
    assert.ok(states.filter((state) => state === "connected").length === 2);
  });

  test("a newer connection of an edge displaces the older, which then waits long", async () => {
    await using relay = await openRelay();
    const key = await makeEdgeKey();
    const displaced = Promise.withResolvers<string>();
    await using _older = await openEdge(relay.url, {
      key,
      random: () => 1,
      onState: (state, detail) => state === "waiting" && displaced.resolve(detail),
    });
    await isReady(relay);
    await using newer = await openEdge(relay.url, { key });
    assert.match(await displaced.promise, /displaced.*next attempt in 60000 ms/);
    await until(() => newer.tunnels.counts().standby === 2);
    assert.ok(relay.control.isOnline(key.id));
    const transport = await dial(relay.url, key.id);
    await echoed(transport, 3);
    transport.close();
  });

  test("what an edge says reaches the relay in order, and a receipt is sent again until it was kept", async () => {
    const heard: AnyUpMessage[] = [];
    let failures = 1;
    await using relay = await openRelay({
      onMessage: async (_edge, message) => {
        if (message.name === "receipt" && failures > 0) {
          failures -= 1;
          throw new Error("disk is full");
        }
        heard.push(message);
      },
    });
    await using edge = await openEdge(relay.url, { random: () => 0.01 });
    const envelope = await signEnvelope("receipt", { outcome: "done" }, []);
    edge.link.sendReceipt(envelope);
    await until(() => heard.some(({ name }) => name === "receipt"));
    assert.is(heard.filter(({ name }) => name === "receipt").length, 1);
    assert.is(failures, 0);
    const [first] = heard;
    assert.ok(first?.name === "presence" && first.message.online);
    await until(() => heard.at(-1)?.name === "need");
  });

  test("the journal is sent from where the relay stands, in batches, each after the other was acknowledged", async () => {
    const length = 150;
    const stored: string[] = [];
    await using relay = await openRelay({
      onMessage: async (edge, up) => {
        if (up.name !== "journal") return;
        assert.is(up.message.from, stored.length);
        stored.push(...up.message.headers);
        relay.control.send(edge, "ack", { journal: stored.length });
      },
    });
    const acknowledged: number[] = [];
    await using _edge = await openEdge(relay.url, {
      journal: {
        length: () => length,
        headersFrom: async (from, count) =>
          Array.from(
            { length: Math.min(count, length - from) },
            (_, index) => `{"n":${from + index}}`,
          ),
      },
      onAcknowledged: (entries) => acknowledged.push(entries),
    });
    await until(() => stored.length === length);
    assert.equal(stored.at(-1), `{"n":149}`);
    await until(() => acknowledged.length === 4);
    assert.equal(acknowledged, [0, 64, 128, 150]);
  });

  test("the relay's documents come one after the other, stops at once", async () => {
    const seen: string[] = [];
    const slow = Promise.withResolvers<void>();
    await using relay = await openRelay();
    await using edge = await openEdge(relay.url, {
      onDocument: async ({ seq }) => {
        seen.push(`document ${seq}`);
        if (seq === 1) await slow.promise;
      },
      onStop: async ({ scope }) => void seen.push(`stop ${scope}`),
    });
    await isReady(relay);
    const log = "AAAAAAAAAAAAAAAAAAAAAA";
    const envelope = await signEnvelope("grant", { x: 1 }, []);
    relay.control.send(edge.key.id, "document", { log, seq: 1, envelope });
    relay.control.send(edge.key.id, "document", { log, seq: 2, envelope });
    relay.control.send(edge.key.id, "stop", { stop: log, scope: "edge", id: null, by: "anna" });
    await until(() => seen.includes("stop edge"));
    assert.equal(seen, ["document 1", "stop edge"]);
    slow.resolve();
    await until(() => seen.includes("document 2"));
  });

  test("an edge that says goodbye leaves no will; one whose line is cut does", async () => {
    const heard: string[] = [];
    const offline: EdgeId[] = [];
    await using relay = await openRelay({
      onMessage: async (_edge, { name, message }) =>
        void (name === "presence" && heard.push(JSON.stringify(message))),
      onOffline: (edge) => offline.push(edge),
    });
    const polite = await openEdge(relay.url);
    await isReady(relay);
    await polite[Symbol.asyncDispose]();
    await until(() => offline.length === 1);
    assert.is(heard.filter((line) => line.includes('"online":false')).length, 0);
    const proxy = await openProxy("plant:x");
    await using _cut = await openEdge(relay.url, { random: () => 1, proxy: proxy.url });
    await isReady(relay);
    await proxy[Symbol.asyncDispose]();
    await until(() => heard.some((line) => line.includes('"online":false')));
    await until(() => offline.length === 2);
  });

  test("a relay that shuts down lets what is paired finish, and says so to whoever waits", async () => {
    const relay = await openRelay();
    await using edge = await openEdge(relay.url, { random: () => 1 });
    await isReady(relay);
    const transport = await dial(relay.url, edge.key.id);
    const closing = relay.tunnels.close(60_000);
    await failsWith("unreachable", true, dial(relay.url, edge.key.id));
    await echoed(transport, 20);
    transport.close();
    await closing;
    await relay[Symbol.asyncDispose]();
  });

  test("real peer: the ws library as vendor, also with fragmented messages", async () => {
    await using relay = await openRelay();
    await using edge = await openEdge(relay.url);
    await isReady(relay);
    const url = `wss://localhost:${relay.port}/channel/${edge.key.id}`;
    const socket = new WebSocket(url, ["sallyport.v1", `bearer.${token}`], {
      ca: certificate().cert,
      perMessageDeflate: false,
    });
    const received: Buffer[] = [];
    socket.on("message", (message: Buffer) => received.push(Buffer.from(message)));
    await once(socket, "open");
    const sizes = [0, 1, 125, 126, 65_535, 65_536, 66_048];
    for (const size of sizes) socket.send(Buffer.alloc(size, size));
    socket.send(Buffer.from("frag"), { fin: false });
    socket.send(Buffer.from("mented"), { fin: true });
    await until(() => received.length === sizes.length + 1);
    assert.equal(
      received.map((message) => message.length),
      [...sizes, 10],
    );
    assert.is(received.at(-1)?.toString(), "fragmented");
    assert.ok(
      received
        .slice(0, -1)
        .every((message, index) => message.equals(Buffer.alloc(sizes[index] ?? 0, sizes[index]))),
    );
    socket.close(1000);
    const [code] = (await once(socket, "close")) as [number];
    assert.is(code, 1000);
  });

  test("real peer: the ws library as server takes our dial and our frames", async () => {
    const server = https.createServer({ ...certificate() });
    const sockets = new WebSocketServer({
      server,
      handleProtocols: () => "sallyport.v1",
      perMessageDeflate: true,
    });
    sockets.on("connection", (socket) =>
      socket.on("message", (message: Buffer) => socket.send(message)),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = new URL(`https://localhost:${(server.address() as AddressInfo).port}`);
    const transport = await dial(url, (await makeEdgeKey()).id);
    await echoed(transport, 40);
    transport.close();
    server.close();
    await once(server, "close");
  });

  test("waits grow from a second to a minute, evenly random below the bound", () => {
    assert.equal(
      [0, 1, 5, 6, 7, 1000].map((attempt) => fullJitterMs(attempt, () => 1)),
      [1000, 2000, 32_000, longestDelayMs, longestDelayMs, longestDelayMs],
    );
    assert.is(
      fullJitterMs(6, () => 0),
      0,
    );
  });

  test("while a session waits for the link, no wait is longer than 4 s; without one they grow", () => {
    const waits = (isAwaited: boolean) =>
      [0, 1, 2, 3, 1000].map((attempt) => reconnectDelayMs(attempt, isAwaited, () => 1));
    assert.equal(waits(true), [1000, 2000, 4000, 4000, 4000]);
    assert.equal(waits(false), [1000, 2000, 4000, 8000, longestDelayMs]);
  });
});
