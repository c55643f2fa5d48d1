-- The audit trail and what a restart takes from it. Forward only; one transaction per file.

-- One row a fact. hash = SHA-256(hash of the row before || encoding of this row); see store/chain.h.
CREATE TABLE audit (
    seq        INTEGER PRIMARY KEY,
    at_ns      INTEGER NOT NULL,
    actor      TEXT,
    person     TEXT,
    role       TEXT,
    kind       TEXT NOT NULL,
    scope      TEXT,
    old        TEXT,
    new        TEXT,
    reason     TEXT,
    request_id TEXT,
    lane       INTEGER NOT NULL,
    lane_seq   INTEGER NOT NULL,
    hash       BLOB NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (at_ns);
CREATE INDEX audit_kind ON audit (kind);
CREATE INDEX audit_actor ON audit (actor);
CREATE INDEX audit_scope ON audit (scope);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows are never changed');
END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows are never deleted');
END;

-- How far each lane of the journal has become rows; moves in the rows' own transaction.
CREATE TABLE cursors (
    lane INTEGER PRIMARY KEY,
    seq  INTEGER NOT NULL
) STRICT;

-- Who asked for a command (kind 0, id of the command) or a kill (kind 1, incident).
CREATE TABLE actors (
    kind       INTEGER NOT NULL,
    id         INTEGER NOT NULL,
    actor      TEXT,
    person     TEXT,
    role       TEXT,
    reason     TEXT,
    request_id TEXT,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The numbering of the run that writes the journal, kept so that a later start with another
-- configuration can still read what that run left.
CREATE TABLE run_scopes (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL
) STRICT;
CREATE TABLE run_instruments (
    number         INTEGER PRIMARY KEY,
    name           TEXT NOT NULL,
    price_decimals INTEGER NOT NULL,
    tick_units     INTEGER NOT NULL,
    qty_decimals   INTEGER NOT NULL,
    lot_units      INTEGER NOT NULL,
    currency       TEXT NOT NULL
) STRICT;
CREATE TABLE run_strategies (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL
) STRICT;

-- In force: what a restart takes. A limit without a row is not set; value NULL is a denial.
CREATE TABLE scope_limits (
    scope TEXT NOT NULL,
    name  TEXT NOT NULL,
    value INTEGER,
    PRIMARY KEY (scope, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE scope_generations (
    scope      TEXT PRIMARY KEY,
    generation INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE scope_states (
    scope    TEXT PRIMARY KEY,
    state    INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    incident INTEGER NOT NULL,
    since_ns INTEGER NOT NULL,
    actor    TEXT,
    cause    TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    id         INTEGER PRIMARY KEY,
    order_seq  INTEGER NOT NULL,
    instrument TEXT NOT NULL,
    strategy   TEXT NOT NULL,
    actor      TEXT,
    side       TEXT NOT NULL,
    type       TEXT NOT NULL,
    tif        TEXT NOT NULL,
    flags      INTEGER NOT NULL,
    price      TEXT NOT NULL,
    qty        TEXT NOT NULL,
    filled     TEXT NOT NULL,
    avg_price  TEXT,
    state      TEXT NOT NULL,
    reason     TEXT,
    sent_ns    INTEGER NOT NULL,
    changed_ns INTEGER NOT NULL
) STRICT;
CREATE INDEX orders_instrument ON orders (instrument, sent_ns);
CREATE INDEX orders_sent ON orders (sent_ns);

CREATE TABLE fills (
    seq        INTEGER PRIMARY KEY,
    lane_seq   INTEGER NOT NULL,
    exec_id    INTEGER NOT NULL,
    order_id   INTEGER NOT NULL,
    instrument TEXT NOT NULL,
    strategy   TEXT NOT NULL,
    side       TEXT NOT NULL,
    price      TEXT NOT NULL,
    qty        TEXT NOT NULL,
    fee        TEXT NOT NULL,
    currency   TEXT NOT NULL,
    maker      INTEGER NOT NULL,
    at_ns      INTEGER NOT NULL
) STRICT;
CREATE INDEX fills_order ON fills (order_id);
CREATE INDEX fills_instrument ON fills (instrument, at_ns);
CREATE INDEX fills_at ON fills (at_ns);
