use super::*;
use crate::balance::Balance;
use crate::capabilities::{SumLimit, Unit};
use crate::environment::Environment;
use crate::id::{AccountId, MerchantId, PaymentId};
use crate::money::Currency;
use proptest::prelude::*;
use std::time::Duration;

const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

fn payment(balance: Balance, disputed: bool) -> Payment {
    Payment {
        merchant: MerchantId::from_bytes([1; 16]),
        id: PaymentId::from_bytes([2; 16]),
        environment: Environment::Sandbox,
        order_ref: "o".into(),
        merchant_order_ref: None,
        account: AccountId::from_bytes([3; 16]),
        psp_payment_id: "p".into(),
        currency: Currency::from_code("KWD").unwrap(),
        balance,
        refunded_before: 0,
        captured_at: Timestamp::from_micros(0),
        channel: None,
        payment_method: None,
        customer_ref: None,
        notification_url: None,
        disputed_at: disputed.then_some(NOW),
        refund_count: 0,
        transaction_count: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

const LIMITS: [&[SumLimit]; 3] = [
    &[],
    &[SumLimit { currency: "KWD", min_minor: 25, max_minor: 120 }],
    &[SumLimit { currency: "KWD", min_minor: 1, max_minor: 1_000_000 }],
];

const UNITS: [&[Unit]; 2] = [&[], &[Unit { currency: "KWD", decimals: 2, step_minor: 10 }]];

/// True but for one in so many.
fn mostly(one_in: u32) -> impl Strategy<Value = bool> {
    (0..one_in).prop_map(|drawn| drawn > 0)
}

prop_compose! {
    fn capabilities()(
        full in mostly(10),
        partial in mostly(5),
        several in mostly(5),
        window in prop::option::of(prop_oneof![Just(1_u64), Just(1_000_000)]),
        known in mostly(10),
        limits in prop::sample::select(&LIMITS[..]),
        units in prop::sample::select(&UNITS[..]),
    ) -> Capabilities {
        Capabilities {
            full,
            partial,
            several,
            window: window.map(Duration::from_secs),
            currencies: if known { None } else { Some(&["USD"]) },
            currencies_excluded: &[],
            limits,
            units,
            one_in_flight: false,
        }
    }
}

prop_compose! {
    fn balance()(captured in 1_i64..200, first in 0_i64..200, second in 0_i64..200) -> Balance {
        let refunded = first.min(captured);
        Balance { captured, refunded, reserved: second.min(captured - refunded), blocked: 0 }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is said to be possible is granted, and nothing else.
    #[test]
    fn what_is_offered_is_granted_and_nothing_else(
        balance in balance(),
        capabilities in capabilities(),
        account in prop::sample::select(vec![AccountState::Active, AccountState::Paused, AccountState::Revoked]),
        agreed in mostly(10),
    ) {
        let payment = payment(balance, !agreed);
        let told = refundability(&payment, account, &capabilities, NOW);
        let judged = |amount| judge(&payment, account, &capabilities, &Ask::of(amount), NOW).map(|grant| grant.amount);
        prop_assert_eq!(told.full, judged(AskedAmount::Remainder));
        for minor in 1..=balance.captured + 1 {
            let granted = judged(AskedAmount::Minor(minor));
            let offered = told.partial.is_ok_and(|parts| {
                (parts.least.minor()..=parts.most.minor()).contains(&minor) && minor % parts.step.minor() == 0
            });
            // All that was captured, as a sum, is no part and is full.
            let whole = minor == balance.captured && told.full.is_ok_and(|full| full.minor() == minor);
            prop_assert_eq!(granted.is_ok(), offered || whole, "{} {:?} {:?}", minor, granted, told);
        }
        if told.several.is_ok() {
            prop_assert!(told.partial.is_ok() && capabilities.several);
        }
    }
}

#[test]
fn each_kind_says_why_not() {
    const ALL: Capabilities = Capabilities {
        full: true,
        partial: true,
        several: true,
        window: None,
        currencies: None,
        currencies_excluded: &[],
        limits: LIMITS[1],
        units: UNITS[1],
        one_in_flight: true,
    };
    let of = |captured, refunded, capabilities: &Capabilities| {
        let balance = Balance { captured, refunded, reserved: 0, blocked: 0 };
        refundability(&payment(balance, false), AccountState::Active, capabilities, NOW)
    };
    let kwd = |minor| Amount::new(minor, Currency::from_code("KWD").unwrap());
    let told = of(200, 0, &ALL);
    assert_eq!(told.full, Err(Refusal::MoreThanMax { max: kwd(120) }));
    assert_eq!(told.partial, Ok(Parts { least: kwd(30), most: kwd(120), step: kwd(10) }));
    assert_eq!((told.several, told.one_in_flight, told.remaining), (Ok(()), true, kwd(200)));
    let told = of(100, 100, &ALL);
    let nothing = Err(Refusal::NothingLeft);
    assert_eq!(
        (told.full, told.partial.map(|_| ()), told.several),
        (nothing, Err(Refusal::NothingLeft), Err(Refusal::NothingLeft))
    );
    let told = of(100, 0, &Capabilities { partial: false, ..ALL });
    assert_eq!((told.full, told.partial), (Ok(kwd(100)), Err(Refusal::PartialNotAllowed)));
    let told = of(100, 0, &Capabilities { several: false, ..ALL });
    assert_eq!(
        (told.full.is_ok(), told.partial.is_ok(), told.several),
        (true, true, Err(Refusal::SeveralNotAllowed))
    );
}
