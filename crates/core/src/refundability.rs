//! What of a payment can be refunded now, and why not: [`judge`], asked about all that is left and about the least and
//! the most of a part. Whoever shows a payment asks here, so that nothing is offered that would be refused.

use crate::capabilities::Capabilities;
use crate::money::Amount;
use crate::payment::Payment;
use crate::policy::{AccountState, Ask, AskedAmount, Refusal, judge, window_end};
use crate::time::Timestamp;

/// What can be refunded now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refundability {
    /// What is left.
    pub remaining: Amount,
    /// When the PSP's time for refunds ends; `None` where it states no end.
    pub deadline: Option<Timestamp>,
    /// All that is left, at once.
    pub full: Result<Amount, Refusal>,
    /// Less than was captured.
    pub partial: Result<Parts, Refusal>,
    /// Another refund beside those that there are, or after the next one.
    pub several: Result<(), Refusal>,
    /// Refunds of the payment are sent one after the other.
    pub one_in_flight: bool,
}

/// The sums of which one may be refunded: from `least` to `most`, in steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The least.
    pub least: Amount,
    /// The most.
    pub most: Amount,
    /// Every sum is a multiple of this.
    pub step: Amount,
}

/// What of a payment can be refunded now.
pub fn refundability(
    payment: &Payment,
    account: AccountState,
    capabilities: &Capabilities,
    now: Timestamp,
) -> Refundability {
    let judged =
        |amount| judge(payment, account, capabilities, &Ask::of(amount), now).map(|grant| grant.amount);
    let full = judged(AskedAmount::Remainder);
    let partial = parts(payment, capabilities).and_then(|parts| {
        judged(AskedAmount::Minor(parts.least.minor()))?;
        judged(AskedAmount::Minor(parts.most.minor()))?;
        Ok(parts)
    });
    Refundability {
        remaining: payment.remaining(),
        deadline: window_end(payment, capabilities),
        several: match (full, partial) {
            (Err(refusal), Err(_)) => Err(refusal),
            _ if !capabilities.several => Err(Refusal::SeveralNotAllowed),
            (_, Err(refusal)) => Err(refusal),
            _ => Ok(()),
        },
        full,
        partial: partial.map_err(|refusal| full.err().unwrap_or(refusal)),
        one_in_flight: capabilities.one_in_flight,
    }
}

/// The sums that are parts, by the PSP's limits and steps and by what is left.
fn parts(payment: &Payment, capabilities: &Capabilities) -> Result<Parts, Refusal> {
    let (remaining, currency) = (payment.remaining(), payment.currency);
    let step = capabilities.step_minor(currency);
    let limit = capabilities.limits.iter().find(|limit| limit.currency == currency.code());
    // All that was captured is no part.
    let below = if remaining == payment.captured() { remaining.minor() - 1 } else { remaining.minor() };
    let most = limit.map_or(below, |limit| limit.max_minor.min(below)) / step * step;
    let least = limit.map_or(1, |limit| limit.min_minor.max(1));
    let least = least.div_euclid(step) * step + if least % step == 0 { 0 } else { step };
    if least > most {
        return Err(if remaining.minor() <= 0 { Refusal::NothingLeft } else { Refusal::PartialNotAllowed });
    }
    let amount = |minor| Amount::new(minor, currency);
    Ok(Parts { least: amount(least), most: amount(most), step: amount(step) })
}

#[cfg(test)]
mod tests;
