import { once } from "node:events";
import * as net from "node:net";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import * as fc from "fast-check";
import * as assert from "uvu/assert";
import { systemClock } from "../../../shared/clock.ts";
import type { Clock } from "../../../shared/clock.ts";
import { messageOf, SallyportError } from "../../../shared/errors.ts";
import { encodeFrame } from "../../../shared/frame.ts";
import type { ByteConnection } from "../../../shared/socket-transport.ts";
import {
  closeGraceMs,
  highWaterBytes,
  silentTicks,
  socketTransport,
  tickMs,
} from "../../../shared/socket-transport.ts";
import type { FrameTransport } from "../../../shared/transport.ts";
import { maxMessageBytes } from "../../../shared/transport.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { certificate, until } from "./fixture.ts";

type Carrier = "tcp onread" | "tcp data" | "tls onread" | "tls data";
const carriers: readonly Carrier[] = ["tcp onread", "tcp data", "tls onread", "tls data"];

interface Pair extends Disposable {
  readonly client: ByteConnection & { readonly socket: net.Socket };
  readonly server: ByteConnection & { readonly socket: net.Socket };
}

function connectionOf(socket: net.Socket): Pair["server"] {
  const connection = { socket, receive: (_bytes: Uint8Array): void => undefined };
  socket.on("data", (bytes: Buffer) => connection.receive(bytes));
  socket.pause();
  return connection;
}

// Two ends of one real loopback connection; the client's reads go as the carrier says.
async function openPair(carrier: Carrier): Promise<Pair> {
  const isTls = carrier.startsWith("tls");
  const isReused = carrier.endsWith("onread");
  const server = isTls ? tls.createServer({ ...certificate() }) : net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, isTls ? "secureConnection" : "connection") as Promise<[net.Socket]>;
  let receive = (_bytes: Uint8Array): void => undefined;
  const buffer = new Uint8Array(65_536);
  const callback = (length: number): boolean => {
    receive(buffer.subarray(0, length));
    buffer.fill(0xee, 0, length);
    return true;
  };
  const options = {
    host: "127.0.0.1",
    port,
    ca: [certificate().cert],
    highWaterMark: highWaterBytes,
    ...(isReused && { onread: { buffer, callback } }),
  };
  const socket = isTls ? tls.connect(options) : net.connect(options);
  await once(socket, isTls ? "secureConnect" : "connect");
  const [other] = await accepted;
  server.close();
  const client = isReused
    ? {
        socket,
        get receive() {
          return receive;
        },
        set receive(next) {
          receive = next;
        },
      }
    : connectionOf(socket);
  return {
    client,
    server: connectionOf(other),
    [Symbol.dispose]() {
      socket.destroy();
      other.destroy();
    },
  };
}

function transports(
  pair: Pair,
  clock: Clock = systemClock,
): { near: FrameTransport; far: FrameTransport } {
  const none = new Uint8Array(0);
  return {
    near: socketTransport(pair.client, "client", none, clock),
    far: socketTransport(pair.server, "server", none, clock),
  };
}

