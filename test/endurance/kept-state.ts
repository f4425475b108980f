// What lies on the disks of relay, edge and vendor after a kill, read as it lies there: nothing is opened that would repair it.
import { copyFileSync, existsSync, globSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import * as assert from "uvu/assert";
import { readEntries } from "../../edge/record/journal-segments.ts";
import { nodeCrypto } from "../../shared/crypto/node.ts";
import { headerText, type JournalEntry } from "../../shared/record/journal-entry.ts";
import { temporaryFolder } from "../support/temporary.ts";

/** The headers that a relay holds, in order: what it has acknowledged. Of a killed relay, as its next life will find them. */
export function headersAtRelay(folder: string): string[] {
  using copy = temporaryFolder();
  for (const name of ["store.sqlite", "store.sqlite-wal"]) {
    if (existsSync(join(folder, name))) copyFileSync(join(folder, name), copy.file(name));
  }
  const store = new DatabaseSync(copy.file("store.sqlite"));
  try {
    const checked = store.prepare("PRAGMA integrity_check").get();
    assert.is(checked?.["integrity_check"], "ok");
    return headersIn(store);
  } finally {
    store.close();
  }
}

/** The same of a relay that runs. */
export function headersAtRunningRelay(folder: string): string[] {
  const store = new DatabaseSync(join(folder, "store.sqlite"), { readOnly: true });
  try {
    return headersIn(store);
  } finally {
    store.close();
  }
}

function headersIn(store: DatabaseSync): string[] {
  const rows = store.prepare("SELECT n, header FROM journal ORDER BY n").all();
  rows.forEach(({ n }, at) => assert.is(n, at, "without a gap"));
  return rows.map(({ header }) => String(header));
}

/** Every whole entry of an edge's journal, its chain verified. */
export async function journalOf(edgeFolder: string): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of readEntries(nodeCrypto, join(edgeFolder, "journal"), 0)) {
    entries.push(entry);
  }
  return entries;
}

/** Fails unless the journal has every header that the relay holds, byte for byte. */
export function assertHolds(journal: readonly JournalEntry[], headers: readonly string[]): void {
  assert.ok(journal.length >= headers.length, `${journal.length} of ${headers.length} entries`);
  headers.forEach((header, n) => {
    const entry = journal[n];
    assert.ok(entry && headerText(entry.header) === header, `entry ${n} is another`);
  });
}

/** The moment at which the one job's minutes began, as the edge's disk has it. */
export function startedOf(edgeFolder: string): string {
  const folder = join(edgeFolder, "consumption/jobs");
  const [name, ...others] = readdirSync(folder).filter((each) => each.endsWith(".json"));
  assert.ok(name !== undefined && others.length === 0, "one job");
  const { started } = JSON.parse(readFileSync(join(folder, name), "utf8")) as { started: unknown };
  assert.ok(started, "the minutes run");
  return JSON.stringify(started);
}

/** Fails unless every JSON file under `folder` is whole. */
export function assertWholeJson(folder: string): void {
  const names = globSync("**/*.json", { cwd: folder });
  assert.ok(names.length > 0, folder);
  for (const name of names) {
    assert.not.throws(() => JSON.parse(readFileSync(join(folder, name), "utf8")), name);
  }
}
