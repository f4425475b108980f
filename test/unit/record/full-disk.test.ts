// A full disk: nothing half-written, a clear error, everything that depends on the record ends, and all is well again once there is room.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { openArchive } from "../../../edge/record/archive.ts";
import { play } from "../../../edge/record/reading.ts";
import { openVault } from "../../../edge/vault.ts";
import type { TargetId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { signed } from "../document/paper-site.ts";
import { all, journalIn, recordingsIn, refusal, subject, suite } from "./record-world.ts";
import { smallDisk } from "./small-disk.ts";

const megabyte = 1024 * 1024;

await group("full disk", {}, (test) => {
  test("the journal rejects, says so in `failed`, and has lost and half-written nothing when opened anew", async () => {
    await using disk = await smallDisk(megabyte);
    const journal = await journalIn(disk.path);
    await disk.fill(8192);
    let confirmed = 0;
    const details = { text: "x".repeat(400) };
    const why = await refusal(async () => {
      for (; confirmed < 1000; confirmed += 1) await journal.append("step-made", {}, details);
    }, "disk_full");
    assert.match(why, /no space left for ".*ndjson"/);
    assert.ok(confirmed > 0);
    assert.ok(journal.failed.aborted);
    assert.is(journal.length, confirmed + 1);
    await disk.free();
    await refusal(() => journal.append("step-made", {}), "disk_full");
    await using again = await journalIn(disk.path);
    assert.is(again.length, confirmed + 1, "nothing to repair");
    await again.verify();
    assert.is((await again.append("step-made", {})).header.n, confirmed + 1);
  });

  test("appends that share a write are all rejected, and none of them stays", async () => {
    await using disk = await smallDisk(megabyte);
    const journal = await journalIn(disk.path);
    await disk.fill(16_384);
    const details = { text: "x".repeat(400) };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 100 }, () => journal.append("step-made", {}, details)),
    );
    assert.ok(outcomes.every(({ status }) => status === "rejected"));
    await disk.free();
    await using again = await journalIn(disk.path);
    assert.is(again.length, 1);
  });

  test("a recording fails, is closed as torn on the last whole chunk, and plays up to there", async () => {
    using elsewhere = temporaryFolder();
    await using disk = await smallDisk(megabyte);
    await using journal = await journalIn(elsewhere.path);
    const recordings = await recordingsIn(disk.path, journal, { reserveBytes: 0 });
    const recording = await recordings.open(subject);
    await disk.fill(300_000);
    const piece = suite.randomBytes(65_536);
    const failed = new Promise((resolve) => {
      recording.failed.addEventListener("abort", resolve, { once: true });
    });
    for (let step = 0; step < 8; step += 1) recording.write("from-device", piece);
    await failed;
    assert.is((recording.failed.reason as { code: string }).code, "disk_full");
    const totals = await recording.close();
    assert.is(totals.torn, true);
    assert.ok(totals.chunks >= 3 && totals.chunks < 8, `${totals.chunks} chunks`);
    assert.match((await all(play(recordings, recording.id))).at(-1) ?? "", /"event":"torn"/);
    await disk.fill();
    await refusal(() => recordings.open(subject), "disk_full");
    assert.equal(await readdir(join(disk.path, "recordings/open")), []);
    assert.is(journal.length, 3);
    await disk.free();
    assert.is((await (await recordings.open(subject)).close()).torn, false);
  });

  test("recordings stop before the journal that shares their disk has to", async () => {
    await using disk = await smallDisk(megabyte);
    await using journal = await journalIn(disk.path);
    const recordings = await recordingsIn(disk.path, journal, { reserveBytes: 200_000 });
    const recording = await recordings.open(subject);
    const piece = suite.randomBytes(65_536);
    for (let step = 0; step < 20; step += 1) recording.write("from-device", piece);
    assert.match((recording.failed.reason as Error).message, /must leave to the journal/);
    assert.is((await recording.close()).torn, true);
    await disk.fill(200_000);
    await refusal(() => recordings.open(subject), "disk_full");
    for (let step = 0; step < 100; step += 1) await journal.append("step-made", {}, { step });
    assert.not.ok(journal.failed.aborted);
  });

  // Room was measured only when a recording was opened: one that ran on took the reserve when somebody else filled the disk.
  test("a recording ends before it takes the journal's reserve from a disk that something else has filled", async () => {
    await using disk = await smallDisk(megabyte);
    await using journal = await journalIn(disk.path);
    const clock = new TurnedClock();
    const recordings = await recordingsIn(disk.path, journal, { reserveBytes: 300_000, clock });
    const recording = await recordings.open(subject);
    recording.write("from-device", suite.randomBytes(100));
    await disk.fill(200_000);
    while (!recording.failed.aborted) {
      recording.write("from-device", suite.randomBytes(100));
      clock.advanceMs(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.match((recording.failed.reason as Error).message, /must leave to the journal/);
    assert.is((await recording.close()).torn, true);
    assert.not.ok(journal.failed.aborted);
  });

  test("the vault keeps its last version, on the disk and in memory", async () => {
    await using disk = await smallDisk(megabyte);
    const options = { path: join(disk.path, "vault"), keyFile: join(disk.path, "key"), suite };
    const vault = await openVault(options);
    const envelope = await signed("secret", { text: "x".repeat(20_000) }, "anna");
    const key = { kind: "secret", target: "plc" as TargetId, name: "password" } as const;
    await vault.put({ ...key, version: 1, envelope });
    await disk.fill(8192);
    await refusal(() => vault.put({ ...key, version: 2, envelope }), "disk_full");
    assert.is(vault.get(key)?.version, 1);
    assert.is((await openVault(options)).get(key)?.version, 1);
    assert.equal((await readdir(disk.path)).sort(), ["ballast", "key", "vault"]);
    await disk.free();
    await vault.put({ ...key, version: 2, envelope });
    assert.is((await openVault(options)).get(key)?.version, 2);
  });

  test("a document that cannot be kept is not there at all", async () => {
    await using disk = await smallDisk(megabyte);
    const archive = await openArchive(disk.path);
    const small = await signed("request", { text: "x" }, "anna");
    const big = await signed("request", { text: "x".repeat(50_000) }, "anna");
    const hash = await archive.keep(small);
    await disk.fill(8192);
    await refusal(() => archive.keep(big), "disk_full");
    await disk.free();
    const kept = await all(archive.all());
    assert.equal(
      kept.map((document) => document.hash),
      [hash],
    );
    assert.equal(await archive.get("request", hash), small);
  });
});
