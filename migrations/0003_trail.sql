-- The trail hardened, counted and searchable; what removes old rows; what a report of a day needs.

-- INSERT OR REPLACE deletes without a word to the trigger that forbids deleting, unless the
-- connection has recursive_triggers on: so a row may only be put behind the newest one.
CREATE TRIGGER audit_only_next BEFORE INSERT ON audit
WHEN new.seq IS NOT coalesce((SELECT max(seq) FROM audit), (SELECT max(seq) FROM audit_anchor), 0) + 1
BEGIN
    SELECT RAISE(ABORT, 'audit rows are only ever added behind the newest');
END;

-- What retention has taken away: the trail begins behind the newest of these. Rows, hash of the
-- last one, and where they went; signed heads of before are still checked against the files.
CREATE TABLE audit_anchor (
    seq       INTEGER PRIMARY KEY, -- the last row removed
    hash      BLOB NOT NULL,       -- its hash
    at_ns     INTEGER NOT NULL,    -- its time
    first_seq INTEGER NOT NULL,
    file      TEXT NOT NULL,       -- below the data directory
    sha256    TEXT NOT NULL        -- of that file
) STRICT;
CREATE TRIGGER audit_anchor_no_update BEFORE UPDATE ON audit_anchor
BEGIN
    SELECT RAISE(ABORT, 'anchors are never changed');
END;
CREATE TRIGGER audit_anchor_no_delete BEFORE DELETE ON audit_anchor
BEGIN
    SELECT RAISE(ABORT, 'anchors are never deleted');
END;
CREATE TRIGGER audit_anchor_only_next BEFORE INSERT ON audit_anchor
WHEN new.seq <= coalesce((SELECT max(seq) FROM audit_anchor), 0)
  OR new.hash IS NOT (SELECT hash FROM audit WHERE seq = new.seq)
BEGIN
    SELECT RAISE(ABORT, 'an anchor names a row that is there');
END;

-- Deleting begins once an anchor holds what is deleted.
DROP TRIGGER audit_no_delete;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN old.seq > coalesce((SELECT max(seq) FROM audit_anchor), 0)
BEGIN
    SELECT RAISE(ABORT, 'audit rows are never deleted');
END;

-- Rows of each kind, ever; kept by the writer, in the rows' own transaction.
CREATE TABLE audit_counts (
    kind TEXT PRIMARY KEY,
    rows INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO audit_counts SELECT kind, count(*) FROM audit GROUP BY kind;

-- Earliest and latest time of each 4,096 rows (block = seq / 4096): a range of time is found as a
-- range of rows without believing that clocks never step back.
CREATE TABLE audit_blocks (
    block    INTEGER PRIMARY KEY,
    first_ns INTEGER NOT NULL,
    last_ns  INTEGER NOT NULL
) STRICT;
INSERT INTO audit_blocks SELECT seq / 4096, min(at_ns), max(at_ns) FROM audit GROUP BY seq / 4096;

-- Full text over what people did (lane 1). Holds the index only; its rowid is the row's seq.
CREATE VIRTUAL TABLE audit_text USING fts5 (
    actor, scope, old, new, reason, request_id, content = '', tokenize = 'unicode61'
);
INSERT INTO audit_text (rowid, actor, scope, old, new, reason, request_id)
    SELECT seq, actor, scope, old, new, reason, request_id FROM audit WHERE lane = 1;

-- What a kill found, until all of it is known: its last row is written once.
CREATE TABLE kill_counts (
    incident INTEGER PRIMARY KEY,
    resting  INTEGER NOT NULL,
    scope    INTEGER NOT NULL,
    complete INTEGER NOT NULL
) STRICT;

-- The engine's own figures of each instrument: as it last stated them, and by the hour, so that a
-- day may end at any. Sums of an hour are differences; `moved`: a fill or funding since the last
-- statement (a statement without one tells what a run began with, and is no profit of the hour).
CREATE TABLE position_now (
    instrument  TEXT PRIMARY KEY,
    moved       INTEGER NOT NULL,
    lots        INTEGER NOT NULL,
    cost_e8     INTEGER NOT NULL,
    realised_e8 INTEGER NOT NULL,
    fee_e8      INTEGER NOT NULL,
    rebate_e8   INTEGER NOT NULL,
    funding_e8  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE position_hours (
    hour        INTEGER NOT NULL, -- since the epoch
    instrument  TEXT NOT NULL,
    currency    TEXT NOT NULL,
    qty         TEXT NOT NULL,    -- at its end, signed
    cost_e8     INTEGER NOT NULL, -- of the open lots, at its end
    realised_e8 INTEGER NOT NULL, -- of this hour, as what follows
    fee_e8      INTEGER NOT NULL,
    rebate_e8   INTEGER NOT NULL,
    funding_e8  INTEGER NOT NULL,
    PRIMARY KEY (instrument, hour)
) STRICT, WITHOUT ROWID;
