-- A kill keeps its own time over joins and restarts.

-- When it was asked for (kind 1 only; NULL: the record does not say).
ALTER TABLE actors ADD COLUMN at_ns INTEGER;

-- Kills that joined one had moved the time of its state: back to the first row that names it.
UPDATE scope_states SET since_ns = coalesce((
    SELECT min(at_ns) FROM audit WHERE kind = 'state' AND audit.scope = scope_states.scope
    AND new ->> '$.incident' = 'K' || (incident >> 32) || '-' || (incident & 4294967295)
    AND new ->> '$.state' = 'HALTED'), since_ns)
WHERE incident <> 0 AND state = 2;
