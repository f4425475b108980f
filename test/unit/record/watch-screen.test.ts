// Watching a screen begins where its last segment does, so that whoever looks in sees the present at once; playing it gives all.
import { open } from "node:fs/promises";
import * as assert from "uvu/assert";
import { follow, play } from "../../../edge/record/reading.ts";
import { maxChunkBytes } from "../../../shared/record/recording-records.ts";
import { screenKind, segmentEvent } from "../../../shared/record/screen-words.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { refused } from "../document/paper-site.ts";
import { all, journalIn, recordingsIn, subject } from "./record-world.ts";

const screen = { ...subject, kind: screenKind };
const still = new AbortController().signal;

/** Lines without their times: texts from the device, and names of events. */
function said(lines: readonly string[]): string[] {
  return lines.slice(1).map((line) => {
    const { b64, event } = JSON.parse(line) as { b64?: string; event?: string };
    return event ?? Buffer.from(b64 ?? "", "base64").toString();
  });
}

await group("watch a screen", {}, (test) => {
  test("a watcher gets the header and all from the last segment on, also in the middle of a chunk", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(screen);
    const { live } = recordings.locate(recording.id);
    for (const name of ["first", "second", "third"]) {
      recording.write("from-device", Buffer.from(`before ${name}`));
      recording.event(segmentEvent, { width: 1, height: 1, bytes: 5 });
      recording.write("from-device", Buffer.from(name));
      recording.write("to-device", Buffer.from("press"));
      if (name !== "second") await live?.changed();
    }
    const lines = follow(recordings, recording.id, still);
    const early: string[] = [];
    for (let count = 0; count < 4; count += 1) early.push(String((await lines.next()).value));
    assert.match(early[0] ?? "", `"kind":"screen"`);
    assert.equal(said(early), ["segment", "third", "press"]);
    const next = lines.next();
    recording.write("from-device", Buffer.from("goes on"));
    assert.equal(said(["", String((await next).value)]), ["goes on"]);
    const rest = all(lines);
    await recording.close();
    assert.equal(await rest, []);
    const closed = said(await all(follow(recordings, recording.id, still)));
    assert.equal(closed, ["segment", "third", "press", "goes on"]);
    const whole = said(await all(play(recordings, recording.id)));
    assert.is(whole.filter((word) => word === "segment").length, 3);
    assert.is(whole[0], "before first");
  });

  test("while it is recorded, nothing before the last segment is read again", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(screen);
    const { live } = recordings.locate(recording.id);
    assert.ok(live);
    const headerBytes = live.bytes;
    recording.write("from-device", new Uint8Array(3 * maxChunkBytes));
    for (const name of ["first", "second"]) {
      const before = live.lastSegment;
      recording.event(segmentEvent, { width: 1, height: 1, bytes: 0 });
      recording.write("from-device", new Uint8Array(2 * maxChunkBytes));
      recording.write("to-device", Buffer.from(name));
      while (live.lastSegment === before) await live.changed();
    }
    const place = live.lastSegment;
    assert.ok(place !== undefined && place.number > 4);
    // Whoever opened a chunk before it would find it damaged.
    const file = await open(live.path, "r+");
    await file.write(new Uint8Array(16), 0, 16, headerBytes + 16);
    await file.close();
    const followed = all(follow(recordings, recording.id, still));
    const [lines] = await Promise.all([followed, recording.close()]);
    const words = said(lines);
    assert.is(words[0], "segment");
    assert.is(words.at(-1), "second");
    await refused(
      () => all(play(recordings, recording.id)),
      "recording_damaged",
      /chunk 0 does not open/,
    );
  });

  test("before the first segment, and of another kind with such an event, a watcher gets all", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    for (const kind of [screenKind, "tcp"]) {
      const recording = await recordings.open({ ...subject, kind });
      recording.write("from-device", Buffer.from("early"));
      if (kind === "tcp") recording.event(segmentEvent, {});
      await recording.close();
      const words = said(await all(follow(recordings, recording.id, still)));
      assert.equal(words, kind === "tcp" ? ["early", "segment"] : ["early"]);
    }
  });

  test("a watcher leaves no file open behind", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const recordings = await recordingsIn(folder.path, journal);
    const recording = await recordings.open(screen);
    recording.event(segmentEvent, {});
    const { live } = recordings.locate(recording.id);
    await live?.changed();
    const leave = new AbortController();
    const following = all(follow(recordings, recording.id, leave.signal));
    await new Promise((resolve) => setImmediate(resolve));
    leave.abort();
    await following;
    assert.is(live?.isFollowed, false);
    await recording.close();
  });
});
