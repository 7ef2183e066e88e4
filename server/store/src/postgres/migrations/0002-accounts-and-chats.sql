-- The directory belongs to the installation, not to a pair. Moments are milliseconds since 1970.

-- Who works here, and the bots. Rows are never deleted, so that no number is given out again.
CREATE TABLE accounts (
    agent    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name     text COLLATE "C" NOT NULL UNIQUE,
    display  text NOT NULL,
    role     text NOT NULL,                     -- bot, agent, supervisor, administrator
    capacity bigint NOT NULL,
    skills   text NOT NULL,                     -- a JSON list of texts
    disabled boolean NOT NULL,
    password text NOT NULL,                     -- an argon2 PHC string
    era      bigint NOT NULL                    -- a login is good only in the era in which it was made
);

-- Who is logged in.
CREATE TABLE logins (
    token      bytea NOT NULL PRIMARY KEY,      -- SHA-256 of the login's token
    agent      bigint NOT NULL,
    era        bigint NOT NULL,
    expires_at bigint NOT NULL
);

-- What each account has chosen to be.
CREATE TABLE choices (
    agent bigint NOT NULL PRIMARY KEY,
    state text NOT NULL,                        -- JSON, as on the wire
    since bigint NOT NULL
);

-- The sessions that somebody took, as those need to know them who look for a customer's earlier ones.
CREATE TABLE chats (
    session   uuid NOT NULL PRIMARY KEY,
    opened_at bigint NOT NULL,
    subject   text,
    customer  text COLLATE "C"                  -- such as email:ana@example.org; none for a stranger
);

CREATE INDEX chats_of_customers ON chats (customer, opened_at) WHERE customer IS NOT NULL;

-- Which agents took a session, in order, and how each of them filed it away.
CREATE TABLE takings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session     uuid NOT NULL,
    agent       bigint NOT NULL,
    unfiled     boolean NOT NULL,               -- the agent has still to file it away
    disposition text,
    remark      text,
    filed_at    bigint,
    UNIQUE (session, agent)
);

CREATE INDEX unfiled_takings ON takings (session, agent) WHERE unfiled;

-- Canned replies.
CREATE TABLE replies (
    id       text COLLATE "C" NOT NULL PRIMARY KEY,
    owner    bigint NOT NULL,                   -- the account; 0 for all of them
    shortcut text COLLATE "C" NOT NULL,
    text     text NOT NULL,
    UNIQUE (owner, shortcut)
);

-- 32 random bytes of which tokens are derived. One row at most.
CREATE TABLE secrets (
    id     bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    secret bytea NOT NULL
);

-- Rises with every statement that may have changed one of the tables above, in the same transaction, so that whoever
-- reads a new number also reads what is new. It is the last row that a statement locks: writers wait for each other
-- there and cannot deadlock.
CREATE TABLE directory_version (
    id      bigint NOT NULL PRIMARY KEY CHECK (id = 1),
    version bigint NOT NULL
);

INSERT INTO directory_version (id, version) VALUES (1, 0);

CREATE FUNCTION raise_directory_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE directory_version SET version = version + 1;
    RETURN NULL;
END
$$;

CREATE TRIGGER version_of_accounts AFTER INSERT OR UPDATE OR DELETE ON accounts EXECUTE FUNCTION raise_directory_version();
CREATE TRIGGER version_of_logins AFTER INSERT OR UPDATE OR DELETE ON logins EXECUTE FUNCTION raise_directory_version();
CREATE TRIGGER version_of_choices AFTER INSERT OR UPDATE OR DELETE ON choices EXECUTE FUNCTION raise_directory_version();
CREATE TRIGGER version_of_chats AFTER INSERT OR UPDATE OR DELETE ON chats EXECUTE FUNCTION raise_directory_version();
CREATE TRIGGER version_of_takings AFTER INSERT OR UPDATE OR DELETE ON takings EXECUTE FUNCTION raise_directory_version();
CREATE TRIGGER version_of_replies AFTER INSERT OR UPDATE OR DELETE ON replies EXECUTE FUNCTION raise_directory_version();

-- How many interaction servers have begun.
CREATE TABLE lives (
    id    integer PRIMARY KEY CHECK (id = 1),
    count bigint NOT NULL
);
