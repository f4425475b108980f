// Kind `tcp` against a real Modbus device and a real socket server; no SSH anywhere.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { setImmediate as immediate } from "node:timers/promises";
import * as assert from "uvu/assert";
import { startModbusDevice } from "../../plant/plant.ts";
import { bulkBytes, bulkHash, startSink } from "../../plant/sink.ts";
import { group } from "../../support/group.ts";
import type { MemoryRecording } from "../../support/memory-recording.ts";
import { failureOf, openOn } from "../../support/opened-target.ts";
import { freePort } from "../../support/port.ts";
import { nodePath, startProcess } from "../../support/process.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

const bulk = 100 * 1024 * 1024;
const readTemperature = Buffer.from("000100000006010300000001", "hex");

function keepHashes(recording: MemoryRecording): void {
  recording.keepsBytes = false;
}

function tcpDevice(port: number, ...more: number[]) {
  return { kind: "tcp", host: "127.0.0.1", ports: [port, ...more] } as const;
}

await group("targets/tcp", { timeoutMs: 60_000 }, (test) => {
  test("a register of a Modbus device is read, and the recording holds the same bytes", async () => {
    await using modbus = await startModbusDevice();
    const { vendor, served, recordings } = await openOn(
      { device: tcpDevice(modbus.port) },
      { mode: "tcp", port: modbus.port },
    );
    await vendor.send(readTemperature);
    await vendor.message("opened");
    await vendor.text(/^.{9}/s);
    const answer = vendor.bytes;
    assert.is(answer.readUInt8(7), 3, "function code");
    assert.ok(answer.readUInt16BE(9) > 400 && answer.readUInt16BE(9) < 700, "temperature");
    vendor.channel.end();
    await served;
    assert.is((await vendor.closed).how, "ended");
    const [recording] = recordings;
    assert.equal(recording?.bytesOf("to-device"), readTemperature);
    assert.equal(recording?.bytesOf("from-device"), answer);
    assert.equal(recording?.subject, { kind: "tcp", title: `port ${modbus.port}` });
    assert.ok(recording?.isClosed);
  });
  test("100 MB go to the device whole, and its answer follows the end of the vendor's half", async () => {
    await using sink = await startSink();
    const { vendor, served, recordings } = await openOn(
      { device: tcpDevice(sink.port), onRecording: keepHashes },
      { mode: "tcp", port: sink.port },
    );
    await vendor.send("take\n");
    for (const part of bulkBytes(bulk)) await vendor.send(part);
    vendor.channel.end();
    await vendor.ended;
    assert.is(vendor.bytes.toString(), `${bulkHash(bulk)}\n`);
    await served;
    const recorded = createHash("sha256").update("take\n");
    for (const part of bulkBytes(bulk)) recorded.update(part);
    assert.is(recordings[0]?.hashOf("to-device"), recorded.digest("hex"));
  });
  test("100 MB come from the device whole while the vendor's half stays open", async () => {
    await using sink = await startSink();
    const { vendor, served, recordings } = await openOn(
      { device: tcpDevice(sink.port), onRecording: keepHashes },
      { mode: "tcp", port: sink.port },
    );
    const hash = createHash("sha256");
    vendor.onBytes = (bytes) => void hash.update(bytes);
    await vendor.send(`give ${bulk}\n`);
    await vendor.ended;
    assert.is(hash.digest("hex"), bulkHash(bulk));
    assert.is(sink.open, 1, "the device still reads");
    vendor.channel.end();
    await served;
    assert.is(recordings[0]?.hashOf("from-device"), bulkHash(bulk));
  });
  test("a port that the device document does not list is refused, and the device sees nothing", async () => {
    await using sink = await startSink();
    const opened = await openOn(
      { device: tcpDevice(sink.port) },
      { mode: "tcp", port: sink.port === 65_535 ? 1 : sink.port + 1 },
    );
    assert.is((await failureOf(opened)).code, "refused");
    assert.is((await opened.vendor.closed).reason, "refused: not granted");
    assert.is(opened.recordings.length, 0);
  });
  test("without the right `connect` nothing opens, and the vendor is told the same", async () => {
    await using sink = await startSink();
    const opened = await openOn(
      { device: tcpDevice(sink.port), rights: [] },
      { mode: "tcp", port: sink.port },
    );
    assert.is((await failureOf(opened)).code, "refused");
    assert.is((await opened.vendor.closed).reason, "refused: not granted");
    assert.is(sink.open, 0);
  });
  test("a closed port is named with its address in the journal and with the target for the vendor", async () => {
    const port = await freePort();
    const opened = await openOn({ device: tcpDevice(port) }, { mode: "tcp", port });
    const failure = await failureOf(opened);
    assert.is(failure.code, "device_unreachable");
    assert.match(failure.message, new RegExp(`127\\.0\\.0\\.1:${port}.*ECONNREFUSED`));
    const { how, reason } = await opened.vendor.closed;
    assert.is(how, "aborted");
    assert.is(reason, 'device_unreachable: "Press 7" cannot be reached from the edge');
  });
  test("a device that never answers is given up after ten seconds", async () => {
    await using hole = await startBlackHole();
    const clock = new TurnedClock();
    const opened = await openOn(
      { device: tcpDevice(hole.port), clock },
      { mode: "tcp", port: hole.port },
    );
    await hole.hasSilenced();
    clock.advanceMs(9_999);
    const early = await Promise.race([
      failureOf(opened),
      new Promise((resolve) => setImmediate(resolve, "waits")),
    ]);
    assert.is(early, "waits");
    clock.advanceMs(1);
    assert.match((await failureOf(opened)).message, /no answer in 10 s/);
  });
  test("a vendor who leaves while the device is dialled leaves nothing behind", async () => {
    await using hole = await startBlackHole();
    const { vendor, served } = await openOn(
      { device: tcpDevice(hole.port), clock: new TurnedClock() },
      { mode: "tcp", port: hole.port },
    );
    await hole.hasSilenced();
    vendor.channel.abort("changed my mind");
    await served;
  });
  test("a device that resets its connection aborts the channel: a cut is no end", async () => {
    await using device = await startServer((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    const opened = await openOn(
      { device: tcpDevice(device.port) },
      { mode: "tcp", port: device.port },
    );
    await opened.vendor.send("x");
    const failure = await failureOf(opened);
    assert.match(failure.message, /was lost: ECONNRESET/);
    assert.is((await opened.vendor.closed).how, "aborted");
  });
  for (const [how, leave] of [
    ["aborted", "abort"],
    ["cut", "cut"],
  ] as const) {
    test(`a channel that is ${how} resets the device's connection`, async () => {
      const seen = Promise.withResolvers<unknown>();
      await using device = await startServer((socket) => {
        socket.on("error", seen.resolve).on("end", () => seen.resolve("end"));
        socket.write("hello");
      });
      const { vendor, served } = await openOn(
        { device: tcpDevice(device.port) },
        { mode: "tcp", port: device.port },
      );
      await vendor.text(/hello/);
      vendor.channel[leave]("bye");
      await served;
      assert.is(((await seen.promise) as { code?: string }).code, "ECONNRESET");
    });
  }
  test("the session's end closes device and channel within 50 ms, and says why", async () => {
    await using sink = await startSink();
    const { vendor, served, session, recordings } = await openOn(
      { device: tcpDevice(sink.port) },
      { mode: "tcp", port: sink.port },
    );
    await vendor.send("echo\nabc");
    await vendor.text(/abc/);
    const startedMs = performance.now();
    session.abort("the grant has ended");
    await served;
    const { how, reason } = await vendor.closed;
    assert.ok(performance.now() - startedMs < 50);
    assert.is(how, "aborted");
    assert.is(reason, "the grant has ended");
    assert.ok(recordings[0]?.isClosed);
  });
  test("a recorder that fails ends the stream, and that is the journal's reason", async () => {
    await using sink = await startSink();
    const opened = await openOn({ device: tcpDevice(sink.port) }, { mode: "tcp", port: sink.port });
    await opened.vendor.send("echo\nabc");
    await opened.vendor.text(/abc/);
    opened.recordings[0]?.fail();
    assert.is((await failureOf(opened)).code, "recording_failed");
    assert.is((await opened.vendor.closed).reason, "recording_failed: the edge ended the stream");
  });
  test("without a recording the device is not even dialled", async () => {
    let dialled = 0;
    await using device = await startServer(() => {
      dialled += 1;
    });
    const opened = await openOn(
      {
        device: tcpDevice(device.port),
        onRecording: () => {
          throw new Error("disk is full");
        },
      },
      { mode: "tcp", port: device.port },
    );
    assert.match((await failureOf(opened)).message, /disk is full/);
    assert.is(dialled, 0);
  });
  test("a recorder that is behind holds both directions back until it has caught up", async () => {
    await using sink = await startSink();
    const { vendor, served, recordings } = await openOn(
      { device: tcpDevice(sink.port) },
      { mode: "tcp", port: sink.port },
    );
    await vendor.send("echo\na");
    await vendor.text(/a/);
    const [recording] = recordings;
    if (recording === undefined) throw new Error("no recording");
    recording.isBehind = true;
    await vendor.send("b");
    await vendor.text(/ab/);
    assert.ok(vendor.channel.unacknowledgedBytes > 0, "what is not kept is not acknowledged");
    recording.catchUp();
    vendor.channel.end();
    await served;
    assert.is((await vendor.closed).how, "ended");
    assert.is(recording.bytesOf("from-device").toString(), "ab");
  });
});

/** A server whose every connection is given to `serve`; its connections end with it. */
async function startServer(serve: (socket: net.Socket) => void) {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket.on("error", () => socket.destroy()));
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as net.AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** A port whose listener is stopped and whose queue is full, so that a connection attempt gets no answer at all. */
async function startBlackHole() {
  const port = await freePort();
  const listener = startProcess(nodePath, [
    "-e",
    `require("net").createServer().listen({port: ${port}, host: "127.0.0.1", backlog: 1}, () => console.log("listens"))`,
  ]);
  await listener.line(/listens/);
  listener.signal("SIGSTOP");
  const fillers = await Promise.all(
    [1, 2].map(async () => {
      const socket = net.connect({ port, host: "127.0.0.1" }).on("error", () => undefined);
      await once(socket, "connect");
      return socket;
    }),
  );
  return {
    port,
    /** Resolves when an attempt is under way: the kernel lists it as sent and not answered. */
    hasSilenced: async () => {
      const attempt = ` 0100007F:${port.toString(16).toUpperCase().padStart(4, "0")} 02 `;
      while (!readFileSync("/proc/net/tcp", "utf8").includes(attempt)) await immediate();
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of fillers) socket.destroy();
      listener.signal("SIGKILL");
      await listener.exited;
    },
  };
}
