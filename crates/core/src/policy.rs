//! Whether a refund may be made: a pure judgement of a payment as it is.

use crate::capabilities::Capabilities;
use crate::decimal::{Decimal, MinorError};
use crate::environment::Environment;
use crate::money::{Amount, Currency};
use crate::payment::Payment;
use crate::refund::RefundKind;
use crate::time::Timestamp;

/// What is asked of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// How much.
    pub amount: AskedAmount,
    /// The environment the caller named, where its API has one.
    pub environment: Option<Environment>,
    /// The channel the caller named, where its API has one.
    pub channel: Option<String>,
    /// The currency the caller named, where its API has one.
    pub currency: Option<Currency>,
    /// What the caller saw to be refundable, in minor units: nothing is done where that no longer holds.
    pub expected_refundable: Option<i64>,
}

impl Ask {
    /// Asks for so much, whatever else holds.
    pub const fn of(amount: AskedAmount) -> Self {
        Self { amount, environment: None, channel: None, currency: None, expected_refundable: None }
    }
}

/// How much is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AskedAmount {
    /// All that is left.
    Remainder,
    /// A sum, in major units of the payment's currency.
    Exactly(Decimal),
    /// A sum, in minor units of the payment's currency.
    Minor(i64),
}

/// Whether the payment's PSP account can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountState {
    /// Refunds are sent.
    Active,
    /// Refunds are accepted and stay queued.
    Paused,
    /// The contract is over; nothing is accepted.
    Revoked,
}

impl AccountState {
    /// The name in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Revoked => "revoked",
        }
    }

    /// Reads the name; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Paused, Self::Revoked].into_iter().find(|state| state.as_str() == text)
    }
}

/// A refund that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// How much, effectively.
    pub amount: Amount,
    /// What was asked for; it is echoed, whatever the sum.
    pub kind: RefundKind,
}

/// Why a refund may not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller named another environment than the payment's.
    #[error("the payment belongs to the other environment")]
    WrongEnvironment,
    /// The caller named another channel than the payment's.
    #[error("the payment was not made through this channel")]
    WrongChannel,
    /// The caller named another currency than the payment's.
    #[error("the payment is in {currency}")]
    WrongCurrency {
        /// The payment's.
        currency: Currency,
    },
    /// The customer disputes the payment at its bank: a refund besides would give the money back twice.
    #[error("the payment is disputed")]
    Disputed,
    /// What is refundable is not what the caller saw.
    #[error("what is left is not what was expected: it is {remaining}")]
    RefundableChanged {
        /// What is left.
        remaining: Amount,
    },
    /// The PSP account was revoked, or the PSP cannot refund this payment.
    #[error("the payment cannot be refunded")]
    NotRefundable,
    /// The PSP's window after the capture is over.
    #[error("the time in which the payment could be refunded is over")]
    WindowClosed,
    /// Nothing is left.
    #[error("nothing is left to refund")]
    NothingLeft,
    /// The PSP allows one refund a payment, and there is one.
    #[error("the payment can be refunded only once")]
    SeveralNotAllowed,
    /// The PSP does not allow a part.
    #[error("the payment can only be refunded in full")]
    PartialNotAllowed,
    /// Zero or less.
    #[error("the amount must be more than zero")]
    NotPositive,
    /// More decimals than the currency has.
    #[error("the amount has more than {decimals} decimals")]
    TooPrecise {
        /// How many the currency has.
        decimals: u32,
    },
    /// A sum that the PSP cannot express, or does not take.
    #[error("the provider refunds only multiples of {step}")]
    NotAMultiple {
        /// The least sum of which all others are multiples.
        step: Amount,
    },
    /// More than is left.
    #[error("the amount is more than is left, which is {remaining}")]
    MoreThanLeft {
        /// What is left.
        remaining: Amount,
    },
    /// Less than the PSP refunds.
    #[error("the amount is less than the least the provider refunds, which is {min}")]
    LessThanMin {
        /// The least.
        min: Amount,
    },
    /// More than the PSP refunds at once.
    #[error("the amount is more than the provider refunds at once, which is {max}")]
    MoreThanMax {
        /// The most.
        max: Amount,
    },
}

