// Lengths, distances and clocks as a vendor reads them.
import * as assert from "uvu/assert";
import {
  distanceWords,
  fieldOfMoment,
  lengthWords,
  momentOfField,
} from "../../../broker/portal/jobs/times.ts";
import { clockOf } from "../../../broker/portal/shell/clock-of.ts";
import { group } from "../../support/group.ts";

const lengths: readonly [seconds: number, words: string][] = [
  [-5, "0 s"],
  [59, "59 s"],
  [60, "1 min"],
  [3540, "59 min"],
  [3600, "1 h"],
  [3900, "1 h 5 min"],
  [47 * 3600, "47 h"],
  [3 * 24 * 3600, "3 days"],
];
const clocks: readonly [leftMs: number, words: string][] = [
  [-1, "0:00"],
  [1, "0:01"],
  [59_000, "0:59"],
  [59_001, "1:00"],
  [247_000, "4:07"],
  [3_909_000, "1:05:09"],
];

await group("portal times", {}, (test) => {
  for (const [seconds, words] of lengths)
    test(`${seconds} seconds are "${words}"`, () => assert.is(lengthWords(seconds), words));
  for (const [leftMs, words] of clocks)
    test(`${leftMs} ms left are "${words}"`, () => assert.is(clockOf(leftMs), words));
  test("a distance says which way it lies", () => {
    assert.is(distanceWords(1000, 1000 + 180), "3 min ago");
    assert.is(distanceWords(1000 + 720, 1000), "in 12 min");
    assert.is(distanceWords(1005, 1000), "just now");
  });
  test("a browser's field for a moment holds it to the minute", () => {
    assert.is(momentOfField(fieldOfMoment(1_800_000_060)), 1_800_000_060);
    assert.is(momentOfField(""), undefined);
  });
});
