-- A list is of one environment, and so is all that is looked at for it: no cursor names a thing of the other one.
CREATE UNIQUE INDEX payments_of_environment ON payments (merchant_id, environment, payment_id);
DROP INDEX payments_merchant_order_ref;
CREATE INDEX payments_merchant_order_ref ON payments (merchant_id, environment, merchant_order_ref, payment_id)
    WHERE merchant_order_ref IS NOT NULL;
-- Deliveries are found from their refunds.
CREATE UNIQUE INDEX refunds_of_environment ON refunds (merchant_id, environment, refund_id);

-- That of the payment, the account or the endpoint that the case is about.
ALTER TABLE cases ADD COLUMN environment TEXT;
UPDATE cases SET environment = COALESCE(
    (SELECT p.environment FROM payments p WHERE p.merchant_id = cases.merchant_id AND p.payment_id = cases.payment_id),
    (SELECT a.environment FROM psp_accounts a WHERE a.merchant_id = cases.merchant_id AND a.account_id = cases.account_id),
    (SELECT e.environment FROM endpoints e WHERE e.merchant_id = cases.merchant_id AND e.endpoint_id = cases.endpoint_id));
CREATE UNIQUE INDEX cases_of_environment ON cases (merchant_id, environment, case_id);

-- Of a dry run: the payment as this row would have left it, by which later rows of the same upload are judged, and the
-- PSP's id of it with its account's.
ALTER TABLE payment_import_rows ADD COLUMN would_be TEXT;
ALTER TABLE payment_import_rows ADD COLUMN would_be_at_psp TEXT;
CREATE INDEX payment_import_rows_would_be ON payment_import_rows (merchant_id, import_id, order_ref, line)
    WHERE would_be IS NOT NULL;
CREATE INDEX payment_import_rows_would_be_at_psp ON payment_import_rows (merchant_id, import_id, would_be_at_psp, line)
    WHERE would_be IS NOT NULL;
