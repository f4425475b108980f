// The share of the edge's thread that one screen may take, by a turned clock.
import * as assert from "uvu/assert";
import { TurnBudget } from "../../../edge/targets/rfb/turn-budget.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

await group("rfb: turn budget", {}, (test) => {
  test("work with pauses, as a panel makes it, never waits", () => {
    const clock = new TurnedClock();
    const budget = new TurnBudget(clock);
    for (let turn = 0; turn < 1000; turn += 1) {
      budget.spend(() => clock.advanceMs(10));
      assert.is(budget.waitMs, 0);
      clock.advanceMs(40);
    }
  });

  test("a large picture at once does not wait; one after the other does, and gets a quarter of the time", () => {
    const clock = new TurnedClock();
    const budget = new TurnBudget(clock);
    budget.spend(() => clock.advanceMs(100));
    assert.is(budget.waitMs, 0);
    const fromMs = clock.monotonicMs();
    let workedMs = 0;
    for (let turn = 0; turn < 10_000; turn += 1) {
      budget.spend(() => clock.advanceMs(2));
      workedMs += 2;
      clock.advanceMs(budget.waitMs);
    }
    const share = workedMs / (clock.monotonicMs() - fromMs);
    assert.ok(share > 0.24 && share < 0.27, String(share));
  });

  test("what was not used is kept to a bound, and work that throws counts too", () => {
    const clock = new TurnedClock();
    const budget = new TurnBudget(clock);
    clock.advanceMs(3_600_000);
    assert.throws(() =>
      budget.spend(() => {
        clock.advanceMs(250);
        throw new Error("broken");
      }),
    );
    assert.ok(budget.waitMs > 100, String(budget.waitMs));
  });
});
