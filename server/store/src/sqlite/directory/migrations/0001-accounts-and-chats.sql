-- Moments are milliseconds since 1970; a session is its UUID's 16 bytes; truth is 0 or 1.

-- Who works here, and the bots. Rows are never deleted, so that no number is given out again.
CREATE TABLE accounts (
    agent    INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    display  TEXT NOT NULL,
    role     TEXT NOT NULL,                 -- bot, agent, supervisor, administrator
    capacity INTEGER NOT NULL,
    skills   TEXT NOT NULL,                 -- a JSON list of texts
    disabled INTEGER NOT NULL,
    password TEXT NOT NULL                  -- an argon2 PHC string
) STRICT;

-- Who is logged in.
CREATE TABLE logins (
    token      BLOB NOT NULL PRIMARY KEY,   -- SHA-256 of the login's token
    agent      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What each account has chosen to be.
CREATE TABLE choices (
    agent INTEGER PRIMARY KEY,
    state TEXT NOT NULL,                    -- JSON, as on the wire
    since INTEGER NOT NULL
) STRICT;

-- The sessions that somebody took, as those need to know them who look for a customer's earlier ones.
CREATE TABLE chats (
    session   BLOB NOT NULL PRIMARY KEY,
    opened_at INTEGER NOT NULL,
    subject   TEXT,
    customer  TEXT                          -- such as email:ana@example.org; none for a stranger
) STRICT, WITHOUT ROWID;

CREATE INDEX chats_of_customers ON chats (customer, opened_at) WHERE customer IS NOT NULL;

-- Which agents took a session, in order, and how each of them filed it away.
CREATE TABLE takings (
    id          INTEGER PRIMARY KEY,
    session     BLOB NOT NULL,
    agent       INTEGER NOT NULL,
    unfiled     INTEGER NOT NULL,           -- the agent has still to file it away
    disposition TEXT,
    remark      TEXT,
    filed_at    INTEGER,
    UNIQUE (session, agent)
) STRICT;

CREATE INDEX unfiled_takings ON takings (session, agent) WHERE unfiled = 1;

-- Canned replies.
CREATE TABLE replies (
    id       TEXT NOT NULL PRIMARY KEY,
    owner    INTEGER NOT NULL,              -- the account; 0 for all of them
    shortcut TEXT NOT NULL,
    text     TEXT NOT NULL,
    UNIQUE (owner, shortcut)
) STRICT, WITHOUT ROWID;

-- 32 random bytes of which tokens are derived. One row at most.
CREATE TABLE secrets (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    secret BLOB NOT NULL
) STRICT;

-- How many interaction servers have begun.
CREATE TABLE lives (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    count INTEGER NOT NULL
) STRICT;