// A stream of bytes whose every position is known, so that a lost, doubled or overwritten one shows.
class Pattern {
  #at = 0;
  take(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let index = 0; index < length; index += 1) bytes[index] = ((this.#at + index) * 131) >> 3;
    this.#at += length;
    return bytes;
  }
}

// Sends messages of the given lengths as fast as the transport takes them.
async function sendAll(transport: FrameTransport, lengths: readonly number[]): Promise<void> {
  const pattern = new Pattern();
  for (const length of lengths) {
    const bytes = pattern.take(length);
    const cut = Math.floor(length / 3);
    if (transport.send([bytes.subarray(0, cut), bytes.subarray(cut)])) continue;
    await new Promise<void>((resolve) => (transport.onDrain = resolve));
  }
}

type Act = "go on" | "pause and resume" | "pause a turn" | "pause a while" | "resume twice";

// Receives everything, pausing as told, and fails on the first wrong byte or a message while paused.
function receiveAll(
  transport: FrameTransport,
  lengths: readonly number[],
  acts: readonly Act[],
): Promise<void> {
  const pattern = new Pattern();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let count = 0;
  let isPaused = false;
  const resume = (): void => {
    isPaused = false;
    transport.resume();
  };
  transport.onMessage = (message) => {
    if (isPaused) return reject(new Error(`message ${count} came while paused`));
    const expected = pattern.take(lengths[count] ?? 0);
    if (Buffer.compare(message, expected) !== 0)
      return reject(new Error(`message ${count} is wrong`));
    const act = acts[count % acts.length] ?? "go on";
    count += 1;
    if (count === lengths.length) return resolve();
    if (act === "go on") return;
    isPaused = true;
    transport.pause();
    if (act === "pause and resume") resume();
    else if (act === "pause a turn") setImmediate(resume);
    else if (act === "pause a while") setTimeout(resume, 2);
    else {
      setImmediate(() => {
        resume();
        transport.pause();
        transport.resume();
      });
    }
  };
  transport.onClose = (error) => reject(new Error(`closed: ${messageOf(error)}`));
  return promise;
}

const act = fc.constantFrom<Act>(
  "go on",
  "go on",
  "pause and resume",
  "pause a turn",
  "pause a while",
  "resume twice",
);
const lengths = fc.array(
  fc.oneof(fc.nat(200), fc.nat(20_000), fc.constantFrom(0, 65_536, maxMessageBytes)),
  {
    minLength: 1,
    maxLength: 60,
  },
);

await group("socket transport", { timeoutMs: 60_000 }, (test) => {
  for (const carrier of carriers) {
    test(`property: over ${carrier}, no byte is lost or doubled, whatever is paused and resumed`, async () => {
      await fc.assert(
        fc.asyncProperty(
          lengths,
          lengths,
          fc.array(act, { minLength: 1 }),
          fc.array(act, { minLength: 1 }),
          async (up, down, one, two) => {
            using pair = await openPair(carrier);
            const { near, far } = transports(pair);
            await Promise.all([
              receiveAll(far, up, one),
              receiveAll(near, down, two),
              sendAll(near, up),
              sendAll(far, down),
            ]);
          },
        ),
        { numRuns: 25 },
      );
    });

    test(`over ${carrier}, a reader that pauses for long stops the sender within bounds, and loses nothing`, async () => {
      using pair = await openPair(carrier);
      const { near, far } = transports(pair);
      let received = 0;
      let sent = 0;
      near.onMessage = (message) => {
        received += message.length;
      };
      near.pause();
      far.onMessage = () => undefined;
      const whole = 32 * 1024 * 1024;
      const fill = (): void => {
        while (sent < whole) {
          sent += 65_536;
          if (!far.send([new Uint8Array(65_536)])) return;
        }
      };
      far.onDrain = fill;
      fill();
      await until(() => pair.server.socket.writableLength >= highWaterBytes);
      await new Promise<void>((resolve) => setTimeout(resolve, 50));
      assert.is(received, 0);
      assert.ok(sent < whole / 2, `only ${sent} bytes were taken`);
      assert.ok(pair.server.socket.writableLength < highWaterBytes + 2 * 65_536);
      near.resume();
      await until(() => received === whole);
    });
  }

  test("a message spans the parts it was sent in", async () => {
    using pair = await openPair("tls onread");
    const { near, far } = transports(pair);
    const got = Promise.withResolvers<string>();
    far.onMessage = (message) => got.resolve(Buffer.from(message).toString());
    near.send([Buffer.from("one "), new Uint8Array(0), Buffer.from("message")]);
    assert.is(await got.promise, "one message");
  });

  test("bytes that came with the handshake are delivered, and not before somebody listens", async () => {
    using pair = await openPair("tcp data");
    const head = encodeFrame(2, Buffer.from("early"), "client");
    const transport = socketTransport(pair.server, "server", head, systemClock);
    await new Promise<void>((resolve) => setTimeout(resolve, 5));
    const got = Promise.withResolvers<string>();
    transport.onMessage = (message) => got.resolve(Buffer.from(message).toString());
    assert.is(await got.promise, "early");
  });

  test("a message beyond the bound is not sent; one at the bound is", async () => {
    using pair = await openPair("tcp data");
    const { near, far } = transports(pair);
    const got = Promise.withResolvers<number>();
    far.onMessage = (message) => got.resolve(message.length);
    assert.throws(
      () => near.send([new Uint8Array(maxMessageBytes), new Uint8Array(1)]),
      (thrown: unknown) => thrown instanceof SallyportError && thrown.code === "frame_too_large",
    );
    near.send([new Uint8Array(maxMessageBytes)]);
    assert.is(await got.promise, maxMessageBytes);
  });

  test("a polite close reaches both sides without an error, once, and after what was sent", async () => {
    using pair = await openPair("tls onread");
    const { near, far } = transports(pair);
    const ends: string[] = [];
    const closed = Promise.withResolvers<void>();
    const end = (who: string) => (error?: Error) => {
      ends.push(`${who} ${error === undefined ? "politely" : error.message}`);
      if (ends.length === 2) closed.resolve();
    };
    let received = 0;
    far.onMessage = (message) => (received += message.length);
    near.onMessage = () => undefined;
    near.onClose = end("near");
    far.onClose = end("far");
    for (let index = 0; index < 30; index += 1) near.send([new Uint8Array(65_536)]);
    near.close();
    near.close();
    assert.is(near.send([new Uint8Array(1)]), false);
    await closed.promise;
    assert.is(received, 30 * 65_536);
    assert.equal(ends.toSorted(), ["far politely", "near politely"]);
  });

  test("an end without a close is an error", async () => {
    using pair = await openPair("tcp data");
    const { far } = transports(pair);
    const ended = Promise.withResolvers<Error | undefined>();
    far.onMessage = () => undefined;
    far.onClose = ended.resolve;
    pair.client.socket.end();
    assert.match(messageOf(await ended.promise), "without a close");
  });

  test("an end before anybody listened is still told", async () => {
    using pair = await openPair("tcp data");
    const { far } = transports(pair);
    pair.server.socket.destroy();
    await once(pair.server.socket, "close");
    const ended = Promise.withResolvers<void>();
    far.onMessage = () => undefined;
    far.onClose = () => ended.resolve();
    await ended.promise;
  });

  test("a broken frame ends the transport with its reason, and nothing behind it is delivered", async () => {
    using pair = await openPair("tcp data");
    const transport = socketTransport(pair.server, "server", new Uint8Array(0), systemClock);
    const ended = Promise.withResolvers<Error | undefined>();
    const messages: number[] = [];
    transport.onMessage = (message) => messages.push(message.length);
    transport.onClose = ended.resolve;
    const good = encodeFrame(2, new Uint8Array(3), "client");
    pair.client.socket.write(Buffer.concat([good, Uint8Array.of(0xc2, 0x80, 0, 0, 0, 0), good]));
    const error = await ended.promise;
    assert.ok(error instanceof SallyportError && error.code === "frame_invalid");
    assert.equal(messages, [3]);
  });

  test("a ping is answered with its own payload", async () => {
    using pair = await openPair("tcp data");
    const transport = socketTransport(pair.server, "server", new Uint8Array(0), systemClock);
    transport.onMessage = () => undefined;
    pair.client.receive = () => undefined;
    const answer = once(pair.client.socket, "data") as Promise<[Buffer]>;
    pair.client.socket.resume();
    pair.client.socket.write(encodeFrame(9, Buffer.from("are you there"), "client"));
    const [bytes] = await answer;
    assert.equal(new Uint8Array(bytes), encodeFrame(10, Buffer.from("are you there"), "server"));
  });

  test("a flood of pings from a peer that never reads does not pile up answers", async () => {
    using pair = await openPair("tcp data");
    const transport = socketTransport(pair.server, "server", new Uint8Array(0), systemClock);
    transport.onMessage = () => undefined;
    pair.client.socket.pause();
    const ping = Buffer.concat(
      Array.from({ length: 5000 }, () => encodeFrame(9, new Uint8Array(125), "client")),
    );
    for (let index = 0; index < 40; index += 1) pair.client.socket.write(ping);
    await until(() => pair.server.socket.bytesRead >= 40 * ping.length);
    assert.ok(pair.server.socket.writableLength <= highWaterBytes + 256);
  });

  test("an idle side pings within 20 s, so that proxies see traffic", async () => {
    using pair = await openPair("tcp data");
    const clock = new TurnedClock();
    const transport = socketTransport(pair.server, "server", new Uint8Array(0), clock);
    transport.onMessage = () => undefined;
    const ping = once(pair.client.socket, "data") as Promise<[Buffer]>;
    pair.client.socket.resume();
    clock.advanceMs(2 * tickMs);
    assert.ok(2 * tickMs <= 20_000);
    const [bytes] = await ping;
    assert.equal(new Uint8Array(bytes), encodeFrame(9, new Uint8Array(0), "server"));
  });

  test("a silent peer is given up; one that answers pings is not, and neither is one that we do not read", async () => {
    using pair = await openPair("tcp data");
    using other = await openPair("tcp data");
    const clock = new TurnedClock();
    const lost = Promise.withResolvers<Error | undefined>();
    const silent = socketTransport(pair.server, "server", new Uint8Array(0), clock);
    silent.onMessage = () => undefined;
    silent.onClose = lost.resolve;
    const unread = socketTransport(other.server, "server", new Uint8Array(0), clock);
    let isUnreadLost = false;
    unread.onMessage = () => undefined;
    unread.onClose = () => (isUnreadLost = true);
    await Promise.resolve();
    unread.pause();
    clock.advanceMs((silentTicks + 1) * tickMs);
    const error = await lost.promise;
    assert.ok(
      error instanceof SallyportError && error.code === "transport_lost" && error.retryable,
    );
    assert.is(isUnreadLost, false);
  });

  test("a peer that does not answer a close is cut", async () => {
    using pair = await openPair("tcp data");
    const clock = new TurnedClock();
    const transport = socketTransport(pair.server, "server", new Uint8Array(0), clock);
    const closed = Promise.withResolvers<Error | undefined>();
    transport.onMessage = () => undefined;
    transport.onClose = closed.resolve;
    pair.client.socket.pause();
    transport.close();
    clock.advanceMs(closeGraceMs);
    assert.is(await closed.promise, undefined);
  });
});