/// When the PSP's refund window for this payment ends; `None` where it has no end.
pub fn window_end(payment: &Payment, capabilities: &Capabilities) -> Option<Timestamp> {
    capabilities.window.map(|window| payment.captured_at.plus(window))
}

/// Judges what is asked against the payment as it is now.
///
/// # Errors
/// The first [`Refusal`] that applies; then nothing may be written.
pub fn judge(
    payment: &Payment,
    account: AccountState,
    capabilities: &Capabilities,
    ask: &Ask,
    now: Timestamp,
) -> Result<Grant, Refusal> {
    if ask.environment.is_some_and(|named| named != payment.environment) {
        return Err(Refusal::WrongEnvironment);
    }
    if ask.channel.as_deref().is_some_and(|named| payment.channel.as_deref() != Some(named)) {
        return Err(Refusal::WrongChannel);
    }
    if ask.currency.is_some_and(|named| named != payment.currency) {
        return Err(Refusal::WrongCurrency { currency: payment.currency });
    }
    if account == AccountState::Revoked || !capabilities.takes(payment.currency) {
        return Err(Refusal::NotRefundable);
    }
    if payment.disputed_at.is_some() {
        return Err(Refusal::Disputed);
    }
    if window_end(payment, capabilities).is_some_and(|end| now >= end) {
        return Err(Refusal::WindowClosed);
    }
    let remaining = payment.remaining();
    if ask.expected_refundable.is_some_and(|seen| seen != remaining.minor()) {
        return Err(Refusal::RefundableChanged { remaining });
    }
    let grant = grant(payment, ask.amount)?;
    let whole = grant.amount == payment.captured();
    if payment.balance.captured != payment.balance.remaining() && !capabilities.several {
        return Err(Refusal::SeveralNotAllowed);
    }
    match (whole, capabilities.full, capabilities.partial) {
        (true, false, _) => return Err(Refusal::NotRefundable),
        (false, _, false) => return Err(Refusal::PartialNotAllowed),
        _ => {}
    }
    within_limits(grant.amount, capabilities)?;
    let step = capabilities.step_minor(payment.currency);
    if grant.amount.minor() % step != 0 {
        return Err(Refusal::NotAMultiple { step: Amount::new(step, payment.currency) });
    }
    Ok(grant)
}

fn grant(payment: &Payment, asked: AskedAmount) -> Result<Grant, Refusal> {
    let remaining = payment.remaining();
    match asked {
        AskedAmount::Remainder if remaining.minor() <= 0 => Err(Refusal::NothingLeft),
        AskedAmount::Remainder => Ok(Grant { amount: remaining, kind: RefundKind::Full }),
        AskedAmount::Exactly(sum) => {
            if !sum.is_positive() {
                return Err(Refusal::NotPositive);
            }
            let minor = sum.to_minor(payment.currency).map_err(|error| match error {
                MinorError::TooPrecise { decimals } => Refusal::TooPrecise { decimals },
                MinorError::TooLarge => Refusal::MoreThanLeft { remaining },
            })?;
            part(minor, remaining)
        }
        AskedAmount::Minor(minor) if minor <= 0 => Err(Refusal::NotPositive),
        AskedAmount::Minor(minor) => part(minor, remaining),
    }
}

fn part(minor: i64, remaining: Amount) -> Result<Grant, Refusal> {
    if remaining.minor() <= 0 {
        return Err(Refusal::NothingLeft);
    }
    if minor > remaining.minor() {
        return Err(Refusal::MoreThanLeft { remaining });
    }
    Ok(Grant { amount: Amount::new(minor, remaining.currency()), kind: RefundKind::Partial })
}

