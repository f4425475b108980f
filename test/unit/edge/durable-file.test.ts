// Files that survive a power cut, also when two parts of the edge write one at the same time.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { writeDurably } from "../../../edge/durable-file.ts";
import { SallyportError } from "../../../shared/errors.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";

await group("durable file", {}, (test) => {
  test("writes to one path are made in the order of the calls, and none disturbs another", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "state.json");
    // One temporary file for two writers was renamed away under the second, or held half of each.
    const texts = Array.from({ length: 50 }, (_item, index) => `${index}`.repeat(1 + (index % 7)));
    await Promise.all(texts.map((text) => writeDurably(path, text)));
    assert.is(await readFile(path, "utf8"), texts.at(-1));
  });

  test("a write that fails is its own caller's error, and the next one is made", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "missing", "state.json");
    const outcomes = await Promise.allSettled([writeDurably(path, "1"), writeDurably(path, "2")]);
    for (const outcome of outcomes) {
      assert.ok(outcome.status === "rejected" && outcome.reason instanceof SallyportError);
    }
    const other = join(folder.path, "state.json");
    await writeDurably(other, "3");
    assert.is(await readFile(other, "utf8"), "3");
  });
});
