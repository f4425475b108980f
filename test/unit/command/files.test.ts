// Files of the command: whole or not at all, private, and never in the place of another where that is promised.
import { readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import * as assert from "uvu/assert";
import { writeNew, writeNewStream, writeWhole } from "../../../broker/command/files.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { group } from "../../support/group.ts";
import { temporaryFolder } from "../../support/temporary.ts";

const failureOf = (work: Promise<void>): Promise<Error | undefined> =>
  work.then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))),
  );

async function* inPieces(...pieces: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield utf8(piece);
}

async function* thatFails(): AsyncGenerator<Uint8Array> {
  yield utf8("half");
  throw new Error("connection lost");
}

await group("files of the command", {}, (test) => {
  test("a new file is private, and replaces none", async () => {
    using folder = temporaryFolder();
    const path = `${folder.path}/key.json`;
    await writeNew(path, "first");
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.match((await failureOf(writeNew(path, "second")))?.message ?? "", /exists already/);
    assert.match(
      (await failureOf(writeNewStream(path, inPieces("third"))))?.message ?? "",
      /exists already/,
    );
    assert.is(readFileSync(path, "utf8"), "first");
    assert.equal(readdirSync(folder.path), ["key.json"], "nothing is left aside");
  });
  test("of two commands that make one file at once, one wins and the other is told", async () => {
    using folder = temporaryFolder();
    const path = `${folder.path}/key.json`;
    const failures = await Promise.all(
      ["one", "two", "three"].map((text) => failureOf(writeNew(path, text))),
    );
    assert.is(failures.filter((failure) => failure === undefined).length, 1);
    const winner = ["one", "two", "three"][failures.indexOf(undefined)];
    assert.is(readFileSync(path, "utf8"), winner);
  });
  test("a long file is there when it is whole, and not before", async () => {
    using folder = temporaryFolder();
    const path = `${folder.path}/hall3.tar`;
    assert.match(
      (await failureOf(writeNewStream(path, thatFails())))?.message ?? "",
      /^connection lost$/,
    );
    assert.equal(readdirSync(folder.path), []);
    await writeNewStream(path, inPieces("a", "b"));
    assert.is(readFileSync(path, "utf8"), "ab");
    assert.is(statSync(path).mode & 0o777, 0o600);
  });
  test("a link that somebody laid in a shared folder is not followed", async () => {
    using folder = temporaryFolder();
    const elsewhere = folder.file("elsewhere", "untouched");
    const path = `${folder.path}/hall3.tar`;
    symlinkSync(elsewhere, path);
    assert.match((await failureOf(writeNew(path, "evidence")))?.message ?? "", /exists already/);
    await writeWhole(path, "evidence");
    assert.is(readFileSync(elsewhere, "utf8"), "untouched");
  });
  test("what the system refuses names the file", async () => {
    using folder = temporaryFolder();
    const path = `${folder.path}/missing/key.json`;
    assert.match(
      (await failureOf(writeWhole(path, "text")))?.message ?? "",
      /^file ".*missing\/key.json" cannot be written: ENOENT/,
    );
  });
});
