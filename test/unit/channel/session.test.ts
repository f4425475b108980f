// Both sides of a session as their users see them: verdicts, spares, resumption and its grace, back-pressure, ends.
import * as assert from "uvu/assert";
import { utf8 } from "../../../shared/bytes.ts";
import type { EdgeChannel, Keep, Verdict } from "../../../shared/channel/admission.ts";
import { totalWindowBytes, windowBytes } from "../../../shared/channel/bounds.ts";
import { browserCrypto } from "../../../shared/crypto/browser.ts";
import { nodeCrypto } from "../../../shared/crypto/node.ts";
import {
  admitted,
  closing,
  collect,
  createWorld,
  nextControl,
  tcpOpening,
  turns,
} from "../../support/channel-pair.ts";
import type { World } from "../../support/channel-pair.ts";
import { group } from "../../support/group.ts";

const forever: Keep = {
  awayMs: Number.POSITIVE_INFINITY,
  untilMonotonicMs: Number.POSITIVE_INFINITY,
};
const waiting: Verdict = {
  verdict: "waiting",
  message: { type: "waiting", untilAt: 1_800_000_000 },
  keep: forever,
};

await group("sessions over the channel", {}, (test) => {
  for (const vendor of [nodeCrypto, browserCrypto]) {
    for (const edge of [nodeCrypto, browserCrypto]) {
      test(`${vendor.name} and ${edge.name} talk, and resume`, async () => {
        const { world, session, channel, edge: far } = await opened({ vendor, edge });
        const [got, back] = [collect(far), collect(channel)];
        channel.write(utf8("question"));
        await got.until(8);
        far.write(utf8("answer"));
        assert.equal(await back.until(6), new Uint8Array(utf8("answer")));
        world.wires[1]?.[0].cut();
        channel.write(utf8(" again"));
        assert.equal(await got.until(14), new Uint8Array(utf8("question again")));
        assert.is(channel.cipher, far.cipher);
        assert.equal(channel.transcriptHash, session.transcriptHash);
        assert.is(channel.epoch, 1);
        session.abort("done");
      });
    }
  }

  test("a spare stands ready, so a second channel needs no round trip before its first byte", async () => {
    const { world, session } = await opened();
    await turns(20);
    const before = world.wires.length;
    const wire = world.wires[before - 1]?.[0];
    const sentBefore = wire?.sent.length ?? 0;
    const channel = await session.further(tcpOpening);
    channel.write(utf8("now"));
    assert.is(wire?.sent.length, sentBefore + 2, "opening and data leave at once");
    await turns(20);
    assert.is(world.wires.length, before + 1, "and a new spare is made");
    session.abort("done");
  });

  test("a lost spare is replaced, and nobody hears of it", async () => {
    const { world, session } = await opened();
    await turns(20);
    const count = world.wires.length;
    world.wires[count - 1]?.[0].cut();
    await turns(10);
    world.clock.advanceMs(1_000);
    await turns(20);
    assert.is(world.wires.length, count + 1);
    assert.equal(world.gate.rejected, []);
    const channel = await session.further(tcpOpening);
    await turns(10);
    assert.is(world.gate.openings.length, 2);
    assert.is(channel.epoch, 0);
    session.abort("done");
  });

  test("a waiting session is told once its grant arrives, on the same channel", async () => {
    const world = await createWorld();
    world.gate.verdict = () => waiting;
    const session = await world.open("waiting");
    assert.is((await nextControl(session)).type, "waiting");
    const edge = world.gate.opens[0]?.channel as EdgeChannel;
    assert.ok(admitted.verdict === "admitted");
    edge.keep(admitted.keep);
    edge.sendControl(admitted.message);
    assert.is((await nextControl(session)).type, "admitted");
    await session.further(tcpOpening);
    await turns(10);
    assert.is(world.gate.openings.length, 1);
    session.abort("done");
  });

  test("a waiting session resumes after hours, until its end of waiting", async () => {
    const world = await createWorld();
    const untilMonotonicMs = world.clock.monotonicMs() + 10 * 3_600_000;
    world.gate.verdict = () => ({
      ...waiting,
      keep: { awayMs: Number.POSITIVE_INFINITY, untilMonotonicMs },
    });
    const session = await world.open("waiting");
    await nextControl(session);
    const { dial } = world;
    world.dial = () => Promise.reject(new Error("down"));
    world.wires[0]?.[0].cut();
    await turns(5);
    world.clock.advanceMs(9 * 3_600_000);
    const back = new Promise<void>((resolve) => {
      session.onBack = resolve;
    });
    world.dial = dial;
    await turning(world, back);
    assert.is(session.epoch, 1);
    const edgeClosed = closing(world.gate.opens[0]?.channel as EdgeChannel);
    world.dial = () => Promise.reject(new Error("down"));
    world.wires.at(-1)?.[0].cut();
    await turns(5);
    world.clock.advanceMs(3_600_001);
    assert.is((await edgeClosed).how, "cut");
    session.abort("done");
  });

  test("an admitted channel is cut when it is not resumed within its grace, never past the grant", async () => {
    for (const [keep, graceMs] of [
      [{ awayMs: 120_000, untilMonotonicMs: Number.POSITIVE_INFINITY }, 120_000],
      [{ awayMs: 120_000, untilMonotonicMs: 1_000_000 + 5_000 }, 5_000],
    ] as const) {
      const { world, session, edge } = await opened();
      edge.keep(keep);
      world.dial = () => Promise.reject(new Error("down"));
      for (const wire of world.wires.flat()) wire.cut();
      await turns(5);
      const closed = closing(edge);
      let how = "";
      void closed.then((result) => (how = result.how));
      world.clock.advanceMs(graceMs - 1_000);
      await turns(1);
      assert.is(how, "");
      world.clock.advanceMs(1_000);
      assert.is((await closed).how, "cut");
      session.abort("done");
    }
  });

  test("the vendor's side gives up after two minutes and says so", async () => {
    const { world, session, channel } = await opened();
    world.dial = () => Promise.reject(new Error("down"));
    for (const wire of world.wires.flat()) wire.cut();
    await turns(5);
    const closed = [closing(channel), closing(session)];
    world.clock.advanceMs(120_000);
    await turns(5);
    assert.equal(
      (await Promise.all(closed)).map(({ how }) => how),
      ["cut", "cut"],
    );
  });

  test("an edge that has forgotten the channel says so under its signature, and the vendor's side stops at once", async () => {
    const { world, session, channel, edge } = await opened();
    const { dial } = world;
    world.dial = () => Promise.reject(new Error("down"));
    world.wires[1]?.[0].cut();
    await turns(5);
    // With no transport, the abort reaches nobody.
    edge.abort("the edge restarts");
    const closed = closing(channel);
    world.dial = dial;
    await turning(world, closed);
    assert.is((await closed).how, "cut");
    session.abort("done");
  });

  test("an edge that shuts down admits nobody whose verdict is still out", async () => {
    const world = await createWorld();
    const verdict = Promise.withResolvers<Verdict>();
    world.gate.verdict = () => verdict.promise;
    const session = await world.open();
    await turns(10);
    const closed = closing(session);
    world.acceptor.close("shutdown");
    verdict.resolve(admitted);
    assert.is((await closed).how, "aborted");
  });

  test("manifests that the edge lacks are asked for, and the gate runs again", async () => {
    const world = await createWorld();
    const manifests = ["x".repeat(200_000), "y".repeat(70_000)];
    world.gate.verdict = (asked) =>
      asked.manifests.length === 0
        ? {
            verdict: "manifest-needed",
            message: { type: "manifest-needed", version: 3, held: asked.flight.manifestHash },
          }
        : admitted;
    const session = await world.open();
    const needed = await nextControl(session);
    assert.is(needed.type, "manifest-needed");
    for (const [at, envelope] of manifests.entries()) {
      session.sendControl({ type: "manifest", envelope, last: at === manifests.length - 1 });
    }
    assert.is((await nextControl(session)).type, "admitted");
    assert.equal(world.gate.opens.length, 2);
    assert.equal(world.gate.opens[1]?.manifests, manifests);
    session.abort("done");
  });

  test("a gate that still lacks a manifest refuses", async () => {
    const world = await createWorld();
    world.gate.verdict = (asked) => ({
      verdict: "manifest-needed",
      message: { type: "manifest-needed", version: 3, held: asked.flight.manifestHash },
    });
    const session = await world.open();
    await nextControl(session);
    const closed = closing(session);
    session.sendControl({ type: "manifest", envelope: "{}", last: true });
    assert.is((await closed).code, "refused");
  });

  test("a gate that fails closes the channel and admits nobody", async () => {
    const world = await createWorld();
    world.gate.verdict = () => Promise.reject(new Error("disk full"));
    const session = await world.open();
    assert.equal(await closing(session), {
      how: "aborted",
      code: "channel_aborted",
      reason: "internal fault",
    });
    assert.is(world.gate.rejected[0]?.code, "internal");
  });

  test("the source is told to wait at the window, and goes on when the far write has settled", async () => {
    const { world, session, channel, edge } = await opened();
    const settles: (() => void)[] = [];
    edge.onData = (_bytes, settled) => settles.push(settled);
    let drained = 0;
    channel.onDrain = () => (drained += 1);
    edge.sendControl({ type: "opened" });
    await turns(5);
    let written = 0;
    while (channel.write(new Uint8Array(65_536)) || written === 0) {
      written += 65_536;
      // The transport's own mark is not what is tested here.
      await turns(2);
    }
    assert.ok(written > windowBytes * 0.9 && written <= windowBytes, `${written}`);
    await turns(200);
    world.clock.advanceMs(1_000);
    await turns(20);
    assert.is(drained, 0, "nothing settled, nothing acknowledged");
    assert.ok(channel.unacknowledgedBytes >= windowBytes);
    for (const settled of settles.splice(0)) settled();
    await turns(50);
    assert.is(drained, 1);
    session.abort("done");
  });

  test("the sum over all channels is bounded, and a quiet channel is not starved", async () => {
    const { world, session, channel } = await opened();
    const { dial } = world;
    const channels = [channel];
    const count = totalWindowBytes / windowBytes + 2;
    while (channels.length < count) channels.push(await session.further(tcpOpening));
    await turns(30);
    for (const { channel: edge } of world.gate.openings) {
      edge.onData = () => undefined;
      edge.sendControl({ type: "opened" });
    }
    await turns(10);
    world.dial = () => Promise.reject(new Error("down"));
    for (const wire of world.wires.flat()) wire.cut();
    await turns(5);
    let total = 0;
    for (const each of channels.slice(1)) {
      let isFirst = true;
      while (isFirst || each.write(new Uint8Array(65_536))) isFirst = false;
      total += each.unacknowledgedBytes;
    }
    assert.ok(total < totalWindowBytes + channels.length * 400_000, `${total}`);
    assert.is(channel.write(utf8("a key")), true, "below its floor it goes on");
    world.dial = dial;
    session.abort("done");
  });

  test("half-close: one direction ends, the other goes on, then both have ended", async () => {
    const { world, session, channel, edge } = await opened();
    const got = collect(channel);
    const ended = new Promise<void>((resolve) => {
      edge.onEnd = resolve;
    });
    channel.write(utf8("request"));
    channel.end();
    await ended;
    edge.write(utf8("long answer"));
    edge.end();
    const closed = Promise.all([closing(channel), closing(edge)]);
    await got.until(11);
    await turning(world, closed);
    assert.equal(
      (await closed).map(({ how }) => how),
      ["ended", "ended"],
    );
    assert.is(channel.write(utf8("late")), false);
    session.abort("done");
  });

  test("an abort tells the other side its reason, cut between characters", async () => {
    const { session, channel, edge } = await opened();
    const closed = closing(channel);
    edge.abort(`é`.repeat(400));
    const { how, reason } = await closed;
    assert.is(how, "aborted");
    assert.is(reason, "é".repeat(256));
    session.abort("done");
  });

  test("control messages keep their place among the data, also across a resumption", async () => {
    const { world, session, channel, edge } = await opened();
    const seen: string[] = [];
    const all = new Promise<void>((resolve) => {
      edge.onData = (bytes, settled) => {
        seen.push(new TextDecoder().decode(bytes));
        settled();
        if (seen.length === 5) resolve();
      };
    });
    edge.onControl = ({ type }) => void seen.push(type);
    channel.write(utf8("a"));
    channel.sendControl({ type: "resize", columns: 80, rows: 24 });
    channel.write(utf8("b"));
    world.wires[1]?.[0].cut();
    channel.sendControl({ type: "signal", signal: "INT" });
    channel.write(utf8("c"));
    await all;
    assert.equal(seen, ["a", "resize", "b", "signal", "c"]);
    session.abort("done");
  });
});

async function opened(suites: Parameters<typeof createWorld>[0] = {}) {
  const world = await createWorld(suites);
  const edgeEnd = Promise.withResolvers<EdgeChannel>();
  world.gate.opening = ({ channel }) => {
    edgeEnd.resolve(channel);
    return { admitted: true };
  };
  const session = await world.open();
  await nextControl(session);
  const channel = await session.further(tcpOpening);
  return { world, session, channel, edge: await edgeEnd.promise };
}

/** Turns the clock until `promise` settles. */
async function turning(world: World, promise: Promise<unknown>): Promise<void> {
  let isPending = true;
  void promise.then(() => (isPending = false));
  for (let round = 0; isPending && round < 300; round += 1) {
    await turns(10);
    world.clock.advanceMs(100);
  }
}
