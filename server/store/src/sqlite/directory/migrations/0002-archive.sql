-- The archive: what is derived from the log for people who look back. All of it could be read from the log anew, but for
-- what people said of contacts.

-- Who took a session stays in `takings`; what it was about and whose it was is the archive's.
DROP TABLE chats;

-- How far each pair's log has been read. Written with what was read.
CREATE TABLE archive_progress (
    pair    TEXT NOT NULL PRIMARY KEY,
    through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a customer, however often he comes. No number is given out again.
CREATE TABLE contacts (
    contact    INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    folded     TEXT NOT NULL,               -- the name as it is compared
    attributes TEXT NOT NULL,               -- a JSON object of texts
    since      INTEGER NOT NULL,
    erasing    INTEGER NOT NULL
) STRICT;

CREATE INDEX contacts_to_erase ON contacts (contact) WHERE erasing = 1;

-- By what contacts are known: one is known by each.
CREATE TABLE identities (
    identity TEXT NOT NULL PRIMARY KEY,     -- JSON, as on the wire
    folded   TEXT NOT NULL,                 -- its value as it is compared
    contact  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_of_contacts ON identities (contact);

-- Contacts who may be one person; each pair stands here both ways.
CREATE TABLE similar_contacts (
    contact INTEGER NOT NULL,
    other   INTEGER NOT NULL,
    PRIMARY KEY (contact, other)
) STRICT, WITHOUT ROWID;

-- Contacts that became a part of another. The other is not one of these.
CREATE TABLE merged_contacts (
    contact INTEGER PRIMARY KEY,
    whole   INTEGER NOT NULL
) STRICT;

CREATE INDEX parts_of_contacts ON merged_contacts (whole);

-- Contacts of whom nothing is left, with how many chats they had.
CREATE TABLE erased_contacts (
    contact INTEGER PRIMARY KEY,
    chats   INTEGER NOT NULL
) STRICT;

-- All sessions, open and closed.
CREATE TABLE past_chats (
    session   BLOB NOT NULL PRIMARY KEY,
    pair      TEXT NOT NULL,                -- in whose log it stands
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    subject   TEXT,
    customer  TEXT NOT NULL,                -- what he called himself
    contact   INTEGER,
    erased    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX past_chats_of_contacts ON past_chats (contact, opened_at) WHERE contact IS NOT NULL;
CREATE INDEX past_chats_to_erase ON past_chats (closed_at) WHERE closed_at IS NOT NULL AND erased = 0;

-- Who has been in a session.
CREATE TABLE past_participants (
    session     BLOB NOT NULL,
    participant INTEGER NOT NULL,
    name        TEXT NOT NULL,
    agent       INTEGER,                    -- the account that took the session; none for who did not
    PRIMARY KEY (session, participant)
) STRICT, WITHOUT ROWID;

CREATE INDEX past_participants_of_agents ON past_participants (agent, session) WHERE agent IS NOT NULL;

-- What was said. The id is the moment and a count, so that its order is that of time.
CREATE TABLE past_messages (
    id          INTEGER PRIMARY KEY,
    session     BLOB NOT NULL,
    seq         INTEGER NOT NULL,
    visibility  INTEGER NOT NULL,           -- 0 ALL, 1 INT, 2 VIP
    participant INTEGER NOT NULL,
    text        TEXT NOT NULL,
    UNIQUE (session, seq)
) STRICT;

-- The words of each message under its id, as this program parts them (`archive/words.rs`): the tokenizer only parts at
-- spaces. A row is removed by naming its words again, and what is removed is overwritten.
CREATE VIRTUAL TABLE past_words USING fts5 (words, content = '', detail = none, tokenize = 'ascii');
INSERT INTO past_words (past_words, rank) VALUES ('secure-delete', 1);
