// A minute that has begun ends when it must, whoever was killed in it: deadlines lie on the edge's disk and are measured by the boot's own clock.
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { group } from "../support/group.ts";
import { grantedJob, holdJob } from "../support/held-job.ts";
import { startInstallation } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";

const limitMs = 60_000;
const grantedMs = 60_000;
/** What the end of a session may take. */
const endMs = 1_000;

await group("a killed session's end", { timeoutMs: 180_000 }, (test) => {
  test("comes on time to the second after relay, edge and vendor were killed in its only minute", async () => {
    await using plant = await startPlant();
    await using site = await startInstallation(plantTargets(plant), { secondFactor: "waived" });
    const { vendor, relay, edge } = site;
    const job = await grantedJob(site, ["press-hmi"], 1);
    await using first = await holdJob(vendor, job);
    const beforeFirstMs = performance.now();
    await vendor.do("ssh", "press-hmi", "--", "true");
    const afterFirstMs = performance.now();

    await relay.restart();
    await first.process.line(/"event":"back"/, limitMs);
    await edge.restart();
    assert.is((await first.process.exited).code, 255);
    await using second = await holdJob(vendor, job);
    second.process.signal("SIGKILL");
    await second.process.exited;
    await using last = await holdJob(vendor, job);
    assert.ok(last.minutesLeft < 1);
    await using terminal = vendor.start(["ssh", "press-hmi"]);
    terminal.stdin.write("echo rea''dy\r");
    await terminal.line(/ready$/, limitMs);

    await last.process.line(/"event":"ended".*over/, grantedMs + limitMs);
    const endedMs = performance.now();
    assert.ok(endedMs - afterFirstMs < grantedMs + endMs, `${endedMs - afterFirstMs} ms`);
    assert.ok(endedMs - beforeFirstMs >= grantedMs, `${endedMs - beforeFirstMs} ms`);
    assert.is.not((await terminal.exited).code, 0);
    const again = await vendor.run(["connect", job], { limitMs });
    assert.is(again.code, 77, again.stderr);
    assert.match(again.stderr, /over: the time for this is over|is over/);
  });
});
