// The store: what was acknowledged is there after a kill at any moment, whole; spent things stay spent; places are filled once.
import { statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import * as assert from "uvu/assert";
import { openStore } from "../../../broker/relay/store/store.ts";
import type { EdgeId, KeyId, PersonId, SiteId } from "../../../shared/ids.ts";
import { group } from "../../support/group.ts";
import { startProcess } from "../../support/process.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { refused } from "../document/paper-site.ts";
import { paperEntry } from "./paper-entry.ts";

const site = "site" as SiteId;
const edge = "edge" as EdgeId;
const person = "vera" as PersonId;
const kills = 12;

async function storeIn(path: string) {
  const store = await openStore(path);
  const admitted = [{ edge, publicKey: "p", name: "Hall 1" }];
  await store.documents.register(site, paperEntry, { admitted });
  return store;
}

await group("relay store", { timeoutMs: 60_000 }, (test) => {
  test(`after kill -9 at ${kills} moments of a busy time all that was acknowledged is there, and whole`, async () => {
    using folder = temporaryFolder();
    let acknowledged = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const loop = new URL("append-loop.ts", import.meta.url).pathname;
      const own = folder.file(`store-${kill}.sqlite`);
      await using busy = startProcess(process.execPath, [loop, own]);
      const target = 3 + kill * 7;
      await busy.line(new RegExp(`^${target}$`));
      busy.signal("SIGKILL");
      await busy.exited;
      acknowledged = Math.max(
        ...busy.stdout.split("\n").filter(Boolean).slice(0, -1).map(Number),
        target,
      );
      const database = new DatabaseSync(own);
      assert.equal(
        { ...database.prepare("PRAGMA integrity_check").get() },
        { integrity_check: "ok" },
      );
      database.close();
      await using store = await openStore(own);
      const entries = await store.documents.complete(site, "manifest");
      assert.ok(entries.length > acknowledged, `${entries.length} of ${acknowledged}`);
      for (const [index, entry] of entries.entries()) {
        assert.is(entry.envelope, `${index} `.repeat(2000));
      }
      const last = entries.length - 1;
      const [holder] = await store.documents.holdersOf("key 7" as KeyId);
      assert.is(holder?.person, `person ${last}`, "the entry and what follows from it are one");
      assert.is((await store.edges.get(edge))?.name, `edge ${last}`);
    }
  });
  test("only its own account may read it", async () => {
    using folder = temporaryFolder();
    const path = folder.file("store.sqlite");
    await using store = await storeIn(path);
    await store.check();
    for (const file of [path, `${path}-wal`]) assert.is(statSync(file).mode & 0o777, 0o600, file);
  });
  test("a store of a newer relay is refused and left alone", async () => {
    using folder = temporaryFolder();
    const path = folder.file("store.sqlite");
    {
      await using _store = await storeIn(path);
    }
    const database = new DatabaseSync(path);
    database.exec("PRAGMA user_version = 99");
    database.close();
    await refused(() => openStore(path), "file_invalid", /store ".*": store has version 99/);
  });
  test("a file that is no store is refused by name", async () => {
    using folder = temporaryFolder();
    const path = folder.file(
      "store.sqlite",
      "not a database, and long enough to be looked at".repeat(9),
    );
    await refused(() => openStore(path), "file_invalid", /store ".*": file is not a database/);
  });
  test("the log's id is made once", async () => {
    using folder = temporaryFolder();
    const path = folder.file("store.sqlite");
    const ids: string[] = [];
    for (let count = 0; count < 2; count += 1) {
      await using store = await openStore(path);
      ids.push(store.log);
    }
    assert.is(ids[0], ids[1]);
  });
  test("a store restored from a backup never gives a number again", async () => {
    using folder = temporaryFolder();
    const path = folder.file("store.sqlite");
    const backup = folder.file("backup.sqlite");
    const at = 1_795_420_800;
    const append = async (file: string, name: string, later: number) => {
      await using store = await storeIn(file);
      const entry = { ...paperEntry, fingerprint: name, hash: name as never, at: at + later };
      return store.documents.append(site, entry);
    };
    const kept = await append(path, "kept", 0);
    const database = new DatabaseSync(path);
    database.prepare("VACUUM INTO ?").run(backup);
    database.close();
    const lost = [await append(path, "lost", 1), await append(path, "lost too", 1)];
    const after = await append(backup, "after the restore", 5);
    assert.ok(
      kept < Math.min(...lost) && Math.max(...lost) < after,
      `${kept} ${lost.join(" ")} ${after}`,
    );
  });
  test("one envelope is one entry, and a number is given once", async () => {
    using folder = temporaryFolder();
    await using store = await storeIn(folder.file("store.sqlite"));
    const entry = { ...paperEntry, fingerprint: "g", type: "request" };
    assert.is(await store.documents.append(site, entry), 2);
    await refused(() => store.documents.append(site, entry), "conflict", /at the same time/);
    assert.is(await store.documents.append(site, { ...entry, fingerprint: "k" }), 3);
  });
  test("a time step is spent once", async () => {
    using folder = temporaryFolder();
    await using store = await storeIn(folder.file("store.sqlite"));
    const { accounts } = store;
    const seed = new Uint8Array([1]);
    await accounts.enrolTotp(site, person, seed);
    assert.is(await accounts.spendTimeStep(site, person, seed, 4), false, "not confirmed");
    assert.is(await accounts.confirmTotp(site, person, seed, 5), true);
    for (const [step, isGood] of [
      [5, false],
      [4, false],
      [6, true],
      [6, false],
    ] as const) {
      assert.is(await accounts.spendTimeStep(site, person, seed, step), isGood, `${step}`);
    }
    assert.is(await accounts.spendTimeStep(site, person, new Uint8Array([2]), 9), false);
  });
  test("a journal has no gap and no second entry in one place", async () => {
    using folder = temporaryFolder();
    await using store = await storeIn(folder.file("store.sqlite"));
    const { edges } = store;
    assert.is(await edges.appendJournal(edge, 0, ["a", "b"], []), 2);
    assert.is(await edges.appendJournal(edge, 1, ["b", "c"], []), 3, "what overlaps is the same");
    await refused(
      () => edges.appendJournal(edge, 4, ["e"], []),
      "conflict",
      /from 4, expected at most 3/,
    );
    await refused(
      () => edges.appendJournal(edge, 2, ["x", "d"], []),
      "conflict",
      /entry 2 is another/,
    );
    assert.equal(await edges.journal(edge, 0, 10), ["a", "b", "c"], "and nothing of a refused one");
  });
});
