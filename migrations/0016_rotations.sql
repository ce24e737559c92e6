-- When the signing secret was last rotated; null where it was not since this is noted.
ALTER TABLE endpoints ADD COLUMN secret_since BIGINT;
