-- Uploads of many payments: received whole, then taken in row by row.
CREATE TABLE payment_imports (
    merchant_id BYTES NOT NULL REFERENCES merchants (merchant_id),
    import_id BYTES NOT NULL,
    environment TEXT NOT NULL CHECK (environment IN ('sandbox', 'live')),
    -- 'receiving' until all rows are here; one that stays so was broken off, and nothing of it is taken in.
    state TEXT NOT NULL CHECK (state IN ('receiving', 'running', 'done')),
    -- 1: its rows are judged, and no payment is changed.
    dry_run BIGINT NOT NULL CHECK (dry_run IN (0, 1)),
    -- Who uploaded it.
    author TEXT NOT NULL,
    total BIGINT NOT NULL,
    created BIGINT NOT NULL,
    updated BIGINT NOT NULL,
    unchanged BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    -- When somebody must go on with it: at once, or when the lease of whoever does is over.
    due_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT,
    PRIMARY KEY (merchant_id, import_id),
    CHECK (created + updated + unchanged + refused <= total),
    CHECK ((state = 'running') = (due_at IS NOT NULL)),
    CHECK ((state = 'done') = (finished_at IS NOT NULL))
) STRICT_SUFFIX;
CREATE INDEX payment_imports_due ON payment_imports (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX payment_imports_updated ON payment_imports (updated_at) WHERE due_at IS NULL;

CREATE TABLE payment_import_rows (
    merchant_id BYTES NOT NULL,
    import_id BYTES NOT NULL,
    -- Where the row begins in what was uploaded, from 1.
    line BIGINT NOT NULL,
    order_ref TEXT,
    -- The payment as it was read, until the row is taken in.
    content TEXT,
    -- Null until the row is taken in.
    outcome TEXT CHECK (outcome IN ('created', 'updated', 'unchanged', 'refused')),
    payment_id BYTES,
    -- Of a refused row: 'invalid', 'conflict' or 'no_account'; the field at fault, and what only the row itself tells.
    refusal TEXT,
    field TEXT,
    detail TEXT,
    PRIMARY KEY (merchant_id, import_id, line),
    CHECK ((outcome IS NULL) = (content IS NOT NULL)),
    CHECK ((outcome IS NOT NULL AND outcome = 'refused') = (refusal IS NOT NULL))
) STRICT_SUFFIX;
CREATE INDEX payment_import_rows_outcome ON payment_import_rows (merchant_id, import_id, outcome, line);
