//! SGate's ids of refunds and transactions: `{order id}_R{n}` and `{order id}_{n}`, as in the samples of
//! <https://docs.sgate.sa/en/payinApi/refund/refundQuery.html>. The payment is the order's transaction 1.

/// The transaction number of the payment itself.
pub(super) const PAYMENT_TRANSACTION: u32 = 1;

/// The id of an order's refund: SGate's name for the order, and the refund's number among those of its payment.
pub fn refund_id(order: &str, ordinal: u32) -> String {
    format!("{order}_R{ordinal}")
}

/// The id of an order's transaction.
pub(super) fn transaction_id(order: &str, number: u32) -> String {
    format!("{order}_{number}")
}

/// Reads a refund's id, from the right: an order's id may have underscores too.
pub(super) fn parse_refund_id(id: &str) -> Option<(&str, u32)> {
    let (order, number) = id.rsplit_once("_R")?;
    Some((order, parse_number(number)?))
}

/// Reads a transaction's id.
pub(super) fn parse_transaction_id(id: &str) -> Option<(&str, u32)> {
    let (order, number) = id.rsplit_once('_')?;
    Some((order, parse_number(number)?))
}

/// Only the form that is given out, so that one thing has one id: from 1, without leading zeros or sign.
fn parse_number(text: &str) -> Option<u32> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    canonical.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ORDER: &str = "M948164T2023072607034709567189";

    #[test]
    fn the_documented_samples_are_made_and_read() {
        assert_eq!(refund_id(ORDER, 1), "M948164T2023072607034709567189_R1");
        assert_eq!(transaction_id(ORDER, 2), "M948164T2023072607034709567189_2");
        assert_eq!(parse_refund_id("M948164T2023072607034709567189_R1"), Some((ORDER, 1)));
        assert_eq!(parse_transaction_id("M948164T2023072607034709567189_2"), Some((ORDER, 2)));
    }

    #[test]
    fn other_forms_are_no_ids() {
        for id in
            ["", "_R", "a", "a_R", "a_R0", "a_R01", "a_R+1", "a_R-1", "a_R 1", "a_R4294967296", "a_r1", "a_1"]
        {
            assert_eq!(parse_refund_id(id), None, "{id}");
        }
        for id in ["", "_", "a_", "a_0", "a_01", "a_+1", "a_R1", "a_٣"] {
            assert_eq!(parse_transaction_id(id), None, "{id}");
        }
    }

    proptest! {
        #[test]
        fn any_order_id_comes_back(order in ".{0,40}", number in 1u32..) {
            let (refund, transaction) = (refund_id(&order, number), transaction_id(&order, number));
            prop_assert_eq!(parse_refund_id(&refund), Some((order.as_str(), number)));
            prop_assert_eq!(parse_transaction_id(&transaction), Some((order.as_str(), number)));
        }
    }
}
