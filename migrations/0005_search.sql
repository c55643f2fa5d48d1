-- The search finds what the engine says with a reason or an incident as well: which change came
-- into force, what a kill found. Without orders, fills, denials and gaps, which are nearly all rows.
-- By the index on kind: those are not even looked at.
INSERT INTO audit_text (rowid, actor, scope, old, new, reason, request_id)
    SELECT seq, actor, scope, old, new, reason, request_id FROM audit
    WHERE kind IN ('kill', 'limits', 'position', 'start', 'state', 'stop', 'storage', 'strategy')
    AND lane <> 1 AND (reason IS NOT NULL OR
    instr(coalesce(old, '') || coalesce(new, ''), '"incident":"K') > 0);
