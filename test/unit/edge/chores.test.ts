// What an edge does from time to time, by a turned clock, with trust and time in real files.
import * as assert from "uvu/assert";
import { choreEveryMs, Chores, floorEveryMs } from "../../../edge/chores.ts";
import { recoveryWaitSeconds } from "../../../shared/document/succession.ts";
import { group } from "../../support/group.ts";
import { signed } from "../document/paper-site.ts";
import { settledEdge, type PaperEdge } from "./paper-edge.ts";

/** The chores of a paper edge, and when what was done. */
function choresOf({ clock, parts, logged }: PaperEdge, isBusy: () => boolean) {
  const startMs = clock.monotonicMs();
  const done = { savedMs: [] as number[], renewedMs: [] as number[] };
  const settled: Promise<void>[] = [];
  const chores = new Chores({
    clock,
    isBusy,
    trust: {
      settleRecovery() {
        const settling = parts.trust.settleRecovery();
        settled.push(settling);
        return settling;
      },
    },
    time: {
      save() {
        done.savedMs.push(clock.monotonicMs() - startMs);
        return parts.time.save();
      },
    },
    webPanels: { renew: () => void done.renewedMs.push(clock.monotonicMs() - startMs) },
    log: (line) => void logged.push(line),
  });
  return { chores, done, settled };
}

await group("chores", {}, (test) => {
  test("the floor of time is kept each minute while somebody is in, else with the other chores", async () => {
    await using world = await settledEdge();
    const { edge } = world;
    let isBusy = false;
    const { chores, done } = choresOf(edge, () => isBusy);
    edge.clock.advanceMs(choreEveryMs);
    assert.equal(done.savedMs, [choreEveryMs]);
    isBusy = true;
    edge.clock.advanceMs(2 * floorEveryMs);
    isBusy = false;
    edge.clock.advanceMs(choreEveryMs - 2 * floorEveryMs);
    const busyMs = [choreEveryMs + floorEveryMs, choreEveryMs + 2 * floorEveryMs];
    assert.equal(done.savedMs, [choreEveryMs, ...busyMs, 2 * choreEveryMs]);
    assert.equal(done.renewedMs, [choreEveryMs, 2 * choreEveryMs]);
    chores[Symbol.dispose]();
    edge.clock.advanceMs(choreEveryMs);
    assert.is(done.savedMs.length, 4);
  });

  test("a manifest by the recovery key counts by itself once its wait is over", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    const payload = site.next({ ownersNeeded: 1, name: "recovered" });
    await edge.parts.trust.accept(await signed("manifest", payload, "recovery", "olaf"));
    edge.clock.advanceMs(recoveryWaitSeconds * 1000 - 2 * choreEveryMs);
    const { chores, settled } = choresOf(edge, () => false);
    using _chores = chores;
    edge.clock.advanceMs(choreEveryMs);
    await Promise.all(settled);
    assert.is(edge.parts.trust.situation()?.manifest.version, 1);
    edge.clock.advanceMs(choreEveryMs);
    await Promise.all(settled);
    assert.is(edge.parts.trust.situation()?.manifest.version, 2);
  });

  test("what fails is logged and done again when it is due", async () => {
    await using world = await settledEdge();
    const { clock } = world.edge;
    const logged = Promise.withResolvers<string>();
    let tries = 0;
    using _chores = new Chores({
      clock,
      isBusy: () => true,
      trust: { settleRecovery: async () => undefined },
      time: {
        async save() {
          tries += 1;
          throw new Error("no space left on device");
        },
      },
      webPanels: { renew: () => undefined },
      log: (line) => logged.resolve(line),
    });
    clock.advanceMs(2 * floorEveryMs);
    assert.is(await logged.promise, "chores: no space left on device");
    assert.is(tries, 2);
  });
});
