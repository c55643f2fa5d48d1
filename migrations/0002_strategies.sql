-- Strategies as people have switched and told them: what a restart takes.

-- What the configuration of the run says.
ALTER TABLE run_strategies ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;

-- One row once it has been changed. `configured` is what the configuration said then: when it says
-- otherwise now, a strategy comes up enabled only if both agree.
CREATE TABLE strategy_states (
    strategy   TEXT PRIMARY KEY,
    enabled    INTEGER NOT NULL,
    configured INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    since_ns   INTEGER NOT NULL,
    actor      TEXT,
    reason     TEXT
) STRICT, WITHOUT ROWID;

-- Parameters that were set, as the configuration would have them: "20", "0.0005", "sim:ETHUSDT".
CREATE TABLE strategy_parameters (
    strategy   TEXT NOT NULL,
    instrument TEXT NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (strategy, instrument, name)
) STRICT, WITHOUT ROWID;
