//! How much of a payment was given back, in one word: what lists of payments show and are narrowed by.

use crate::payment::Payment;

/// How a payment stands. Each payment has exactly one status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentStatus {
    /// Nothing was given back, and nothing is on its way.
    NotRefunded,
    /// A part was given back, and nothing is on its way.
    PartlyRefunded,
    /// All that was captured was given back.
    FullyRefunded,
    /// A refund of it is under way, or nobody knows yet how it ended: it holds a part of the payment.
    UnderWay,
    /// The customer disputes it at its bank: it is not refunded besides.
    Disputed,
}

impl PaymentStatus {
    /// Every status.
    pub const ALL: [Self; 5] =
        [Self::NotRefunded, Self::PartlyRefunded, Self::FullyRefunded, Self::UnderWay, Self::Disputed];

    /// The status of a payment. An open dispute comes before everything, and what is under way before what is over: that is
    /// what bears on what can be done next. What a case blocks is not given back, and changes nothing here.
    pub const fn of(payment: &Payment) -> Self {
        let balance = &payment.balance;
        Self::of_sums(balance.captured, balance.refunded, balance.reserved, payment.disputed_at.is_some())
    }

    /// The same, of what bears on it alone; sums in minor units.
    pub const fn of_sums(captured: i64, refunded: i64, reserved: i64, is_disputed: bool) -> Self {
        if is_disputed {
            Self::Disputed
        } else if reserved > 0 {
            Self::UnderWay
        } else if refunded >= captured {
            Self::FullyRefunded
        } else if refunded > 0 {
            Self::PartlyRefunded
        } else {
            Self::NotRefunded
        }
    }

    /// The name in addresses and exports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotRefunded => "not_refunded",
            Self::PartlyRefunded => "partly_refunded",
            Self::FullyRefunded => "fully_refunded",
            Self::UnderWay => "under_way",
            Self::Disputed => "disputed",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_bears_on_the_next_step_comes_first() {
        let of = PaymentStatus::of_sums;
        assert_eq!(of(100, 0, 0, false), PaymentStatus::NotRefunded);
        assert_eq!(of(100, 99, 0, false), PaymentStatus::PartlyRefunded);
        assert_eq!(of(100, 100, 0, false), PaymentStatus::FullyRefunded);
        assert_eq!(of(100, 99, 1, false), PaymentStatus::UnderWay);
        for (refunded, reserved) in [(0, 0), (50, 0), (100, 0), (0, 50)] {
            assert_eq!(of(100, refunded, reserved, true), PaymentStatus::Disputed);
        }
    }

    #[test]
    fn names_are_read_back() {
        for status in PaymentStatus::ALL {
            assert_eq!(PaymentStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(PaymentStatus::parse("refunded"), None);
    }
}
