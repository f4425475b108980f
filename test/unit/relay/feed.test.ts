// Waiting for the next entry: woken by it, by the time, by the reader's going and by the relay's end, and never missing what comes while reading.
import * as assert from "uvu/assert";
import { Feed } from "../../../broker/relay/feed.ts";
import type { SiteId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { TurnedClock } from "../../support/turned-clock.ts";

const site = "a" as SiteId;
const other = "b" as SiteId;
const never = new AbortController().signal;

/** A log that is only a count, and a reader that waits for it to be `wanted`. */
function logOf() {
  let length = 0;
  const read = (wanted: number) => async () => ({ found: length >= wanted, answer: length });
  return { grow: () => (length += 1), read };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

await group("relay feed", { timeoutMs: 5000 }, (test) => {
  test("what is there is answered at once", async () => {
    const log = logOf();
    assert.is(await new Feed(new TurnedClock()).follow(site, 1000, never, log.read(0)), 0);
  });
  test("an entry of this site wakes, one of another does not", async () => {
    const feed = new Feed(new TurnedClock());
    const log = logOf();
    let isAnswered = false;
    const waiting = feed.follow(site, 1000, never, log.read(1)).finally(() => (isAnswered = true));
    await turn();
    feed.appended(other);
    await turn();
    assert.is(isAnswered, false);
    log.grow();
    feed.appended(site);
    assert.is(await waiting, 1);
  });
  test("an entry that comes while the log is read is not missed", async () => {
    const feed = new Feed(new TurnedClock());
    const log = logOf();
    let reads = 0;
    const answer = await feed.follow(site, 1000, never, async () => {
      const found = await log.read(1)();
      reads += 1;
      if (reads === 1) {
        log.grow();
        feed.appended(site);
      }
      return found;
    });
    assert.equal([answer, reads], [1, 2]);
  });
  test("the end of the wait, the reader's going and the relay's end let go", async () => {
    for (const end of ["time", "reader", "relay"] as const) {
      const clock = new TurnedClock();
      const feed = new Feed(clock);
      const reader = new AbortController();
      const waiting = feed.follow(site, 1000, reader.signal, logOf().read(1));
      await turn();
      if (end === "time") clock.advanceMs(1000);
      else if (end === "reader") reader.abort();
      else feed.close();
      assert.is(await waiting, 0, end);
    }
  });
});
