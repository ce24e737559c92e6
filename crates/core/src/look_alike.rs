//! Whether a refund that somebody is about to make looks like one that was just made. It may be meant; it is asked once
//! more. Keys keep one request from making two refunds: this is for two requests that are both new.

use std::time::Duration;

use crate::id::PaymentId;
use crate::money::Amount;
use crate::refund::Refund;
use crate::state::StateName;
use crate::time::Timestamp;

/// For so long after a refund was made, another of the same payment and sum looks like it.
pub const LOOK_ALIKE_WITHIN: Duration = Duration::from_secs(10 * 60);

/// The newest of `refunds` that a refund of `amount` of `payment` looks like, made now: of the same payment and sum, made
/// within [`LOOK_ALIKE_WITHIN`], and neither failed nor canceled, for then a second try is what anybody would do. But one
/// whose sum a case holds (`is_held`) gave it back all the same, or may have: whatever it is called and whenever it was
/// made, another looks like it.
///
/// `amount` is what would be given back: of a refund of all that is left, what is left.
pub fn look_alike<'a>(
    refunds: impl IntoIterator<Item = &'a Refund>,
    payment: PaymentId,
    amount: Amount,
    now: Timestamp,
    is_held: impl Fn(&Refund) -> bool,
) -> Option<&'a Refund> {
    let is_recent = |refund: &Refund| {
        let is_void = matches!(refund.state.name(), StateName::Failed | StateName::Canceled);
        !is_void && now.since(refund.created_at) <= LOOK_ALIKE_WITHIN
    };
    refunds
        .into_iter()
        .filter(|refund| refund.payment == payment && refund.amount == amount)
        .filter(|refund| is_held(refund) || is_recent(refund))
        .max_by_key(|refund| (refund.created_at, refund.id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::id::{AccountId, MerchantId, RefundId};
    use crate::money::Currency;
    use crate::refund::{Evidence, RefundKind};
    use crate::state::{Failure, RefundState};

    const PAYMENT: PaymentId = PaymentId::from_bytes([5; 16]);

    fn sar(minor: i64) -> Amount {
        Amount::new(minor, Currency::from_code("SAR").unwrap())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn refund(n: u8, amount: Amount, created: i64, state: RefundState) -> Refund {
        Refund {
            merchant: MerchantId::from_bytes([1; 16]),
            id: RefundId::from_bytes([n; 16]),
            payment: PAYMENT,
            environment: Environment::Live,
            ordinal: u32::from(n),
            transaction_number: u32::from(n) + 1,
            amount,
            kind: RefundKind::Partial,
            reason: String::new(),
            description: None,
            merchant_refund_id: None,
            metadata: None,
            account: AccountId::from_bytes([4; 16]),
            takes_turns: false,
            account_version: 1,
            psp_refund_id: None,
            arn: None,
            psp_note: None,
            state,
            evidence: Evidence::default(),
            due_at: None,
            event_count: 1,
            created_at: at(created),
            updated_at: at(created),
            finished_at: None,
        }
    }

    #[test]
    fn the_same_sum_of_the_same_payment_within_minutes_looks_alike() {
        let made = [
            refund(1, sar(500), 100, RefundState::Succeeded),
            refund(2, sar(500), 200, RefundState::Pending),
            refund(3, sar(400), 300, RefundState::Queued),
        ];
        let like =
            |amount, now| look_alike(&made, PAYMENT, amount, at(now), |_| false).map(|refund| refund.ordinal);
        assert_eq!(like(sar(500), 300), Some(2), "the newest");
        assert_eq!(like(sar(500), 800), Some(2), "to the last second");
        assert_eq!(like(sar(500), 801), None);
        assert_eq!(like(sar(300), 300), None);
        let vnd = Amount::new(500, Currency::from_code("VND").unwrap());
        assert_eq!(like(vnd, 300), None);
        assert_eq!(like(sar(400), 200), Some(3), "made by a clock that is ahead");
        let other = PaymentId::from_bytes([6; 16]);
        assert_eq!(look_alike(&made, other, sar(500), at(300), |_| true), None);
    }

    #[test]
    fn what_ended_without_effect_is_simply_tried_again() {
        let failure = || Failure::lasting("R1", "card closed");
        for (state, is_like) in [
            (RefundState::Failed(failure()), false),
            (RefundState::Canceled, false),
            (RefundState::Unknown, true),
            (RefundState::Reversed(failure()), true),
        ] {
            let made = [refund(1, sar(500), 100, state)];
            assert_eq!(
                look_alike(&made, PAYMENT, sar(500), at(100), |_| false).is_some(),
                is_like,
                "{:?}",
                made[0].state
            );
        }
    }

    #[test]
    fn one_whose_sum_a_case_holds_looks_alike_whatever_it_is_called_and_whenever_it_was_made() {
        let failed = || RefundState::Failed(Failure::lasting("R1", "card closed"));
        let made = [refund(1, sar(500), 100, failed()), refund(2, sar(500), 200, failed())];
        let like = |amount| {
            let held = |refund: &Refund| refund.ordinal == 1;
            look_alike(&made, PAYMENT, amount, at(1_000_000), held).map(|refund| refund.ordinal)
        };
        assert_eq!(like(sar(500)), Some(1), "and not the newer one, which gave nothing back");
        assert_eq!(like(sar(400)), None, "another sum is another refund");
    }
}
