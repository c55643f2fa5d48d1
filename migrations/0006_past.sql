-- What a start shows of the orders of earlier runs: when the venue first answered, and in which
-- order they were sent (the sequence of the record that says so). NULL in rows of before, which are
-- not shown: an amend moved neither their price nor their quantity.
ALTER TABLE orders ADD COLUMN acked_ns INTEGER;
ALTER TABLE orders ADD COLUMN sent_seq INTEGER;
CREATE INDEX orders_sent_seq ON orders (sent_seq) WHERE sent_seq IS NOT NULL;
