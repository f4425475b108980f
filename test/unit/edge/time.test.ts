// The edge's idea of time: its floor, ignored jumps, and what can be measured across a kill and a reboot.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { EdgeTime, elapsedMs, floorLeadMs, type ClockJump } from "../../../edge/time.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

const hourMs = 3_600_000;

async function setUp(proven = true) {
  const directory = await mkdtemp(join(tmpdir(), "edge-time-"));
  const clock = new TurnedClock();
  const jumps: ClockJump[] = [];
  const world = { proven };
  const open = (bootId: string) =>
    EdgeTime.open({
      path: join(directory, "time.json"),
      clock,
      bootId,
      isProven: () => world.proven,
      onJump: (jump) => jumps.push(jump),
    });
  return {
    clock,
    jumps,
    world,
    open,
    time: await open("boot-1"),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

const secondsOf = (ms: number): number => Math.floor(ms / 1000);

await group("edge time", {}, (test) => {
  test("runs with the machine's clock", async () => {
    await using edge = await setUp();
    edge.clock.advanceMs(5000);
    assert.is(edge.time.reading().wallMs, edge.clock.wallMs());
    assert.equal(edge.jumps, []);
  });

  test("a small step of the machine's clock is followed, a jump is reported once and ignored", async () => {
    await using edge = await setUp();
    edge.clock.jumpWallTo(edge.clock.wallMs() + 59_000);
    assert.is(edge.time.reading().wallMs, edge.clock.wallMs());
    edge.clock.jumpWallTo(edge.clock.wallMs() - 59_000);
    const beforeMs = edge.clock.wallMs();
    edge.clock.jumpWallTo(beforeMs + 2 * hourMs);
    edge.clock.advanceMs(1000);
    assert.is(edge.time.reading().wallMs, beforeMs + 1000);
    assert.is(edge.time.reading().wallMs, beforeMs + 1000);
    assert.equal(edge.jumps, [{ byMs: 2 * hourMs }]);
  });

  test("a walk in steps below the limit is a jump all the same", async () => {
    await using edge = await setUp();
    const startMs = edge.clock.wallMs();
    for (let step = 1; step <= 10; step += 1) {
      edge.clock.jumpWallTo(startMs + step * 50_000);
      edge.time.reading();
    }
    assert.ok(edge.time.reading().wallMs <= startMs + 60_000);
    assert.ok(edge.jumps.length > 0);
  });

  test("a jump counts once a signed document agrees with it", async () => {
    await using edge = await setUp();
    edge.clock.jumpWallTo(edge.clock.wallMs() + 2 * hourMs);
    assert.not.equal(edge.time.reading().wallMs, edge.clock.wallMs());
    await edge.time.raise(secondsOf(edge.clock.wallMs()));
    assert.is(edge.time.reading().wallMs, edge.clock.wallMs());
  });

  test("the wall never falls below the floor, and the floor runs with the monotonic clock", async () => {
    await using edge = await setUp();
    const raisedMs = edge.clock.wallMs() + hourMs;
    await edge.time.raise(secondsOf(raisedMs));
    assert.is(edge.time.reading().wallMs, raisedMs);
    edge.clock.advanceMs(1500);
    assert.is(edge.time.reading().floorMs, raisedMs + 1500);
    edge.clock.jumpWallTo(0);
    assert.is(edge.time.reading().wallMs, raisedMs + 1500);
  });

  test("an earlier document lowers nothing", async () => {
    await using edge = await setUp();
    await edge.time.raise(secondsOf(edge.clock.wallMs()));
    const floorMs = edge.time.reading().floorMs;
    await edge.time.raise(secondsOf(edge.clock.wallMs() - hourMs));
    assert.is(edge.time.reading().floorMs, floorMs);
  });

  test("a document raises the floor by at most 24 h beyond a proven clock", async () => {
    await using edge = await setUp();
    await edge.time.raise(secondsOf(edge.clock.wallMs() + 400 * 24 * hourMs));
    assert.is(edge.time.reading().floorMs, edge.clock.wallMs() + floorLeadMs);
  });

  test("a box that woke in 1970 takes its time from the first signed document", async () => {
    await using edge = await setUp(false);
    edge.clock.jumpWallTo(0);
    const issuedAt = secondsOf(Date.parse("2026-11-23T08:00:00Z"));
    await edge.time.raise(issuedAt);
    assert.is(edge.time.seconds(), issuedAt);
    assert.is(edge.time.reading().proven, false);
  });

  test("the relay's time is shown while none is proven, and cannot go below the floor", async () => {
    await using edge = await setUp(false);
    const suggestedAt = secondsOf(edge.clock.wallMs()) + 3600;
    edge.time.suggest(suggestedAt);
    assert.is(edge.time.seconds(), suggestedAt);
    const floorMs = edge.time.reading().floorMs;
    await edge.time.raise(suggestedAt);
    edge.time.suggest(suggestedAt - 7200);
    assert.is(edge.time.seconds(), suggestedAt);
    assert.ok(edge.time.reading().floorMs > floorMs);
  });

  test("the relay's time is nothing to a box with proven time", async () => {
    await using edge = await setUp();
    edge.time.suggest(secondsOf(edge.clock.wallMs()) + 3600);
    assert.is(edge.time.reading().wallMs, edge.clock.wallMs());
  });

  test("the first proof of time replaces a suggestion without being called a jump", async () => {
    await using edge = await setUp(false);
    edge.time.suggest(1000);
    edge.world.proven = true;
    assert.is(edge.time.reading().wallMs, edge.clock.wallMs());
    assert.equal(edge.jumps, []);
  });

  test("floor and belief survive a restart, and a jump during it is seen", async () => {
    await using edge = await setUp();
    const issuedMs = edge.clock.wallMs();
    await edge.time.raise(secondsOf(issuedMs));
    edge.clock.advanceMs(10_000);
    edge.clock.jumpWallTo(edge.clock.wallMs() + 3 * hourMs);
    const again = await edge.open("boot-1");
    assert.is(again.reading().wallMs, issuedMs + 10_000);
    assert.is(again.reading().floorMs, issuedMs + 10_000);
    assert.is(edge.jumps.length, 1);
  });

  test("the floor survives a reboot", async () => {
    await using edge = await setUp();
    const issuedMs = edge.clock.wallMs();
    await edge.time.raise(secondsOf(issuedMs));
    edge.clock.jumpWallTo(0);
    const again = await edge.open("boot-2");
    assert.is(again.reading().wallMs, issuedMs);
  });

  test("time is measured by the monotonic clock within a boot, by proven walls across, else it is spent", () => {
    const since = { bootId: "a", monotonicMs: 1000, wallMs: 50_000, proven: true };
    const now = { bootId: "b", monotonicMs: 10, wallMs: 90_000, proven: true };
    assert.is(elapsedMs(since, { ...now, bootId: "a", monotonicMs: 4000, wallMs: 0 }), 3000);
    assert.is(elapsedMs(since, now), 40_000);
    assert.is(elapsedMs(since, { ...now, proven: false }), Infinity);
    assert.is(elapsedMs({ ...since, proven: false }, now), Infinity);
    assert.is(elapsedMs(since, { ...now, wallMs: 49_999 }), Infinity);
  });
});