fn within_limits(amount: Amount, capabilities: &Capabilities) -> Result<(), Refusal> {
    let currency = amount.currency();
    let Some(limit) = capabilities.limits.iter().find(|limit| limit.currency == currency.code()) else {
        return Ok(());
    };
    if amount.minor() < limit.min_minor {
        return Err(Refusal::LessThanMin { min: Amount::new(limit.min_minor, currency) });
    }
    if amount.minor() > limit.max_minor {
        return Err(Refusal::MoreThanMax { max: Amount::new(limit.max_minor, currency) });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Balance;
    use crate::capabilities::{SumLimit, Unit};
    use crate::id::{AccountId, MerchantId, PaymentId};
    use proptest::prelude::*;
    use std::time::Duration;

    const ALL: Capabilities = Capabilities {
        full: true,
        partial: true,
        several: true,
        window: None,
        currencies: None,
        currencies_excluded: &[],
        limits: &[],
        units: &[],
        one_in_flight: false,
    };
    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn payment(balance: Balance) -> Payment {
        Payment {
            merchant: MerchantId::from_bytes([1; 16]),
            id: PaymentId::from_bytes([2; 16]),
            environment: Environment::Sandbox,
            order_ref: "o".into(),
            merchant_order_ref: None,
            account: AccountId::from_bytes([3; 16]),
            psp_payment_id: "p".into(),
            currency: Currency::from_code("SAR").unwrap(),
            balance,
            refunded_before: 0,
            captured_at: Timestamp::from_micros(0),
            channel: Some("MOMOPAY".into()),
            payment_method: None,
            customer_ref: None,
            notification_url: None,
            disputed_at: None,
            refund_count: 0,
            transaction_count: 1,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn fresh() -> Payment {
        payment(Balance { captured: 10_000, refunded: 0, reserved: 0, blocked: 0 })
    }

    fn used() -> Payment {
        payment(Balance { captured: 10_000, refunded: 1_000, reserved: 2_000, blocked: 3_000 })
    }

    fn ask(amount: &str) -> Ask {
        let amount = match amount {
            "full" => AskedAmount::Remainder,
            sum => AskedAmount::Exactly(Decimal::from_text(sum).unwrap()),
        };
        Ask::of(amount)
    }

    fn verdict(payment: &Payment, capabilities: &Capabilities, amount: &str) -> Result<i64, Refusal> {
        judge(payment, AccountState::Active, capabilities, &ask(amount), NOW)
            .map(|grant| grant.amount.minor())
    }

    #[test]
    fn sums_are_measured_against_what_is_left() {
        assert_eq!(verdict(&used(), &ALL, "40"), Ok(4_000));
        assert_eq!(verdict(&used(), &ALL, "full"), Ok(4_000));
        let remaining = used().remaining();
        assert_eq!(verdict(&used(), &ALL, "40.01"), Err(Refusal::MoreThanLeft { remaining }));
        assert_eq!(verdict(&used(), &ALL, &"9".repeat(30)), Err(Refusal::MoreThanLeft { remaining }));
        assert_eq!(verdict(&used(), &ALL, "0"), Err(Refusal::NotPositive));
        assert_eq!(verdict(&used(), &ALL, "-1"), Err(Refusal::NotPositive));
        assert_eq!(verdict(&used(), &ALL, "1.005"), Err(Refusal::TooPrecise { decimals: 2 }));
        let spent = payment(Balance { captured: 5, refunded: 5, reserved: 0, blocked: 0 });
        assert_eq!(verdict(&spent, &ALL, "full"), Err(Refusal::NothingLeft));
        assert_eq!(verdict(&spent, &ALL, "0.01"), Err(Refusal::NothingLeft));
    }

    #[test]
    fn the_kind_echoes_what_was_asked() {
        let kind =
            |amount: &str| judge(&fresh(), AccountState::Active, &ALL, &ask(amount), NOW).unwrap().kind;
        assert_eq!(kind("full"), RefundKind::Full);
        assert_eq!(kind("100.00"), RefundKind::Partial);
    }

    #[test]
    fn capabilities_judge_the_effective_sum() {
        let no_part = Capabilities { partial: false, ..ALL };
        assert_eq!(
            verdict(&fresh(), &no_part, "100"),
            Ok(10_000),
            "a part equal to the whole is a full refund"
        );
        assert_eq!(verdict(&fresh(), &no_part, "99"), Err(Refusal::PartialNotAllowed));
        assert_eq!(verdict(&used(), &no_part, "full"), Err(Refusal::PartialNotAllowed), "the rest is a part");
        let once = Capabilities { several: false, ..ALL };
        assert_eq!(verdict(&fresh(), &once, "1"), Ok(100));
        assert_eq!(verdict(&used(), &once, "1"), Err(Refusal::SeveralNotAllowed));
        let no_full = Capabilities { full: false, ..ALL };
        assert_eq!(verdict(&fresh(), &no_full, "full"), Err(Refusal::NotRefundable));
        let vnd_only = Capabilities { currencies: Some(&["VND"]), ..ALL };
        assert_eq!(verdict(&fresh(), &vnd_only, "1"), Err(Refusal::NotRefundable));
        let all_but = |codes| Capabilities { currencies_excluded: codes, ..ALL };
        assert_eq!(verdict(&fresh(), &all_but(&["CLF", "SAR"]), "1"), Err(Refusal::NotRefundable));
        assert_eq!(verdict(&fresh(), &all_but(&["CLF"]), "1"), Ok(100));
        let none_left = Capabilities { currencies: Some(&["SAR"]), ..all_but(&["SAR"]) };
        assert_eq!(verdict(&fresh(), &none_left, "1"), Err(Refusal::NotRefundable));
    }

    #[test]
    fn an_accounts_state_is_read_back_by_its_name() {
        let states = [AccountState::Active, AccountState::Paused, AccountState::Revoked];
        assert_eq!(states.map(AccountState::as_str), ["active", "paused", "revoked"]);
        assert_eq!(states.map(|state| AccountState::parse(state.as_str())), states.map(Some));
        assert_eq!(AccountState::parse("gone"), None);
    }

    #[test]
    fn a_sum_must_be_one_that_the_psp_can_express() {
        const UNITS: &[Unit] = &[Unit { currency: "SAR", decimals: 1, step_minor: 10 }];
        let coarse = Capabilities { units: UNITS, ..ALL };
        let (sar, kwd) = (Currency::from_code("SAR").unwrap(), Currency::from_code("KWD").unwrap());
        assert_eq!((coarse.decimals(sar), coarse.decimals(kwd)), (1, 3));
        assert_eq!((coarse.step_minor(sar), coarse.step_minor(kwd)), (10, 1));
        assert!(verdict(&fresh(), &coarse, "1.10").is_ok());
        let step = Amount::new(10, sar);
        assert_eq!(verdict(&fresh(), &coarse, "1.11"), Err(Refusal::NotAMultiple { step }));
        let mut odd = fresh();
        odd.balance.captured = 10_001;
        let rest = Ask::of(AskedAmount::Remainder);
        let judged = judge(&odd, AccountState::Active, &coarse, &rest, NOW);
        assert_eq!(judged, Err(Refusal::NotAMultiple { step }), "what is left counts too");
    }

    #[test]
    fn limits_and_window_hold() {
        const LIMITS: &[SumLimit] = &[SumLimit { currency: "SAR", min_minor: 100, max_minor: 5_000 }];
        let limited = Capabilities { limits: LIMITS, window: Some(Duration::from_secs(1_001)), ..ALL };
        assert_eq!(verdict(&fresh(), &limited, "1"), Ok(100));
        assert_eq!(verdict(&fresh(), &limited, "50"), Ok(5_000));
        assert!(matches!(verdict(&fresh(), &limited, "50.01"), Err(Refusal::MoreThanMax { .. })));
        assert!(matches!(verdict(&fresh(), &limited, "0.99"), Err(Refusal::LessThanMin { .. })));
        assert!(matches!(verdict(&fresh(), &limited, "full"), Err(Refusal::MoreThanMax { .. })));
        let closed = Capabilities { window: Some(Duration::from_secs(1_000)), ..ALL };
        assert_eq!(verdict(&fresh(), &closed, "1"), Err(Refusal::WindowClosed));
    }

    #[test]
    fn a_sum_in_minor_units_is_judged_as_one_in_major_units() {
        let minor = |payment: &Payment, sum| {
            judge(payment, AccountState::Active, &ALL, &Ask::of(AskedAmount::Minor(sum)), NOW)
                .map(|grant| (grant.amount.minor(), grant.kind))
        };
        assert_eq!(minor(&used(), 4_000), Ok((4_000, RefundKind::Partial)));
        assert_eq!(minor(&used(), 4_001), Err(Refusal::MoreThanLeft { remaining: used().remaining() }));
        for sum in [0, -1, i64::MIN] {
            assert_eq!(minor(&used(), sum), Err(Refusal::NotPositive));
        }
        let spent = payment(Balance { captured: 5, refunded: 5, reserved: 0, blocked: 0 });
        assert_eq!(minor(&spent, i64::MAX), Err(Refusal::NothingLeft));
    }

    #[test]
    fn what_the_caller_saw_must_still_hold() {
        let seen = |sum| {
            let ask = Ask { expected_refundable: Some(sum), ..ask("1") };
            judge(&used(), AccountState::Active, &ALL, &ask, NOW).map(|_| ())
        };
        assert_eq!(seen(4_000), Ok(()));
        for sum in [0, 3_999, 4_001] {
            assert_eq!(seen(sum), Err(Refusal::RefundableChanged { remaining: used().remaining() }));
        }
    }

    #[test]
    fn a_disputed_payment_is_not_refunded_besides() {
        let disputed = Payment { disputed_at: Some(NOW), ..fresh() };
        assert_eq!(verdict(&disputed, &ALL, "1"), Err(Refusal::Disputed));
        assert_eq!(verdict(&disputed, &ALL, "full"), Err(Refusal::Disputed));
    }

    #[test]
    fn the_caller_must_mean_this_payment() {
        let judged = |ask: &Ask| judge(&fresh(), AccountState::Active, &ALL, ask, NOW).map(|_| ());
        let base = ask("1");
        assert_eq!(
            judged(&Ask { environment: Some(Environment::Live), ..base.clone() }),
            Err(Refusal::WrongEnvironment)
        );
        assert_eq!(
            judged(&Ask { channel: Some("STRIPE".into()), ..base.clone() }),
            Err(Refusal::WrongChannel)
        );
        let (sar, usd) = (Currency::from_code("SAR").unwrap(), Currency::from_code("USD").unwrap());
        assert_eq!(judged(&Ask { currency: Some(sar), ..base.clone() }), Ok(()));
        assert_eq!(
            judged(&Ask { currency: Some(usd), ..base.clone() }),
            Err(Refusal::WrongCurrency { currency: sar })
        );
        assert_eq!(judged(&Ask { channel: Some("MOMOPAY".into()), ..base.clone() }), Ok(()));
        assert_eq!(
            judge(&fresh(), AccountState::Revoked, &ALL, &base, NOW).map(|_| ()),
            Err(Refusal::NotRefundable)
        );
        assert!(judge(&fresh(), AccountState::Paused, &ALL, &base, NOW).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_is_ever_granted_beyond_what_is_left(
            captured in 0i64..i64::MAX, refunded: u32, reserved: u32, blocked: u32, sum in "[0-9]{1,22}(\\.[0-9]{1,4})?"
        ) {
            let balance = Balance {
                captured, refunded: refunded.into(), reserved: reserved.into(), blocked: blocked.into()
            };
            prop_assume!(balance.check().is_ok());
            let payment = payment(balance);
            for amount in ["full", &sum] {
                if let Ok(granted) = verdict(&payment, &ALL, amount) {
                    prop_assert!(granted > 0 && granted <= balance.remaining());
                }
            }
        }
    }
}
