// A standing job by commands: asked for and approved once, used again and again within its windows, and not outside of them.
import * as assert from "uvu/assert";
import { startPlant } from "../plant/plant.ts";
import { group } from "../support/group.ts";
import { holdJob } from "../support/held-job.ts";
import { startInstallation, type Person } from "../support/installation.ts";
import { plantTargets } from "../support/plant-targets.ts";
import { journalOf } from "../endurance/kept-state.ts";

const limitMs = 60_000;

/** From and to, so many hours from now by UTC's clock. */
function hours(from: number, to: number): string {
  const at = (hour: number): string =>
    new Date(Date.now() + hour * 3_600_000).toISOString().slice(11, 16);
  return `daily ${at(from)}-${at(to)}`;
}

const withClock = (clock: "proven" | "unproven") => ({
  secondFactor: "waived" as const,
  edgeEnv: { SALLYPORT_EDGE_CLOCK: clock },
});

async function asked(vendor: Person, every: string): Promise<string> {
  const until = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  const options = ["--every", every, "--until", until, "--zone", "UTC", "--minutes", "30"];
  const request = ["request", "press-hmi", "--reason", "daily check", ...options];
  return (await vendor.ask<{ job: string }>(...request)).job;
}

await group("a standing job", { timeoutMs: 240_000 }, (test) => {
  test("one approval opens it in each session of a window; outside of its windows the vendor is told when", async () => {
    await using plant = await startPlant();
    const [hmi] = plantTargets(plant);
    assert.ok(hmi);
    await using site = await startInstallation([hmi], withClock("proven"));
    const { vendor, approver, edge } = site;
    const job = await asked(vendor, hours(-2, 2));
    const { stderr } = await approver.do("approve", job, "--yes");
    assert.match(stderr, /30 minutes in each window, as often as it comes: every day, /);
    for (let use = 1; use <= 2; use += 1) {
      await using held = await holdJob(vendor, job);
      assert.ok(held.minutesLeft <= 30 && held.minutesLeft > 25, `${held.minutesLeft}`);
      const ran = await vendor.run(["ssh", "press-hmi", "--", "true"], { limitMs });
      assert.is(ran.code, 0, ran.stderr);
      held.process.signal("SIGTERM");
      await held.process.exited;
    }
    const uses = (await journalOf(edge.folder)).filter(
      ({ header }) => header.event === "session-admitted",
    );
    assert.ok(uses.length >= 2);
    assert.is(new Set(uses.map(({ header }) => header.ids["grant"])).size, 1);

    const later = await asked(vendor, hours(3, 4));
    await approver.do("approve", later, "--yes");
    const refused = await vendor.run(["connect", later], { limitMs });
    assert.is.not(refused.code, 0);
    assert.match(refused.stderr, /this is granted at other hours/);
    assert.match(refused.stderr, /come back in the next window/);
  });

  test("what is no window is refused before anything is asked; a box without a clock of its own opens none", async () => {
    await using plant = await startPlant();
    const [hmi] = plantTargets(plant);
    assert.ok(hmi);
    await using site = await startInstallation([hmi], withClock("unproven"));
    const { vendor, approver } = site;
    const job = await asked(vendor, hours(-2, 2));
    await approver.do("approve", job, "--yes");
    const refused = await vendor.run(["connect", job], { limitMs });
    assert.is.not(refused.code, 0);
    assert.match(refused.stderr, /clock-needed: the edge has no clock of its own/);
    const request = ["request", "press-hmi", "--reason", "daily check", "--every"];
    const wrong = await vendor.run([...request, "mondays", "--until", "2030-01-01"]);
    assert.is(wrong.code, 64);
    assert.match(wrong.stderr, /"mondays" is no window, expected for example/);
  });
});
