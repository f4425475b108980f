// The streams of a session: let in one by one, judged again, ended alone or with their session, and what of them ends the session.
import * as assert from "uvu/assert";
import { SallyportError } from "../../../shared/errors.ts";
import { watchedForMs } from "../../../edge/watchers.ts";
import { group } from "../../support/group.ts";
import * as site from "./gate-world.ts";
import { admitted, asking, NotedChannel, openSessionWorld, running } from "./session-world.ts";

const minuteMs = 60_000;

await group("a session's streams", { timeoutMs: 10_000 }, (test) => {
  test("minutes begin with the first admitted opening, on the disk, and not with a refused one", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await admitted(edge);
    edge.clock.advanceMs(10 * minuteMs);
    const refused = await session.open(asking(channel, "plc"));
    assert.is(refused.admitted, false);
    assert.is(edge.world.consumption.of(site.hash("the-request")).started, undefined);
    assert.equal(await session.open(asking(channel)), { admitted: true });
    await edge.restartAccounts();
    const { started } = edge.world.consumption.of(site.hash("the-request"));
    assert.is(started?.monotonicMs, edge.clock.monotonicMs());
    assert.is(edge.state.streams.length, 1);
  });

  test("the target gets device, rights and grant of the admission, after the journal has it", async () => {
    await using edge = await openSessionWorld();
    const { stream } = await running(edge);
    assert.equal(stream.admitted.rights, ["terminal", "exec"]);
    assert.is(stream.admitted.target.id, "hmi");
    assert.equal((await edge.events()).slice(-2), ["session-admitted", "opening-admitted"]);
  });

  test("what closes one target ends its streams alone", async () => {
    await using edge = await openSessionWorld();
    const { channel, session, stream } = await running(edge);
    edge.changed({ lockdowns: [{ kind: "target", id: site.target("hmi") }] });
    assert.is(stream.admitted.signal.aborted, true);
    assert.match(String(stream.admitted.signal.reason), /^locked-down/);
    assert.is(session.mayResume(), true);
    assert.is((await session.open(asking(channel, "hmi", "stream-2"))).admitted, false);
  });

  test("under a supervising policy what is typed passes only while somebody else watches", async () => {
    await using edge = await openSessionWorld();
    edge.state.change = { manifest: site.manifestWith({}, { supervised: true }) };
    const { channel, session } = await admitted(edge);
    const { opening: exec } = asking(channel);
    const unfit = await session.open(asking(channel));
    assert.match(unfit.admitted ? "" : unfit.reason, /^supervised-only/);
    const terminal = { columns: 80, rows: 24, term: "xterm" };
    const asked = {
      ...asking(channel),
      opening: { type: "opening", mode: "terminal", target: exec.target, terminal } as const,
    };
    assert.is((await session.open(asked)).admitted, true);
    const stream = edge.state.streams[0]?.admitted;
    assert.ok(stream);
    const recording = await stream.openRecording({ kind: "terminal" });
    assert.is((await asked.channel.hears("supervised")).isWatched, false);
    const typed: number[] = [];
    let settled = 0;
    stream.held.attach({
      onData: (bytes) => void typed.push(...bytes),
      onEnd: () => undefined,
      onDrain: () => undefined,
      onControl: () => undefined,
    });
    asked.channel.onData(Uint8Array.of(1), () => void (settled += 1));
    const [id] = await edge.world.recordings.ids();
    assert.ok(id);
    edge.world.watchers.beat(id, site.person("vera"));
    asked.channel.onData(Uint8Array.of(2), () => void (settled += 1));
    assert.is(stream.mayInput(), false);
    edge.world.watchers.beat(id, site.person("anna"));
    assert.is((await asked.channel.hears("supervised")).isWatched, true);
    asked.channel.onData(Uint8Array.of(3), () => undefined);
    edge.clock.advanceMs(watchedForMs);
    asked.channel.onData(Uint8Array.of(4), () => void (settled += 1));
    assert.equal(typed, [3]);
    assert.is(settled, 3);
    await recording.close();
  });

  test("ends when its recorder fails, and not when its device does", async () => {
    await using edge = await openSessionWorld();
    const { channel, session, stream } = await running(edge);
    stream.fail(new SallyportError("device_unreachable", "127.0.0.1:502 does not answer"));
    assert.is((await session.open(asking(channel, "hmi", "stream-2"))).admitted, true);
    edge.state.streams[1]?.fail(new SallyportError("recording_failed", "quota is used up"));
    await session.ended;
    assert.match((await channel.hears("ending")).reason, /^unavailable/);
    assert.ok((await edge.events()).includes("opening-ended"));
  });

  test("a device document that cannot be opened admits nobody, and ends a stream with a word", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await admitted(edge);
    edge.devices.isDamaged = true;
    const asked = asking(channel);
    const told = new Promise<string>((resolve) => (asked.channel.abort = resolve));
    assert.is((await session.open(asked)).admitted, true);
    assert.match(await told, /^unavailable/);
    const refused = await edge.open(new NotedChannel("session-2")).begin();
    assert.equal(refused, { refused: "edge-failing" });
  });

  test("two openings on a target for one: the same job is let in, another job is told who is there", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await running(edge);
    assert.is((await session.open(asking(channel, "hmi", "stream-2"))).admitted, true);
    edge.state.change = {
      occupations: [
        {
          target: site.target("hmi"),
          request: site.hash("another"),
          person: site.person("acme/joe"),
        },
      ],
    };
    const verdict = await session.open(asking(channel, "hmi", "stream-3"));
    assert.equal(verdict, { admitted: false, reason: "in-use: acme/joe is in" });
  });

  test("a stream of the inner SSH ends when a right that it had is withdrawn, another's loss leaves it", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await admitted(edge);
    const opening = { type: "opening", mode: "ssh", target: site.target("hmi") } as const;
    assert.equal(await session.open({ ...asking(channel), opening }), { admitted: true });
    assert.equal(await session.open(asking(channel, "hmi", "stream-2")), { admitted: true });
    const [inner, command] = edge.state.streams;
    const manifest = site.manifestWith();
    const targets = manifest.targets.map((item) => ({ ...item, rights: ["exec"] }));
    edge.changed({ manifest: { ...manifest, targets } });
    assert.is(inner?.admitted.signal.aborted, true);
    assert.is(command?.admitted.signal.aborted, false);
  });

  test("somebody else on a target that is for one now hides no right's withdrawal from who is in", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await admitted(edge);
    const opening = { type: "opening", mode: "ssh", target: site.target("hmi") } as const;
    assert.equal(await session.open({ ...asking(channel), opening }), { admitted: true });
    const [stream] = edge.state.streams;
    const joe = { request: site.hash("another"), person: site.person("acme/joe") };
    const occupations = [{ target: site.target("hmi"), ...joe }];
    edge.changed({ occupations });
    assert.is(stream?.admitted.signal.aborted, false, "who is in stays in");
    const manifest = site.manifestWith();
    const targets = manifest.targets.map((item) => ({ ...item, rights: ["exec"] }));
    edge.changed({ occupations, manifest: { ...manifest, targets } });
    assert.is(stream?.admitted.signal.aborted, true);
  });

  test("an opening that was stopped while it was written is journaled as ended", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await admitted(edge);
    const opened = session.open(asking(channel));
    edge.changed({ stops: [{ kind: "target", id: site.target("hmi") }] });
    assert.is((await opened).admitted, false);
    assert.equal((await edge.events()).slice(-2), ["opening-admitted", "opening-ended"]);
    assert.is(edge.state.streams.length, 0);
  });

  test("a recorder whose file fails, whatever the system says of it, ends the session", async () => {
    for (const code of [
      "recording_failed",
      "disk_full",
      "file_invalid",
      "journal_damaged",
    ] as const) {
      await using edge = await openSessionWorld();
      const { session, stream } = await running(edge);
      stream.fail(new SallyportError(code, "input/output error"));
      await session.ended;
      assert.is(session.summary().state, "ended");
    }
  });

  test("streams open at once up to a number, then at a steady rate", async () => {
    await using edge = await openSessionWorld();
    const { channel, session } = await admitted(edge);
    Object.assign(edge.world, { openTarget: async () => undefined });
    const open = async (count: number) => {
      const verdicts = [];
      for (let number = 0; number < count; number += 1) {
        verdicts.push(await session.open(asking(channel, "hmi", `stream-${number}`)));
      }
      return verdicts;
    };
    const opened = await open(515);
    assert.is(opened.filter((verdict) => verdict.admitted).length, 512);
    assert.match(JSON.stringify(opened.at(-1)), /unavailable/);
    edge.clock.advanceMs(2000);
    assert.equal(
      (await open(3)).map((verdict) => verdict.admitted),
      [true, true, false],
    );
  });
});
