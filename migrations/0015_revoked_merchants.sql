-- Since when nothing new is accepted for the merchant; null while something is.
ALTER TABLE merchants ADD COLUMN revoked_at BIGINT;
