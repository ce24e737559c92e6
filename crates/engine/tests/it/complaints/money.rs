//! Sums: what may be given back, and what is left.

use redress_core::money::{Amount, Currency};
use redress_core::policy::Refusal;
use redress_core::state::StateName;
use redress_engine::accept::{Made, Repeatable};

use super::{SECOND, left, states};
use crate::rig::Rig;

#[tokio::test]
async fn complaint_01_of_refunds_at_once_no_more_is_granted_than_was_captured() {
    let rig = Rig::new().await;
    let order = rig.payment("stripe", 1, 10_000).await;
    let asked = (0..20).map(|_| rig.engine.make_refund(rig.ask(&order, "60")));
    let mut granted = 0;
    for made in futures_util::future::join_all(asked).await {
        match made.unwrap() {
            Made::New(..) => granted += 1,
            Made::Refused(Refusal::MoreThanLeft { remaining }, _) => assert_eq!(remaining.minor(), 4_000),
            other => panic!("{other:?}"),
        }
    }
    rig.pass(SECOND * 5).await;
    assert_eq!((granted, left(&rig, &order).await), (1, 4_000));
    assert_eq!(rig.ledger().await.len(), 1);
}

#[tokio::test]
async fn complaint_06_a_double_click_makes_one_refund() {
    let rig = Rig::new().await;
    let order = rig.payment("stripe", 1, 10_000).await;
    let mut first = rig.ask(&order, "60");
    first.repeat = Some(Repeatable::IdempotencyKey("made with the form".into()));
    let (one, two) = tokio::join!(rig.engine.make_refund(first.clone()), rig.engine.make_refund(first));
    let ids: Vec<_> = [one, two]
        .map(|made| match made.unwrap() {
            Made::New(refund, _) | Made::Repeat(refund, _) => refund.id,
            other => panic!("{other:?}"),
        })
        .to_vec();
    assert_eq!(ids[0], ids[1]);
    // The back button, and a new key: what was seen on the page no longer holds.
    let mut stale = rig.ask(&order, "40");
    stale.ask.expected_refundable = Some(10_000);
    let refused = rig.engine.make_refund(stale).await.unwrap();
    assert!(matches!(refused, Made::Refused(Refusal::RefundableChanged { .. }, _)), "{refused:?}");
    rig.pass(SECOND * 5).await;
    assert_eq!(rig.ledger().await.len(), 1);
}

#[tokio::test]
async fn complaint_13_no_sum_changes_by_a_factor_on_its_way() {
    // The same number of minor units, as each currency writes it.
    for (psp, text) in [("momo", "200000"), ("tap", "2000.00"), ("stripe", "2000"), ("adyen", "2000.0")] {
        let rig = Rig::new().await;
        let order = rig.payment(psp, 1, 500_000).await;
        rig.refund(&order, text).await;
        rig.pass(SECOND * 10).await;
        let sums: Vec<i64> = rig.ledger().await.iter().map(|effect| effect.amount_minor).collect();
        assert_eq!(sums, [200_000], "{psp}");
    }
    for (currency, minor, text) in [("JPY", 7, "7"), ("KWD", 7_005, "7.005"), ("SAR", 705, "7.05")] {
        let amount = Amount::new(minor, Currency::from_code(currency).unwrap());
        assert_eq!(amount.to_decimal().to_string(), text, "{currency}");
    }
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 500_000).await;
    let refused = rig.engine.make_refund(rig.ask(&order, "7.005")).await.unwrap();
    assert!(matches!(refused, Made::Refused(Refusal::TooPrecise { decimals: 2 }, _)), "{refused:?}");
}

#[tokio::test]
async fn complaint_14_a_refund_that_failed_counts_no_more_and_may_be_made_anew() {
    let rig = Rig::new().await;
    let order = rig.payment("stripe", 1, 10_000).await;
    rig.script(&order, &["refuse"]).await;
    rig.refund(&order, "full").await;
    rig.pass(SECOND * 5).await;
    assert_eq!(left(&rig, &order).await, 10_000);
    rig.refund(&order, "full").await;
    rig.pass(SECOND * 5).await;
    assert_eq!(states(&rig, &order).await, [StateName::Failed, StateName::Succeeded]);
    assert_eq!(left(&rig, &order).await, 0);
}

#[tokio::test]
async fn complaint_15_what_was_captured_can_be_given_back_without_any_document() {
    let rig = Rig::new().await;
    let order = rig.payment("stripe", 1, 10_000).await;
    // No items, no invoice, no return: order and sum.
    rig.refund(&order, "0.01").await;
    rig.refund(&order, "full").await;
    rig.pass(SECOND * 5).await;
    assert_eq!(states(&rig, &order).await, [StateName::Succeeded; 2]);
    assert_eq!(left(&rig, &order).await, 0);
}

#[tokio::test]
async fn complaint_20_exactly_what_is_left_is_taken_and_a_refusal_has_words() {
    let rig = Rig::new().await;
    let order = rig.payment("tap", 1, 10_001).await;
    rig.refund(&order, "33.34").await;
    let refused = rig.engine.make_refund(rig.ask(&order, "66.68")).await.unwrap();
    let Made::Refused(refusal, _) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.to_string(), "the amount is more than is left, which is 66.67 SAR");
    rig.refund(&order, "66.67").await;
    rig.pass(SECOND * 10).await;
    assert_eq!((states(&rig, &order).await, left(&rig, &order).await), (vec![StateName::Succeeded; 2], 0));
}
