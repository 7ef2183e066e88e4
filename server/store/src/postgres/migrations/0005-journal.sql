-- The journal: what has happened to the pairs and what operators have done. Moments are milliseconds since 1970. No row is
-- changed, but for a gap, which only grows.

-- Each engine that became primary.
CREATE TABLE takeovers (
    pair        text COLLATE "C" NOT NULL,
    epoch       bigint NOT NULL,
    at          bigint NOT NULL,
    from_engine text,                       -- none for the first
    to_engine   text NOT NULL,
    cause       text NOT NULL,              -- as on the wire
    took_us     bigint NOT NULL,
    sessions    bigint NOT NULL,
    PRIMARY KEY (pair, epoch)
);

-- What clients noticed of a takeover. It may be known before the takeover is.
CREATE TABLE gaps (
    pair   text COLLATE "C" NOT NULL,
    epoch  bigint NOT NULL,
    gap_ms bigint NOT NULL,
    PRIMARY KEY (pair, epoch)
);

-- The audit log.
CREATE TABLE acts (
    id      uuid NOT NULL PRIMARY KEY,
    at      bigint NOT NULL,
    who     text NOT NULL,
    source  text NOT NULL,                  -- from where
    act     text NOT NULL,                  -- as on the wire
    about   text NOT NULL,
    outcome text NOT NULL
);

CREATE INDEX acts_by_time ON acts (at);

-- Rehearsed failures.
CREATE TABLE drills (
    id   uuid NOT NULL PRIMARY KEY,
    pair text COLLATE "C" NOT NULL,
    at   bigint NOT NULL,
    told text NOT NULL                      -- JSON, as on the wire
);

CREATE INDEX drills_of_pairs ON drills (pair, at);

-- Sessions that were read back from their transcripts. Forgotten after a while.
CREATE TABLE restorations (
    session uuid NOT NULL,
    epoch   bigint NOT NULL,
    at      bigint NOT NULL,
    engine  text NOT NULL,
    how     text NOT NULL,                  -- as on the wire
    events  bigint NOT NULL,
    took_us bigint NOT NULL,
    PRIMARY KEY (session, epoch, at)
);

CREATE INDEX restorations_by_time ON restorations (at);
