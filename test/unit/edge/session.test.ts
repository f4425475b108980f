// A session's life by a turned clock: waiting, admission, minutes, warnings, extension, every kind of end, and what the journal says of each.
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import * as site from "./gate-world.ts";
import {
  admitted,
  asking,
  NotedChannel,
  openSessionWorld,
  running,
  type OpenedWorld,
} from "./session-world.ts";

const minuteMs = 60_000;
const waitingProof = site.proofWith({ purpose: "waiting", grant: null });
const extension = site.grantWith(
  { replaces: site.hash("grant-1"), minutes: 90 },
  ["anna"],
  "grant-2",
);

await group("session", { timeoutMs: 10_000 }, (test) => {
  test("is admitted with its targets and its minutes, which have not begun, and is journaled", async () => {
    await using edge = await openSessionWorld();
    const { verdict } = await admitted(edge);
    assert.ok(verdict.verdict === "admitted");
    const { message, keep } = verdict;
    assert.equal(
      message.targets.map(({ id, rights, ports }) => [id, rights, ports]),
      [
        ["hmi", ["terminal", "exec"], [502]],
        ["press", ["terminal"], [502]],
      ],
    );
    assert.is(message.minutesLeft, 60);
    assert.is(message.startsOnFirstOpening, true);
    assert.is(keep.awayMs, 2 * minuteMs);
    assert.equal(await edge.events(), ["journal-started", "session-admitted"]);
    assert.is(edge.world.consumption.of(site.hash("the-request")).started, undefined);
  });

  test("is refused with the gate's reason, and nothing is journaled as a session", async () => {
    await using edge = await openSessionWorld();
    edge.state.change = { lockdowns: [{ kind: "site" }] };
    const verdict = await edge.open(new NotedChannel("session-1")).begin();
    assert.equal(verdict, { refused: "locked-down" });
    assert.equal(await edge.events(), ["journal-started"]);
  });

  test("waits for its grant and opens by itself when it comes", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [] });
    const channel = new NotedChannel("session-1");
    const session = edge.open(channel, { purpose: "waiting", proof: waitingProof });
    const verdict = await session.begin();
    assert.ok("verdict" in verdict && verdict.verdict === "waiting");
    assert.is(verdict.keep.awayMs, 3 * site.hour * 1000);
    edge.clock.advanceMs(30 * minuteMs);
    edge.granted(site.jobWith());
    const message = await channel.hears("admitted");
    assert.is(message.minutesLeft, 60);
    assert.is(channel.kept.at(-1)?.awayMs, 2 * minuteMs);
    assert.equal(await edge.events(), ["journal-started", "session-waiting", "session-admitted"]);
  });

  test("waits no longer than its request says", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [] });
    const channel = new NotedChannel("session-1");
    const session = edge.open(channel, { purpose: "waiting", proof: waitingProof });
    await session.begin();
    edge.clock.advanceMs(3 * site.hour * 1000);
    await session.ended;
    assert.match((await channel.hears("ending")).reason, /^over/);
  });

  test("warns 5 minutes, 1 minute and 15 seconds before its end, and ends at its very moment", async () => {
    await using edge = await openSessionWorld();
    const { channel, session, stream } = await running(edge);
    edge.clock.advanceMs(55 * minuteMs - 1);
    assert.equal(channel.said, []);
    edge.clock.advanceMs(1);
    assert.is((await channel.hears("warning")).secondsLeft, 300);
    edge.clock.advanceMs(4 * minuteMs);
    assert.is((await channel.hears("warning")).secondsLeft, 60);
    edge.clock.advanceMs(45_000);
    assert.is((await channel.hears("warning")).secondsLeft, 15);
    edge.clock.advanceMs(14_999);
    assert.is(stream.admitted.signal.aborted, false);
    edge.clock.advanceMs(1);
    await session.ended;
    assert.is(stream.admitted.signal.aborted, true);
    assert.match((await channel.hears("ending")).reason, /^over/);
    assert.is(channel.isEnded, true);
    assert.ok((await edge.events()).includes("session-ended"));
  });

  test("a vendor's side that does not close after the end is cut off", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await running(edge);
    edge.changed({ stops: [{ kind: "edge" }] });
    await session.ended;
    assert.is(channel.abortedWith, undefined);
    edge.clock.advanceMs(2000);
    assert.match(channel.abortedWith ?? "", /^stopped/);
  });

  test("is extended in place by a grant that replaces, warned anew, and ends at the new end", async () => {
    await using edge = await openSessionWorld();
    const { channel, session, stream } = await running(edge);
    edge.clock.advanceMs(58 * minuteMs);
    await channel.hears("warning");
    const job = site.jobWith();
    edge.granted({ ...job, line: [...job.line, extension] });
    assert.is((await channel.hears("extended")).minutesLeft, 32);
    assert.ok((await edge.events()).includes("session-extended"));
    edge.clock.advanceMs(27 * minuteMs);
    assert.is((await channel.hears("warning")).secondsLeft, 300);
    assert.is(stream.admitted.signal.aborted, false);
    edge.clock.advanceMs(5 * minuteMs);
    await session.ended;
    assert.is(stream.admitted.signal.aborted, true);
  });

  const ends: readonly [string, Parameters<OpenedWorld["changed"]>[0], RegExp][] = [
    ["an unsigned stop of the edge", { stops: [{ kind: "edge" }] }, /^stopped/],
    ["a lockdown of the site", { lockdowns: [{ kind: "site" }] }, /^locked-down/],
    [
      "a revocation of its request",
      { revocations: [{ kind: "request", id: site.hash("the-request") }] },
      /^stopped/,
    ],
    [
      "a revocation of its person",
      { revocations: [{ kind: "person", id: site.person("vera") }] },
      /^not-permitted/,
    ],
    [
      "a manifest that has ended",
      { manifest: site.manifestWith({ endsAt: site.nowAt }) },
      /^access/,
    ],
    ["a manifest without its targets", { manifest: site.manifestWith({ targets: [] }) }, /^not-p/],
  ];
  for (const [what, change, told] of ends) {
    test(`ends at once with ${what}, and says why`, async () => {
      await using edge = await openSessionWorld();
      const { channel, session, stream } = await running(edge);
      edge.changed(change);
      await session.ended;
      assert.is(stream.admitted.signal.aborted, true);
      assert.match((await channel.hears("ending")).reason, told);
      assert.is(session.mayResume(), false);
    });
  }

  test("the manifest's end by the clock ends it", async () => {
    await using edge = await openSessionWorld();
    edge.state.change = { manifest: site.manifestWith({ endsAt: site.nowAt + 120 }) };
    const { session } = await running(edge);
    edge.clock.advanceMs(119_999);
    assert.is(session.mayResume(), true);
    edge.clock.advanceMs(1);
    await session.ended;
  });

  test("a start that is missed ends it", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [site.grantWith({ startBeforeAt: site.nowAt + 60 })] });
    const { channel, session } = await admitted(edge);
    edge.clock.advanceMs(60_000);
    await session.ended;
    assert.match((await channel.hears("ending")).reason, /^over/);
  });

  test("ends when nothing happens for too long, and not while something does", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({
      line: [site.grantWith({ minutes: 240, endsAt: site.nowAt + 100 * site.hour })],
    });
    const { channel, session, stream } = await running(edge);
    edge.clock.advanceMs(2 * site.hour * 1000);
    const recording = await stream.admitted.openRecording({ kind: "tcp" });
    recording.write("to-device", new Uint8Array(3));
    edge.clock.advanceMs(site.hour * 1000 + 1);
    assert.is(session.mayResume(), true);
    await recording.close();
    edge.changed({});
    edge.clock.advanceMs(2 * site.hour * 1000);
    await session.ended;
    assert.ok(
      ["idle", "over"].includes((await channel.hears("ending")).reason.split(":")[0] ?? ""),
    );
  });

  test("a channel that closes ends the session and its streams", async () => {
    await using edge = await openSessionWorld();
    const { channel, session, stream } = await running(edge);
    channel.onClose("cut");
    await session.ended;
    assert.is(stream.admitted.signal.aborted, true);
    assert.equal(channel.said, []);
  });

  test("after a kill, what was used stays used", async () => {
    await using edge = await openSessionWorld();
    const first = await running(edge);
    edge.clock.advanceMs(40 * minuteMs);
    await first.session.end("closed");
    await edge.restartAccounts();
    const again = edge.open(new NotedChannel("session-2"));
    const verdict = await again.begin();
    assert.ok("verdict" in verdict && verdict.verdict === "admitted");
    assert.is(verdict.message.minutesLeft, 20);
    assert.is(verdict.message.startsOnFirstOpening, false);
    edge.clock.advanceMs(20 * minuteMs);
    await again.ended;
  });

  test("a journal that cannot be written refuses the session, and lets no stream open", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await admitted(edge);
    await edge.journal[Symbol.asyncDispose]();
    const verdict = await session.open(asking(channel));
    assert.is(verdict.admitted, false);
    assert.is(edge.state.streams.length, 0);
    const refused = await edge.open(new NotedChannel("session-2")).begin();
    assert.equal(refused, { refused: "edge-failing" });
  });

  test("a later code of the same person ends no session that an earlier one opened, and is not forgotten for it", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [] });
    const channel = new NotedChannel("session-1");
    const waiting = edge.open(channel, { purpose: "waiting", proof: waitingProof });
    await waiting.begin();
    const transcript = "another-transcript";
    const later = edge.open(new NotedChannel("session-2"), {
      purpose: "waiting",
      transcript,
      proof: site.proofWith({ purpose: "waiting", grant: null, transcript }),
      attestation: site.attestationWith({ transcript, timeStep: 60_000_001 }),
    });
    const verdict = await later.begin();
    assert.ok("verdict" in verdict);
    edge.granted(site.jobWith());
    await channel.hears("admitted");
    edge.changed({});
    assert.is(waiting.summary().state, "admitted");
    assert.is(edge.world.consumption.stepOf(site.person("vera"))?.timeStep, 60_000_001);
  });

  test("a grant that comes while the waiting is written opens the session at once", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [] });
    const session = edge.open(new NotedChannel("session-1"), {
      purpose: "waiting",
      proof: waitingProof,
    });
    const begun = session.begin();
    edge.granted(site.jobWith());
    const verdict = await begun;
    assert.is("verdict" in verdict && verdict.verdict, "admitted");
  });

  test("a stop that comes while the waiting is written refuses it, and its end is journaled", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [] });
    const session = edge.open(new NotedChannel("session-1"), {
      purpose: "waiting",
      proof: waitingProof,
    });
    const begun = session.begin();
    edge.changed({ revocations: [{ kind: "request", id: site.hash("the-request") }] });
    assert.ok("refused" in (await begun));
    assert.equal((await edge.events()).slice(1), ["session-waiting", "session-ended"]);
  });

  test("a channel that is lost while its session is written leaves nothing that lives on", async () => {
    for (const line of [[], site.jobWith().line]) {
      await using edge = await openSessionWorld();
      edge.state.job = site.jobWith({ line });
      const channel = new NotedChannel("session-1");
      const session = edge.open(channel, { purpose: "waiting", proof: waitingProof });
      const begun = session.begin();
      channel.onClose("cut");
      assert.ok("refused" in (await begun));
      const told = line.length === 0 ? "session-waiting" : "session-admitted";
      assert.equal((await edge.events()).slice(1), [told, "session-ended"]);
      edge.granted(site.jobWith());
      edge.clock.advanceMs(site.hour * 1000);
      assert.is(session.summary().state, "ended");
      assert.is((await edge.events()).length, 3);
    }
  });

  test("without proven time a wait is measured from its beginning, however often the gate is asked", async () => {
    await using edge = await openSessionWorld();
    edge.state.job = site.jobWith({ line: [] });
    const { time } = site.situationWith();
    edge.state.change = { time: { ...time, proven: false, floorMs: 0 } };
    const session = edge.open(new NotedChannel("session-1"), {
      purpose: "waiting",
      proof: waitingProof,
    });
    await session.begin();
    for (let hours = 0; hours < 3; hours += 1) {
      edge.clock.advanceMs(site.hour * 1000);
      edge.changed({});
      assert.is(session.summary().state, "waiting");
    }
    edge.clock.advanceMs(10 * minuteMs);
    assert.is(session.summary().state, "ended");
  });
});
