-- When the key was last seen to be used, to the hour; null where it was not since this is noted.
ALTER TABLE api_credentials ADD COLUMN last_used_at BIGINT;
