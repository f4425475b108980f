// Clocks and fields for moments as a vendor reads them.
import * as assert from "uvu/assert";
import { fieldOfMoment, momentOfField } from "../../../broker/portal/jobs/moment-field.ts";
import { clockOf } from "../../../broker/portal/shell/clock-of.ts";
import { group } from "../../support/group.ts";

const clocks: readonly [leftMs: number, words: string][] = [
  [-1, "0:00"],
  [1, "0:01"],
  [59_000, "0:59"],
  [59_001, "1:00"],
  [247_000, "4:07"],
  [3_909_000, "1:05:09"],
];

await group("portal times", {}, (test) => {
  for (const [leftMs, words] of clocks)
    test(`${leftMs} ms left are "${words}"`, () => assert.is(clockOf(leftMs), words));
  test("a browser's field for a moment holds it to the minute", () => {
    assert.is(momentOfField(fieldOfMoment(1_800_000_060)), 1_800_000_060);
    assert.is(momentOfField(""), undefined);
  });
});
