//! What of a payment is used, and by what.

use crate::state::{Share, StateName};

/// The balance of one payment, in minor units. `refunded + reserved + blocked <= captured`, always.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// What the customer paid.
    pub captured: i64,
    /// What was given back, before Redress knew the payment and since.
    pub refunded: i64,
    /// What refunds in flight hold.
    pub reserved: i64,
    /// What contradictions of a PSP hold until a person has looked.
    pub blocked: i64,
}

/// A change of a balance, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BalanceChange {
    /// Added to `reserved`.
    pub reserved: i64,
    /// Added to `refunded`.
    pub refunded: i64,
}

/// A balance that breaks its invariant, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sum of refunded, reserved and blocked would leave 0..=captured")]
pub struct BrokenBalance;

impl Balance {
    /// What can still be refunded. Never negative while the invariant holds.
    pub const fn remaining(&self) -> i64 {
        self.captured - self.refunded - self.reserved - self.blocked
    }

    /// Checks the invariant; the table in the store checks it again.
    ///
    /// # Errors
    /// [`BrokenBalance`] when a part is negative or the parts exceed the whole.
    pub fn check(self) -> Result<Self, BrokenBalance> {
        let parts = [self.captured, self.refunded, self.reserved, self.blocked];
        let used = self.refunded.checked_add(self.reserved).and_then(|sum| sum.checked_add(self.blocked));
        if parts.iter().all(|&part| part >= 0) && used.is_some_and(|used| used <= self.captured) {
            Ok(self)
        } else {
            Err(BrokenBalance)
        }
    }

    /// The balance after a change.
    ///
    /// # Errors
    /// [`BrokenBalance`] when the change would break the invariant.
    pub fn changed(self, change: BalanceChange) -> Result<Self, BrokenBalance> {
        let reserved = self.reserved.checked_add(change.reserved).ok_or(BrokenBalance)?;
        let refunded = self.refunded.checked_add(change.refunded).ok_or(BrokenBalance)?;
        Self { reserved, refunded, ..self }.check()
    }

    /// The balance with as much of `wanted` blocked as is left: late truth takes what it can reach.
    #[must_use]
    pub fn blocking(self, wanted: i64) -> Self {
        Self { blocked: self.blocked + wanted.min(self.remaining()).max(0), ..self }
    }
}

impl BalanceChange {
    /// What moves when a refund of `amount` minor units goes from one state to another.
    pub fn between(from: StateName, to: StateName, amount: i64) -> Self {
        let holds = |state: StateName, share: Share| if state.share() == share { amount } else { 0 };
        Self {
            reserved: holds(to, Share::Reserved) - holds(from, Share::Reserved),
            refunded: holds(to, Share::Refunded) - holds(from, Share::Refunded),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_share_moves_as_a_whole() {
        let change = |from, to| BalanceChange::between(from, to, 5);
        assert_eq!(
            change(StateName::Pending, StateName::Succeeded),
            BalanceChange { reserved: -5, refunded: 5 }
        );
        assert_eq!(
            change(StateName::Unknown, StateName::Failed),
            BalanceChange { reserved: -5, refunded: 0 }
        );
        assert_eq!(
            change(StateName::Succeeded, StateName::Reversed),
            BalanceChange { reserved: 0, refunded: -5 }
        );
        assert_eq!(change(StateName::Queued, StateName::Submitting), BalanceChange::default());
    }

    #[test]
    fn too_much_is_refused() {
        let balance = Balance { captured: 100, refunded: 60, reserved: 30, blocked: 5 };
        assert_eq!(balance.remaining(), 5);
        assert!(balance.changed(BalanceChange { reserved: 5, refunded: 0 }).is_ok());
        assert!(balance.changed(BalanceChange { reserved: 6, refunded: 0 }).is_err());
        assert!(balance.changed(BalanceChange { reserved: -31, refunded: 0 }).is_err());
        assert!(balance.changed(BalanceChange { reserved: i64::MAX, refunded: 0 }).is_err());
        assert_eq!(balance.blocking(100).blocked, 10);
        assert_eq!(balance.blocking(100).remaining(), 0);
    }

    proptest! {
        #[test]
        fn a_walk_through_the_table_never_breaks_a_balance(
            amount in 1i64..1000, others in 0i64..1000, choices in proptest::collection::vec(0usize..5, 0..12)
        ) {
            let whole = Balance { captured: amount + others, refunded: 0, reserved: others, blocked: 0 };
            let mut balance = whole.changed(BalanceChange { reserved: amount, refunded: 0 }).unwrap();
            let mut state = StateName::Queued;
            for choice in choices {
                let Some(&to) = state.next().get(choice) else { continue };
                balance = balance.changed(BalanceChange::between(state, to, amount)).unwrap();
                state = to;
            }
            let used = balance.captured - balance.remaining() - others;
            prop_assert_eq!(used, if state.share() == Share::Free { 0 } else { amount });
        }
    }
}
