-- People who sign in to the portal, each of one merchant.
CREATE TABLE portal_users (
    merchant_id BYTES NOT NULL REFERENCES merchants (merchant_id),
    user_id BYTES NOT NULL UNIQUE,
    -- In small letters. Unique over all merchants: whoever signs in names no merchant.
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('viewer', 'support', 'manager', 'admin')),
    -- How much of one payment may be given back, in minor units of each currency: 'KWD:50000 SAR:100000'.
    refund_limits TEXT NOT NULL,
    -- Argon2id, in the PHC string format: salt and cost stand in it.
    password_hash TEXT NOT NULL,
    -- 1: somebody else chose it.
    password_temporary BIGINT NOT NULL CHECK (password_temporary IN (0, 1)),
    -- The second factor's secret; null where there is none.
    totp_sealed BYTES,
    -- The time step of the last code that was taken: no code counts twice, and none that is older.
    totp_step BIGINT,
    -- One that is being set up, until its first code was shown.
    new_totp_sealed BYTES,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    signed_in_at BIGINT,
    disabled_at BIGINT,
    PRIMARY KEY (merchant_id, user_id),
    CHECK ((totp_sealed IS NULL) = (totp_step IS NULL))
) STRICT_SUFFIX;

-- What stands in for a second factor that was lost; each counts once.
CREATE TABLE portal_recovery_codes (
    merchant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    -- SHA-256 of the user's id and the code.
    code_hash BYTES NOT NULL,
    used_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, user_id, code_hash),
    FOREIGN KEY (merchant_id, user_id) REFERENCES portal_users (merchant_id, user_id)
) STRICT_SUFFIX;

CREATE TABLE portal_sessions (
    -- SHA-256 of what the browser shows; the token itself is nowhere here, and what guards forms is derived from it.
    token_hash BYTES NOT NULL PRIMARY KEY,
    -- Stays the same when the token changes.
    session_id BYTES NOT NULL UNIQUE,
    merchant_id BYTES NOT NULL,
    user_id BYTES NOT NULL,
    -- 1: the password was shown, the second factor not yet. It opens nothing but the page that asks for it.
    awaits_code BIGINT NOT NULL CHECK (awaits_code IN (0, 1)),
    -- When a second factor was last shown.
    second_factor_at BIGINT,
    address TEXT NOT NULL,
    agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    FOREIGN KEY (merchant_id, user_id) REFERENCES portal_users (merchant_id, user_id),
    CHECK (awaits_code = 0 OR second_factor_at IS NULL)
) STRICT_SUFFIX;
CREATE INDEX portal_sessions_user ON portal_sessions (merchant_id, user_id, created_at);
CREATE INDEX portal_sessions_created ON portal_sessions (created_at);

-- Tries that have not been found good: of an account, whether there is one or not, and of an address. Whoever tries
-- names no merchant.
CREATE TABLE portal_tries (
    -- 16 bytes of a hash of what is tried, or of where from.
    subject BYTES NOT NULL PRIMARY KEY,
    tries BIGINT NOT NULL CHECK (tries > 0),
    last_at BIGINT NOT NULL
) STRICT_SUFFIX;
CREATE INDEX portal_tries_last ON portal_tries (last_at);

-- Who did what, when, from where. What happens to refunds by themselves stands in events.
CREATE TABLE audit_trail (
    merchant_id BYTES NOT NULL REFERENCES merchants (merchant_id),
    entry_id BYTES NOT NULL,
    -- Null where nobody who signs in did it: the operator, at the command line.
    user_id BYTES,
    -- Who, as they were called then.
    actor TEXT NOT NULL,
    deed TEXT NOT NULL,
    -- The name of what it was done to, as the APIs show it.
    object TEXT,
    detail TEXT,
    address TEXT,
    agent TEXT,
    happened_at BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, entry_id)
) STRICT_SUFFIX;
CREATE INDEX audit_trail_user ON audit_trail (merchant_id, user_id, entry_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_trail_object ON audit_trail (merchant_id, object, entry_id) WHERE object IS NOT NULL;
