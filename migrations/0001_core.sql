-- Times are microseconds since 1970-01-01T00:00:00Z; sums are minor units of ISO 4217; ids are 16 bytes (UUID version 7);
-- booleans are 0 and 1. BYTES and STRICT_SUFFIX are rewritten for each engine; nothing else differs.
-- merchant_id leads every key that is not unique across merchants by its nature.

CREATE TABLE merchants (
    merchant_id BYTES NOT NULL PRIMARY KEY,
    -- SGate's merchant id, as M948164.
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL
) STRICT_SUFFIX;

-- One row that counts changes of merchants, keys, accounts and endpoints, so that servers notice what tools changed.
CREATE TABLE settings_version (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    version BIGINT NOT NULL
) STRICT_SUFFIX;
INSERT INTO settings_version (one, version) VALUES (1, 1);

CREATE TABLE api_credentials (
    merchant_id BYTES NOT NULL REFERENCES merchants (merchant_id),
    credential_id BYTES NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('portone', 'sgate', 'api')),
    -- Null for PortOne's, which serve both environments.
    environment TEXT CHECK (environment IN ('sandbox', 'live')),
    -- What the caller shows: PortOne's client key, SGate's key, the public part of an API key.
    public_key TEXT NOT NULL,
    -- What proves it: sealed where the face needs the secret itself, else a hash.
    secret_sealed BYTES,
    secret_hash BYTES,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (merchant_id, credential_id),
    CHECK ((secret_sealed IS NULL) <> (secret_hash IS NULL)),
    CHECK ((kind = 'portone') = (environment IS NULL))
) STRICT_SUFFIX;
CREATE UNIQUE INDEX api_credentials_public_key ON api_credentials (kind, public_key);

CREATE TABLE psp_accounts (
    merchant_id BYTES NOT NULL REFERENCES merchants (merchant_id),
    account_id BYTES NOT NULL UNIQUE,
    psp TEXT NOT NULL,
    name TEXT NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    state TEXT NOT NULL CHECK (state IN ('active', 'paused', 'revoked')),
    -- The newest row of psp_account_versions; new refunds are sent with it.
    version BIGINT NOT NULL,
    max_in_flight BIGINT NOT NULL CHECK (max_in_flight > 0),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, account_id)
) STRICT_SUFFIX;

-- What a submit depends on besides the refund's row. Never changed, so that a re-send has equal bytes.
CREATE TABLE psp_account_versions (
    merchant_id BYTES NOT NULL,
    account_id BYTES NOT NULL,
    version BIGINT NOT NULL,
    base_url TEXT,
    notification_url TEXT,
    credentials_sealed BYTES NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, account_id, version),
    FOREIGN KEY (merchant_id, account_id) REFERENCES psp_accounts (merchant_id, account_id)
) STRICT_SUFFIX;

CREATE TABLE payments (
    merchant_id BYTES NOT NULL REFERENCES merchants (merchant_id),
    payment_id BYTES NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    order_ref TEXT NOT NULL,
    merchant_order_ref TEXT,
    account_id BYTES NOT NULL,
    psp_payment_id TEXT NOT NULL,
    currency TEXT NOT NULL,
    captured BIGINT NOT NULL CHECK (captured > 0),
    refunded BIGINT NOT NULL CHECK (refunded >= 0),
    reserved BIGINT NOT NULL CHECK (reserved >= 0),
    blocked BIGINT NOT NULL CHECK (blocked >= 0),
    refunded_before BIGINT NOT NULL CHECK (refunded_before >= 0),
    captured_at BIGINT NOT NULL,
    channel TEXT,
    payment_method TEXT,
    customer_ref TEXT,
    notification_url TEXT,
    refund_count BIGINT NOT NULL CHECK (refund_count >= 0),
    -- Most payments have one refund at most: found from here, it needs no place in the index of the others.
    first_refund_id BYTES,
    transaction_count BIGINT NOT NULL CHECK (transaction_count >= 1),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, payment_id),
    FOREIGN KEY (merchant_id, account_id) REFERENCES psp_accounts (merchant_id, account_id),
    -- The promise: never more back than was captured. Written so that no sum can overflow.
    CONSTRAINT payments_never_over_captured CHECK (captured - refunded - reserved >= blocked),
    CHECK (refunded >= refunded_before)
) STRICT_SUFFIX;
CREATE UNIQUE INDEX payments_order_ref ON payments (merchant_id, order_ref);
CREATE UNIQUE INDEX payments_psp_payment ON payments (account_id, psp_payment_id);
CREATE INDEX payments_merchant_order_ref ON payments (merchant_id, merchant_order_ref, payment_id)
    WHERE merchant_order_ref IS NOT NULL;

