// What the relay keeps, as one thin interface per concern. Every method is one transaction and says only what it means, so that a store
// on another database can take this one's place; all are async for that reason, though SQLite answers at once.
import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";
import { toBase64Url } from "../../../shared/bytes.ts";
import { AccountRows } from "./account-rows.ts";
import { ChannelRows } from "./channel-rows.ts";
import { DocumentRows } from "./document-rows.ts";
import { DraftRows } from "./draft-rows.ts";
import { EdgeRows } from "./edge-rows.ts";
import { NoticeRows } from "./notice-rows.ts";
import { PasswordRows } from "./password-rows.ts";
import { SignInRows } from "./sign-in-rows.ts";
import { Sql } from "./sql.ts";
import { WatchRows } from "./watch-rows.ts";

export interface Store extends AsyncDisposable {
  /** Random, made with the store: tells an edge whether its place in the log means anything here. */
  readonly log: string;
  readonly documents: DocumentRows;
  readonly edges: EdgeRows;
  readonly accounts: AccountRows;
  readonly channels: ChannelRows;
  readonly notices: NoticeRows;
  readonly watch: WatchRows;
  readonly signIns: SignInRows;
  readonly passwords: PasswordRows;
  readonly drafts: DraftRows;
  /** Throws unless the store takes writes. */
  check(): Promise<void>;
}

/** Opens or makes the store's file; throws `file_invalid`. The caller disposes. */
export async function openStore(path: string): Promise<Store> {
  // SQLite gives its write-ahead log the mode of the file that it finds.
  await (await open(path, "a", 0o600)).close();
  const sql = Sql.open(path);
  const log = sql.transaction(() => {
    const made = sql.get("SELECT id FROM log");
    if (made) return String(made["id"]);
    const id = toBase64Url(randomBytes(16));
    sql.run("INSERT INTO log (id) VALUES (?)", id);
    return id;
  });
  return {
    log,
    documents: new DocumentRows(sql),
    edges: new EdgeRows(sql),
    accounts: new AccountRows(sql),
    channels: new ChannelRows(sql),
    notices: new NoticeRows(sql),
    watch: new WatchRows(sql),
    signIns: new SignInRows(sql),
    passwords: new PasswordRows(sql),
    drafts: new DraftRows(sql),
    // A row in and out again: SQLite writes nothing for an update that changes nothing, and a full disk would go unnoticed.
    check: async () =>
      sql.transaction(() => {
        sql.run("INSERT INTO throttles (subject, failures, until_ms) VALUES ('check', 0, 0)");
        sql.run("DELETE FROM throttles WHERE subject = 'check'");
      }),
    [Symbol.asyncDispose]: async () => sql[Symbol.dispose](),
  };
}
