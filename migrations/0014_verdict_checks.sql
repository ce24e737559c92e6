-- A refund that a person called failed, of which the PSP has not said so: it is asked about it for some time all the same. This
-- row is the job; it goes when the PSP has said how the refund ended, or its time is over.
CREATE TABLE verdict_checks (
    merchant_id BYTES NOT NULL,
    refund_id BYTES NOT NULL,
    account_id BYTES NOT NULL,
    -- How often it was asked.
    asked BIGINT NOT NULL CHECK (asked >= 0),
    due_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, refund_id),
    FOREIGN KEY (merchant_id, refund_id) REFERENCES refunds (merchant_id, refund_id)
) STRICT_SUFFIX;
CREATE INDEX verdict_checks_due ON verdict_checks (due_at);
