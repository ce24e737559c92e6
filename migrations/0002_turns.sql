-- Where a PSP takes one refund of a payment at a time: the refund that has the payment's turn. Null where it is free, and
-- always at the other PSPs.
ALTER TABLE payments ADD COLUMN turn_refund_id BYTES;
-- The refund is sent in its payment's turn.
ALTER TABLE refunds ADD COLUMN takes_turns BIGINT NOT NULL DEFAULT 0;
