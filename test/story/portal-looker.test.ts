// Who may only look at a screen, under the shortest idle limit that an edge can have: there as long as he does something on the page, and gone after.
import * as assert from "uvu/assert";
import { startVnc } from "../plant/vnc.ts";
import { group } from "../support/group.ts";
import { startInstallation } from "../support/installation.ts";
import { vncTarget } from "../support/plant-targets.ts";
import { canvas, joinAs, openScreen } from "../support/screen-story.ts";

const idleMs = 60_000;
/** By then nobody who is taken for absent would still be let in. */
const thereMs = 70_000;
const stepMs = 2_000;

await group("who may only look", { timeoutMs: 290_000 }, (test) => {
  test("stays as long as the pointer moves over the page, reaches nothing by it, and is shown out once nobody is there", async () => {
    await using device = await startVnc();
    await using site = await startInstallation([vncTarget(device, ["view"])], {
      signingPage: true,
      secondFactor: "waived",
      edgeEnv: { SALLYPORT_EDGE_IDLE_MINUTES: "1" },
    });
    await using vic = await joinAs(site, "vic", "vendor");
    const { page } = vic;
    await openScreen(vic, site, "Press panel");
    await vic.see("Only looking");
    const before = device.program.stdout;
    const [openedMs, shown] = [performance.now(), page.locator(canvas)];
    let seenMs = openedMs;
    for (let step = 0; seenMs - openedMs < thereMs; step += 1) {
      await page.mouse.move(500 + (step % 9) * 20, 400);
      seenMs = performance.now();
      assert.ok(await shown.isVisible(), `${Math.round((seenMs - openedMs) / 1000)} s after`);
      await page.waitForTimeout(stepMs);
    }
    assert.is(device.program.stdout, before, "what the panel's program got");

    await shown.waitFor({ state: "hidden", timeout: 2 * idleMs });
    const leftMs = performance.now() - seenMs;
    assert.ok(leftMs > idleMs / 2, `shown out after ${Math.round(leftMs / 1000)} s`);
    await vic.see("Nothing happened for a while");
    await vic.check();
  });
});
