-- The journal: what has happened to the pairs and what operators have done. Moments are milliseconds since 1970; an id is
-- its UUID's 16 bytes. No row is changed, but for a gap, which only grows.

-- Each engine that became primary.
CREATE TABLE takeovers (
    pair        TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    from_engine TEXT,                       -- none for the first
    to_engine   TEXT NOT NULL,
    cause       TEXT NOT NULL,              -- as on the wire
    took_us     INTEGER NOT NULL,
    sessions    INTEGER NOT NULL,
    PRIMARY KEY (pair, epoch)
) STRICT, WITHOUT ROWID;

-- What clients noticed of a takeover. It may be known before the takeover is.
CREATE TABLE gaps (
    pair   TEXT NOT NULL,
    epoch  INTEGER NOT NULL,
    gap_ms INTEGER NOT NULL,
    PRIMARY KEY (pair, epoch)
) STRICT, WITHOUT ROWID;

-- The audit log.
CREATE TABLE acts (
    id      BLOB NOT NULL PRIMARY KEY,
    at      INTEGER NOT NULL,
    who     TEXT NOT NULL,
    source  TEXT NOT NULL,                  -- from where
    act     TEXT NOT NULL,                  -- as on the wire
    about   TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX acts_by_time ON acts (at);

-- Rehearsed failures.
CREATE TABLE drills (
    id   BLOB NOT NULL PRIMARY KEY,
    pair TEXT NOT NULL,
    at   INTEGER NOT NULL,
    told TEXT NOT NULL                      -- JSON, as on the wire
) STRICT, WITHOUT ROWID;

CREATE INDEX drills_of_pairs ON drills (pair, at);

-- Sessions that were read back from their transcripts. Forgotten after a while.
CREATE TABLE restorations (
    session BLOB NOT NULL,
    epoch   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    engine  TEXT NOT NULL,
    how     TEXT NOT NULL,                  -- as on the wire
    events  INTEGER NOT NULL,
    took_us INTEGER NOT NULL,
    PRIMARY KEY (session, epoch, at)
) STRICT, WITHOUT ROWID;

CREATE INDEX restorations_by_time ON restorations (at);
