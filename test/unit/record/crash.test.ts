// Kill -9 at seeded moments: no acknowledged entry is lost, the chain holds, and a recording is closed as torn up to its last flush.
import { join } from "node:path";
import * as assert from "uvu/assert";
import { play, sealedBytes } from "../../../edge/record/reading.ts";
import { concatBytes, toBase64Url } from "../../../shared/bytes.ts";
import type { RecordingId } from "../../../shared/record/recording-file.ts";
import { group } from "../../support/group.ts";
import { nodePath, startProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { all, journalIn, recordingsIn, suite } from "./record-world.ts";

const kills = 12;
const writer = join(import.meta.dirname, "crash-writer.ts");

/** A number in [0, 1) that depends on the seed alone. */
function drawn(seed: number): number {
  return ((Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) >>> 0) % 10_007) / 10_007;
}

/** Numbers that the writer printed after `word`, in order. */
function printed(output: string, word: string): number[] {
  return [...output.matchAll(new RegExp(`^${word} (\\d+)$`, "gm"))].map(([, digits]) =>
    Number(digits),
  );
}

await group("crash", { timeoutMs: 60_000 }, (test) => {
  test(`a writer killed ${kills} times in one folder loses nothing that it was told is safe`, async () => {
    using folder = temporaryFolder();
    let confirmed = 0;
    for (let seed = 1; seed <= kills; seed += 1) {
      await using process = startProcess(nodePath, [writer, folder.path]);
      const [, recording = ""] = await process.line(/^recording (\S+)$/);
      await process.line(new RegExp(`^round ${Math.floor(drawn(seed) * 60)}$`));
      if (drawn(seed + 100) > 0.5) await process.line(/^flushed \d+$/);
      process.signal("SIGKILL");
      await process.exited;
      const entries = printed(process.stdout, "entry");
      confirmed = (entries.at(-1) ?? confirmed) + 1;
      const flushed = printed(process.stdout, "flushed").at(-1) ?? 0;

      await using journal = await journalIn(folder.path, { segmentBytes: 20_000 });
      assert.ok(journal.length >= confirmed, `seed ${seed}: ${journal.length} of ${confirmed}`);
      await journal.verify();
      const steps = (await all(journal.entriesFrom(0))).filter(
        ({ header }) => header.event === "step-made",
      );
      assert.ok(steps.every(({ header, details }) => details?.value["n"] === header.n));

      const recordings = await recordingsIn(folder.path, journal);
      const closed = (await all(journal.entriesFrom(confirmed))).findLast(
        ({ header }) => header.ids["recording"] === recording,
      );
      assert.is(closed?.header.event, "recording-closed", `seed ${seed}`);
      assert.is(closed?.details?.value["torn"], true);
      const file = concatBytes(...(await all(sealedBytes(recordings, recording as RecordingId))));
      assert.is(toBase64Url(await suite.sha256(file)), closed?.details?.value["hash"]);
      assert.ok(file.length >= flushed, `seed ${seed}: ${file.length} of ${flushed} bytes`);
      const lines = await all(play(recordings, recording as RecordingId));
      assert.match(lines.at(-1) ?? "", /"event":"torn"/);
      confirmed = journal.length;
    }
  });
});
