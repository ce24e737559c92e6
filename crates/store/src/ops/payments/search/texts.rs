//! The statements that payments are searched with.

use crate::ops::paging::Texts;

/// The filter that no index serves, with its parameters by their numbers. One that is not set is one that everything passes:
/// no text is empty. The time of capture stands in a sum, so that its index is never taken in the place of a list's own.
macro_rules! passes {
    ($channel:literal $method:literal $currency:literal $least:literal $most:literal $cap_from:literal $cap_to:literal
     $from:literal $to:literal $order:literal $psp:literal $theirs:literal $term:literal $term_to:literal) => {
        concat!(
            " AND ($",
            $channel,
            " = '' OR channel = $",
            $channel,
            ") AND ($",
            $method,
            " = '' OR payment_method = $",
            $method,
            ") AND ($",
            $currency,
            " = '' OR currency = $",
            $currency,
            ") AND captured >= $",
            $least,
            " AND captured <= $",
            $most,
            " AND captured_at + 0 >= $",
            $cap_from,
            " AND captured_at + 0 < $",
            $cap_to,
            " AND created_at >= $",
            $from,
            " AND created_at < $",
            $to,
            " AND ($",
            $order,
            " = '' OR order_ref = $",
            $order,
            ") AND ($",
            $psp,
            " = '' OR psp_payment_id = $",
            $psp,
            ") AND ($",
            $theirs,
            " = '' OR merchant_order_ref = $",
            $theirs,
            ") AND ($",
            $term,
            " = '' OR (order_ref >= $",
            $term,
            " AND order_ref < $",
            $term_to,
            ") OR (merchant_order_ref >= $",
            $term,
            " AND merchant_order_ref < $",
            $term_to,
            ") OR (psp_payment_id >= $",
            $term,
            " AND psp_payment_id < $",
            $term_to,
            ") OR (customer_ref >= $",
            $term,
            " AND customer_ref < $",
            $term_to,
            "))"
        )
    };
}

/// The filter behind four, five and six parameters, and the limit behind it.
macro_rules! passes_from {
    (5) => { passes!(5 6 7 8 9 10 11 12 13 14 15 16 17 18) };
    (6) => { passes!(6 7 8 9 10 11 12 13 14 15 16 17 18 19) };
    (7) => { passes!(7 8 9 10 11 12 13 14 15 16 17 18 19 20) };
}
macro_rules! limit_from {
    (5) => {
        " LIMIT $19"
    };
    (6) => {
        " LIMIT $20"
    };
    (7) => {
        " LIMIT $21"
    };
}
macro_rules! offset_from {
    (5) => {
        " LIMIT 1 OFFSET $5"
    };
    (6) => {
        " LIMIT 1 OFFSET $6"
    };
    (7) => {
        " LIMIT 1 OFFSET $7"
    };
}

/// What tells a payment's place and its status.
macro_rules! seen {
    () => {
        "SELECT captured_at, payment_id, captured, refunded, reserved, disputed_at FROM payments WHERE "
    };
}

/// The four statements of one list: what it is of, its order, and the number of the filter's first parameter.
macro_rules! list {
    ($by_time:literal, $place:literal, $of:literal, $down:literal, $up:literal, $n:tt) => {
        Texts {
            by_time: $by_time,
            reach_down: concat!("SELECT ", $place, " FROM payments WHERE ", $of, $down, offset_from!($n)),
            reach_up: concat!("SELECT ", $place, " FROM payments WHERE ", $of, $up, offset_from!($n)),
            down: concat!(seen!(), $of, passes_from!($n), $down, limit_from!($n)),
            up: concat!(seen!(), $of, passes_from!($n), $up, limit_from!($n)),
        }
    };
}

/// As pairs: without them SQLite takes the index of the ids, and would read the payments of the other environment too.
pub(super) static ALL: Texts = list!(
    false,
    "0, payment_id",
    "merchant_id = $1 AND (environment, payment_id) >= ($2, $3) AND (environment, payment_id) < ($2, $4)",
    " ORDER BY environment DESC, payment_id DESC",
    " ORDER BY environment, payment_id",
    5
);

pub(super) static DISPUTED: Texts = list!(
    false,
    "0, payment_id",
    "merchant_id = $1 AND environment = $2 AND disputed_at IS NOT NULL AND payment_id >= $3 AND payment_id < $4",
    " ORDER BY payment_id DESC",
    " ORDER BY payment_id",
    5
);

pub(super) static BY_MERCHANT_ORDER_REF: Texts = list!(
    false,
    "0, payment_id",
    "merchant_id = $1 AND environment = $2 AND merchant_order_ref = $3 AND payment_id >= $4 AND payment_id < $5",
    " ORDER BY payment_id DESC",
    " ORDER BY payment_id",
    6
);

pub(super) static BY_CHANNEL: Texts = list!(
    false,
    "0, payment_id",
    "merchant_id = $1 AND environment = $2 AND channel = $3 AND payment_id >= $4 AND payment_id < $5",
    " ORDER BY payment_id DESC",
    " ORDER BY payment_id",
    6
);

pub(super) static BY_METHOD: Texts = list!(
    false,
    "0, payment_id",
    "merchant_id = $1 AND environment = $2 AND payment_method = $3 AND payment_id >= $4 AND payment_id < $5",
    " ORDER BY payment_id DESC",
    " ORDER BY payment_id",
    6
);

pub(super) static BY_CAPTURE: Texts = list!(
    true,
    "captured_at, payment_id",
    "merchant_id = $1 AND environment = $2 AND (captured_at, payment_id) >= ($3, $4) AND (captured_at, payment_id) < ($5, $6)",
    " ORDER BY captured_at DESC, payment_id DESC",
    " ORDER BY captured_at, payment_id",
    7
);

/// How payments are found by one of their references.
pub(super) struct Few {
    /// How many have it, up to a limit.
    pub(super) count: &'static str,
    /// The index knows no environments, and so does the count.
    pub(super) is_of_both_environments: bool,
    /// Those that pass the filter.
    pub(super) rows: &'static str,
}

macro_rules! few {
    ($of:literal) => {
        Few {
            count: concat!("SELECT COUNT(*) FROM (SELECT 1 FROM payments WHERE ", $of, " LIMIT $5) few"),
            is_of_both_environments: false,
            rows: concat!(seen!(), $of, passes_from!(5), limit_from!(5)),
        }
    };
}

/// The order reference and the PSP's id come first.
pub(super) static FEW: [Few; 4] = [
    Few {
        count: "SELECT COUNT(*) FROM (SELECT 1 FROM payments WHERE merchant_id = $1 AND order_ref >= $2 AND order_ref < $3 \
                LIMIT $4) few",
        is_of_both_environments: true,
        // The environment as it is compared here is in no index: that of the references is to be taken.
        rows: concat!(
            seen!(),
            "merchant_id = $1 AND COALESCE(environment, '') = $2 AND order_ref >= $3 AND order_ref < $4",
            passes_from!(5),
            limit_from!(5)
        ),
    },
    few!(
        "account_id IN (SELECT a.account_id FROM psp_accounts a WHERE a.merchant_id = $1 AND a.environment = $2) \
         AND psp_payment_id >= $3 AND psp_payment_id < $4"
    ),
    few!("merchant_id = $1 AND environment = $2 AND merchant_order_ref >= $3 AND merchant_order_ref < $4"),
    few!("merchant_id = $1 AND environment = $2 AND customer_ref >= $3 AND customer_ref < $4"),
];
