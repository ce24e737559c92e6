-- Events get a place in the order of commits, which the feed of events follows. SQLite's one writer gives it with the
-- row (COMMIT_POSITION is its row number there); on PostgreSQL it is null until the sequencer numbers what is committed.
CREATE TABLE ordered_events (
    position COMMIT_POSITION,
    merchant_id BYTES NOT NULL,
    environment TEXT NOT NULL,
    -- What it is about: exactly one of the three. Events of refunds are numbered within their refund, others are 0.
    refund_id BYTES,
    payment_id BYTES,
    endpoint_id BYTES,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    psp_refund_id TEXT,
    failure_code TEXT,
    failure_text TEXT,
    -- Who did it, where a person or a key of the API did, and why.
    author TEXT,
    reason TEXT,
    note TEXT,
    again_at BIGINT,
    happened_at BIGINT NOT NULL,
    CONSTRAINT events_of_one_subject CHECK ((refund_id IS NOT NULL AND payment_id IS NULL AND endpoint_id IS NULL)
        OR (refund_id IS NULL AND payment_id IS NOT NULL AND endpoint_id IS NULL)
        OR (refund_id IS NULL AND payment_id IS NULL AND endpoint_id IS NOT NULL)),
    CONSTRAINT events_number UNIQUE (merchant_id, refund_id, number)
) STRICT_SUFFIX;
INSERT INTO ordered_events (merchant_id, environment, refund_id, number, kind, amount, psp_refund_id, failure_code,
    failure_text, author, reason, note, again_at, happened_at)
    SELECT e.merchant_id, r.environment, e.refund_id, e.number, e.kind, e.amount, e.psp_refund_id, e.failure_code,
        e.failure_text, e.author, e.reason, e.note, e.again_at, e.happened_at
    FROM events e JOIN refunds r ON r.merchant_id = e.merchant_id AND r.refund_id = e.refund_id
    ORDER BY e.happened_at, e.refund_id, e.number;
DROP TABLE events;
ALTER TABLE ordered_events RENAME TO events;
CREATE INDEX events_feed ON events (merchant_id, environment, position);
-- Nothing on SQLite; what the sequencer has to number on PostgreSQL.
CREATE INDEX events_unnumbered ON events (happened_at) WHERE position IS NULL;

-- The last place given out, and the lock of whoever gives out the next: used on PostgreSQL alone.
CREATE TABLE event_sequence (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    last BIGINT NOT NULL
) STRICT_SUFFIX;
INSERT INTO event_sequence (one, last) VALUES (1, 0);

-- What a key of Redress's own API may do besides what every key may: names with spaces between.
ALTER TABLE api_credentials ADD COLUMN rights TEXT NOT NULL DEFAULT '';

-- The merchant's own data on a refund: a JSON object of texts.
ALTER TABLE refunds ADD COLUMN metadata TEXT;

-- The customer disputes the payment at its bank since then: it is not refunded besides, until the dispute is released.
ALTER TABLE payments ADD COLUMN disputed_at BIGINT;

-- The idempotency key of a request that names the merchant's own id of the refund too, which is then its dedupe key.
ALTER TABLE refunds ADD COLUMN second_key BYTES;
ALTER TABLE refunds ADD COLUMN second_hash BYTES;
CREATE UNIQUE INDEX refunds_second_key ON refunds (second_key) WHERE second_key IS NOT NULL;
