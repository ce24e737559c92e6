-- What begins with a term is a range of an index in the order of bytes, which is SQLite's own order of texts.
POSTGRES_ONLY ALTER TABLE payments ALTER COLUMN order_ref TYPE TEXT COLLATE "C", ALTER COLUMN merchant_order_ref TYPE TEXT COLLATE "C", ALTER COLUMN psp_payment_id TYPE TEXT COLLATE "C", ALTER COLUMN customer_ref TYPE TEXT COLLATE "C";

-- Each serves one filter of the lists that people look through. None has a column that a refund changes.
CREATE INDEX payments_customer_ref ON payments (merchant_id, environment, customer_ref, payment_id)
    WHERE customer_ref IS NOT NULL;
CREATE INDEX payments_channel ON payments (merchant_id, environment, channel, payment_id) WHERE channel IS NOT NULL;
CREATE INDEX payments_method ON payments (merchant_id, environment, payment_method, payment_id)
    WHERE payment_method IS NOT NULL;
CREATE INDEX payments_captured ON payments (merchant_id, environment, captured_at, payment_id);
CREATE INDEX payments_disputed ON payments (merchant_id, environment, payment_id) WHERE disputed_at IS NOT NULL;

-- Few are open, however many were closed.
CREATE INDEX cases_open_by_kind ON cases (merchant_id, environment, kind) WHERE closed_at IS NULL;