CREATE TABLE refunds (
    merchant_id BYTES NOT NULL,
    refund_id BYTES NOT NULL,
    payment_id BYTES NOT NULL,
    environment TEXT NOT NULL,
    ordinal BIGINT NOT NULL,
    transaction_number BIGINT NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    currency TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('full', 'partial')),
    reason TEXT NOT NULL,
    description TEXT,
    merchant_refund_id TEXT,
    -- 16 bytes of a hash over the merchant and the idempotency key, or over the merchant, the environment and the
    -- merchant refund id: one unique index serves both, and this row is the idempotency record.
    dedupe_key BYTES,
    -- 16 bytes of a hash over what a repeat must have in common with the first request.
    request_hash BYTES,
    account_id BYTES NOT NULL,
    account_version BIGINT NOT NULL,
    psp_refund_id TEXT,
    arn TEXT,
    -- Written out: SQLite would fill a temporary table for each refund to look three or more names up in a list.
    state TEXT NOT NULL CHECK (state = 'queued' OR state = 'submitting' OR state = 'pending' OR state = 'succeeded'
        OR state = 'unknown' OR state = 'failed' OR state = 'held' OR state = 'canceled' OR state = 'reversed'),
    failure_code TEXT,
    failure_text TEXT,
    lease_owner BYTES,
    lease_until BIGINT,
    -- When somebody must look next; this row is the job.
    due_at BIGINT,
    first_sent_at BIGINT,
    last_sent_at BIGINT,
    sends BIGINT NOT NULL,
    queries BIGINT NOT NULL,
    last_query_at BIGINT,
    finding TEXT,
    not_sent BIGINT NOT NULL,
    -- The PSP said once that it accepted the refund: it is never sent again.
    accepted BIGINT NOT NULL,
    -- A person was called and has not closed the case.
    person_called BIGINT NOT NULL,
    event_count BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (merchant_id, refund_id),
    -- No foreign key to the payment, which its operation has just read and locked, and which nobody deletes: checking it
    -- again reads one page more for each refund. `redress verify` looks for refunds of no payment.
    CHECK ((state = 'submitting') = (lease_until IS NOT NULL)),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    CHECK ((failure_code IS NULL) = (state NOT IN ('failed', 'reversed'))),
    CHECK (due_at IS NULL
        OR (state <> 'succeeded' AND state <> 'failed' AND state <> 'canceled' AND state <> 'reversed'))
) STRICT_SUFFIX;
-- The refunds of a payment after its first.
CREATE UNIQUE INDEX refunds_ordinal ON refunds (merchant_id, payment_id, ordinal) WHERE ordinal > 1;
CREATE UNIQUE INDEX refunds_dedupe ON refunds (dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE UNIQUE INDEX refunds_psp_refund ON refunds (account_id, psp_refund_id) WHERE psp_refund_id IS NOT NULL;
CREATE INDEX refunds_due ON refunds (account_id, state, due_at) WHERE due_at IS NOT NULL;

-- One exchange with a PSP about a refund, kept as evidence.
CREATE TABLE attempts (
    merchant_id BYTES NOT NULL,
    refund_id BYTES NOT NULL,
    attempt_id BYTES NOT NULL,
    via TEXT NOT NULL CHECK (via = 'submit' OR via = 'query' OR via = 'notification'),
    outcome TEXT NOT NULL,
    -- What was said, redacted and capped.
    record TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, refund_id, attempt_id)
) STRICT_SUFFIX;

-- What happened to a refund: the one source of the timeline, the notifications and the audit trail.
CREATE TABLE events (
    merchant_id BYTES NOT NULL,
    refund_id BYTES NOT NULL,
    number BIGINT NOT NULL,
    kind TEXT NOT NULL,
    amount BIGINT NOT NULL,
    psp_refund_id TEXT,
    failure_code TEXT,
    failure_text TEXT,
    -- Who closed it, where a person did.
    author TEXT,
    reason TEXT,
    happened_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, refund_id, number)
) STRICT_SUFFIX;

