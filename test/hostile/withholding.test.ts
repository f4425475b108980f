// What an attacker gains who only keeps things back: nothing past the grant's end, and nobody is told that a cut was carried out.
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { hashEnvelope, signEnvelope } from "../../shared/document/envelope.ts";
import { group } from "../support/group.ts";
import { altered, strangersKey } from "./forger.ts";
import type { ApiAnswer } from "./hostile-relay.ts";
import { openSink } from "./streams.ts";
import { enter, nowAt, sharedWorld, toWire, type World } from "./world.ts";

const shared = sharedWorld();
const minuteMs = 60_000;
const soonMs = 1_000;

/** Keeps every document and stop from the edge. */
function deaf(world: World): Disposable {
  return world.relay.attack({
    control: (_edge, message, publish) =>
      message.name === "document" || message.name === "stop" ? [] : [publish],
  });
}

async function stateOf({ approver }: World, job: string): Promise<string | undefined> {
  const listed = await approver.ask<{ job: string; state: string }[]>("requests", "--all");
  return listed.find((each) => each.job === job)?.state;
}

await group("a hostile relay: withholding", { timeoutMs: 150_000 }, (test) => {
  test("a withheld end is shown as asked, whatever the relay says, until the edge's own receipt makes it done", async () => {
    const world = await shared();
    const { relay, edge, approver, site } = world;
    const job = await world.grantedJob("press-sink");
    using visited = await enter(world, job);
    const stream = await openSink(world, visited.session, "echo\n");
    const other = await signEnvelope(
      "revocation",
      {
        site,
        edge: edge.id,
        scope: { kind: "person", id: "nobody" },
        reason: "",
        issuedAt: nowAt(),
      },
      [approver.sign],
    );
    await relay.deliver(edge.id, other);
    await relay.receipt(await hashEnvelope(other));
    const genuine = relay.receipts(edge.id).at(-1);
    assert.ok(genuine);
    {
      using _deaf = deaf(world);
      const ended = await approver.do("end", job.id, "--yes", "--wait", "1s");
      assert.match(ended.stdout, /asked; no receipt yet/);
      await stream.said("still in");
      assert.is(await stateOf(world, job.id), "end asked");

      const revocation = relay.documentsFor(edge.id).findLast(({ type }) => type === "revocation");
      assert.ok(revocation);
      const document = await hashEnvelope(revocation);
      const relayKey = await strangersKey(relay.attestationSeed);
      const receipt = {
        site,
        edge: edge.id,
        document,
        outcome: "done",
        reason: null,
        entry: { index: 1, hash: document },
        at: nowAt(),
      };
      const forgeries = [
        await signEnvelope("receipt", receipt, [relayKey.sign]),
        await signEnvelope("receipt", receipt, [relayKey.signAs(edge.id)]),
        altered(genuine, { document }),
        genuine,
      ];
      using _lying = relay.attack({
        async api(call, forward): Promise<ApiAnswer> {
          const answer = await forward();
          if (call.method !== "GET" || !/type=[^&]*receipt|\/receipts\?/.test(call.path))
            return answer;
          const body = answer.body as { documents?: object[]; receipts?: object[] };
          const added = forgeries.map((envelope, index) => {
            return {
              seq: 900 + index,
              hash: document,
              type: "receipt",
              state: "complete",
              at: 0,
              envelope: toWire(envelope),
            };
          });
          return body.receipts === undefined
            ? { ...answer, body: { ...body, documents: [...(body.documents ?? []), ...added] } }
            : { ...answer, body: { receipts: [...body.receipts, ...added] } };
        },
      });
      assert.is(await stateOf(world, job.id), "end asked", "no forged receipt makes it done");
    }
    // What was withheld is asked for again as soon as the edge connects anew.
    (await relay.control(edge.id)).cut();
    assert.is(await stream.closed, "aborted");
    const revocation = relay.documentsFor(edge.id).findLast(({ type }) => type === "revocation");
    assert.ok(revocation);
    assert.is(await relay.receipt(await hashEnvelope(revocation)), "done");
    while ((await stateOf(world, job.id)) !== "ended");
  });

  test("nothing goes on past the grant's end, whatever is withheld: the end, the clock, the channel or its bytes", async () => {
    const world = await shared();
    const { relay, approver, plant } = world;
    const [heard, silenced] = [
      await world.grantedJob("press-sink", "--minutes", "1"),
      await world.grantedJob("press-plc", "--minutes", "1"),
    ];
    using visited = await enter(world, heard);
    using other = await enter(world, silenced);
    const ends = () => relay.headers().filter(({ event }) => event === "session-ended").length;
    const endsBefore = ends();
    const startedMs = performance.now();
    const stream = await openSink(world, visited.session, "echo\n");
    await stream.said("in");
    const afterStartMs = performance.now();
    const opened = Promise.withResolvers<void>();
    const plc = await other.session.further({
      type: "opening",
      mode: "tcp",
      target: "press-plc" as never,
      port: plant.modbus.port,
    });
    plc.onControl = ({ type }) => void (type === "opened" && opened.resolve());
    await opened.promise;
    assert.is(plant.sink.open, 1);

    using _deaf = deaf(world);
    await approver.do("end", heard.id, "--yes", "--wait", "1s");
    // The second job's channels are cut, and none is let through again: its edge hears nothing more of it.
    const kept: (() => void)[] = [];
    using _keeping = relay.attack({
      route: () => "nowhere",
      tamper({ channel, direction, bytes }) {
        if (direction !== "to-edge" || kept.length === 0) return [bytes];
        kept.push(() => channel.send(direction, bytes));
        return [];
      },
    });
    for (const channel of relay.channels) {
      if (await channel.isOf(other.session.id)) channel.cut();
    }

    await sleep(minuteMs - (performance.now() - afterStartMs) - 3_000);
    await stream.said("nearly over");
    kept.push(() => undefined);
    stream.channel.write(Buffer.from("kept back until it is too late"));
    await stream.closed;
    const lastedMs = performance.now() - startedMs;
    assert.ok(lastedMs >= minuteMs, `${lastedMs} ms`);
    assert.ok(performance.now() - afterStartMs < minuteMs + soonMs, `${lastedMs} ms`);
    for (const release of kept) release();
    while (plant.sink.open > 0) await sleep(5);
    assert.ok(
      performance.now() - afterStartMs < minuteMs + soonMs,
      "the device's connection is closed too",
    );
    assert.not.ok(stream.text.includes("too late"));

    await relay.until(() => ends() === endsBefore + 2);
    _keeping[Symbol.dispose]();
    using spent = await enter(world, heard);
    assert.match(spent.verdict, /^over/, "a spent grant opens nothing again");
    using alsoSpent = await enter(world, silenced);
    assert.match(alsoSpent.verdict, /^over/, "also of the session that was silenced");
  });

  test("afterwards the same edge serves whoever is permitted", async () => {
    await using world = await shared();
    const job = await world.grantedJob("press-hmi");
    assert.is(
      (await world.vendor.do("ssh", "press-hmi", "--job", job.id, "--", "echo in")).stdout,
      "in\n",
    );
  });
});
