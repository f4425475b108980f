// The recorder: what a session says is in the sealed file within a second, journaled at both ends, and readable by those who may.
import { readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { follow, listRecordings, play, search, sealedBytes } from "../../../edge/record/reading.ts";
import type { StreamRecording } from "../../../edge/recording.ts";
import { concatBytes, toBase64Url } from "../../../shared/bytes.ts";
import type { PersonId, TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import {
  all,
  flipped,
  journalIn,
  pieces,
  recordingsIn,
  refusal,
  subject,
  suite,
} from "./record-world.ts";

const terminal = { ...subject, kind: "terminal", columns: 100, rows: 30, title: "bash" };

function sayHello(recording: StreamRecording): void {
  recording.write("to-device", Buffer.from("ls\r"));
  recording.write("from-device", Buffer.from("\u001b[1mtotal\u001b[0m 0\r\n"));
}

/** The lines of a byte log, parsed, without the header. */
async function log(lines: AsyncIterable<string>): Promise<Record<string, unknown>[]> {
  return (await all(lines)).slice(1).map((line) => JSON.parse(line) as Record<string, unknown>);
}

// Stands for a process that died: its file is taken away under it, so that closing only gives the descriptor back.
async function abandon(recording: StreamRecording): Promise<void> {
  await recording.close().catch(() => undefined);
}

await group("recorder", {}, (test) => {
  test("opening and closing are journaled, with chunks, bytes and hash of the file", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(subject);
    sayHello(recording);
    const totals = await recording.close();
    const [, opened, closed] = await all(journal.entriesFrom(0));
    assert.is(opened?.header.event, "recording-opened");
    const { session, target, person, grant } = subject;
    assert.equal(opened?.header.ids, { recording: recording.id, session, target, person, grant });
    assert.is(closed?.header.event, "recording-closed");
    assert.equal(closed?.details?.value, {
      chunks: 1,
      bytes: totals.bytes,
      hash: totals.hash,
      torn: false,
      plaintext: { "to-device": 3, "from-device": 17, "device-error": 0 },
    });
    const file = concatBytes(...(await all(sealedBytes(recordings, recording.id))));
    assert.is(file.length, totals.bytes);
    assert.is(toBase64Url(await suite.sha256(file)), totals.hash);
    assert.equal(await readdir(folder.file("recordings/open")), []);
  });

  test("nothing of a session stands readable in the file", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(subject);
    recording.write("from-device", Buffer.from("a word that is secret"));
    await recording.close();
    const { path } = recordings.locate(recording.id);
    assert.not.match(await readFile(path, "latin1"), /secret/);
  });

  test("a terminal plays as asciicast v2, with resizes and markers", async () => {
    using folder = temporaryFolder();
    const clock = new TurnedClock(1_800_000_000_000);
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal, { clock });
    const recording = await recordings.open(terminal);
    const umlaut = Buffer.from("ü");
    clock.advanceMs(500);
    recording.write("to-device", Buffer.from("x"));
    recording.write("from-device", umlaut.subarray(0, 1));
    recording.write("from-device", umlaut.subarray(1));
    recording.event("resize", { columns: 120, rows: 40 });
    clock.advanceMs(250);
    recording.event("exit", { code: 0 });
    await recording.close();
    const lines = (await all(play(recordings, recording.id))).map((line) => JSON.parse(line));
    assert.equal(lines, [
      { version: 2, width: 100, height: 30, timestamp: 1_800_000_000, title: "bash" },
      [0.5, "i", "x"],
      [0.5, "o", "ü"],
      [0.5, "r", "120x40"],
      [0.75, "m", 'exit {"code":0}'],
    ]);
  });

  test("other streams play as every byte with direction and time", async () => {
    using folder = temporaryFolder();
    const clock = new TurnedClock();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal, { clock });
    const recording = await recordings.open(subject);
    recording.write("to-device", Uint8Array.of(0, 255));
    clock.advanceMs(1.5);
    recording.write("device-error", Uint8Array.of(7));
    recording.event("connected", { port: 502 });
    await recording.close();
    const [header] = await all(play(recordings, recording.id));
    assert.is(JSON.parse(header ?? "").target, "plc");
    assert.is(JSON.parse(header ?? "").keys, undefined);
    assert.equal(await log(play(recordings, recording.id)), [
      { t: 0, dir: "to-device", b64: "AP8=" },
      { t: 0.0015, dir: "device-error", b64: "Bw==" },
      { t: 0.0015, event: "connected", details: { port: 502 } },
    ]);
  });

  test("what was written is in the file a second later, and not lost with the process", async () => {
    using folder = temporaryFolder();
    const clock = new TurnedClock();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal, { clock });
    const recording = await recordings.open(subject);
    const before = recordings.locate(recording.id).live?.bytes ?? 0;
    sayHello(recording);
    clock.advanceMs(999);
    const { live } = recordings.locate(recording.id);
    assert.is(live?.bytes, before);
    clock.advanceMs(1);
    await live?.sync();
    assert.ok((live?.bytes ?? 0) > before);
    assert.is((await log(play(recordings, recording.id))).length, 3, "two records and the note");
    await recording.close();
  });

  test("a follower sees bytes as they come and ends with the recording", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(terminal);
    const lines = follow(recordings, recording.id, new AbortController().signal);
    await lines.next();
    for (const text of ["one", "two", "three"]) {
      const next = lines.next();
      recording.write("from-device", Buffer.from(text));
      const { value } = await next;
      assert.match(String(value), text);
    }
    const rest = all(lines);
    await recording.close();
    assert.equal(await rest, []);
  });

  test("a follower who leaves is gone, and the recording goes on", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(terminal);
    const leave = new AbortController();
    const following = all(follow(recordings, recording.id, leave.signal));
    const { live } = recordings.locate(recording.id);
    recording.write("from-device", Buffer.from("x"));
    await live?.changed();
    leave.abort();
    await following;
    assert.is(live?.isFollowed, false);
    assert.is((await recording.close()).torn, false);
  });

  test("recordings are listed newest first, by filter, open ones too", async () => {
    using folder = temporaryFolder();
    const clock = new TurnedClock();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal, { clock });
    const first = await recordings.open(subject);
    await first.close();
    clock.advanceMs(1000);
    const other = { ...subject, target: "hmi" as TargetId, person: "acme/joe" as PersonId };
    const second = await recordings.open(other);
    const list = await listRecordings(recordings);
    assert.equal(
      list.map(({ recording, state }) => [recording, state]),
      [
        [second.id, "open"],
        [first.id, "closed"],
      ],
    );
    assert.is((await listRecordings(recordings, { target: other.target })).length, 1);
    assert.is((await listRecordings(recordings, { fromMs: clock.wallMs() })).length, 1);
    assert.is((await listRecordings(recordings, { person: "nobody" as PersonId })).length, 0);
    await second.close();
  });

  test("text is found across records and colours, without regard to case", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(terminal);
    for (const part of [
      "first line\r\nFault ",
      "\u001b[31mF00",
      "07\u001b[0m over",
      "voltage\r\nlast",
    ]) {
      recording.write("from-device", Buffer.from(part));
    }
    await recording.close();
    const found = await all(search(recordings, "fault f0007 overvoltage"));
    assert.equal(
      found.map(({ dir, line }) => [dir, line]),
      [["from-device", "Fault F0007 overvoltage"]],
    );
    assert.is((await all(search(recordings, "LAST"))).length, 1, "a last line without an end");
    assert.is((await all(search(recordings, "f0007 first"))).length, 0);
  });

  test("a recording that does not exist is not found", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    for (const id of ["AAAAAAAAAAAAAAAAAAAAAA", "../../../etc/passwd", "", "a/b"]) {
      await refusal(() => all(play(recordings, id as never)), "not_found");
    }
  });

  test("bulk data is recorded byte by byte, however it is cut", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(subject);
    const data = suite.randomBytes(3_000_000);
    for await (const piece of pieces(data, 65_535)) {
      if (!recording.write("from-device", piece)) await recording.drained();
    }
    const totals = await recording.close();
    const records = await log(play(recordings, recording.id));
    const seen = records.map(({ b64 }) => Buffer.from(String(b64), "base64"));
    assert.equal(Buffer.concat(seen), Buffer.from(data));
    assert.is(totals.chunks, Math.ceil(data.length / (65_536 - 9)));
  });

  test("a source that does not wait for the disk is ended rather than go unrecorded", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(subject);
    const piece = new Uint8Array(65_536);
    for (let sent = 0; sent < 2 ** 25 && !recording.failed.aborted; sent += piece.length) {
      recording.write("from-device", piece);
    }
    assert.ok(recording.failed.aborted);
    assert.match(await refusal(() => recording.drained(), "recording_failed"), /behind/);
    assert.is(recording.write("from-device", piece), false);
    const totals = await recording.close();
    assert.is(totals.torn, true);
    const { size } = await stat(recordings.locate(recording.id).path);
    assert.is(size, totals.bytes);
  });

  test("the quota ends a recording, warns before, and refuses the next one", async () => {
    using folder = temporaryFolder();
    let warnings = 0;
    await using journal = await journalIn(folder.path);
    const options = { quotaBytes: 500_000, onSpaceLow: () => void (warnings += 1) };
    const recordings = await recordingsIn(folder.path, journal, options);
    const recording = await recordings.open(subject);
    for (let step = 0; step < 10 && !recording.failed.aborted; step += 1) {
      recording.write("from-device", new Uint8Array(65_536));
    }
    assert.ok(recording.failed.aborted);
    assert.is((recording.failed.reason as { code: string }).code, "disk_full");
    const totals = await recording.close();
    assert.is(totals.torn, true);
    assert.is(warnings, 1);
    const events = (await all(journal.entriesFrom(0))).map(({ header }) => header.event);
    assert.ok(events.includes("recording-space-low"));
    const small = await recordingsIn(folder.path, journal, { quotaBytes: totals.bytes + 10 });
    assert.is(small.usedBytes, totals.bytes);
    await refusal(() => small.open(subject), "disk_full");
    assert.equal(await readdir(folder.file("recordings/open")), []);
  });

  test("with the journal gone no recording opens, and open ones end", async () => {
    using folder = temporaryFolder();
    const journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(subject);
    await journal[Symbol.asyncDispose]();
    assert.ok(recording.failed.aborted);
    await refusal(() => recordings.open(subject), "file_invalid");
    await refusal(() => recording.close(), "file_invalid");
    assert.is((await readdir(folder.file("recordings/open"))).length, 1, "left for the next start");
  });

  const tails: readonly [note: string, tail: (file: Buffer) => Uint8Array, chunks: number][] = [
    ["as it is", (file) => file, 2],
    ["half a chunk", (file) => file.subarray(0, -10), 1],
    ["zeros of a power cut", (file) => Buffer.concat([file, Buffer.alloc(300)]), 2],
    ["a chunk that does not open", (file) => flipped(file, file.length - 1), 1],
  ];
  for (const [note, tail, chunks] of tails) {
    test(`a recording that was left open with ${note} is closed as torn`, async () => {
      using folder = temporaryFolder();
      await using journal = await journalIn(folder.path);
      const clock = new TurnedClock();
      const before = await recordingsIn(folder.path, journal, { clock });
      const lost = await before.open(subject);
      const { path, live } = before.locate(lost.id);
      for (const text of ["one", "two"]) {
        lost.write("from-device", Buffer.from(text));
        clock.advanceMs(1000);
        await live?.sync();
      }
      await writeFile(path, tail(await readFile(path)));
      const recordings = await recordingsIn(folder.path, journal);
      const last = (await all(journal.entriesFrom(0))).at(-1);
      assert.is(last?.header.event, "recording-closed");
      assert.is(last?.details?.value["torn"], true);
      assert.is(last?.details?.value["chunks"], chunks);
      const records = await log(play(recordings, lost.id));
      assert.is(records.at(-1)?.["event"], "torn");
      assert.is(records.length, chunks + 1);
      await journal.verify();
      await abandon(lost);
    });
  }

  test("a file whose opening was never journaled is removed", async () => {
    using folder = temporaryFolder();
    using other = temporaryFolder();
    await using journal = await journalIn(folder.path);
    await using elsewhere = await journalIn(other.path);
    const lost = await (await recordingsIn(folder.path, elsewhere)).open(subject);
    const recordings = await recordingsIn(folder.path, journal);
    assert.equal(await recordings.ids(), []);
    assert.is(journal.length, 1);
    await abandon(lost);
  });

  test("a file that cannot be read is set aside, and the others are closed", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const first = await recordingsIn(folder.path, journal);
    const [bad, good] = [await first.open(subject), await first.open(subject)];
    const pathOf = (id: string) => join(folder.file("recordings/open"), `${id}.recording`);
    await truncate(pathOf(bad.id), 30);
    const recordings = await recordingsIn(folder.path, journal);
    assert.equal(await recordings.ids(), [good.id]);
    assert.equal(await readdir(folder.file("recordings/damaged")), [`${bad.id}.recording`]);
    const events = (await all(journal.entriesFrom(3))).map(({ header }) => header.event);
    assert.equal(events.toSorted(), ["recording-closed", "recording-damaged"]);
    await abandon(bad);
    await abandon(good);
  });
});
