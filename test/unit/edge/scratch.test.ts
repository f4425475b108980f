// What a killed edge left in its scratch folder is gone before the next one serves.
import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { emptyScratch } from "../../../edge/scratch.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";

await group("scratch", {}, (test) => {
  test("the folder is made for the edge's user alone", async () => {
    using folder = temporaryFolder();
    const path = await emptyScratch(join(folder.path, "scratch"));
    assert.is(statSync(path).mode & 0o777, 0o700);
    assert.equal(readdirSync(path), []);
  });

  test("homes and drives of an earlier life go; what a link in them points at stays", async () => {
    using folder = temporaryFolder();
    const scratch = join(folder.path, "scratch");
    mkdirSync(join(scratch, "desktop-abc", ".config"), { recursive: true });
    writeFileSync(join(scratch, "desktop-abc", "authority"), "cookie");
    const kept = folder.file("kept", "of somebody else");
    symlinkSync(kept, join(scratch, "desktop-abc", "drive"));
    symlinkSync(folder.path, join(scratch, "desktop-abc", "folder"));
    assert.equal(readdirSync(await emptyScratch(scratch)), []);
    assert.ok(statSync(kept).isFile());
  });
});
