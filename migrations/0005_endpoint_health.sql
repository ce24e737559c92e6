-- No place in the order of commits is given out twice.
DROP INDEX events_feed;
CREATE UNIQUE INDEX events_feed ON events (merchant_id, environment, position);

-- Since when every try to deliver to the endpoint has failed; null while the last one was taken.
ALTER TABLE endpoints ADD COLUMN failing_since BIGINT;
-- Since when nothing is sent to it, because it had failed for too long; what is owed to it stays due.
ALTER TABLE endpoints ADD COLUMN disabled_at BIGINT;
-- The endpoint that a case is about.
ALTER TABLE cases ADD COLUMN endpoint_id BYTES;
-- Few: what is owed to them waits for a person, and nobody looks for it meanwhile.
CREATE INDEX endpoints_disabled ON endpoints (merchant_id, endpoint_id) WHERE disabled_at IS NOT NULL;
