-- Each event gets its part in the chain that binds it to those before it. The log is made anew: the columns have to stand
-- before `body`, and SQLite adds columns only behind it. Rows keep their ids. Events from before have no part in it.
CREATE TABLE chained_events (
    id      INTEGER PRIMARY KEY,
    pair    TEXT NOT NULL,
    session BLOB NOT NULL,                  -- all these as before
    seq     INTEGER NOT NULL,
    prev    INTEGER NOT NULL,
    mark    INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    closes  INTEGER NOT NULL,
    secret  BLOB,
    proof   BLOB,                           -- 16 random bytes; or, of an event that is erased, the SHA-256 of them and the body
    link    BLOB,                           -- SHA-256 of the link before it, of this event's numbers, and of its proof
    body    TEXT NOT NULL                   -- last, so that the rest is read without it
);

INSERT INTO chained_events (id, pair, session, seq, prev, mark, at, closes, secret, body)
SELECT id, pair, session, seq, prev, mark, at, closes, secret, body FROM events ORDER BY id;

DROP TABLE events;

ALTER TABLE chained_events RENAME TO events;

-- The link of `head`, so that a takeover need not look up the last event of every open session.
ALTER TABLE sessions ADD COLUMN link BLOB;
