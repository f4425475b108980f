// Checkpoints follow the journal: one for a burst, soon after it; without proven time never much younger than the last entry.
import * as assert from "uvu/assert";
import { Checkpoints } from "../../../edge/checkpoints.ts";
import { parseCheckpoint } from "../../../shared/document/checkpoint.ts";
import type { Envelope } from "../../../shared/document/envelope.ts";
import { group } from "../../support/group.ts";
import { settledEdge } from "./paper-edge.ts";

async function following(isProven: boolean) {
  const world = await settledEdge();
  const { edge } = world;
  const { journal } = edge.parts;
  const published: Envelope[] = [];
  let waiters: (() => void)[] = [];
  let grown = 0;
  const wake = (): void => {
    for (const waiter of waiters.splice(0)) waiter();
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise<void>((resolve) => waiters.push(resolve));
  };
  const checkpoints = new Checkpoints({
    journal,
    clock: edge.clock,
    isProven: () => isProven,
    makeCheckpoint: () => edge.parts.checkpoint(),
    publish(checkpoint) {
      published.push(checkpoint);
      wake();
    },
    onGrowth() {
      grown += 1;
      wake();
    },
    log: (line) => void edge.logged.push(line),
  });
  return {
    edge,
    journal,
    published,
    checkpoints,
    grown: () => grown,
    /** Appends, and waits until the follower has seen it. */
    async append(event: string): Promise<void> {
      const before = grown;
      await journal.append(event, {});
      await until(() => grown > before);
    },
    async publishes(count: number): Promise<void> {
      await until(() => published.length >= count);
    },
    async [Symbol.asyncDispose]() {
      checkpoints[Symbol.dispose]();
      waiters = [];
      await world[Symbol.asyncDispose]();
    },
  };
}

const minuteMs = 60_000;

await group("checkpoints", {}, (test) => {
  test("one is made at the start, and one for a burst of entries half a second after its last", async () => {
    await using world = await following(true);
    world.edge.clock.advanceMs(500);
    await world.publishes(1);
    for (let number = 0; number < 5; number += 1) {
      await world.append("tick");
      world.edge.clock.advanceMs(400);
    }
    assert.is(world.published.length, 1);
    world.edge.clock.advanceMs(100);
    await world.publishes(2);
    const [, second] = world.published;
    assert.ok(second);
    const { length, head } = parseCheckpoint(second);
    assert.is(length, world.journal.length);
    assert.is(head, world.journal.head);
    assert.is(world.grown(), 5);
  });

  test("with proven time a quiet journal needs no further one", async () => {
    await using world = await following(true);
    world.edge.clock.advanceMs(500);
    await world.publishes(1);
    world.edge.clock.advanceMs(60 * minuteMs);
    await world.append("tick");
    assert.is(world.published.length, 1);
  });

  test("without it one is made every five minutes, over an entry of its own", async () => {
    await using world = await following(false);
    world.edge.clock.advanceMs(500);
    await world.publishes(1);
    for (let round = 2; round < 5; round += 1) {
      world.edge.clock.advanceMs(5 * minuteMs + 1);
      await world.publishes(round);
      const newest = world.published.at(-1);
      assert.ok(newest);
      assert.is(parseCheckpoint(newest).length, world.journal.length);
    }
    const own = (await world.edge.events()).filter((event) => event === "checkpoint-made");
    assert.ok(own.length >= 2, `${own.length} entries`);
  });

  test("an entry that comes while one is made starts no second round of them", async () => {
    await using world = await following(false);
    const { clock } = world.edge;
    clock.advanceMs(500);
    await world.publishes(1);
    for (let round = 0; round < 3; round += 1) {
      const { length } = world.published;
      clock.advanceMs(5 * minuteMs + 1);
      await world.append("tick");
      await world.publishes(length + 1);
      clock.advanceMs(500);
      await world.publishes(length + 2);
    }
    const { length } = world.published;
    clock.advanceMs(5 * minuteMs);
    await world.publishes(length + 1);
    await world.append("tick");
    // Each round that was started twice made one more at every turn.
    assert.is(world.published.length, length + 1);
  });

  test("nothing is made after it is disposed of", async () => {
    await using world = await following(false);
    world.edge.clock.advanceMs(500);
    await world.publishes(1);
    world.checkpoints[Symbol.dispose]();
    world.edge.clock.advanceMs(60 * minuteMs);
    await world.journal.append("tick", {});
    assert.is(world.published.length, 1);
  });

  test("a journal that fails is logged and makes none", async () => {
    await using world = await following(true);
    world.edge.clock.advanceMs(500);
    await world.publishes(1);
    await world.journal[Symbol.asyncDispose]();
    world.checkpoints.soon();
    world.edge.clock.advanceMs(500);
    assert.is(world.published.length, 1);
    await world.edge.restart();
  });
});
