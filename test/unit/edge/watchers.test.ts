// Who counts as a watcher: somebody else than the vendor, heard of in the last seconds. A turned clock, no waiting.
import * as assert from "uvu/assert";
import { watchedForMs, Watchers } from "../../../edge/watchers.ts";
import type { PersonId } from "../../../shared/ids.ts";
import type { RecordingId } from "../../../shared/record/recording-file.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

const vendor = "acme/vera" as PersonId;
const mia = "mia" as PersonId;
const olga = "olga" as PersonId;
const recording = "recording-1" as RecordingId;

function supervised() {
  const clock = new TurnedClock();
  const watchers = new Watchers(clock);
  const changes: boolean[] = [];
  const supervision = watchers.supervise(recording, vendor, (isWatched) => changes.push(isWatched));
  return { clock, watchers, changes, supervision };
}

await group("watchers", {}, (test) => {
  test("nobody watches until somebody says so, and then as long as they go on saying it", () => {
    const { clock, watchers, changes, supervision } = supervised();
    assert.is(supervision.isWatched, false);
    watchers.beat(recording, mia);
    assert.is(supervision.isWatched, true);
    clock.advanceMs(watchedForMs - 1);
    watchers.beat(recording, mia);
    clock.advanceMs(watchedForMs - 1);
    assert.is(supervision.isWatched, true);
    clock.advanceMs(1);
    assert.is(supervision.isWatched, false);
    assert.equal(changes, [true, false]);
  });

  test("of two who watch, the last one to fall silent counts", () => {
    const { clock, watchers, changes, supervision } = supervised();
    watchers.beat(recording, mia);
    clock.advanceMs(watchedForMs / 2);
    watchers.beat(recording, olga);
    clock.advanceMs(watchedForMs / 2);
    assert.is(supervision.isWatched, true);
    clock.advanceMs(watchedForMs / 2);
    assert.equal(changes, [true, false]);
  });

  test("a vendor who looks at his own recording supervises nothing; an approver who looks at another one neither", () => {
    const { watchers, changes, supervision } = supervised();
    watchers.beat(recording, vendor);
    watchers.beat("recording-2" as RecordingId, mia);
    assert.is(supervision.isWatched, false);
    assert.equal(changes, []);
  });

  test("what is over is not told any more", () => {
    const { clock, watchers, changes, supervision } = supervised();
    watchers.beat(recording, mia);
    supervision[Symbol.dispose]();
    clock.advanceMs(watchedForMs);
    watchers.beat(recording, mia);
    assert.equal(changes, [true]);
  });
});
