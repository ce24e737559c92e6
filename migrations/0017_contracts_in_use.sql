-- Of a refund that is called failed, a case may have booked what left all the same.
CREATE INDEX cases_booked ON cases (merchant_id, refund_id) WHERE booked > 0;

-- What was done at a PSP that gave no id of its own to it, or by a person's word alone: with these a PSP account's contract was
-- used, and they are found by the account in no other index. None of it is written before a refund is over.
CREATE INDEX refunds_done_without_id ON refunds (account_id)
    WHERE psp_refund_id IS NULL AND (state = 'succeeded' OR state = 'reversed');
