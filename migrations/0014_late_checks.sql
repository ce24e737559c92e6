-- A refund that is over, and of which the PSP is asked all the same: a person called it failed and the PSP has not said so, or
-- somebody who looks at its case wants to know. This row is the job; it goes when the PSP has said how the refund ended, or its
-- time is over.
CREATE TABLE late_checks (
    merchant_id BYTES NOT NULL,
    refund_id BYTES NOT NULL,
    account_id BYTES NOT NULL,
    -- How often it was asked.
    asked BIGINT NOT NULL CHECK (asked >= 0),
    due_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, refund_id),
    FOREIGN KEY (merchant_id, refund_id) REFERENCES refunds (merchant_id, refund_id)
) STRICT_SUFFIX;
CREATE INDEX late_checks_due ON late_checks (account_id, due_at);
