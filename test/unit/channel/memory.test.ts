// What a channel keeps in memory, and the bounds of it: outbox, inbox, budget, used numbers; and the tables of resumption.
import * as assert from "uvu/assert";
import { floorBytes, numberWindow, windowBytes } from "../../../shared/channel/bounds.ts";
import { Budget } from "../../../shared/channel/budget.ts";
import { Inbox } from "../../../shared/channel/inbox.ts";
import { NumberWindow } from "../../../shared/channel/number-window.ts";
import { Outbox } from "../../../shared/channel/outbox.ts";
import type { SealedRecord } from "../../../shared/channel/record.ts";
import { recordTypes } from "../../../shared/channel/record.ts";
import { acceptorTable, initiatorTable, step } from "../../../shared/channel/resumption.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";

const record = {} as SealedRecord;

await group("the channel's memory", {}, (test) => {
  test("an outbox gives back what is acknowledged, in order, once", () => {
    const outbox = filled(3);
    assert.is(outbox.acknowledge(2), 200);
    assert.is(outbox.acknowledge(2), 0);
    assert.is(outbox.weight, 100);
    assert.is(outbox.acknowledge(3), 100);
    assert.is(outbox.isEmpty, true);
  });

  test("an ack of less than before, or of more than was sent, is refused", () => {
    const outbox = filled(3);
    outbox.acknowledge(2);
    refuses(() => outbox.acknowledge(1));
    refuses(() => outbox.acknowledge(4));
    outbox.add(recordTypes.data, new Uint8Array(1));
    refuses(() => outbox.acknowledge(4), "written is not sent");
  });

  test("a rewind sends again what the other side lacks, and refuses what cannot be", () => {
    const outbox = filled(5);
    outbox.acknowledge(1);
    refuses(() => outbox.rewind(0));
    refuses(() => outbox.rewind(6));
    outbox.rewind(3);
    assert.ok(outbox.hasUnsent);
    outbox.markSent(record);
    outbox.markSent(record);
    assert.is(outbox.nextWithin(windowBytes), undefined);
    assert.is(outbox.acknowledge(5), 400);
  });

  test("a have beyond what this transport sent is believed if an earlier one sent it", () => {
    const outbox = filled(5);
    outbox.rewind(1);
    outbox.rewind(4);
    outbox.markSent(record);
    assert.is(outbox.acknowledge(5), 500);
  });

  test("the window counts what is on its way, not what waits", () => {
    const outbox = filled(2);
    outbox.add(recordTypes.data, new Uint8Array(0));
    assert.is(outbox.nextWithin(200 + 255), undefined);
    assert.ok(outbox.nextWithin(200 + 256));
    assert.is(outbox.hasRoom(1, windowBytes), false, "nothing overtakes what waits");
  });

  test("an outbox of many items stays in order over compactions", () => {
    const outbox = new Outbox();
    for (let round = 0; round < 2_000; round += 1) {
      outbox.addSent(1, record);
      if (round % 3 === 2) outbox.acknowledge(round - 1);
    }
    const { weight } = outbox;
    assert.is(outbox.acknowledge(2_000), weight);
    assert.is(outbox.isEmpty, true);
  });

  test("an inbox settles in order, whatever order the writes settle in", () => {
    const inbox = new Inbox();
    const [one, two, three] = [inbox.receive(1), inbox.receive(2), inbox.receive(4)];
    assert.is(inbox.settle(three), 0);
    assert.is(inbox.settle(one), 1);
    assert.is(inbox.settled, 1);
    assert.is(inbox.settle(two), 6);
    assert.equal([inbox.received, inbox.settled, inbox.weight], [3, 3, 0]);
  });

  test("an inbox takes a whole window and not a byte more", () => {
    const inbox = new Inbox();
    const first = inbox.receive(windowBytes);
    assert.throws(
      () => inbox.receive(1),
      (thrown: unknown) => thrown instanceof SallyportError && thrown.code === "channel_bound",
    );
    inbox.settle(first);
    inbox.receive(1);
  });

  test("a budget holds back who is above the floor, and wakes them when there is room", () => {
    const budget = new Budget(1000);
    const woken: string[] = [];
    budget.take(1000);
    assert.is(budget.allows(floorBytes + 1), false);
    assert.is(budget.allows(floorBytes), true);
    budget.whenFree(() => woken.push("one"));
    const forgotten = (): void => void woken.push("two");
    budget.whenFree(forgotten);
    budget.forget(forgotten);
    budget.give(1);
    assert.equal(woken, ["one"]);
    budget.give(999);
    assert.is(budget.usedBytes, 0);
    assert.equal(woken, ["one"]);
  });

  test("a number is used once, in any order, and one far behind counts as used", () => {
    const window = new NumberWindow();
    assert.is(window.use(0), false);
    assert.is(window.use(2), true);
    assert.is(window.use(1), true);
    assert.is(window.use(2), false);
    assert.is(window.use(numberWindow + 2), true);
    assert.is(window.use(2), false);
    for (let number = 5_000; number < 20_000; number += 1) assert.is(window.use(number), true);
    assert.is(window.use(19_999 - numberWindow + 1), false);
    assert.is(window.use(19_999 - numberWindow), false);
    assert.is(window.isFresh(20_000), true);
  });

  for (const [name, table, start] of [
    ["vendor's side", initiatorTable, "proven"],
    ["edge", acceptorTable, "attached"],
  ] as const) {
    test(`every state of the ${name} can be reached, and only "closed" is an end`, () => {
      const steps = table as Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
      const reached = new Set<string>([start]);
      for (const state of reached) {
        const nexts = Object.values(steps[state] ?? {}).map(([next]) => next as string);
        assert.is(nexts.length === 0, state === "closed", state);
        for (const next of nexts) reached.add(next);
      }
      assert.equal([...reached].sort(), Object.keys(steps).sort());
    });
  }

  test("an event that cannot happen is a fault and not a state", () => {
    assert.throws(() => step(initiatorTable, "proven", "haveOpened"), /cannot happen/);
    assert.throws(() => step(acceptorTable, "closed", "lost"), /cannot happen/);
  });
});

function filled(count: number): Outbox {
  const outbox = new Outbox();
  for (let item = 0; item < count; item += 1) outbox.addSent(100, record);
  return outbox;
}

function refuses(act: () => unknown, note?: string): void {
  assert.throws(
    act,
    (thrown: unknown) => thrown instanceof SallyportError && thrown.code === "record_invalid",
    note,
  );
}
