-- Every row of every table names the pair it belongs to: several pairs may share one file.

-- Who may write for a pair (F-1).
CREATE TABLE leases (
    pair        TEXT NOT NULL PRIMARY KEY,
    epoch       INTEGER NOT NULL,
    name        TEXT NOT NULL,
    address     TEXT NOT NULL,
    host        TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    pid_started INTEGER NOT NULL,
    renewed_at  INTEGER NOT NULL,           -- milliseconds since 1970
    released    INTEGER NOT NULL            -- 0 or 1
) WITHOUT ROWID;

-- The log: the only table that a message waits for. It only ever grows at its end and has no index, because index
-- upkeep and not fsync is what a write costs. A session's history is walked backwards along `prev` from its head.
-- Rows must never be deleted from the end: ids are given out again, and `progress.through` counts on them.
CREATE TABLE events (
    id      INTEGER PRIMARY KEY,
    pair    TEXT NOT NULL,
    session BLOB NOT NULL,                  -- the UUID's 16 bytes
    seq     INTEGER NOT NULL,
    prev    INTEGER NOT NULL,               -- id of the session's event seq - 1; 0 for none
    mark    INTEGER NOT NULL,               -- id of the session's last event before this whose seq is a multiple of 256; 0 for none
    at      INTEGER NOT NULL,               -- milliseconds since 1970
    closes  INTEGER NOT NULL,               -- 0 or 1
    secret  BLOB,                           -- SHA-256 of the token of the participant that joins with this event
    body    TEXT NOT NULL                   -- JSON, as every reader gets it; last, so that the rest is read without it
);

-- Where each session stands in the log, as of `progress.through`. Derived: it is brought up behind the log.
CREATE TABLE sessions (
    pair     TEXT NOT NULL,
    session  BLOB NOT NULL,
    head     INTEGER NOT NULL,              -- id of its last event, and of that its
    seq      INTEGER NOT NULL,
    mark     INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    first    INTEGER NOT NULL,              -- id of its first event, and of that its
    first_at INTEGER NOT NULL,
    closed   INTEGER NOT NULL,              -- 0 or 1
    PRIMARY KEY (pair, session)
) WITHOUT ROWID;

CREATE INDEX open_sessions ON sessions (pair) WHERE closed = 0;

-- `sessions` knows every event of the pair up to and including this id.
CREATE TABLE progress (
    pair    TEXT NOT NULL PRIMARY KEY,
    through INTEGER NOT NULL
) WITHOUT ROWID;
