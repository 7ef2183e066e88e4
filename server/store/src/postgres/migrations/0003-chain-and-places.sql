-- Each event gets its part in the chain that binds it to those before it (events from before have none), and a place in
-- the log, by which whoever reads along goes on where he was.
--
-- Within a pair, places grow with the order of the commits: a pair has one writer at a time, whose statements follow each
-- other, and a new writer's first statement comes after its claim or takeover, which waits until the transaction of the
-- old one has ended (decision 010). The sequence hands numbers out one by one (CACHE 1), and only for rows that the fence
-- has let pass. A number that was drawn by a statement that failed is left out.
--
-- What is there already is written anew, in the order of its sessions, since nobody knows in which order it was committed.
-- Privileges on the table stay as they are.
CREATE TABLE events_from_before AS TABLE events;
TRUNCATE events;
ALTER TABLE events
    ADD COLUMN id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    ADD COLUMN proof bytea,                     -- 16 random bytes; or, of an event that is erased, the SHA-256 of them and the body
    ADD COLUMN link bytea;                      -- SHA-256 of the link before it, of this event's numbers, and of its proof
INSERT INTO events (pair, session, seq, at, closes, secret, body)
SELECT pair, session, seq, at, closes, secret, body FROM events_from_before ORDER BY pair, session, seq;
DROP TABLE events_from_before;

-- It only ever grows at its ends, one for each pair, and so costs far less than the key does.
CREATE INDEX log ON events (pair, id);
