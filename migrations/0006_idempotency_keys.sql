-- The idempotency keys of requests that create no refund, which is its own record of its key. Kept for 30 days.
CREATE TABLE idempotency_keys (
    merchant_id BYTES NOT NULL,
    environment TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- 16 bytes of a hash over the method, the path and the body.
    request_hash BYTES NOT NULL,
    -- The run of the first request, until it is answered: 16 bytes drawn for it. When its time is over the key is free.
    run BYTES,
    run_until BIGINT,
    -- The name of what the request made or changed, once it is answered.
    object TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, environment, idempotency_key),
    CHECK ((run IS NULL) = (run_until IS NULL)),
    CHECK ((run IS NULL) = (object IS NOT NULL))
) STRICT_SUFFIX;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
