// What a session's streams do with a device that shows another host key or certificate than the pinned one: refused and noted, accepted and
// journaled, taken back.
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import * as site from "./gate-world.ts";
import { admitted, asking, NotedChannel, openSessionWorld, running } from "./session-world.ts";

const shownKey = {
  shown: "ssh-ed25519 BBBB",
  fingerprint: "SHA256:changed",
  pinned: ["ssh-ed25519 AAAA"],
  pins: ["SHA256:pinned"],
  isPinned: false,
};
const accepting = site.grantWith(
  {
    replaces: site.hash("grant-1"),
    deviceKeys: [{ target: site.target("hmi"), fingerprint: shownKey.fingerprint }],
  },
  ["anna"],
  "grant-2",
);

await group("session: keys of devices", { timeoutMs: 10_000 }, (test) => {
  test("a changed host key is refused and noted; one that the job's grant accepts is journaled before it is used", async () => {
    await using edge = await openSessionWorld();
    const { stream } = await running(edge);
    const { judgeKey } = stream.admitted;
    assert.is(await judgeKey({ ...shownKey, isPinned: true }), true);
    assert.equal(edge.world.changedDevices.list(), []);
    assert.is(await judgeKey(shownKey), false);
    const { target, shown, fingerprint } = edge.world.changedDevices.list()[0] ?? {};
    assert.equal([target, shown, fingerprint], ["hmi", shownKey.shown, shownKey.fingerprint]);
    assert.not((await edge.events()).includes("device-key-accepted"));

    edge.granted(site.jobWith({ line: [site.grantWith(), accepting] }));
    const channel = new NotedChannel("session-2");
    const { session } = await admitted(edge, channel);
    assert.equal(await session.open(asking(channel, "hmi", "channel-2")), { admitted: true });
    const again = edge.state.streams[1]?.admitted;
    assert.is(await again?.judgeKey({ ...shownKey, fingerprint: "SHA256:third" }), false);
    assert.is(await again?.judgeKey(shownKey), true);
    assert.is((await edge.events()).at(-1), "device-key-accepted");
    // The owner has not pinned it yet.
    assert.is(edge.world.changedDevices.list().length, 1);
  });

  test("a stream on an accepted host key ends when a grant that replaces does not accept it any more", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [site.grantWith(), accepting] });
    const { stream } = await running(edge);
    assert.is(await stream.admitted.judgeKey(shownKey), true);
    edge.changed({});
    assert.is(stream.admitted.signal.aborted, false);
    const third = site.grantWith({ replaces: site.hash("grant-2") }, ["anna"], "grant-3");
    edge.granted(site.jobWith({ line: [site.grantWith(), accepting, third] }));
    assert.is(stream.admitted.signal.aborted, true);
  });

  test("a certificate is judged as a host key is: refused and noted, accepted and journaled, forgotten when the pinned one comes again", async () => {
    await using edge = await openSessionWorld();
    const { stream } = await running(edge);
    const [fingerprint, pin] = ["AB", "CD"].map((byte) => Array(32).fill(byte).join(":"));
    assert.ok(fingerprint !== undefined && pin !== undefined);
    const seen = { shown: fingerprint, fingerprint, pinned: [pin], pins: [pin], isPinned: false };
    assert.is(await stream.admitted.judgeKey(seen), false);
    const [noted] = edge.world.changedDevices.list();
    assert.equal(
      [noted?.shown, noted?.fingerprint, noted?.pinned],
      [fingerprint, fingerprint, [pin]],
    );
    const deviceKeys = [{ target: site.target("hmi"), fingerprint }];
    const change = { replaces: site.hash("grant-1"), deviceKeys };
    const accepts = site.grantWith(change, ["anna"], "grant-2");
    edge.granted(site.jobWith({ line: [site.grantWith(), accepts] }));
    assert.is(await stream.admitted.judgeKey(seen), true);
    assert.is((await edge.events()).at(-1), "device-key-accepted");
    assert.is(await stream.admitted.judgeKey({ ...seen, shown: pin, isPinned: true }), true);
    assert.equal(edge.world.changedDevices.list(), []);
  });

  test("what is accepted on another target is refused", async () => {
    await using edge = await openSessionWorld();
    const deviceKeys = [{ target: site.target("press"), fingerprint: shownKey.fingerprint }];
    const change = { replaces: site.hash("grant-1"), deviceKeys };
    const elsewhere = site.grantWith(change, ["anna"], "grant-2");
    edge.state.job = site.jobWith({ line: [site.grantWith(), elsewhere] });
    const { stream } = await running(edge);
    assert.is(await stream.admitted.judgeKey(shownKey), false);
    assert.not((await edge.events()).includes("device-key-accepted"));
  });

  test("a stream with many connections journals an accepted key once, and waits for it with each", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [site.grantWith(), accepting] });
    const { stream } = await running(edge);
    const { judgeKey } = stream.admitted;
    assert.equal(await Promise.all([judgeKey(shownKey), judgeKey(shownKey)]), [true, true]);
    assert.is(await judgeKey(shownKey), true);
    const events = await edge.events();
    assert.is(events.filter((event) => event === "device-key-accepted").length, 1);
  });

  test("a grant that replaces counts for what the device shows after it, both ways", async () => {
    await using edge = await openSessionWorld();
    const { stream } = await running(edge);
    const { judgeKey } = stream.admitted;
    assert.is(await judgeKey(shownKey), false);
    edge.granted(site.jobWith({ line: [site.grantWith(), accepting] }));
    const third = site.grantWith({ replaces: site.hash("grant-2") }, ["anna"], "grant-3");
    const isTaken = judgeKey(shownKey);
    // Taken back while the acceptance is written down.
    edge.granted(site.jobWith({ line: [site.grantWith(), accepting, third] }));
    assert.is(await isTaken, false);
    assert.is(stream.admitted.signal.aborted, true);

    edge.granted(site.jobWith({ line: [site.grantWith(), accepting] }));
    const channel = new NotedChannel("session-2");
    const { session } = await admitted(edge, channel);
    assert.equal(await session.open(asking(channel, "hmi", "channel-2")), { admitted: true });
    const again = edge.state.streams[1]?.admitted;
    edge.granted(site.jobWith({ line: [site.grantWith(), accepting, third] }));
    // Nothing stood on it, so the stream goes on; but it counts no more.
    assert.is(again?.signal.aborted, false);
    assert.is(await again?.judgeKey(shownKey), false);
  });

  test("a host key whose acceptance cannot be journaled is not used", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [site.grantWith(), accepting] });
    const { stream } = await running(edge);
    await edge.journal[Symbol.asyncDispose]();
    const thrown = await stream.admitted.judgeKey(shownKey).catch((cause: unknown) => cause);
    assert.instance(thrown, Error);
  });
});
