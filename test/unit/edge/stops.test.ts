// Unsigned stops: what they close, for how long, and what ends them before.
import * as assert from "uvu/assert";
import { unsignedStopMs } from "../../../edge/stops.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { paperAt, signed } from "../document/paper-site.ts";
import { codeOf, entryOf, nextBootId, settledEdge } from "./paper-edge.ts";

await group("unsigned stops", {}, (test) => {
  test("close what they name for a quarter of an hour, and no longer when they are repeated", async () => {
    await using world = await settledEdge();
    const { edge } = world;
    const { stops } = edge.parts;
    await stops.begin("relay 1", { kind: "edge" }, "relay", "anna");
    assert.equal(edge.parts.situation()?.stops, [{ kind: "edge" }]);
    edge.clock.advanceMs(unsignedStopMs / 2);
    await stops.begin("relay 1", { kind: "edge" }, "relay", "anna");
    edge.clock.advanceMs(unsignedStopMs / 2 - 1);
    assert.is(stops.running().length, 1);
    const ended = new Promise<void>((resolve) => (stops.onChange = resolve));
    edge.clock.advanceMs(1);
    await ended;
    assert.equal(stops.running(), []);
    assert.equal((await edge.events()).slice(-2), ["unsigned-stop-begun", "unsigned-stop-ended"]);
  });

  test("go on after a kill for what is left of them", async () => {
    await using world = await settledEdge();
    const { edge } = world;
    await edge.parts.stops.begin("relay 1", { kind: "edge" }, "relay");
    edge.clock.advanceMs(unsignedStopMs - 1000);
    await edge.restart();
    assert.is(edge.parts.stops.running().length, 1);
    await edge.parts.stops.begin("relay 1", { kind: "edge" }, "relay");
    const ended = new Promise<void>((resolve) => (edge.parts.stops.onChange = resolve));
    edge.clock.advanceMs(1000);
    await ended;
    assert.is(edge.parts.stops.running().length, 0);
  });

  test("after a reboot without proven time they run from then, and not from each start after it", async () => {
    await using world = await settledEdge();
    const { edge } = world;
    await edge.parts.stops.begin("relay 1", { kind: "edge" }, "relay");
    await edge.restart({ bootId: nextBootId, isProven: false });
    for (let starts = 0; starts < 2; starts += 1) {
      assert.is(edge.parts.stops.running().length, 1);
      edge.clock.advanceMs(unsignedStopMs / 2);
      await edge.restart();
    }
    assert.is(edge.parts.stops.running().length, 0);
  });

  test("end by a lift that names their entry", async () => {
    await using world = await settledEdge();
    const { site, edge } = world;
    await edge.parts.stops.begin("console", { kind: "target", id: "hmi" as TargetId }, "console");
    const lockdown = await entryOf(edge, "unsigned-stop-begun");
    const lift = {
      site: site.id,
      edge: site.edge.id,
      lockdown,
      reason: "by mistake",
      issuedAt: paperAt,
    };
    assert.is(
      codeOf(await edge.parts.trust.accept(await signed("lift", lift, "cleo"))),
      "accepted",
    );
    await edge.parts.stops.lift(lockdown);
    assert.equal(edge.parts.stops.running(), []);
  });
});
