// Sockets and streams over a channel, with real TCP at both ends.
import { once } from "node:events";
import type { AddressInfo, Server, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { pipeline } from "node:stream/promises";
import * as assert from "uvu/assert";
import type { EdgeChannel } from "../../../shared/channel/admission.ts";
import type { Channel } from "../../../shared/channel/channel.ts";
import { channelDuplex } from "../../../shared/channel/duplex.ts";
import type { PumpOptions } from "../../../shared/channel/pump.ts";
import { pumpSocket } from "../../../shared/channel/pump.ts";
import { systemClock } from "../../../shared/clock.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import { closing, createWorld, nextControl, tcpOpening } from "../../support/channel-pair.ts";
import { group } from "../../support/group.ts";

const bulk = nodeCrypto.randomBytes(9_000_001);

await group("sockets and streams over a channel", { timeoutMs: 30_000 }, (test) => {
  for (const isReadByBuffer of [false, true]) {
    test(`a tool's socket reaches the device byte for byte, both ways${isReadByBuffer ? ", read by buffer" : ""}`, async () => {
      await using device = await listen((socket) => {
        socket.pipe(socket);
      });
      await using joined = await join(device, { isReadByBuffer });
      const tool = joined.tool;
      const chunks: Buffer[] = [];
      tool.on("data", (chunk) => chunks.push(chunk as Buffer));
      tool.end(bulk);
      await once(tool, "end");
      assert.is(Buffer.compare(Buffer.concat(chunks), bulk), 0);
      assert.is((await joined.edgePump.closed).how, "ended");
      assert.is((await joined.vendorPump.closed).how, "ended");
    });
  }

  test("the tap sees every byte of both directions, in order", async () => {
    await using device = await listen((socket) => {
      socket.on("data", (chunk) => socket.write(String(chunk).toUpperCase()));
      socket.on("end", () => socket.end());
    });
    const seen = { toSocket: "", fromSocket: "" };
    const tap: PumpOptions["tap"] = (direction, bytes) => {
      seen[direction] += Buffer.from(bytes).toString();
    };
    await using joined = await join(device, { tap });
    joined.tool.write("read holding registers");
    const [answer] = await once(joined.tool, "data");
    assert.is(String(answer), "READ HOLDING REGISTERS");
    joined.tool.end();
    await joined.edgePump.closed;
    assert.equal(seen, {
      toSocket: "read holding registers",
      fromSocket: "READ HOLDING REGISTERS",
    });
  });

  test("a slow device slows the tool: no more than the window is on its way", async () => {
    const accepted = Promise.withResolvers<Socket>();
    await using device = await listen((socket) => {
      socket.pause();
      accepted.resolve(socket);
    });
    await using joined = await join(device);
    const socket = await accepted.promise;
    let isDone = false;
    joined.tool.end(Buffer.concat([bulk, bulk, bulk]), () => (isDone = true));
    await once(joined.paused, "paused");
    assert.is(isDone, false);
    let received = 0;
    socket.on("data", (chunk) => (received += chunk.length));
    socket.resume();
    await once(socket, "end");
    assert.is(received, 3 * bulk.length);
    socket.end();
    assert.is((await joined.edgePump.closed).how, "ended");
  });

  test("a device that resets is an abort and never an end", async () => {
    await using device = await listen((socket) => {
      socket.once("data", () => socket.resetAndDestroy());
    });
    await using joined = await join(device);
    joined.tool.on("error", () => undefined);
    joined.tool.write("die");
    const { how, failure } = await joined.edgePump.closed;
    assert.is(how, "aborted");
    assert.is((failure as NodeJS.ErrnoException).code, "ECONNRESET");
    assert.is((await joined.vendorPump.closed).how, "aborted");
  });

  test("an aborted channel resets the tool's socket", async () => {
    await using device = await listen((socket) => {
      socket.on("error", () => undefined);
    });
    await using joined = await join(device);
    const failed = once(joined.tool, "error");
    joined.edge.abort("the grant has ended");
    assert.is(((await failed)[0] as NodeJS.ErrnoException).code, "ECONNRESET");
    assert.is((await joined.vendorPump.closed).reason, "the grant has ended");
  });

  test("a stream over a channel carries bulk through pipelines, and ends", async () => {
    const { vendor, edge, session } = await channels();
    const far = channelDuplex(edge);
    const echo = pipeline(far, far);
    const near = channelDuplex(vendor);
    near.end(bulk);
    const chunks: Buffer[] = [];
    for await (const chunk of near) chunks.push(chunk as Buffer);
    assert.is(Buffer.compare(Buffer.concat(chunks), bulk), 0);
    await echo;
    session.abort("done");
  });

  test("a stream's reader that does not read leaves the writer unacknowledged", async () => {
    const { vendor, edge, session } = await channels();
    const far = channelDuplex(edge);
    const near = channelDuplex(vendor);
    near.write(Buffer.alloc(100_000));
    near.write(Buffer.alloc(1_000_000));
    await once(far, "readable");
    assert.ok(vendor.unacknowledgedBytes > 900_000);
    const closed = closing(edge);
    far.on("error", () => undefined);
    far.destroy();
    assert.is((await closed).how, "aborted");
    near.on("error", () => undefined);
    session.abort("done");
  });

  test("a stream over an aborted channel fails with its reason", async () => {
    const { vendor, edge, session } = await channels();
    const near = channelDuplex(vendor);
    const failed = once(near, "error");
    edge.abort("device unreachable");
    assert.is(((await failed)[0] as Error).message, "device unreachable");
    session.abort("done");
  });
});

async function channels() {
  const world = await createWorld({}, systemClock);
  const edgeEnd = Promise.withResolvers<EdgeChannel>();
  world.gate.opening = ({ channel }) => {
    edgeEnd.resolve(channel);
    return { admitted: true };
  };
  const session = await world.open();
  await nextControl(session);
  const vendor = await session.further(tcpOpening);
  const edge = await edgeEnd.promise;
  const opened = nextControl(vendor);
  edge.sendControl({ type: "opened" });
  await opened;
  return { vendor: vendor as Channel, edge, session };
}

async function listen(serve: (socket: Socket) => void): Promise<Server & { port: number }> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, serve);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
}

/** tool — vendor's pump — channel — edge's pump — device. */
async function join(device: { port: number }, options: PumpOptions = {}) {
  const { vendor, edge, session } = await channels();
  const local = await listen(() => undefined);
  const accepted = once(local, "connection");
  const tool = connect({ port: local.port, host: "127.0.0.1", allowHalfOpen: true });
  const [near] = (await accepted) as [Socket];
  const onread = {
    buffer: Buffer.alloc(65_536),
    callback: (length: number, buffer: Uint8Array): boolean =>
      edgePump.read(buffer.subarray(0, length)),
  };
  const far = connect({
    port: device.port,
    host: "127.0.0.1",
    allowHalfOpen: true,
    ...(options.isReadByBuffer === true && { onread }),
  });
  const edgePump = pumpSocket(edge, far, options);
  const vendorPump = pumpSocket(vendor, near);
  await once(far, "connect");
  return {
    tool,
    edge,
    edgePump,
    vendorPump,
    /** Emits "paused" when the tool's bytes are no longer read. */
    paused: pausesOf(near),
    [Symbol.asyncDispose]: async () => {
      session.abort("done");
      tool.destroy();
      local.close();
      await vendorPump.closed;
      await edgePump.closed;
    },
  };
}

function pausesOf(socket: Socket): EventTarget {
  const target = new EventTarget();
  socket.on("pause", () => target.dispatchEvent(new Event("paused")));
  return target;
}
