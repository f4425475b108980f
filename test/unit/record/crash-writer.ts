// The process that crash.test.ts kills: appends entries and records a stream, and prints a line for each thing that it was told is on the disk.
import { journalIn, recordingsIn, subject } from "./record-world.ts";

const [, , folder = ""] = process.argv;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const journal = await journalIn(folder, { segmentBytes: 20_000 });
const recordings = await recordingsIn(folder, journal);
const recording = await recordings.open(subject);
const { live } = recordings.locate(recording.id);
say(`recording ${recording.id}`);

const piece = Buffer.alloc(3000, "x");
for (let round = 0; ; round += 1) {
  recording.write("from-device", piece);
  // Numbers follow from the calls' order, because nothing else appends now.
  const next = journal.length;
  const entries = await Promise.all(
    [0, 1, 2].map((offset) => journal.append("step-made", {}, { n: next + offset })),
  );
  for (const { header } of entries) say(`entry ${header.n}`);
  say(`round ${round}`);
  if (round % 10 === 0) {
    await live?.sync();
    say(`flushed ${live?.bytes}`);
  }
}
