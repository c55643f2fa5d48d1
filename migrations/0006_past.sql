-- What a start shows of the orders of earlier runs: when the venue first answered, and in which
-- order they were sent (the sequence of the record that says so). NULL in rows of before, which are
-- not shown: an amend moved neither their price nor their quantity.
ALTER TABLE orders ADD COLUMN acked_ns INTEGER;
ALTER TABLE orders ADD COLUMN sent_seq INTEGER;
CREATE INDEX orders_sent_seq ON orders (sent_seq) WHERE sent_seq IS NOT NULL;

-- What the receipt of a kill says after its run. NULL: not known, of rows of before.
ALTER TABLE kill_counts ADD COLUMN last_order_seq INTEGER;
ALTER TABLE kill_counts ADD COLUMN unsent    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kill_counts ADD COLUMN sent      INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kill_counts ADD COLUMN confirmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kill_counts ADD COLUMN refused   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kill_counts ADD COLUMN unknown   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kill_counts ADD COLUMN exits     INTEGER;
ALTER TABLE kill_counts ADD COLUMN flattened INTEGER NOT NULL DEFAULT 0;
ALTER TABLE kill_counts ADD COLUMN not_flat  INTEGER NOT NULL DEFAULT 0;