CREATE TABLE endpoints (
    merchant_id BYTES NOT NULL REFERENCES merchants (merchant_id),
    endpoint_id BYTES NOT NULL UNIQUE,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    dialect TEXT NOT NULL CHECK (dialect IN ('portone', 'sgate', 'standard')),
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    -- A bit for each kind of event.
    event_mask BIGINT NOT NULL,
    -- The credential whose secret signs in the dialect's own way; null for the merchant's newest.
    credential_id BYTES,
    secret_sealed BYTES NOT NULL,
    -- The secret before the last rotation signs too until then.
    old_secret_sealed BYTES,
    old_secret_until BIGINT,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (merchant_id, endpoint_id)
) STRICT_SUFFIX;
CREATE INDEX endpoints_environment ON endpoints (merchant_id, environment);

-- One event owed to one address. The endpoint is null for the payment's own notification_url.
CREATE TABLE deliveries (
    merchant_id BYTES NOT NULL,
    refund_id BYTES NOT NULL,
    number BIGINT NOT NULL,
    -- 16 zero bytes for the payment's own notification_url.
    endpoint_id BYTES NOT NULL,
    dialect TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state = 'due' OR state = 'delivered' OR state = 'given_up'),
    tries BIGINT NOT NULL,
    -- Tries in a row that nothing answered; SGate's schedule treats them apart.
    silent_tries BIGINT NOT NULL,
    due_at BIGINT,
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (merchant_id, refund_id, number, endpoint_id),
    CHECK ((state = 'due') = (due_at IS NOT NULL))
) STRICT_SUFFIX;
CREATE INDEX deliveries_due ON deliveries (merchant_id, endpoint_id, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE delivery_attempts (
    merchant_id BYTES NOT NULL,
    refund_id BYTES NOT NULL,
    number BIGINT NOT NULL,
    endpoint_id BYTES NOT NULL,
    attempt BIGINT NOT NULL,
    -- The HTTP status, null when none came.
    status BIGINT,
    -- What came back or went wrong, capped; never shown to another merchant.
    answer TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    finished_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, refund_id, number, endpoint_id, attempt)
) STRICT_SUFFIX;

-- What a person must look at.
CREATE TABLE cases (
    merchant_id BYTES NOT NULL,
    case_id BYTES NOT NULL,
    kind TEXT NOT NULL,
    refund_id BYTES,
    payment_id BYTES,
    account_id BYTES,
    -- What makes a second opening of the same case recognisable while the first is open; null when closed.
    open_key BYTES,
    what TEXT NOT NULL,
    -- Minor units of the payment that should be blocked until the case is closed: what is refundable now or becomes so
    -- later is taken until the sum is reached.
    wanted BIGINT NOT NULL CHECK (wanted >= blocked),
    -- Minor units of the payment that are blocked.
    blocked BIGINT NOT NULL CHECK (blocked >= 0),
    -- Minor units that count as refunded since it was closed: they had left the payment without a refund of ours.
    booked BIGINT NOT NULL CHECK (booked >= 0),
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    closed_by TEXT,
    close_reason TEXT,
    PRIMARY KEY (merchant_id, case_id),
    CHECK ((closed_at IS NULL) = (closed_by IS NULL)),
    CHECK ((closed_at IS NULL) = (close_reason IS NULL)),
    CHECK (open_key IS NULL OR closed_at IS NULL),
    CHECK (booked = 0 OR (closed_at IS NOT NULL AND booked <= blocked))
) STRICT_SUFFIX;
CREATE UNIQUE INDEX cases_open ON cases (open_key) WHERE open_key IS NOT NULL;
CREATE INDEX cases_opened ON cases (opened_at) WHERE closed_at IS NULL;
CREATE INDEX cases_refund ON cases (merchant_id, refund_id) WHERE refund_id IS NOT NULL;
CREATE INDEX cases_payment ON cases (merchant_id, payment_id) WHERE payment_id IS NOT NULL;

-- What a PSP told that could not be applied: kept as evidence of the case that it opened.
CREATE TABLE inbound_notifications (
    merchant_id BYTES NOT NULL,
    account_id BYTES NOT NULL,
    notification_id BYTES NOT NULL,
    -- 16 bytes of a hash of the body: a repeat is recognised.
    body_hash BYTES NOT NULL,
    verdict TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, account_id, notification_id)
) STRICT_SUFFIX;
CREATE UNIQUE INDEX inbound_notifications_body ON inbound_notifications (account_id, body_hash);
