-- What happened on a day, in sums: see docs/decisions/0027. All of it can be computed anew from the rows it tells of.
CREATE TABLE daily_sums (
    merchant_id BYTES NOT NULL,
    environment TEXT NOT NULL,
    -- Days since 1970-01-01, by UTC.
    day BIGINT NOT NULL,
    currency TEXT NOT NULL,
    channel TEXT NOT NULL,
    measure BIGINT NOT NULL,
    things BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, environment, day, currency, channel, measure)
) STRICT_SUFFIX;

-- The last event that the sums have, in the order of commits: written with them.
CREATE TABLE daily_cursors (
    merchant_id BYTES NOT NULL,
    environment TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, environment)
) STRICT_SUFFIX;

-- What was captured and is not in the sums yet: payments of one day, currency and channel that were taken in together,
-- under the id of one of them. Deleted with what adds it to the sums.
CREATE TABLE captured_changes (
    merchant_id BYTES NOT NULL,
    payment_id BYTES NOT NULL,
    environment TEXT NOT NULL,
    day BIGINT NOT NULL,
    currency TEXT NOT NULL,
    channel TEXT NOT NULL,
    things BIGINT NOT NULL,
    amount BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, payment_id)
) STRICT_SUFFIX;

-- The payments of before. Their refunds are counted from the first event on.
INSERT INTO daily_sums (merchant_id, environment, day, currency, channel, measure, things, amount)
    SELECT p.merchant_id, p.environment,
        (p.captured_at - ((p.captured_at % 86400000000) + 86400000000) % 86400000000) / 86400000000,
        p.currency, COALESCE(p.channel, p.payment_method, a.psp), 1, COUNT(*), CAST(SUM(p.captured) AS BIGINT)
    FROM payments p JOIN psp_accounts a ON a.merchant_id = p.merchant_id AND a.account_id = p.account_id
    GROUP BY 1, 2, 3, 4, 5;
