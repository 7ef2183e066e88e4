-- Every row of every table here names the pair it belongs to: any number of pairs may share one database.
-- Names are compared byte by byte (COLLATE "C"): it is fast, and stays true when the system's collations change.

-- Who may write for a pair (F-1).
CREATE TABLE leases (
    pair        text COLLATE "C" NOT NULL PRIMARY KEY,
    epoch       bigint NOT NULL,
    writer      bigint NOT NULL,                -- the one connection that may write in this epoch; a number drawn at random
    name        text NOT NULL,
    address     text NOT NULL,
    host        text NOT NULL,
    pid         bigint NOT NULL,
    pid_started bigint NOT NULL,
    renewed_at  bigint NOT NULL,                -- milliseconds since 1970
    released    boolean NOT NULL
);

-- The events of all sessions. The key is what keeps their order (D-4): no number can be there twice.
CREATE TABLE events (
    seq     bigint NOT NULL,
    at      bigint NOT NULL,                    -- milliseconds since 1970
    session uuid NOT NULL,
    closes  boolean NOT NULL,
    pair    text COLLATE "C" NOT NULL,
    secret  bytea,                              -- SHA-256 of the token of the participant that joins with this event
    body    text NOT NULL,                      -- JSON, as every reader gets it
    PRIMARY KEY (pair, session, seq)
);

-- The sessions that are not closed. Written with a session's first event and with its last, in their transactions;
-- where a session stands is read from its events.
CREATE TABLE open_sessions (
    pair    text COLLATE "C" NOT NULL,
    session uuid NOT NULL,
    PRIMARY KEY (pair, session)
);
