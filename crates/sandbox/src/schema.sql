-- The sandbox's state. Times are milliseconds since the Unix epoch; amounts are ISO 4217 minor units.
CREATE TABLE IF NOT EXISTS origin (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    created_ms INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS payment (
    psp            TEXT NOT NULL,
    payment        TEXT NOT NULL,
    currency       TEXT NOT NULL,
    captured_minor INTEGER NOT NULL CHECK (captured_minor > 0),
    PRIMARY KEY (psp, payment)
);

-- Where a PSP's notifications go that no request says it of.
CREATE TABLE IF NOT EXISTS webhook (
    psp TEXT PRIMARY KEY,
    url TEXT NOT NULL
);

-- The same for one of the PSP's accounts, in the place of the above.
CREATE TABLE IF NOT EXISTS account_webhook (
    psp     TEXT NOT NULL,
    account TEXT NOT NULL,
    url     TEXT NOT NULL,
    PRIMARY KEY (psp, account)
);

-- stage: coming (its effect is still due; nobody may see it), pending, succeeded, failed, refused (there never was an effect).
CREATE TABLE IF NOT EXISTS refund (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    psp          TEXT NOT NULL,
    account      TEXT NOT NULL,
    refund       TEXT NOT NULL,
    payment      TEXT NOT NULL,
    ref_key      TEXT NOT NULL,
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency     TEXT NOT NULL,
    stage        TEXT NOT NULL CHECK (stage IN ('coming', 'pending', 'succeeded', 'failed', 'refused')),
    created_ms   INTEGER NOT NULL,
    detail       TEXT NOT NULL,
    UNIQUE (psp, refund)
);
CREATE INDEX IF NOT EXISTS refund_by_payment ON refund (psp, payment, account, created_ms);
CREATE INDEX IF NOT EXISTS refund_by_time ON refund (psp, account, created_ms);
CREATE INDEX IF NOT EXISTS refund_by_key ON refund (psp, ref_key);

-- What a PSP with idempotency remembers of a request. state: running, final (answer is replayed), open (answer is not).
CREATE TABLE IF NOT EXISTS request (
    psp         TEXT NOT NULL,
    account     TEXT NOT NULL,
    request_id  TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('running', 'final', 'open')),
    answer      TEXT NOT NULL,
    PRIMARY KEY (psp, account, request_id)
);

CREATE TABLE IF NOT EXISTS script (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    psp     TEXT NOT NULL,
    payment TEXT NOT NULL,
    step    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS script_by_payment ON script (psp, payment, seq);

-- What is still to happen. kind: effect, settle, fail_later (they change a refund), notify (it only tells of a change).
CREATE TABLE IF NOT EXISTS due (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    due_ms   INTEGER NOT NULL,
    refund   INTEGER NOT NULL REFERENCES refund (seq),
    kind     TEXT NOT NULL CHECK (kind IN ('effect', 'settle', 'fail_later', 'notify')),
    payload  TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS due_by_time ON due (due_ms, seq);
