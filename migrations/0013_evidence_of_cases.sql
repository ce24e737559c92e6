-- The case that a notification is evidence of; null where it came before this was noted.
ALTER TABLE inbound_notifications ADD COLUMN case_id BYTES;
CREATE INDEX inbound_notifications_case ON inbound_notifications (merchant_id, case_id, received_at, notification_id)
    WHERE case_id IS NOT NULL;
