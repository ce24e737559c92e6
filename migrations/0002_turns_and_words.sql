-- Where a PSP takes one refund of a payment at a time: the refund that has the payment's turn. Null where it is free, and
-- always at the other PSPs.
ALTER TABLE payments ADD COLUMN turn_refund_id BYTES;
-- The refund is sent in its payment's turn.
ALTER TABLE refunds ADD COLUMN takes_turns BIGINT NOT NULL DEFAULT 0;

-- What the PSP said about the wait: with the event, and the latest with the refund.
ALTER TABLE events ADD COLUMN note TEXT;
ALTER TABLE refunds ADD COLUMN psp_note TEXT;
-- From when on a new refund is worth trying, where the PSP refused only for now.
ALTER TABLE events ADD COLUMN again_at BIGINT;
ALTER TABLE refunds ADD COLUMN again_at BIGINT;
