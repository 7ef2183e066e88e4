-- The archive: what is derived from the log for people who look back. All of it could be read from the log anew, but for
-- what people said of contacts.

-- Who took a session stays in `takings`; what it was about and whose it was is the archive's.
DROP TABLE chats;

-- How far each pair's log has been read. Written with what was read.
CREATE TABLE archive_progress (
    pair    text COLLATE "C" NOT NULL PRIMARY KEY,
    through bigint NOT NULL
);

-- Whoever writes the archive locks this row first: there is one writer at a time.
CREATE TABLE archive_guard (
    id bigint NOT NULL PRIMARY KEY CHECK (id = 1)
);

INSERT INTO archive_guard (id) VALUES (1);

-- One row a customer, however often he comes. No number is given out again.
CREATE TABLE contacts (
    contact    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    folded     text NOT NULL,                   -- the name as it is compared
    attributes text NOT NULL,                   -- a JSON object of texts
    since      bigint NOT NULL,
    erasing    boolean NOT NULL
);

CREATE INDEX contacts_to_erase ON contacts (contact) WHERE erasing;

-- By what contacts are known: one is known by each.
CREATE TABLE identities (
    identity text COLLATE "C" NOT NULL PRIMARY KEY,     -- JSON, as on the wire
    folded   text NOT NULL,                     -- its value as it is compared
    contact  bigint NOT NULL
);

CREATE INDEX identities_of_contacts ON identities (contact);

-- Contacts who may be one person; each pair stands here both ways.
CREATE TABLE similar_contacts (
    contact bigint NOT NULL,
    other   bigint NOT NULL,
    PRIMARY KEY (contact, other)
);

CREATE INDEX similar_to_contacts ON similar_contacts (other);

-- Contacts that became a part of another. The other is not one of these.
CREATE TABLE merged_contacts (
    contact bigint NOT NULL PRIMARY KEY,
    whole   bigint NOT NULL
);

CREATE INDEX parts_of_contacts ON merged_contacts (whole);

-- Contacts of whom nothing is left, with how many chats they had.
CREATE TABLE erased_contacts (
    contact bigint NOT NULL PRIMARY KEY,
    chats   bigint NOT NULL
);

-- All sessions, open and closed.
CREATE TABLE past_chats (
    session   uuid NOT NULL PRIMARY KEY,
    pair      text COLLATE "C" NOT NULL,        -- in whose log it stands
    opened_at bigint NOT NULL,
    closed_at bigint,
    subject   text,
    customer  text NOT NULL,                    -- what he called himself
    contact   bigint,
    erased    boolean NOT NULL
);

CREATE INDEX past_chats_of_contacts ON past_chats (contact, opened_at) WHERE contact IS NOT NULL;
CREATE INDEX past_chats_to_erase ON past_chats (closed_at) WHERE closed_at IS NOT NULL AND NOT erased;

-- Who has been in a session.
CREATE TABLE past_participants (
    session     uuid NOT NULL,
    participant bigint NOT NULL,
    name        text NOT NULL,
    agent       bigint,                         -- the account that took the session; none for who did not
    PRIMARY KEY (session, participant)
);

CREATE INDEX past_participants_of_agents ON past_participants (agent, session) WHERE agent IS NOT NULL;

-- What was said. The id is the moment and a count, so that its order is that of time.
CREATE TABLE past_messages (
    id          bigint NOT NULL PRIMARY KEY,
    session     uuid NOT NULL,
    seq         bigint NOT NULL,
    visibility  bigint NOT NULL,                -- 0 ALL, 1 INT, 2 VIP
    participant bigint NOT NULL,
    text        text NOT NULL,
    words       tsvector NOT NULL,              -- as the program parts them (`archive/words.rs`), and no parser of the server's
    UNIQUE (session, seq)
);

CREATE INDEX past_words ON past_messages USING gin (words);
