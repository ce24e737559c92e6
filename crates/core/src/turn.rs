//! One refund of a payment at a time: where a PSP can be given no key and cannot be asked, nobody could tell two of them
//! apart after an unclear answer. One refund has the payment's turn; the others wait as `queued`.
//!
//! The turn is taken before a refund is sent, and kept while it may be under way: also while nobody knows, until a person
//! decides. It is free again when the refund is over, or provably never left.

use crate::id::RefundId;
use crate::refund::Refund;
use crate::state::StateName;

/// What a step of a refund does to its payment's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nothing.
    Kept,
    /// The refund may be under way from now on: it takes the turn. Whoever sends takes it first, see [`is_free_for`].
    Taken,
    /// The refund is not under way any more: the next one may go.
    Over,
}

/// Whether a refund may take its payment's turn.
pub fn is_free_for(refund: RefundId, holder: Option<RefundId>) -> bool {
    holder.is_none_or(|holder| holder == refund)
}

/// What it does to the turn that the refund came from that state to where it is now.
pub fn after_step(from: StateName, refund: &Refund) -> Turn {
    let to = refund.state.name();
    if !refund.takes_turns {
        return Turn::Kept;
    }
    match (from.may_be_under_way(), to.may_be_under_way()) {
        (false, true) => Turn::Taken,
        (true, false) => Turn::Over,
        // One that waited is gone: it may have been the one that was about to go.
        (false, false) if to.is_final() && !from.is_final() => Turn::Over,
        _ => Turn::Kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_free_for_whoever_has_it_and_for_everybody_where_nobody_does() {
        let (one, other) = (RefundId::from_bytes([1; 16]), RefundId::from_bytes([2; 16]));
        assert!(is_free_for(one, None));
        assert!(is_free_for(one, Some(one)), "it is sent again in its own turn");
        assert!(!is_free_for(one, Some(other)), "one of a payment at a time");
    }
}
