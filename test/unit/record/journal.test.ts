// The journal: durable before it resolves, in order, and nothing of it can be changed unseen.
import { appendFile, copyFile, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { makeCheckpoint } from "../../../edge/journal.ts";
import { readEntries } from "../../../edge/record/journal-segments.ts";
import { verifyCheckpoint } from "../../../shared/document/checkpoint.ts";
import { SallyportError } from "../../../shared/errors.ts";
import {
  checkNext,
  emptyHead,
  hashHeader,
  headerText,
  parseHeader,
  readEntry,
} from "../../../shared/record/journal-entry.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { TurnedClock } from "../../support/turned-clock.ts";
import { PaperSite, signerOf } from "../document/paper-site.ts";
import { all, journalIn, refusal, rewrite, suite } from "./record-world.ts";

const firstSegment = "journal/000000000000.ndjson";

/** A journal of five entries that is closed again. */
async function writeFive(folder: string): Promise<void> {
  await using journal = await journalIn(folder);
  for (const step of [1, 2, 3, 4]) await journal.append("step-made", { session: "s" }, { step });
}

/** The line with `wallMs` before `n`: the same values under the same keys. */
function swapFirstKeys(line: string): string {
  return line.replace(/"n":(\d+),"wallMs":(\d+)/, '"wallMs":$2,"n":$1');
}

interface Attack {
  readonly note: string;
  readonly change: (lines: string[]) => string[];
  readonly entry: number;
}

const attacks: readonly Attack[] = [
  {
    note: "an entry's event altered",
    change: (lines) => lines.with(2, lines[2]?.replace("step-made", "step-fake") ?? ""),
    entry: 3,
  },
  {
    note: "an entry's details altered",
    change: (lines) => lines.with(2, lines[2]?.replace('"step":2', '"step":7') ?? ""),
    entry: 2,
  },
  {
    note: "an entry's details taken away",
    change: (lines) => lines.with(2, `${lines[2]?.split(',"salt"')[0]}}`),
    entry: 2,
  },
  {
    note: "a header's keys in another order",
    change: (lines) => lines.with(2, swapFirstKeys(lines[2] ?? "")),
    entry: 2,
  },
  { note: "an entry deleted from the middle", change: (lines) => lines.toSpliced(2, 1), entry: 2 },
  { note: "the first entry deleted", change: (lines) => lines.slice(1), entry: 0 },
  {
    note: "two entries swapped",
    change: (lines) => lines.with(1, lines[2] ?? "").with(2, lines[1] ?? ""),
    entry: 1,
  },
  {
    note: "an entry repeated",
    change: (lines) => lines.toSpliced(3, 0, lines[2] ?? ""),
    entry: 3,
  },
  { note: "a line that is no entry", change: (lines) => lines.toSpliced(2, 0, "{}"), entry: 2 },
  { note: "an empty line", change: (lines) => lines.toSpliced(2, 0, ""), entry: 2 },
  {
    note: "white space in a line",
    change: (lines) => lines.with(2, lines[2]?.replace('{"header":', '{ "header":') ?? ""),
    entry: 2,
  },
];

await group("journal", {}, (test) => {
  test("an entry that was appended is there after opening anew, with its times, ids and details", async () => {
    using folder = temporaryFolder();
    const clock = new TurnedClock(1_800_000_000_000);
    {
      await using journal = await journalIn(folder.path, { clock });
      clock.advanceMs(250);
      const entry = await journal.append("session-ended", { session: "s1" }, { why: "time" });
      assert.is(entry.header.wallMs, 1_800_000_000_250);
      assert.is(entry.header.monotonicMs, 1_000_250);
    }
    await using journal = await journalIn(folder.path, { clock });
    const [started, ended] = await all(journal.entriesFrom(0));
    assert.is(started?.header.event, "journal-started");
    assert.is(started?.header.previous, emptyHead);
    assert.equal(ended?.header.ids, { session: "s1" });
    assert.equal(ended?.details?.value, { why: "time" });
    assert.is(journal.length, 2);
    assert.is(journal.head, ended?.hash);
  });

  test("entries appended at once keep the order of the calls", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const entries = await Promise.all(
      Array.from({ length: 500 }, (_, step) => journal.append("step-made", {}, { step })),
    );
    assert.equal(
      entries.map((entry) => entry.details?.value["step"]),
      Array.from({ length: 500 }, (_, step) => step),
    );
    await journal.verify();
  });

  test("headers alone prove the chain", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    await journal.append("secret-held", { target: "plc" }, { word: "hidden" });
    let point: { length: number; head: string } = { length: 0, head: emptyHead };
    for await (const entry of journal.entriesFrom(0)) {
      const text = headerText(entry.header);
      assert.not.match(text, /hidden/);
      const header = parseHeader(text);
      point = checkNext({ header, hash: await hashHeader(suite, header) }, point);
    }
    assert.equal(point, { length: journal.length, head: journal.head });
  });

  test("keys that JavaScript gives a meaning of its own are words like others", async () => {
    using folder = temporaryFolder();
    {
      await using journal = await journalIn(folder.path);
      const odd = { prototype: {}, constructor: { hasOwnProperty: 1 }, toString: null };
      await journal.append("step-made", { constructor: "x", prototype: "y" }, odd);
    }
    await using journal = await journalIn(folder.path);
    const entry = (await all(journal.entriesFrom(1)))[0];
    assert.equal(Object.keys(entry?.header.ids ?? {}), ["constructor", "prototype"]);
    assert.equal(Object.keys(entry?.details?.value ?? {}), [
      "prototype",
      "constructor",
      "toString",
    ]);
  });

  test("equal details have different hashes", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const one = await journal.append("door-opened", {}, { door: 1 });
    const two = await journal.append("door-opened", {}, { door: 1 });
    assert.is.not(one.header.details, two.header.details);
  });

  for (const { note, change, entry } of attacks) {
    test(`${note} is found at entry ${entry}`, async () => {
      using folder = temporaryFolder();
      await writeFive(folder.path);
      await rewrite(folder.file(firstSegment), (text) =>
        [...change(text.split("\n").slice(0, -1)), ""].join("\n"),
      );
      const why = await refusal(() => journalIn(folder.path), "journal_damaged");
      assert.match(why, new RegExp(`journal entry ${entry}:`));
    });
  }

  test("every single byte changed is found, or changes the head that checkpoints bear witness to", async () => {
    using folder = temporaryFolder();
    await writeFive(folder.path);
    const sound = await readFile(folder.file(firstSegment));
    await using journal = await journalIn(folder.path);
    for (let at = 0; at < sound.length; at += 1) {
      const changed = Buffer.from(sound);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 7));
      const lines = changed.toString().split("\n");
      let point: { length: number; head: string } = { length: 0, head: emptyHead };
      let isFound = lines.length !== 6;
      try {
        for (const line of lines.slice(0, -1)) point = (await readEntry(suite, line, point)).next;
      } catch (thrown) {
        assert.instance(thrown, SallyportError);
        isFound = true;
      }
      assert.ok(isFound || point.head !== journal.head, `byte ${at} changed unseen`);
    }
  });

  test("a foreign entry appended is found", async () => {
    using folder = temporaryFolder();
    using other = temporaryFolder();
    await writeFive(folder.path);
    await writeFive(other.path);
    const lines = (await readFile(other.file(firstSegment), "utf8")).split("\n");
    await appendFile(folder.file(firstSegment), `${lines[4]}\n`);
    assert.match(await refusal(() => journalIn(folder.path), "journal_damaged"), /entry 5:/);
  });

  test("an older version of the file does not contain what a witness saw", async () => {
    using folder = temporaryFolder();
    await writeFive(folder.path);
    const path = folder.file(firstSegment);
    await copyFile(path, folder.file("older"));
    let seen: { length: number; head: string };
    {
      await using journal = await journalIn(folder.path);
      await journal.append("step-made", {});
      seen = { length: journal.length, head: journal.head };
      assert.ok(await journal.contains(seen));
    }
    await copyFile(folder.file("older"), path);
    await using journal = await journalIn(folder.path);
    assert.not.ok(await journal.contains(seen));
    await journal.append("step-made", {});
    assert.not.ok(await journal.contains(seen), "another entry took its place");
  });

  test("a journal contains each of its own points and no others", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path, { segmentBytes: 1500 });
    const points = [{ length: 0, head: emptyHead as string }];
    for (let step = 0; step < 40; step += 1) {
      const { header, hash } = await journal.append("step-made", {}, { step });
      points.push({ length: header.n + 1, head: hash });
    }
    for (const { length, head } of points) {
      assert.ok(await journal.contains({ length, head }));
      assert.not.ok(await journal.contains({ length: length + 1, head }));
    }
  });

  for (const kept of [1, 50, 200]) {
    test(`an unfinished last line of ${kept} bytes is cut off and journaled`, async () => {
      using folder = temporaryFolder();
      await writeFive(folder.path);
      const path = folder.file(firstSegment);
      const text = await readFile(path, "utf8");
      const lastAt = text.lastIndexOf("\n", text.length - 2) + 1;
      await truncate(path, lastAt + kept);
      await using journal = await journalIn(folder.path);
      const last = (await all(journal.entriesFrom(4))).at(-1);
      assert.is(journal.length, 5);
      assert.is(last?.header.event, "journal-repaired");
      assert.equal(last?.details?.value, { tornBytes: kept });
      await journal.verify();
    });
  }

  test("a line that is cut in the middle of the journal is damage", async () => {
    using folder = temporaryFolder();
    {
      await using journal = await journalIn(folder.path, { segmentBytes: 700 });
      for (let step = 0; step < 9; step += 1) await journal.append("step-made", {}, { step });
    }
    const [name = ""] = (await readdir(folder.file("journal"))).sort().slice(-2);
    const path = join(folder.file("journal"), name);
    await truncate(path, (await readFile(path)).length - 5);
    await refusal(() => journalIn(folder.path, { segmentBytes: 700 }), "journal_damaged");
  });

  test("segments: only the last two are read at the start, all by verify", async () => {
    using folder = temporaryFolder();
    const options = { segmentBytes: 2000 };
    {
      await using journal = await journalIn(folder.path, options);
      for (let step = 0; step < 60; step += 1) await journal.append("step-made", {}, { step });
    }
    const names = (await readdir(folder.file("journal"))).sort();
    assert.ok(names.length > 5);
    {
      await using journal = await journalIn(folder.path, options);
      assert.is(journal.length, 61);
      assert.is((await all(journal.entriesFrom(0))).length, 61);
      await journal.verify();
    }
    await rewrite(folder.file(firstSegment), (text) => text.replace('"step":1', '"step":9'));
    await using journal = await journalIn(folder.path, options);
    assert.match(await refusal(() => journal.verify(), "journal_damaged"), /entry 2:/);
  });

  const segmentAttacks: readonly [
    note: string,
    attack: (folder: string, names: string[]) => Promise<void>,
  ][] = [
    ["a segment from the middle removed", (folder, names) => rm(join(folder, names[2] ?? ""))],
    ["the first segment removed", (folder, names) => rm(join(folder, names[0] ?? ""))],
    [
      "a segment replaced by its neighbour",
      (folder, names) => copyFile(join(folder, names[1] ?? ""), join(folder, names[2] ?? "")),
    ],
    ["a segment emptied", (folder, names) => writeFile(join(folder, names[2] ?? ""), "")],
  ];
  for (const [note, attack] of segmentAttacks) {
    test(`${note} is found`, async () => {
      using folder = temporaryFolder();
      const options = { segmentBytes: 2000 };
      {
        await using journal = await journalIn(folder.path, options);
        for (let step = 0; step < 60; step += 1) await journal.append("step-made", {}, { step });
      }
      const path = folder.file("journal");
      await attack(path, (await readdir(path)).sort());
      await refusal(async () => {
        await using journal = await journalIn(folder.path, options);
        await journal.verify();
      }, "journal_damaged");
    });
  }

  test("an entry that cannot be said is refused alone and takes no number", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const odd = [
      () => journal.append("Not A Name", {}),
      () => journal.append("step-made", { "odd key": "x" }),
      () => journal.append("step-made", { session: "" }),
      () => journal.append("step-made", {}, { text: "x".repeat(50_000) }),
      () => journal.append("step-made", {}, { text: "\ud800" }),
    ];
    const refusals = odd.map((append) => refusal(append, "message_invalid", "json_invalid"));
    const sound = journal.append("step-made", {});
    await Promise.all(refusals);
    assert.is((await sound).header.n, 1);
    assert.not.ok(journal.failed.aborted);
  });

  test("a follower gets what is there and what comes, until it is told to stop", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    const stop = new AbortController();
    const seen: number[] = [];
    const following = (async () => {
      for await (const entry of journal.entriesFrom(0, stop.signal)) {
        seen.push(entry.header.n);
        if (seen.length === 400) stop.abort();
      }
    })();
    for (let step = 0; step < 40; step += 1) {
      await Promise.all(Array.from({ length: 10 }, () => journal.append("step-made", {})));
    }
    await following;
    assert.equal(
      seen.slice(0, 400),
      Array.from({ length: 400 }, (_, n) => n),
    );
  });

  test("another process reads along without touching the files", async () => {
    using folder = temporaryFolder();
    await using journal = await journalIn(folder.path);
    await journal.append("step-made", {});
    await appendFile(folder.file(firstSegment), '{"header":{"n":2');
    const entries = await all(readEntries(suite, folder.file("journal"), 0));
    assert.equal(
      entries.map(({ header }) => header.n),
      [0, 1],
    );
  });

  test("a closed journal refuses to append", async () => {
    using folder = temporaryFolder();
    const journal = await journalIn(folder.path);
    await journal[Symbol.asyncDispose]();
    await refusal(() => journal.append("step-made", {}), "file_invalid");
  });

  test("a checkpoint is the edge's signed word on length and head", async () => {
    using folder = temporaryFolder();
    const paper = await PaperSite.make();
    await using journal = await journalIn(folder.path);
    const envelope = await makeCheckpoint({
      journal,
      site: paper.id,
      edge: paper.edge.id,
      manifest: paper.chain.held.hash,
      clock: new TurnedClock(),
      sign: await signerOf("edge"),
    });
    const { payload } = await verifyCheckpoint(suite, envelope, paper.id, paper.edge);
    assert.is(payload.length, 1);
    assert.is(payload.head, journal.head);
    assert.ok(await journal.contains(payload));
  });
});
