// The store's tables, as migrations that only ever grow at the end: the number of those applied stands in SQLite's `user_version`.
// Invariants owned here: one entry per site and seq, one per exact envelope, one owner site per edge, one journal header per edge and number,
// one password per name and per person.
import type { DatabaseSync } from "node:sqlite";
import { SallyportError } from "../../../shared/errors.ts";

const migrations: readonly string[] = [
  `
  CREATE TABLE log (id TEXT NOT NULL) STRICT;

  CREATE TABLE sites (
    site TEXT PRIMARY KEY,
    registered_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE documents (
    site TEXT NOT NULL REFERENCES sites,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('complete', 'partial', 'recovering')),
    subject TEXT NOT NULL,
    edge TEXT,
    vendor TEXT,
    company TEXT,
    at INTEGER NOT NULL,
    envelope TEXT NOT NULL,
    PRIMARY KEY (site, seq),
    UNIQUE (site, fingerprint, state)
  ) STRICT;
  CREATE INDEX documents_by_hash ON documents (site, hash, seq);
  CREATE INDEX documents_by_subject ON documents (site, type, state, subject, seq);

  CREATE TABLE keys (
    key TEXT NOT NULL,
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    PRIMARY KEY (key, site)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX keys_by_site ON keys (site);

  CREATE TABLE edges (
    edge TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites,
    public_key TEXT NOT NULL,
    name TEXT NOT NULL,
    admitted INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX edges_by_site ON edges (site);

  CREATE TABLE journal (
    edge TEXT NOT NULL REFERENCES edges,
    n INTEGER NOT NULL,
    header TEXT NOT NULL,
    PRIMARY KEY (edge, n)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE sessions (
    edge TEXT NOT NULL REFERENCES edges,
    session TEXT NOT NULL,
    person TEXT,
    request TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (edge, session)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE checkpoints (
    edge TEXT NOT NULL REFERENCES edges,
    length INTEGER NOT NULL,
    head TEXT NOT NULL,
    envelope TEXT NOT NULL,
    witness TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (edge, length)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stops (
    id TEXT PRIMARY KEY,
    edge TEXT NOT NULL REFERENCES edges,
    scope TEXT NOT NULL,
    subject TEXT,
    person TEXT NOT NULL,
    ends_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX stops_by_edge ON stops (edge, ends_at);

  CREATE TABLE spent_nonces (
    nonce TEXT PRIMARY KEY,
    ends_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE tokens (
    hash TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    site TEXT,
    ends_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE totp (
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    confirmed_seed BLOB,
    pending_seed BLOB,
    time_step INTEGER NOT NULL,
    PRIMARY KEY (site, person)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE throttles (
    subject TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL REFERENCES sites,
    at INTEGER NOT NULL,
    person TEXT,
    event TEXT NOT NULL,
    details TEXT NOT NULL
  ) STRICT;
  CREATE INDEX audit_by_site ON audit (site, n);
  `,
  "DROP TABLE spent_nonces;",
  `
  CREATE TABLE notify_channels (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('push', 'mail', 'webhook')),
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    keys TEXT,
    enabled INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    code_hash TEXT,
    code_ends_at INTEGER,
    code_tries INTEGER NOT NULL,
    added_at INTEGER NOT NULL,
    proven_at INTEGER,
    delivered_at INTEGER,
    fault_at INTEGER,
    fault TEXT,
    UNIQUE (site, person, kind, address)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notify_notices (
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    link TEXT NOT NULL,
    at INTEGER NOT NULL,
    message TEXT,
    PRIMARY KEY (site, person, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notify_notices_waiting ON notify_notices (site, person, at) WHERE message IS NULL;
  CREATE INDEX notify_notices_by_key ON notify_notices (site, key);

  CREATE TABLE notify_messages (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    link TEXT NOT NULL,
    tag TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notify_messages_by_person ON notify_messages (site, person, at);
  CREATE INDEX notify_messages_by_site ON notify_messages (site, at);

  CREATE TABLE notify_deliveries (
    id TEXT PRIMARY KEY,
    message TEXT NOT NULL REFERENCES notify_messages ON DELETE CASCADE,
    channel TEXT NOT NULL,
    channel_kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('due', 'delivered', 'failed')),
    tries INTEGER NOT NULL,
    next_at INTEGER,
    delivered_at INTEGER,
    reason TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notify_deliveries_due ON notify_deliveries (next_at) WHERE next_at IS NOT NULL;
  CREATE INDEX notify_deliveries_by_message ON notify_deliveries (message);

  CREATE TABLE notify_waits (
    site TEXT NOT NULL REFERENCES sites,
    request TEXT NOT NULL,
    next_at INTEGER NOT NULL,
    PRIMARY KEY (site, request)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notify_waits_due ON notify_waits (next_at);

  CREATE TABLE notify_alarms (
    site TEXT NOT NULL REFERENCES sites,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due_at INTEGER,
    PRIMARY KEY (site, kind, subject)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX notify_alarms_due ON notify_alarms (due_at) WHERE due_at IS NOT NULL;

  CREATE TABLE notify_orders (
    site TEXT NOT NULL REFERENCES sites,
    target TEXT NOT NULL,
    persons TEXT NOT NULL,
    minutes INTEGER NOT NULL,
    PRIMARY KEY (site, target)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notify_off_duty (
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    PRIMARY KEY (site, person)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE notify_places (
    subject TEXT PRIMARY KEY,
    place INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO notify_places
    SELECT 'log ' || site, max(seq) - 1 FROM documents WHERE type = 'manifest' AND state = 'complete'
    GROUP BY site;
  INSERT INTO notify_places SELECT 'journal ' || edge, max(n) + 1 FROM journal GROUP BY edge;

  CREATE TABLE hand_overs (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    site TEXT NOT NULL REFERENCES sites,
    at INTEGER NOT NULL,
    from_person TEXT NOT NULL,
    to_person TEXT NOT NULL,
    note TEXT NOT NULL
  ) STRICT;
  CREATE INDEX hand_overs_by_site ON hand_overs (site, n);
  `,
  `
  ALTER TABLE tokens ADD COLUMN method TEXT NOT NULL DEFAULT 'key' CHECK (method IN ('key', 'passkey', 'password'));
  ALTER TABLE tokens ADD COLUMN page INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE tokens ADD COLUMN issued_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE tokens ADD COLUMN used_at INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX tokens_by_key ON tokens (key);

  CREATE TABLE signed_out (
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    locks INTEGER NOT NULL,
    PRIMARY KEY (site, person)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE page_keys (
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    key TEXT NOT NULL,
    strong_ms INTEGER NOT NULL,
    PRIMARY KEY (site, person, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE passwords (
    name TEXT PRIMARY KEY,
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    key TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (site, person)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE recovery_codes (
    site TEXT NOT NULL,
    person TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (site, person, hash),
    FOREIGN KEY (site, person) REFERENCES passwords (site, person) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE api_tokens (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL REFERENCES sites,
    person TEXT NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    scope TEXT NOT NULL CHECK (scope IN ('read', 'draft')),
    issued_ms INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    used_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX api_tokens_by_person ON api_tokens (site, person);

  CREATE TABLE drafts (
    site TEXT NOT NULL REFERENCES sites,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    author TEXT NOT NULL,
    author_token TEXT,
    at INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (site, name)
  ) STRICT, WITHOUT ROWID;
  `,
  "CREATE INDEX throttles_by_until ON throttles (until_ms);",
];

/** Brings a database to the newest schema, each migration in a transaction of its own; throws `file_invalid` for one of a newer relay. */
export function migrate(database: DatabaseSync): void {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > migrations.length) {
    throw new SallyportError(
      "file_invalid",
      `store has version ${version}, this relay knows ${migrations.length}: a newer relay wrote it`,
    );
  }
  for (const [index, sql] of migrations.entries()) {
    if (index < version) continue;
    database.exec(`BEGIN IMMEDIATE; ${sql} PRAGMA user_version = ${index + 1}; COMMIT`);
  }
}
