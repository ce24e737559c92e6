-- What was done to the store as a whole: a copy was taken of it, or it was put in place from one.
CREATE TABLE store_history (
    kind TEXT NOT NULL CHECK (kind IN ('backup', 'restore')),
    -- When it was done.
    happened_at BIGINT NOT NULL,
    -- What the copy knows: everything until then, nothing after.
    copied_at BIGINT NOT NULL,
    PRIMARY KEY (kind, happened_at)
) STRICT_SUFFIX;
-- When the books were restored from a copy that had the refund open: it may have been sent since the copy was taken,
-- and beside others of its payment also where only one is sent at a time.
ALTER TABLE refunds ADD COLUMN restored_at BIGINT;
-- Rises with each write that only shows that writing is possible: SQLite writes nothing where nothing changes.
ALTER TABLE settings_version ADD COLUMN probes BIGINT NOT NULL DEFAULT 0;
