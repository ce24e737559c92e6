-- What was done at a PSP that gave no id of its own to it, or by a person's word alone: with these a PSP account's contract was
-- used, and they are found by the account in no other index. None of it is written before a refund is over.
CREATE INDEX refunds_done_without_id ON refunds (account_id)
    WHERE psp_refund_id IS NULL AND (state = 'succeeded' OR state = 'reversed');
